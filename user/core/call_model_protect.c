/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mprotect and pkey_mprotect: what they did when they worked and, harder, when
 * they failed half-way. Knows no other call.
 */
#include "call_model_private.h"

static uint32_t wanted(const struct call *c)
{
	uint32_t flags = 0;

	if (c->args[2] & ABI_PROT_READ)
		flags |= REGION_READ;
	if (c->args[2] & ABI_PROT_WRITE)
		flags |= REGION_WRITE;
	if (c->args[2] & ABI_PROT_EXEC || (flags & REGION_READ && c->read_implies_exec))
		flags |= REGION_EXEC;
	return flags;
}

static int protect(struct model *m, struct range at)
{
	struct flag_edit edit = { REGION_RWX, wanted(m->c) };

	return model__edit(m, at, region_edit__flags, &edit);
}

/* The first region in range that has any of flags begins there; else its end. */
static uint64_t first_with(const struct model *m, struct range at, uint32_t flags)
{
	const struct region *r;
	struct region_iter it;

	for (r = region_iter__init(&it, m->space->map, at.start); r && r->start < at.end;
	     r = region_iter__next(&it))
		if (r->flags & flags)
			return r->start > at.start ? r->start : at.start;
	return at.end;
}

static bool all_wanted(const struct model *m, struct range at)
{
	const struct region *r;
	struct region_iter it;

	for (r = region_iter__init(&it, m->space->map, at.start); r && r->start < at.end;
	     r = region_iter__next(&it))
		if ((r->flags & REGION_RWX) != wanted(m->c))
			return false;
	return true;
}

/*
 * Where a call that failed stopped, when the map tells: at a hole (-ENOMEM),
 * at a sealed region (-EPERM). Else the range's end.
 */
static uint64_t where_it_stopped(const struct model *m)
{
	if (m->c->ret == -ENOMEM)
		return model__first_gap(m, m->range);
	if (m->c->ret == -EPERM)
		return first_with(m, m->range, REGION_SEALED);
	return m->range.end;
}

/*
 * The kernel goes region by region and stops at the first that refuses (mm/
 * mprotect.c, do_mprotect_pkey). What the first looks like now tells whether
 * it got beyond that.
 *
 *	model	[ was  ][ B  ]     [ C ]
 *	range	   [..................)
 *	kernel	   [ now ]		now == was: refused at once
 *					now == wanted: applied to some prefix
 */
static int mprotect__failed(struct model *m)
{
	const char *why = "mprotect failed half-way";
	const struct raw_region *raw = &m->c->region;
	const struct region *first = model__at(m, m->range.start);
	struct range done = m->range;
	uint32_t now, was;

	if (m->c->no_region || (m->c->has_region && raw->region.start > m->range.start))
		return 0;
	done.end = where_it_stopped(m);
	if (range__empty(done) || !first) {
		/* Refused at once, or the kernel has what the map lacks. */
		if (m->c->has_region && !first && m->strict)
			model__unknown(m, why);
		return 0;
	}
	if (all_wanted(m, done))
		return 0;
	if (!m->c->has_region) {
		model__unknown(m, why);
		return 0;
	}
	was = first->flags & REGION_RWX;
	now = raw->region.flags & REGION_RWX;
	if (now == was && was != wanted(m->c))
		return 0;
	if (now != wanted(m->c)) {
		model__unknown(m, why);
		return 0;
	}
	/* No snapshot shows seals: there may be one before the first that is known. */
	if (done.end == m->range.end || (m->c->ret == -EPERM && raw->region.end < done.end)) {
		/* Sure of what the kernel showed alone. */
		model__unknown(m, why);
		if (was == wanted(m->c))
			return 0;
		if (raw->region.end < done.end)
			done.end = page__down(raw->region.end);
	} else if (!m->strict) {
		/* Where the hole is was read from a map that may be torn. */
		model__unknown(m, why);
	}
	return protect(m, done);
}

/* Arguments that are refused before any region is looked at. */
static bool mprotect__is_invalid(const struct call *c)
{
	uint64_t both = ABI_PROT_GROWSDOWN | ABI_PROT_GROWSUP;

	return !page__aligned(c->args[0]) || !c->args[1] || (c->args[2] & both) == both ||
	       c->args[0] + c->args[1] < c->args[0];
}

/*
 * -EINVAL that may come after some regions were done: the end is within a huge
 * page (mm/hugetlb.c, hugetlb_vm_op_split). Within one at the start it comes
 * at once, and all else that is invalid is found before.
 */
static bool mprotect__cuts_huge_page(const struct model *m)
{
	const struct region *first = model__at(m, m->range.start);
	const struct region *last = model__at(m, m->range.end - 1);
	const struct backing *b;

	if (!last || !(last->flags & REGION_HUGETLB))
		return false;
	b = backings__get(m->space->backings, last->backing);
	if (backing__round_up(b, m->range.end) == m->range.end)
		return false;
	/* All within one huge page, so within one region. */
	if (backing__round_up(b, m->range.start + 1) == backing__round_up(b, m->range.end))
		return false;
	if (!first || !(first->flags & REGION_HUGETLB))
		return true;
	b = backings__get(m->space->backings, first->backing);
	return backing__round_up(b, m->range.start) == m->range.start;
}

int model__mprotect(struct model *m)
{
	int err;

	if (mprotect__is_invalid(m->c) || range__empty(m->range))
		return 0;
	if (m->c->ret == -EINVAL) {
		if (mprotect__cuts_huge_page(m))
			model__unknown(m, "mprotect failed half-way");
		return 0;
	}
	if (call__failed(m->c))
		return mprotect__failed(m);
	err = model__expect_mapped(m, m->range, "mprotect worked over a gap");
	return err ? err : protect(m, m->range);
}
