// SPDX-License-Identifier: GPL-2.0
/* See json_stack.h. */
#include "json_stack.h"

#include "history.h"
#include "site_text.h"

#define PARTS_MAX 64 /* of a region */

const struct stack *json_stack__write(struct json *j, enum json_field_id field,
				      const struct stacks *stacks, uint32_t id)
{
	const struct stack *stack = stacks ? stacks__stack(stacks, id) : NULL;
	size_t i;

	if (!stack)
		return NULL;
	json__open_array(j, field, JSON_RECORD_frame);
	for (i = 0; i < stack->n; i++) {
		const struct frame *f = stacks__frame(stacks, stack->frames[i]);

		json__open_item(j);
		json__string(j, JSON_frame_function, f->function);
		json__string(j, JSON_frame_module, f->module);
		json__hex(j, JSON_frame_offset, f->offset);
		if (*f->build_id)
			json__string(j, JSON_frame_build_id, f->build_id);
		json__close(j);
	}
	json__close(j);
	return stack;
}

/* The fields of an origin, whose object is open. */
static void cause_fields(struct json *j, const struct sink *s, const struct cause *c)
{
	const struct site site = { .stack = c->stack };
	char perms[5], who[SITE_ROOM];

	json__string(j, JSON_origin_call, cause__name(c->what));
	if (c->what == MT_ORIGIN_SYSCALL)
		json__i64(j, JSON_origin_nr, c->nr);
	region__perms(c->flags, perms);
	perms[3] = '\0';
	json__string(j, JSON_origin_prot, perms);
	if (c->returned)
		json__bool(j, JSON_origin_returned, true);
	if (c->count) {
		json__i64(j, JSON_origin_first_ts, (int64_t)(c->first_ns - s->info.mono_ns));
		json__i64(j, JSON_origin_last_ts, (int64_t)(c->last_ns - s->info.mono_ns));
		json__u64(j, JSON_origin_count, c->count);
	}
	if (c->tid) {
		json__u64(j, JSON_origin_tid, c->tid);
		json__string(j, JSON_origin_comm, c->comm);
	}
	if (!c->stack)
		return;
	json__string(j, JSON_origin_who, site__text(&site, s->info.stacks, who));
	if (s->view.history && s->view.verbose)
		json_stack__write(j, JSON_origin_stack, s->info.stacks, c->stack);
}

static void part_fields(struct json *j, const struct sink *s, const struct origins *o,
			const struct history_part *part)
{
	json__hex(j, JSON_history_start, part->start);
	json__hex(j, JSON_history_end, part->end);
	json__open(j, JSON_history_created, JSON_RECORD_origin);
	cause_fields(j, s, origins__cause(o, part->trail->creator));
	json__close(j);
	json__open_array(j, JSON_history_changed, JSON_RECORD_origin);
	for (int i = 0; i < ORIGINS_HISTORY && part->trail->changes[i]; i++) {
		json__open_item(j);
		cause_fields(j, s, origins__cause(o, part->trail->changes[i]));
		json__close(j);
	}
	json__close(j);
}

void json_history__write(struct json *j, const struct sink *s, const struct space *space,
			 const struct region *r, size_t *left)
{
	uint64_t at = r->start, more = 0;
	struct history_part part;
	size_t n = 0;

	if (!space->origins)
		return;
	json__open_array(j, JSON_region_history, JSON_RECORD_history);
	while (history__next(space->origins, &at, r->end, &part)) {
		if (n == PARTS_MAX || !*left) {
			more++;
			continue;
		}
		n++;
		--*left;
		json__open_item(j);
		part_fields(j, s, space->origins, &part);
		json__close(j);
	}
	json__close(j);
	if (more)
		json__u64(j, JSON_region_history_left, more);
}
