// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of the heap in the origin map: what a stretch goes on from, sums, and
 * what is reserved and resident. Which part something is heap.c tells.
 */
#include "origins_private.h"

#include <string.h>

/* ---------------------------------------------------------------- as acts come */

static void note_file(struct origins *o, const struct region *r, const struct heap_view *view)
{
	const struct backing *b = backings__get(view->backings, r->backing);

	if (r->flags & REGION_EXEC && !(r->flags & REGION_SHARED) && b->has_contents)
		o->heap.allocators |= heap__allocators_of_file(b->name);
}

void origins_heap__look(struct origins *o, const struct region_map *map,
			const struct heap_view *view)
{
	const struct region *r;
	struct region_iter it;

	for (r = region_iter__init(&it, map, 0); r; r = region_iter__next(&it))
		note_file(o, r, view);
}

/*
 * What a stretch goes on from: memory that was reserved for a part, or a part that
 * ends where it begins, of which it is the next piece (an arena, or a block that
 * mremap(2) made longer).
 */
static enum heap_part goes_on_from(const struct origins *o, const struct origin_act *act,
				   const struct origins_stretch *s)
{
	enum heap_part part = s->was ? trail_of(o, s->was)->part : HEAP_ANONYMOUS;
	const struct region *before;

	/* Something else, mapped over it: an allocator's own range stays an allocator's. */
	if (s->was && s->creates)
		return part == HEAP_ARENA || part == HEAP_ALLOCATOR ? part : HEAP_ANONYMOUS;
	if (part != HEAP_ANONYMOUS || (!s->was && act->cause.what != MT_CALL_MREMAP))
		return part;
	before = region_map__before(o->map, s->start);
	if (!before || before->end != s->start || !(before->flags & REGION_RWX))
		return part;
	part = trail_of(o, before)->part;
	return !s->was || part == HEAP_ARENA || part == HEAP_ALLOCATOR ? part : HEAP_ANONYMOUS;
}

uint32_t origins_heap__part(struct origins *o, const struct origin_act *act,
			    const struct origins_stretch *s)
{
	bool reserved = s->was && !(s->was->flags & REGION_RWX);
	struct heap_stretch stretch = {
		.at = s->at,
		.region = s->is,
		.start = s->start,
		.end = s->end,
		.stack = act->cause.stack,
		.hints = act->hints | (reserved && !s->creates ? HEAP_HINT_COMMIT : 0),
		.reserved = reserved ? region__len(s->was) : 0,
		.before = goes_on_from(o, act, s),
	};

	if (!act->view)
		return HEAP_ANONYMOUS;
	if (act->names && s->was)
		stretch.before = trail_of(o, s->was)->part;
	note_file(o, s->is, act->view);
	if (heap__is_go(s->start))
		o->heap.allocators |= 1u << HEAP_ALLOCATOR_GO;
	stretch.allocators = o->heap.allocators;
	return heap__part(act->view, &stretch);
}

void origins_heap__settle(struct origins *o, const uint64_t before[HEAP_PART_NR], bool quiet)
{
	struct origins_heap *h = &o->heap;
	int i;

	for (i = 0; h->touched >> i; i++) {
		if (h->committed[i] < before[i])
			h->returned[i] += quiet ? 0 : before[i] - h->committed[i];
		else if (h->committed[i] > h->peak[i])
			h->peak[i] = h->committed[i];
	}
	h->touched = 0;
}

/* ---------------------------------------------------------------- looking */

const uint64_t *origins__committed(const struct origins *o)
{
	return o->heap.committed;
}

/* Parts whose reserved memory lies beside what is accessible of them. */
static bool has_reserve(enum heap_part part)
{
	return part == HEAP_ARENA || part == HEAP_ALLOCATOR || part == HEAP_THREAD_STACK ||
	       part == HEAP_STACK;
}

/*
 *	[ guard ][ thread's stack ]	[ arena ][ rest ]	[ rest ][ jemalloc ][ rest ]
 * what has no part of its own is its neighbour's: first of the one before it.
 */
static void add_reserved(const struct origins *o, struct heap *ret)
{
	enum heap_part part = HEAP_ANONYMOUS, last = HEAP_ANONYMOUS;
	uint64_t waiting = 0, end = 0;
	const struct region *r;
	struct region_iter it;

	for (r = region_iter__init(&it, o->map, 0); r; r = region_iter__next(&it)) {
		if (r->start != end) {
			ret->part[HEAP_ANONYMOUS].reserved += waiting;
			waiting = 0;
			last = HEAP_ANONYMOUS;
		}
		end = r->end;
		part = trail_of(o, r)->part;
		if (!(r->flags & REGION_RWX) && part == HEAP_ANONYMOUS && last == HEAP_ANONYMOUS) {
			waiting += region__len(r);
			continue;
		}
		if (!(r->flags & REGION_RWX))
			ret->part[part == HEAP_ANONYMOUS ? last : part].reserved += region__len(r);
		ret->part[has_reserve(part) ? part : HEAP_ANONYMOUS].reserved += waiting;
		waiting = 0;
		if (r->flags & REGION_RWX)
			last = part == HEAP_ARENA || part == HEAP_ALLOCATOR ? part : HEAP_ANONYMOUS;
	}
	ret->part[HEAP_ANONYMOUS].reserved += waiting;
}

void origins__heap(const struct origins *o, struct heap *ret)
{
	int i;

	*ret = (struct heap){ .allocators = o->heap.allocators };
	for (i = 0; i < HEAP_PART_NR; i++) {
		ret->part[i].committed = o->heap.committed[i];
		ret->part[i].peak = o->heap.peak[i];
		ret->part[i].returned = o->heap.returned[i];
	}
	add_reserved(o, ret);
}

/* Whether a range counts, when resident bytes are laid to parts: some access, or all have none. */
static uint64_t counted(const struct region *r, const struct resident *at, bool accessible)
{
	uint64_t from = r->start > at->start ? r->start : at->start;
	uint64_t to = r->end < at->end ? r->end : at->end;

	return !accessible || r->flags & REGION_RWX ? to - from : 0;
}

/* What is in memory of one line of smaps. In floating point: products go beyond 64 bits. */
static void share(const struct origins *o, const struct resident *at, struct heap *heap)
{
	uint64_t bytes[HEAP_PART_NR] = { 0 }, all = 0, rest = at->bytes, part;
	const struct region *r;
	struct region_iter it;
	int pass, i, most = HEAP_OTHER;

	/* Pages that lost their access stay in memory: only then what has none counts. */
	for (pass = 0; pass < 2 && !all; pass++) {
		for (r = region_iter__init(&it, o->map, at->start); r && r->start < at->end;
		     r = region_iter__next(&it)) {
			bytes[trail_of(o, r)->part] += counted(r, at, !pass);
			all += counted(r, at, !pass);
		}
	}
	for (i = 0; i < HEAP_PART_NR && all; i++) {
		part = (uint64_t)((double)at->bytes * ((double)bytes[i] / (double)all));
		part = part < rest ? part : rest;
		part &= ~(REGION_PAGE - 1);
		heap->part[i].resident += part;
		rest -= part;
		if (bytes[i] > bytes[most])
			most = i;
	}
	heap->part[most].resident += rest;
}

void origins__resident(const struct origins *o, const struct resident *list, size_t n,
		       struct heap *heap)
{
	size_t i;

	for (i = 0; i < HEAP_PART_NR; i++)
		heap->part[i].resident = 0;
	for (i = 0; i < n; i++) {
		if (list[i].bytes)
			share(o, &list[i], heap);
	}
	heap->has_resident = true;
}
