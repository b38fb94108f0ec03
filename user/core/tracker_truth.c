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
#define FEW 8	    /* regions, of most sections */

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

static struct thread *thread__find(struct tracker *t, uint32_t tid)
{
	struct thread *th;

	HASH_FIND(hh, t->threads, &tid, sizeof(tid), th);
	return th;
}

static struct range hull(const struct change *ch)
{
	return (struct range){ ch->first, ch->last };
}

/* What the call acted on, where its arguments alone do not tell. */
static struct range range_of(const struct space *s, const struct call *c, const struct change *ch)
{
	const struct region *r;
	struct range ranges[2] = { { 0, 0 }, { 0, 0 } };
	size_t n = call__ranges(c, ranges);

	if (c->id == MT_CALL_SHMDT || (c->id == MT_CALL_SHMAT && call__failed(c)))
		return hull(ch);
	if (call__failed(c))
		return ranges[0];
	switch (c->id) {
	case MT_CALL_SHMAT:
		r = region_map__find(s->map, ranges[0].start);
		return r ? (struct range){ ranges[0].start, r->end } : hull(ch);
	case MT_CALL_MREMAP:
		return ranges[n > 1];
	case MT_CALL_MMAP:
		/* Huge pages: it is rounded up. */
		if (ch->first == ranges[0].start && ch->last > ranges[0].end)
			return hull(ch);
		return ranges[0];
	default:
		return ranges[0];
	}
}

void truth__take_change(struct tracker *t, const struct space *s, struct call_record *rec,
			struct change *ret)
{
	const struct call *c = rec->call;
	struct thread *th = thread__find(t, c->tid);
	struct range at;

	if (th) {
		*ret = th->change;
		rec->region_name = th->was_name;
		rec->kind = th->was_kind;
		th->was_name = NULL;
		change__init(&th->change);
	}
	at = range_of(s, c, ret);
	ret->start = at.start;
	ret->end = at.end;
	ret->kind = ret->last || (call__mutates(c) && !call__failed(c)) ? CHANGE_APPLIED :
									  CHANGE_NONE;
	if (c->id == MT_CALL_MREMAP && !call__failed(c) && c->args[1] &&
	    (uint64_t)c->ret != c->args[0])
		ret->moved_from = c->args[0];
	change__settle(ret, s->map);
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

	memcpy(c.comm, by->comm, sizeof(c.comm));
	space__describe(t, s, ch->start, ch->end, &rec);
	origins__of_call(t, s, &rec);
	if (!p || !t->observer)
		return;
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

/*
 * Where regions that are the same page by page have been split or joined: from the
 * first boundary that has come or gone to the last.
 *	was  AAAAAAAAAAAA
 *	is   AAAABBCCCCCC	BB
 */
static bool find_split(const struct region *was, size_t n_was, const struct region *is, size_t n_is,
		       struct change *ret)
{
	size_t i = 0, j = 0;
	bool found = false;

	while (i < n_was || j < n_is) {
		const struct region *r;

		if (i < n_was && j < n_is && was[i].start == is[j].start) {
			i++;
			j++;
			continue;
		}
		r = j == n_is || (i < n_was && was[i].start < is[j].start) ? &was[i++] : &is[j++];
		if (!found)
			ret->start = r->start;
		ret->end = found ? r->start : r->end;
		found = true;
	}
	return found;
}

/* What it is called that a call has changed first: known as long as it is there. */
static void note_name(struct tracker *t, const struct space *s, struct thread *th)
{
	uint64_t end = th->change.old_end;
	struct call_record rec = { .kind = KIND_ANONYMOUS };
	const struct region *r;

	if (!end || th->was_name || !t->observer)
		return;
	r = space__describe(t, s, end - 1, end, &rec);
	th->was_name = rec.region_name;
	th->was_kind = rec.kind;
	th->was_backing = r ? r->backing : BACKING_ANON;
}

/* A call that may have changed anything (shmdt, prctl) has ended with this map. */
static void add_walk(struct tracker *t, const struct space *s, uint32_t tid,
		     const struct region *walk, size_t n)
{
	struct thread *th = thread__find(t, tid);

	if (!th)
		return;
	change__add(&th->change, t->backings, 0, SPACE_END, s->map, walk, n);
	note_name(t, s, th);
}

void truth__tell_walk(struct tracker *t, struct space *s, const struct region *walk, size_t n,
		      uint64_t ts_ns)
{
	struct origin by = s->walk_by;
	uint64_t start = 0, end;
	struct change split = { 0 };
	struct region *was = NULL;
	unsigned int told = 0;
	bool other = false;
	long n_was;

	s->walk_by.what = 0;
	if (by.what && by.what < MT_CALL_NR) {
		add_walk(t, s, by.tid, walk, n);
		return;
	}
	n_was = by.what ? region_map__slice(s->map, 0, SPACE_END, &was) : -1;
	for (; n_was >= 0 && start < SPACE_END && told < TOLD_MAX; start = end) {
		struct change ch = { .start = start };

		end = ch.end = stretch(start, was, (size_t)n_was, walk, n, &other);
		if (!other)
			continue;
		change__add(&ch, t->backings, start, end, s->map, walk, n);
		ch.kind = CHANGE_APPLIED;
		tell_change(t, s, &by, &ch, ts_ns);
		told++;
	}
	if (n_was >= 0 && !told && find_split(was, (size_t)n_was, walk, n, &split)) {
		change__add(&split, t->backings, split.start, split.end, s->map, walk, n);
		split.kind = CHANGE_APPLIED;
		tell_change(t, s, &by, &split, ts_ns);
	}
	free(was);
}

static int replace(struct tracker *t, struct space *s, const struct section_event *ev,
		   struct region *regions)
{
	uint64_t start = ev->lo, end = ev->hi;
	struct change own, *ch = &own;
	bool by_call = ev->origin < MT_CALL_NR;
	struct thread *th = by_call ? thread__find(t, ev->tid) : NULL;
	struct origin by;
	int err;

	if (ev->count && regions[0].start < start)
		start = regions[0].start;
	if (ev->count && regions[ev->count - 1].end > end)
		end = regions[ev->count - 1].end;
	if (th)
		ch = &th->change;
	else
		change__init(ch);
	/* Of regions that stick out all may have changed: mprotect(PROT_GROWSDOWN). */
	change__add(ch, t->backings, start, end, s->map, regions, ev->count);
	if (th) {
		note_name(t, s, th);
		th->change.ts_ns = ev->ts_ns;
	}
	err = region_map__replace(s->map, start, end, regions, ev->count);
	if (err == -EINVAL) {
		space__uncertain(t, s, "a section's regions made no sense", ev->ts_ns);
		return 0;
	}
	if (!err && !by_call && own.last) {
		by = section__origin(ev);
		own.kind = CHANGE_APPLIED;
		own.start = own.first;
		own.end = own.last;
		tell_change(t, s, &by, &own, ev->ts_ns);
	}
	return err;
}

static int apply(struct tracker *t, struct space *s, const struct section_event *ev)
{
	struct region few[FEW], *regions = few;
	uint32_t i;
	int err = 0;

	if (ev->count > FEW)
		regions = malloc(ev->count * sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	for (i = 0; i < ev->count && !err; i++) {
		err = raw_region__intern(&ev->regions[i], t->backings, &regions[i]);
		if (!err)
			regions[i].flags |= REGION_APART;
	}
	if (!err)
		err = replace(t, s, ev, regions);
	if (regions != few)
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
	if (t->ordered)
		return order__on_section(t, ev);
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
		space__uncertain(t, s, "the name of a file has not come", ev->ts_ns);
	if (ev->full && s->exact)
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
