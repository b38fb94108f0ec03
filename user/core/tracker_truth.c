// SPDX-License-Identifier: GPL-2.0
/*
 * Tier truth: write sections replace what was known by what is there. Order and
 * gaps are told by their numbers; calls only explain. Knows no system call.
 */
#include "tracker_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One stretch that was one thing before and is one thing now. */
static void count_stretch(struct change *ch, const struct region *was, const struct region *is,
			  uint64_t bytes)
{
	bool access_was = was && was->flags & REGION_RWX, access_is = is && is->flags & REGION_RWX;
	bool same = was && is && was->backing == is->backing;

	if (was && !same)
		ch->unmapped += bytes;
	if (is && !same)
		ch->mapped += bytes;
	if (access_is && (!access_was || !same))
		ch->committed += bytes;
	if (access_was && (!access_is || !same))
		ch->uncommitted += bytes;
}

static const struct region *holder(const struct region *list, size_t n, size_t *at, uint64_t addr,
				   uint64_t *next)
{
	while (*at < n && list[*at].end <= addr)
		(*at)++;
	if (*at == n)
		return NULL;
	if (list[*at].start > addr) {
		if (list[*at].start < *next)
			*next = list[*at].start;
		return NULL;
	}
	if (list[*at].end < *next)
		*next = list[*at].end;
	return &list[*at];
}

static void note_side(const struct region *r, bool first, uint32_t *flags, bool *writable,
		      bool *executable)
{
	if (first)
		*flags = r ? r->flags : 0;
	*writable |= r && r->flags & REGION_WRITE;
	*executable |= r && r->flags & REGION_EXEC;
}

static bool same_stretch(const struct region *was, const struct region *is)
{
	return was && is ? was->backing == is->backing && !((was->flags ^ is->flags) & REGION_RWX) :
			   was == is;
}

/*
 * Adds to the change what is different in [start, end) between two lists. What
 * is the same may be a neighbour that the call was not about: sections reach
 * further than calls where the tree was written in.
 */
static void compare(struct change *ch, uint64_t start, uint64_t end, const struct region *was,
		    size_t n_was, const struct region *is, size_t n_is)
{
	size_t i = 0, j = 0;
	uint64_t next;

	for (; start < end; start = next) {
		const struct region *a, *b;
		bool first = ch->kind != CHANGE_APPLIED;

		next = end;
		a = holder(was, n_was, &i, start, &next);
		b = holder(is, n_is, &j, start, &next);
		if (same_stretch(a, b))
			continue;
		count_stretch(ch, a, b, next - start);
		note_side(a, first, &ch->old_flags, &ch->was_writable, &ch->was_executable);
		note_side(b, first, &ch->new_flags, &ch->now_writable, &ch->now_executable);
		ch->kind = CHANGE_APPLIED;
	}
}

/* What the thread's call has changed so far: told when the call ends. */
static struct change *pending(struct tracker *t, uint32_t tid)
{
	struct thread *th;

	HASH_FIND(hh, t->threads, &tid, sizeof(tid), th);
	return th ? &th->change : NULL;
}

/* mmap(MAP_FIXED) over its own like, of the same file: nothing differs, yet all of it is new. */
static void count_replaced(struct change *ch, const struct call *c)
{
	uint64_t bytes = ch->end - ch->start;

	if (c->id != MT_CALL_MMAP || call__failed(c) || ch->mapped >= bytes)
		return;
	ch->unmapped += bytes - ch->mapped;
	ch->mapped = bytes;
}

void truth__take_change(struct tracker *t, const struct call *c, struct change *ret)
{
	struct change *ch = pending(t, c->tid);

	if (!ch || ch->kind == CHANGE_NONE)
		return;
	ch->start = ret->start;
	ch->end = ret->end;
	count_replaced(ch, c);
	*ret = *ch;
	memset(ch, 0, sizeof(*ch));
}

static int replace(struct tracker *t, struct space *s, const struct section_event *ev,
		   struct region *regions)
{
	uint64_t start = ev->lo, end = ev->hi;
	struct change *ch = pending(t, ev->tid);
	struct region *was = NULL;
	long n;
	int err;

	if (ev->count && regions[0].start < start)
		start = regions[0].start;
	if (ev->count && regions[ev->count - 1].end > end)
		end = regions[ev->count - 1].end;
	if (ch && ev->origin < MT_CALL_NR) {
		n = region_map__slice(s->map, ev->lo, ev->hi, &was);
		if (n < 0)
			return (int)n;
		compare(ch, ev->lo, ev->hi, was, (size_t)n, regions, ev->count);
		free(was);
	}
	err = region_map__replace(s->map, start, end, regions, ev->count);
	if (err == -EINVAL) {
		space__uncertain(t, s, "a section's regions made no sense", ev->ts_ns);
		err = 0;
	}
	return err;
}

static int apply(struct tracker *t, struct space *s, const struct section_event *ev)
{
	struct region *regions;
	uint32_t i;
	int err = 0;

	regions = calloc(ev->count ? ev->count : 1, sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	for (i = 0; i < ev->count && !err; i++)
		err = raw_region__intern(&ev->regions[i], t->backings, &regions[i]);
	for (i = 0; i < ev->count; i++)
		regions[i].flags |= REGION_APART;
	if (!err)
		err = replace(t, s, ev, regions);
	free(regions);
	return err;
}

int tracker__on_section(struct tracker *t, const struct section_event *ev)
{
	struct space *s = tracker__space(t, ev->space);
	int err = 0;

	t->totals.sections++;
	/* Its last process has ended: what is left is unmapped (exit_mmap). */
	if (!s)
		return 0;
	s->layout = ev->layout;
	s->mm = ev->mm;
	if (!s->has_base || ev->seq < s->next_seq) {
		s->last_seq = ev->seq;
		return 0;
	}
	s->last_seq = ev->seq;
	if (ev->seq != s->next_seq)
		space__uncertain(t, s, "a write section is missing", ev->ts_ns);
	s->next_seq = ev->seq + 1;
	if (ev->bad)
		space__uncertain(t, s, "the walk of a write section failed", ev->ts_ns);
	if (ev->full || ev->bad)
		return 0;
	if (ev->lo < ev->hi)
		err = apply(t, s, ev);
	if (err)
		space__uncertain(t, s, "out of memory", ev->ts_ns);
	else if (s->exact)
		space__check_section(t, s, ev);
	return err;
}
