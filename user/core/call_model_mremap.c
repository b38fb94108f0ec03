/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mremap, the call that moves information: its four shapes, moves of several
 * regions at once, and what a failed MREMAP_FIXED leaves behind.
 */
#include <stdlib.h>
#include "call_model_private.h"

/*
 * A call of mremap, decoded: lengths rounded as the kernel rounds them.
 *
 *	from [ old_len ...... ]		to [ new_len ............... ]
 *	     [ kept ]..tail...		   [ kept ]+++ extended +++++
 *
 * kept is what both have. only_moves: several regions may move at once, and
 * what lies in their gaps at the target stays (mm/mremap.c, remap_move, 6.17+).
 */
struct remap {
	uint64_t from, old_len, new_len, kept;
	struct range source, target, tail;
	bool duplicates, moves, fixed, keeps_source, only_moves;
};

static void remap__init(struct remap *re, const struct model_space *space, const struct call *c)
{
	const struct region *r = region_map__find(space->map, c->args[0]);
	const struct backing *b = NULL;
	uint64_t to;

	if (r && r->start <= c->args[0] && r->flags & REGION_HUGETLB)
		b = backings__get(space->backings, r->backing);
	re->from = c->args[0];
	re->old_len = backing__round_up(b, c->args[1]);
	re->new_len = backing__round_up(b, c->args[2]);
	re->kept = re->old_len < re->new_len ? re->old_len : re->new_len;
	re->fixed = c->args[3] & ABI_MREMAP_FIXED;
	re->keeps_source = c->args[3] & ABI_MREMAP_DONTUNMAP;
	to = call__failed(c) ? c->args[4] : (uint64_t)c->ret;
	re->duplicates = !re->old_len;
	re->moves = to != re->from || re->duplicates;
	re->only_moves = re->fixed && re->moves && re->old_len == re->new_len;
	re->source = range__of(re->from, re->kept);
	re->tail = range__of(addr__add(re->from, re->kept), re->old_len - re->kept);
	re->target = range__of(to, re->new_len);
}

struct range model__mremap_range(const struct model_space *space, const struct call *c)
{
	struct range ranges[2] = { { 0, 0 }, { 0, 0 } };
	struct remap re;

	remap__init(&re, space, c);
	if (call__failed(c)) {
		call__ranges(c, ranges);
		return ranges[0];
	}
	if (re.moves)
		return re.target;
	return range__of(re.from, re.old_len > re.new_len ? re.old_len : re.new_len);
}

/* r seen from address to instead of from. */
static struct region region__moved(const struct region *r, uint64_t from, uint64_t to)
{
	struct region moved = *r;

	moved.start = to + (r->start - from);
	moved.end = moved.start + region__len(r);
	return moved;
}

/* The source is not in the map: what the kernel has at the target must do. */
static int target__from_kernel(struct model *m, const struct remap *re)
{
	struct range at = re->target;
	struct region r;
	int found = model__kernel_region(m, at.start, &r);

	model__unknown(m, "mremap of something that was not seen");
	if (found <= 0)
		return found;
	if (r.end < at.end)
		at.end = r.end;
	r.end = at.end;
	return model__put(m, at, &r, 1);
}

/* In place: the tail goes, or the last region gets longer. */
static int remap__in_place(struct model *m, const struct remap *re)
{
	uint64_t end = addr__add(re->from, re->old_len);
	const struct region *last = model__at(m, end - 1);
	struct range more = range__of(end, re->new_len - re->kept);
	struct region r;

	if (re->new_len <= re->old_len)
		return model__put(m, re->tail, NULL, 0);
	if (m->strict && model__maps_any(m, more))
		model__unknown(m, "mremap grew over a mapping");
	/* What it grows by is like what was there then, which may have changed since. */
	if (!m->strict)
		model__unknown(m, "mremap over a map that may be torn");
	if (!last) {
		struct remap unseen = *re;

		unseen.target = more;
		return target__from_kernel(m, &unseen);
	}
	r = *last;
	if (r.flags & REGION_OFFSET)
		r.offset += more.start - r.start;
	r.start = more.start;
	r.end = more.end;
	return model__put(m, more, &r, 1);
}

/* A second view of shared memory (old_len 0): the source stays. */
static int remap__duplicate(struct model *m, const struct remap *re)
{
	const struct region *r = model__at(m, re->from);
	struct region copy;

	if (!r)
		return target__from_kernel(m, re);
	copy = *r;
	if (copy.flags & REGION_OFFSET)
		copy.offset += re->from - r->start;
	copy.start = re->target.start;
	copy.end = re->target.end;
	return model__put(m, re->target, &copy, 1);
}

/* Puts n pieces, cut from the source, at the target. */
static int remap__place(struct model *m, const struct remap *re, struct region *pieces, long n)
{
	struct range at;
	long i;
	int err;

	for (i = 0; i < n; i++)
		pieces[i] = region__moved(&pieces[i], re->source.start, re->target.start);
	if (!re->only_moves) {
		/* One region, which may get longer. */
		pieces[n - 1].end = re->target.end;
		return model__put(m, re->target, pieces, (size_t)n);
	}
	for (i = 0; i < n; i++) {
		at = range__between(pieces[i].start, pieces[i].end);
		err = model__put(m, at, &pieces[i], 1);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The whole of the regions that the source is part of: mm/mremap.c,
 * dontunmap_complete, unlocks the source's vma, not just the part that moved.
 */
static struct range remap__regions(const struct model *m, const struct remap *re)
{
	const struct region *first = model__at(m, re->source.start);
	const struct region *last = model__at(m, re->source.end - 1);
	struct range at = re->source;

	if (first)
		at.start = first->start;
	if (last)
		at.end = last->end;
	return at;
}

/* regions: what remap__regions() gave before the move. */
static int remap__leave_source(struct model *m, const struct remap *re, struct range regions)
{
	struct flag_edit unlock = { REGION_LOCKED, 0 };
	int err;

	if (re->keeps_source)
		return model__edit(m, regions, region_edit__flags, &unlock);
	err = model__put(m, re->source, NULL, 0);
	return err ? err : model__put(m, re->tail, NULL, 0);
}

/* One region to the kernel, which keeps no flag for MAP_STACK (include/linux/mman.h). */
static bool remap__is_one(const struct region *pieces, long n)
{
	struct region a = pieces[0], b;
	long i;

	for (i = 1; i < n; i++) {
		b = pieces[i];
		a.flags |= REGION_STACK;
		b.flags |= REGION_STACK;
		if (!region__continues(&a, &b))
			return false;
		a = b;
	}
	return true;
}

static int remap__move(struct model *m, const struct remap *re)
{
	struct range regions = remap__regions(m, re);
	struct region *pieces = NULL;
	bool whole;
	long n;
	int err;

	n = region_map__slice(m->space->map, re->source.start, re->source.end, &pieces);
	if (n < 0)
		return (int)n;
	whole = n && pieces[0].start == re->source.start;
	if (!re->only_moves)
		whole = n && whole && pieces[n - 1].end == re->source.end &&
			remap__is_one(pieces, n);
	if (!whole && m->strict)
		model__unknown(m, "mremap of something that was not seen");
	/* A target cut at the top of the space has no room for what moves. */
	if (n && range__empty(re->target) == false && re->target.end - re->target.start >= re->kept)
		err = remap__place(m, re, pieces, n);
	else
		err = target__from_kernel(m, re);
	free(pieces);
	return err ? err : remap__leave_source(m, re, regions);
}

/* The kernel's region at the target against what the map has there now. */
static void remap__check(struct model *m, const struct remap *re)
{
	const struct region *r = model__at(m, re->target.start);

	if (!m->strict || !(m->c->has_region || m->c->no_region))
		return;
	if (m->c->no_region || m->c->region.region.start > re->target.start || !r ||
	    !model__looks_like(m, r, &m->c->region))
		model__unknown(m, "mremap moved something else than the map has");
}

/* Arguments that are refused before anything is done (check_mremap_params). */
static bool remap__is_invalid(const struct remap *re, const struct call *c)
{
	uint64_t known = ABI_MREMAP_MAYMOVE | ABI_MREMAP_FIXED | ABI_MREMAP_DONTUNMAP;
	struct range source = range__of(re->from, re->old_len);

	return c->args[3] & ~known || !(c->args[3] & ABI_MREMAP_MAYMOVE) ||
	       !page__aligned(re->from) || !page__aligned(c->args[4]) || !re->new_len ||
	       re->new_len >= SPACE_TOP || re->target.end - re->target.start != re->new_len ||
	       (re->keeps_source && re->old_len != re->new_len) ||
	       (source.start < re->target.end && re->target.start < source.end);
}

/* The source's first region, moved, would look like what the target held. */
static bool remap__is_ambiguous(const struct model *m, const struct remap *re)
{
	const struct region *from = model__at(m, re->from);
	const struct region *to = model__at(m, re->target.start);

	return from && to && from->backing == to->backing &&
	       !((from->flags ^ to->flags) & REGION_PERMS);
}

/*
 * MREMAP_FIXED unmaps its target, then the source's tail, then moves, region
 * by region; before 6.17 most checks came after the first two. A failure may
 * come at any point.
 */
static int remap__failed(struct model *m, const struct remap *re)
{
	const char *why = "mremap failed half-way";
	enum target target;

	if (!re->fixed || remap__is_invalid(re, m->c))
		return 0;
	/* How far it got is seen by what the map had before. */
	if (!m->strict)
		model__unknown(m, why);
	target = model__target(m, re->target);
	if (target == TARGET_UNCLEAR && !m->c->has_region && m->c->ret == -EINVAL)
		return 0;
	if (target == TARGET_KEPT) {
		if (re->only_moves && remap__is_ambiguous(m, re))
			model__unknown(m, why);
		return 0;
	}
	if (target == TARGET_UNCLEAR || (!range__empty(re->tail) && m->c->ret != -EINVAL))
		model__unknown(m, why);
	return target == TARGET_GONE ? model__put(m, re->target, NULL, 0) : 0;
}

int model__mremap(struct model *m)
{
	struct remap re;
	int err;

	remap__init(&re, m->space, m->c);
	if (call__failed(m->c))
		return remap__failed(m, &re);
	if (range__empty(re.target))
		return 0;
	if (!re.moves)
		return remap__in_place(m, &re);
	if (m->strict && !re.fixed && model__maps_any(m, re.target))
		model__unknown(m, "mremap gave an address that was in use");
	if (!m->strict)
		model__unknown(m, "mremap over a map that may be torn");
	if (re.duplicates) {
		err = remap__duplicate(m, &re);
	} else {
		m->change->moved_from = re.from;
		err = remap__move(m, &re);
	}
	if (!err)
		remap__check(m, &re);
	return err;
}
