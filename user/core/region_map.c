/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owns the regions of one space: a B+ tree of height two, an ordered array of
 * references to leaves of up to 64 regions each. Knows backings by number only;
 * must not know calls or what a region is for.
 *
 *	refs	 [ start 0x1000, 3 ][ start 0x9000, 2 ]
 *		     |		        |
 *	leaves	 [ A ][ B ][ C ]    [ D ][ E ]
 *
 * A replace that stays within one leaf moves memory in that leaf only; else the
 * leaves that it touches are built anew beside the old ones and swapped in, so
 * that nothing has changed when memory runs out.
 */
#include "region_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backing.h"

#define LEAF_REGIONS 64
/* A leaf below this is joined with a neighbour when both fit in LEAF_JOINED. */
#define LEAF_SPARSE (LEAF_REGIONS / 4)
#define LEAF_JOINED (LEAF_REGIONS * 3 / 4)
/* What leaves are filled to when many are built at once: room for a few more. */
#define LEAF_BULK (LEAF_REGIONS * 7 / 8)
#define REFS_MIN 4
#define IN_PAGE (REGION_PAGE - 1)
/* Edits of up to this many regions need no memory of their own. */
#define EDIT_FEW 16

struct leaf {
	struct region regions[LEAF_REGIONS];
};

/* Invariant: start is leaf->regions[0].start, 1 <= count <= LEAF_REGIONS. */
struct leaf_ref {
	uint64_t start;
	struct leaf *leaf;
	uint32_t count;
};

/*
 * Invariant: regions are ordered and disjoint across all leaves, no neighbour
 * continues the one before it, totals are the sums over all of them.
 */
struct region_map {
	struct leaf_ref *refs;
	size_t nr_refs, cap_refs;
	struct region_totals totals;
};

/*
 * One replace, worked out before anything is changed: the regions [first, last)
 * go, the nr_with in with come. An iterator at leaf nr_refs, slot 0 is beyond
 * the last region.
 */
struct edit {
	struct region_iter first, last;
	size_t nr_without; /* regions in [first, last) */
	struct region *with;
	size_t nr_with;
	struct region_totals totals; /* as they will be */
	struct region few[EDIT_FEW];
};

struct region_map *region_map__new(void)
{
	return calloc(1, sizeof(struct region_map));
}

void region_map__free(struct region_map *map)
{
	size_t i;

	if (!map)
		return;
	for (i = 0; i < map->nr_refs; i++)
		free(map->refs[i].leaf);
	free(map->refs);
	free(map);
}

/* ---------------------------------------------------------------- looking */

const struct region *region_iter__at(const struct region_iter *it)
{
	if (it->leaf >= it->map->nr_refs)
		return NULL;
	return &it->map->refs[it->leaf].leaf->regions[it->slot];
}

/* The last leaf that starts at or below addr; the first, when none does. */
static size_t region_map__leaf_of(const struct region_map *map, uint64_t addr)
{
	size_t at = 0, len = map->nr_refs, half;

	while (len > 1) {
		half = len / 2;
		if (map->refs[at + half].start <= addr)
			at += half;
		len -= half;
	}
	return at;
}

/*
 * The first of n regions, n > 0, that ends above addr; n when none does. Where
 * to look next is reckoned, not branched on: half of the branches would be
 * guessed wrong, which was a third of what a replace costs in a small map.
 */
static size_t regions__find(const struct region *regions, size_t n, uint64_t addr)
{
	size_t at = 0, len = n, half;

	while (len > 1) {
		half = len / 2;
		at += half * (regions[at + half - 1].end <= addr);
		len -= half;
	}
	return at + (regions[at].end <= addr);
}

const struct region *region_iter__init(struct region_iter *it, const struct region_map *map,
				       uint64_t addr)
{
	const struct leaf_ref *ref;

	*it = (struct region_iter){ .map = map };
	if (!map->nr_refs)
		return NULL;
	it->leaf = region_map__leaf_of(map, addr);
	ref = &map->refs[it->leaf];
	it->slot = regions__find(ref->leaf->regions, ref->count, addr);
	if (it->slot == ref->count) {
		it->leaf++;
		it->slot = 0;
	}
	return region_iter__at(it);
}

const struct region *region_iter__next(struct region_iter *it)
{
	if (it->leaf >= it->map->nr_refs)
		return NULL;
	if (++it->slot == it->map->refs[it->leaf].count) {
		it->leaf++;
		it->slot = 0;
	}
	return region_iter__at(it);
}

const struct region *region_iter__prev(struct region_iter *it)
{
	if (it->slot) {
		it->slot--;
	} else {
		if (!it->leaf)
			return NULL;
		it->leaf--;
		it->slot = it->map->refs[it->leaf].count - 1;
	}
	return region_iter__at(it);
}

const struct region *region_map__find(const struct region_map *map, uint64_t addr)
{
	struct region_iter it;

	return region_iter__init(&it, map, addr);
}

const struct region *region_map__before(const struct region_map *map, uint64_t addr)
{
	struct region_iter it;

	region_iter__init(&it, map, addr);
	return region_iter__prev(&it);
}

/* What of *r lies in [start, end), which must intersect it. */
static struct region region__cut(const struct region *r, uint64_t start, uint64_t end)
{
	struct region cut = *r;

	if (start > r->start) {
		cut.start = start;
		if (r->flags & REGION_OFFSET)
			cut.offset += start - r->start;
	}
	if (end < r->end)
		cut.end = end;
	return cut;
}

long region_map__slice(const struct region_map *map, uint64_t start, uint64_t end,
		       struct region **ret_regions)
{
	struct region *regions = NULL;
	const struct region *r;
	struct region_iter it;
	long n = 0, i = 0;

	for (r = region_iter__init(&it, map, start); r && r->start < end;
	     r = region_iter__next(&it))
		n++;
	if (n) {
		regions = malloc((size_t)n * sizeof(*regions));
		if (!regions)
			return -ENOMEM;
	}
	for (r = region_iter__init(&it, map, start); i < n; r = region_iter__next(&it))
		regions[i++] = region__cut(r, start, end);
	*ret_regions = regions;
	return n;
}

/* ---------------------------------------------------------------- working out an edit */

static void totals__add(struct region_totals *t, const struct region *r, bool add)
{
	/* Unsigned: adding the negative takes away. */
	uint64_t len = add ? region__len(r) : -region__len(r);
	size_t one = add ? 1 : (size_t)-1;

	t->bytes += len;
	t->regions += one;
	if (r->flags & REGION_RWX)
		t->accessible += len;
	if (r->flags & REGION_LOCKED)
		t->locked += len;
	if (r->flags & REGION_EXEC)
		t->executable += len;
	/* vm_stat_account() of mm/mmap.c counts VM_STACK, the shadow stack's flag included. */
	if (r->flags & (REGION_GROWSDOWN | REGION_SHADOW_STACK)) {
		t->grows_down += len;
		t->grows_down_regions += one;
	} else if ((r->flags & (REGION_WRITE | REGION_SHARED)) == REGION_WRITE) {
		t->data += len;
	}
}

static bool region__valid(const struct region *r)
{
	if (r->start >= r->end || ((r->start | r->end | r->offset) & IN_PAGE))
		return false;
	if (r->flags & REGION_OFFSET)
		return r->backing != BACKING_ANON;
	return r->offset == 0;
}

static bool edit__valid(uint64_t start, uint64_t end, const struct region *regions, size_t n)
{
	uint64_t from = start;
	size_t i;

	if (start >= end || (start & IN_PAGE) || ((end & IN_PAGE) && end != UINT64_MAX))
		return false;
	for (i = 0; i < n; i++) {
		if (!region__valid(&regions[i]) || regions[i].start < from)
			return false;
		from = regions[i].end;
	}
	return from <= end;
}

/* Appends to what comes, merged with what came before it. */
static void edit__push(struct edit *e, const struct region *r)
{
	struct region *prev = e->nr_with ? &e->with[e->nr_with - 1] : NULL;

	if (prev && region__continues(prev, r))
		prev->end = r->end;
	else
		e->with[e->nr_with++] = *r;
}

/*
 * Fills e. At most two regions come besides those given: on either side what is
 * left of a region that sticks out of the range, or, where none does, a
 * neighbour that is to be merged with.
 *
 *	map	[ A    ][ B ][ C ][ N ]
 *	range	    [............)	by [ D ][ E ], and N continues E
 *	without	[ A    ][ B ][ C ][ N ]
 *	with	[ A ][ D ][ E         ]
 */
static void edit__fill(struct edit *e, const struct region_map *map, uint64_t start, uint64_t end,
		       const struct region *regions, size_t n)
{
	struct region left = { 0 }, right = { 0 };
	struct region_iter before;
	const struct region *r;
	size_t i;

	r = region_iter__init(&e->first, map, start);
	if (r && r->start < start) {
		left = region__cut(r, r->start, start);
	} else {
		before = e->first;
		r = region_iter__prev(&before);
		if (n && r && region__continues(r, &regions[0])) {
			left = *r;
			e->first = before;
		}
	}
	e->last = e->first;
	for (r = region_iter__at(&e->last); r && r->start < end; r = region_iter__next(&e->last)) {
		totals__add(&e->totals, r, false);
		e->nr_without++;
		if (r->end > end)
			right = region__cut(r, end, r->end);
	}
	if (!right.end && n && r && region__continues(&regions[n - 1], r)) {
		right = *r;
		totals__add(&e->totals, r, false);
		e->nr_without++;
		region_iter__next(&e->last);
	}
	if (left.end)
		edit__push(e, &left);
	for (i = 0; i < n; i++)
		edit__push(e, &regions[i]);
	if (right.end)
		edit__push(e, &right);
	for (i = 0; i < e->nr_with; i++)
		totals__add(&e->totals, &e->with[i], true);
}

/* ---------------------------------------------------------------- carrying it out */

/*
 * Moves an edit that only inserts, between two leaves, to the end of the one
 * before. When that is full it stays: the next takes it in, or, when full too,
 * a new leaf is made between them, so that maps that are built upwards or
 * downwards get full leaves.
 */
static void edit__prefer_before(struct edit *e, const struct region_map *map)
{
	if (e->nr_without || e->first.slot || !e->first.leaf ||
	    map->refs[e->first.leaf - 1].count == LEAF_REGIONS)
		return;
	e->first.leaf--;
	e->first.slot = map->refs[e->first.leaf].count;
	e->last = e->first;
}

/* True when ref holds so little that a neighbour should take it in. */
static bool region_map__joins(const struct region_map *map, size_t ref, size_t count)
{
	if (count >= LEAF_SPARSE)
		return false;
	return (ref && map->refs[ref - 1].count + count <= LEAF_JOINED) ||
	       (ref + 1 < map->nr_refs && map->refs[ref + 1].count + count <= LEAF_JOINED);
}

/* Within one leaf: true when done. */
static bool edit__apply_in_leaf(const struct edit *e, struct region_map *map)
{
	size_t slot = e->first.slot, count;
	struct leaf_ref *ref;
	struct region *at;

	if (e->first.leaf >= map->nr_refs)
		return false;
	ref = &map->refs[e->first.leaf];
	if (slot + e->nr_without > ref->count)
		return false;
	count = ref->count - e->nr_without + e->nr_with;
	if (!count || count > LEAF_REGIONS)
		return false;
	if (count < ref->count && region_map__joins(map, e->first.leaf, count))
		return false;
	at = ref->leaf->regions + slot;
	if (e->nr_with != e->nr_without)
		memmove(at + e->nr_with, at + e->nr_without,
			(ref->count - slot - e->nr_without) * sizeof(*at));
	memcpy(at, e->with, e->nr_with * sizeof(*at));
	ref->count = (uint32_t)count;
	ref->start = ref->leaf->regions[0].start;
	return true;
}

/* Fills nr new leaves with total regions, evenly, from pieces that come in order. */
struct filler {
	struct leaf_ref *refs;
	size_t nr, total, ref; /* ref: being filled */
};

static void filler__fini(struct filler *f)
{
	size_t i;

	for (i = 0; i < f->nr; i++)
		free(f->refs[i].leaf);
	free(f->refs);
}

static int filler__init(struct filler *f, size_t total)
{
	size_t i;

	*f = (struct filler){ .total = total };
	if (!total)
		return 0;
	f->nr = total <= LEAF_REGIONS ? 1 : (total + LEAF_BULK - 1) / LEAF_BULK;
	f->refs = calloc(f->nr, sizeof(*f->refs));
	if (!f->refs)
		return -ENOMEM;
	for (i = 0; i < f->nr; i++) {
		f->refs[i].leaf = malloc(sizeof(*f->refs[i].leaf));
		if (!f->refs[i].leaf) {
			filler__fini(f);
			return -ENOMEM;
		}
	}
	return 0;
}

static void filler__put(struct filler *f, const struct region *regions, size_t n)
{
	while (n) {
		struct leaf_ref *ref = &f->refs[f->ref];
		/* The share of this leaf: no two leaves differ by more than one. */
		size_t share = f->total / f->nr + (f->ref < f->total % f->nr);
		size_t some = share - ref->count < n ? share - ref->count : n;

		memcpy(ref->leaf->regions + ref->count, regions, some * sizeof(*regions));
		ref->count += (uint32_t)some;
		regions += some;
		n -= some;
		if (ref->count == share) {
			ref->start = ref->leaf->regions[0].start;
			f->ref++;
		}
	}
}

static int region_map__resize(struct region_map *map, size_t cap)
{
	struct leaf_ref *refs = realloc(map->refs, cap * sizeof(*refs));

	if (!refs)
		return -ENOMEM;
	map->refs = refs;
	map->cap_refs = cap;
	return 0;
}

/* Makes room for nr references. */
static int region_map__reserve(struct region_map *map, size_t nr)
{
	if (nr <= map->cap_refs)
		return 0;
	return region_map__resize(map, nr + nr / 4 > REFS_MIN ? nr + nr / 4 : REFS_MIN);
}

/* Gives room back when three quarters are unused; without memory it stays as it is. */
static void region_map__shrink(struct region_map *map)
{
	if (map->cap_refs > REFS_MIN && map->nr_refs < map->cap_refs / 4)
		region_map__resize(map, map->nr_refs * 2 > REFS_MIN ? map->nr_refs * 2 : REFS_MIN);
}

/* The references [from, to) give way to those of f. Room is there. */
static void region_map__swap_leaves(struct region_map *map, size_t from, size_t to,
				    struct filler *f)
{
	size_t i;

	for (i = from; i < to; i++)
		free(map->refs[i].leaf);
	if (f->nr != to - from)
		memmove(map->refs + from + f->nr, map->refs + to,
			(map->nr_refs - to) * sizeof(*map->refs));
	if (f->nr)
		memcpy(map->refs + from, f->refs, f->nr * sizeof(*map->refs));
	map->nr_refs = map->nr_refs - (to - from) + f->nr;
	free(f->refs);
	region_map__shrink(map);
}

/* Builds the leaves [from, to), all that the edit touches, anew. */
static int edit__apply_over_leaves(const struct edit *e, struct region_map *map)
{
	size_t from = e->first.leaf, to = e->last.leaf + (e->last.slot > 0);
	size_t total = e->nr_with, i, skip;
	struct filler f;
	int err;

	for (i = from; i < to; i++)
		total += map->refs[i].count;
	total -= e->nr_without;
	if (total && total < LEAF_SPARSE) {
		if (from && map->refs[from - 1].count + total <= LEAF_JOINED)
			total += map->refs[--from].count;
		else if (to < map->nr_refs && map->refs[to].count + total <= LEAF_JOINED)
			total += map->refs[to++].count;
	}
	err = filler__init(&f, total);
	if (err)
		return err;
	err = region_map__reserve(map, map->nr_refs - (to - from) + f.nr);
	if (err) {
		filler__fini(&f);
		return err;
	}
	for (i = from; i < e->first.leaf; i++)
		filler__put(&f, map->refs[i].leaf->regions, map->refs[i].count);
	if (e->first.slot)
		filler__put(&f, map->refs[i].leaf->regions, e->first.slot);
	filler__put(&f, e->with, e->nr_with);
	for (i = e->last.leaf, skip = e->last.slot; i < to; i++, skip = 0)
		filler__put(&f, map->refs[i].leaf->regions + skip, map->refs[i].count - skip);
	region_map__swap_leaves(map, from, to, &f);
	return 0;
}

int region_map__replace(struct region_map *map, uint64_t start, uint64_t end,
			const struct region *regions, size_t n)
{
	struct edit e;
	int err = 0;

	if (!edit__valid(start, end, regions, n))
		return -EINVAL;
	e.nr_without = e.nr_with = 0;
	e.totals = map->totals;
	e.with = e.few;
	if (n > EDIT_FEW - 2) {
		e.with = malloc((n + 2) * sizeof(*e.with));
		if (!e.with)
			return -ENOMEM;
	}
	edit__fill(&e, map, start, end, regions, n);
	edit__prefer_before(&e, map);
	if ((e.nr_with || e.nr_without) && !edit__apply_in_leaf(&e, map))
		err = edit__apply_over_leaves(&e, map);
	if (!err)
		map->totals = e.totals;
	if (e.with != e.few)
		free(e.with);
	return err;
}

/* ---------------------------------------------------------------- about the map */

const struct region_totals *region_map__totals(const struct region_map *map)
{
	return &map->totals;
}

size_t region_map__footprint(const struct region_map *map)
{
	return sizeof(*map) + map->cap_refs * sizeof(*map->refs) +
	       map->nr_refs * sizeof(struct leaf);
}

static const char *region_map__check_refs(const struct region_map *map)
{
	size_t i;

	if (map->nr_refs > map->cap_refs)
		return "more leaves than there is room for";
	for (i = 0; i < map->nr_refs; i++) {
		if (!map->refs[i].count)
			return "an empty leaf";
		if (map->refs[i].count > LEAF_REGIONS)
			return "a leaf that is too full";
		if (map->refs[i].start != map->refs[i].leaf->regions[0].start)
			return "a leaf's start is not its first region's";
	}
	return NULL;
}

const char *region_map__check(const struct region_map *map)
{
	struct region_totals totals = { 0 };
	const struct region *r, *prev = NULL;
	struct region_iter it = { .map = map };
	const char *broken = region_map__check_refs(map);

	if (broken)
		return broken;
	for (r = region_iter__at(&it); r; prev = r, r = region_iter__next(&it)) {
		if (!region__valid(r))
			return "a region that is not valid";
		if (prev && prev->end > r->start)
			return "regions out of order, or one over another";
		if (prev && region__continues(prev, r))
			return "neighbours that should have been merged";
		totals__add(&totals, r, true);
	}
	if (memcmp(&totals, &map->totals, sizeof(totals)))
		return "totals that are not the sums";
	return NULL;
}
