// SPDX-License-Identifier: GPL-2.0
/*
 * Tier truth: write sections replace what was known by what is there. Order and
 * gaps are told by their numbers; calls only explain. Knows no system call.
 */
#include "tracker_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPACE_END (1ull << 57)
#define TOLD_MAX 16 /* lines for one walk */

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

/* Adds to the change what is different in [start, end) between two lists. */
static void compare(struct change *ch, uint64_t start, uint64_t end, const struct region *was,
		    size_t n_was, const struct region *is, size_t n_is)
{
	size_t i = 0, j = 0;
	uint64_t next;
	bool first = ch->kind != CHANGE_APPLIED;

	for (; start < end; start = next) {
		const struct region *a, *b;

		next = end;
		a = holder(was, n_was, &i, start, &next);
		b = holder(is, n_is, &j, start, &next);
		count_stretch(ch, a, b, next - start);
		note_side(a, first, &ch->old_flags, &ch->was_writable, &ch->was_executable);
		note_side(b, first, &ch->new_flags, &ch->now_writable, &ch->now_executable);
		first = false;
	}
	ch->kind = CHANGE_APPLIED;
}

/* What the thread's call has changed so far: told when the call ends. */
static struct change *pending(struct tracker *t, uint32_t tid)
{
	struct thread *th;

	HASH_FIND(hh, t->threads, &tid, sizeof(tid), th);
	return th ? &th->change : NULL;
}

void truth__take_change(struct tracker *t, uint32_t tid, struct change *ret)
{
	struct change *ch = pending(t, tid);

	if (!ch || ch->kind == CHANGE_NONE)
		return;
	ch->start = ret->start;
	ch->end = ret->end;
	*ret = *ch;
	memset(ch, 0, sizeof(*ch));
}

static bool change__is_one(const struct change *ch)
{
	return ch->mapped || ch->unmapped || ch->committed || ch->uncommitted ||
	       ch->old_flags != ch->new_flags;
}

/* No call of ours will tell of it: a stack that grew, io_uring, ptrace, compat calls. */
static void tell_change(struct tracker *t, struct space *s, const struct origin *by,
			const struct change *ch, uint64_t ts_ns)
{
	struct process *p = tracker__process(t, s->tgid);
	struct call c = {
		.origin = by->what,
		.nr = by->nr,
		.tgid = by->tgid,
		.tid = by->tid,
		.space = s->id,
		.target = s->id,
		.exit_ns = ts_ns,
	};
	struct call_record rec = {
		.call = &c, .change = ch, .process = p, .space = s, .kind = KIND_ANONYMOUS
	};

	if (!p || !t->observer)
		return;
	memcpy(c.comm, by->comm, sizeof(c.comm));
	change__describe(t, s, ch, &rec);
	if (t->observer->call)
		t->observer->call(t->observer_ctx, &rec);
	findings__of_call(t, p, s, &rec);
}

static struct origin section__origin(const struct section_event *ev)
{
	struct origin by = { .what = ev->origin, .nr = ev->nr, .tgid = ev->tgid, .tid = ev->tid };

	snprintf(by.comm, sizeof(by.comm), "%s", ev->comm ? ev->comm : "");
	return by;
}

static bool is_other(const struct region *a, const struct region *b)
{
	if (!a || !b)
		return a != b;
	return ((a->flags ^ b->flags) & REGION_PERMS) || a->backing != b->backing;
}

/* The end of the stretch from start on that is other than it was, or is as it was. */
static uint64_t stretch(uint64_t start, const struct region *was, size_t n_was,
			const struct region *is, size_t n_is, bool *ret_other)
{
	uint64_t at = start, next = start;
	size_t i = 0, j = 0;
	bool other;

	for (; at < SPACE_END; at = next) {
		const struct region *a, *b;

		next = SPACE_END;
		a = holder(was, n_was, &i, at, &next);
		b = holder(is, n_is, &j, at, &next);
		other = is_other(a, b);
		if (at == start)
			*ret_other = other;
		else if (other != *ret_other)
			break;
	}
	return at;
}

void truth__tell_walk(struct tracker *t, struct space *s, const struct region *walk, size_t n,
		      uint64_t ts_ns)
{
	struct origin by = s->walk_by;
	uint64_t start = 0, end;
	struct region *was = NULL;
	unsigned int told = 0;
	bool other = false;
	long n_was;

	s->walk_by.what = 0;
	n_was = by.what ? region_map__slice(s->map, 0, SPACE_END, &was) : -1;
	for (; n_was >= 0 && start < SPACE_END && told < TOLD_MAX; start = end) {
		struct change ch = { .start = start };

		end = ch.end = stretch(start, was, (size_t)n_was, walk, n, &other);
		if (!other)
			continue;
		compare(&ch, start, end, was, (size_t)n_was, walk, n);
		tell_change(t, s, &by, &ch, ts_ns);
		told++;
	}
	free(was);
}

static int replace(struct tracker *t, struct space *s, const struct section_event *ev,
		   struct region *regions)
{
	uint64_t start = ev->lo, end = ev->hi;
	struct change own = { .start = ev->lo, .end = ev->hi };
	bool by_call = ev->origin < MT_CALL_NR;
	struct origin by;
	struct change *ch = by_call ? pending(t, ev->tid) : &own;
	struct region *was = NULL;
	long n;
	int err;

	if (ev->count && regions[0].start < start)
		start = regions[0].start;
	if (ev->count && regions[ev->count - 1].end > end)
		end = regions[ev->count - 1].end;
	if (ch) {
		n = region_map__slice(s->map, ev->lo, ev->hi, &was);
		if (n < 0)
			return (int)n;
		compare(ch, ev->lo, ev->hi, was, (size_t)n, regions, ev->count);
		free(was);
	}
	err = region_map__replace(s->map, start, end, regions, ev->count);
	if (err == -EINVAL) {
		space__uncertain(t, s, "a section's regions made no sense", ev->ts_ns);
		return 0;
	}
	if (!err && !by_call && change__is_one(&own)) {
		by = section__origin(ev);
		tell_change(t, s, &by, &own, ev->ts_ns);
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

uint64_t truth__number(const struct space *s, uint64_t seq)
{
	const uint64_t half = 1ull << (MT_SEQ_BITS - 1);
	uint64_t ahead;

	/* From the second round on, so that there is room for what came before. */
	if (!s->numbered)
		return (1ull << MT_SEQ_BITS) + (seq & MT_SEQ_MASK);
	ahead = (seq - s->next_seq) & MT_SEQ_MASK;
	return ahead < half ? s->next_seq + ahead : s->next_seq + ahead - 2 * half;
}

void truth__advance(struct tracker *t, struct space *s, uint64_t seq, uint64_t ts_ns)
{
	if (s->numbered && seq > s->next_seq) {
		t->totals.missing += seq - s->next_seq;
		space__uncertain(t, s, "a write section is missing", ts_ns);
	}
	s->numbered = true;
	s->next_seq = seq;
}

void tracker__on_number(struct tracker *t, struct space *s, uint64_t seq, uint64_t ts_ns)
{
	if (s->numbered && truth__number(s, seq) > s->next_seq)
		truth__advance(t, s, truth__number(s, seq), ts_ns);
}

void tracker__overdue(struct tracker *t, struct space *s, uint64_t ts_ns)
{
	if (s->due)
		space__uncertain(t, s, "a whole map did not come", ts_ns);
}

int tracker__on_section(struct tracker *t, const struct section_event *ev)
{
	struct space *s = tracker__space(t, ev->space);
	struct region_totals before;
	uint64_t seq;
	int err = 0;

	t->totals.sections++;
	/* Its last process has ended: what is left is unmapped (exit_mmap). */
	if (!s)
		return 0;
	seq = truth__number(s, ev->seq);
	if (s->numbered && seq < s->next_seq)
		return 0;
	truth__advance(t, s, seq, ev->ts_ns);
	s->next_seq = seq + 1;
	s->layout = ev->layout;
	s->mm = ev->mm;
	if (!s->has_base)
		return 0;
	tracker__overdue(t, s, ev->ts_ns);
	if (ev->bad)
		space__uncertain(t, s, "the walk of a write section failed", ev->ts_ns);
	if (ev->full && s->exact && ev->origin >= MT_CALL_NR)
		s->walk_by = section__origin(ev);
	if (ev->full)
		space__due(t, s, ev->ts_ns);
	if (ev->full || ev->bad)
		return 0;
	before = *region_map__totals(s->map);
	if (ev->lo < ev->hi)
		err = apply(t, s, ev);
	if (err)
		space__uncertain(t, s, "out of memory", ev->ts_ns);
	else if (s->exact)
		audit__section(t, s, &before, ev);
	return err;
}
