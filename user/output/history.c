// SPDX-License-Identifier: GPL-2.0
/* See history.h. Names come escaped. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "history.h"

#include <inttypes.h>
#include <time.h>

#include "call_text.h"
#include "site_text.h"
#include "stack_text.h"

#define PARTS_MAX 16 /* of a region */
#define INDENT "    "

bool history__next(const struct origins *o, uint64_t *at, uint64_t end, struct history_part *ret)
{
	ret->trail = *at < end && o ? origins__trail(o, *at, &ret->end) : NULL;
	if (!ret->trail)
		return false;
	ret->start = *at;
	if (ret->end > end)
		ret->end = end;
	*at = ret->end;
	return true;
}

static void write_time(struct writer *out, const struct history *h, uint64_t ts_ns)
{
	uint64_t wall_ns = h->info->wall_ns + (ts_ns - h->info->mono_ns);
	time_t sec = (time_t)(wall_ns / 1000000000);
	char text[16] = "";
	struct tm tm;

	localtime_r(&sec, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	writer__printf(out, "%s.%06" PRIu64, text, wall_ns % 1000000000 / 1000);
}

/* "mprotect as r--"; "madvise, which gave pages back" */
static void write_what(struct writer *out, const struct cause *c, bool created)
{
	if (c->what == MT_ORIGIN_SYSCALL)
		writer__printf(out, "system call %" PRId32, c->nr);
	else if (c->what == CAUSE_OTHERS)
		writer__printf(out, "one of many");
	else if (c->what == CAUSE_UNSEEN)
		writer__printf(out, "a change that was not seen");
	else
		writer__printf(out, "%s", cause__name(c->what));
	if (c->returned)
		writer__printf(out, ", which gave pages back");
	else if (c->what != CAUSE_OTHERS)
		writer__printf(out, " %s %c%c%c%s", created ? "as" : "to",
			       c->flags & REGION_READ ? 'r' : '-',
			       c->flags & REGION_WRITE ? 'w' : '-',
			       c->flags & REGION_EXEC ? 'x' : '-',
			       c->flags & REGION_LOCKED ? " locked" : "");
}

static void write_cause(struct writer *out, const struct history *h, const struct cause *c,
			bool created)
{
	const struct site site = { .stack = c->stack };
	char who[SITE_ROOM];

	if (created && c->what == CAUSE_FOUND) {
		writer__printf(out, INDENT "there when tracing began\n");
		return;
	}
	writer__printf(out, INDENT "%s by ", created ? "created" : "changed");
	write_what(out, c, created);
	if (c->count > 1)
		writer__printf(out, ", one of %" PRIu64 " from ", c->count);
	else if (c->count)
		writer__printf(out, ", ");
	if (c->count)
		write_time(out, h, c->first_ns);
	if (c->count > 1) {
		writer__printf(out, " to ");
		write_time(out, h, c->last_ns);
	}
	if (c->tid)
		writer__printf(out, ", tid %" PRIu32 " (%s)", c->tid, c->comm);
	if (c->stack && !h->stacks)
		writer__printf(out, ": %s", site__text(&site, h->info->stacks, who));
	writer__printf(out, "\n");
	if (h->stacks)
		stack_text__write(out, h->info->stacks, c->stack);
}

static void write_part(struct writer *out, const struct history *h, const struct trail *trail)
{
	write_cause(out, h, origins__cause(h->origins, trail->creator), true);
	for (int i = 0; i < ORIGINS_HISTORY && trail->changes[i]; i++)
		write_cause(out, h, origins__cause(h->origins, trail->changes[i]), false);
}

void history__write(struct writer *out, const struct history *h, const struct region *r)
{
	char size[HUMAN_SIZE_ROOM];
	uint64_t at = r->start, more = 0;
	struct history_part part;
	size_t n = 0;

	while (history__next(h->origins, &at, r->end, &part)) {
		if (n++ >= PARTS_MAX) {
			more += part.end - part.start;
			continue;
		}
		if (part.start != r->start || part.end != r->end)
			writer__printf(out, "  %" PRIx64 "-%" PRIx64 " %s\n", part.start, part.end,
				       human_size(part.end - part.start, size));
		write_part(out, h, part.trail);
	}
	if (more)
		writer__printf(out, "  and %zu more parts of %s together\n", n - PARTS_MAX,
			       human_size(more, size));
	if (at < r->end)
		writer__printf(out, INDENT "not known\n");
}
