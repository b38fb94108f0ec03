/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The call model against a small kernel of its own: an array with one entry a
 * page, in which each call is carried out page by page as the man pages and
 * mm/ say. The two share no code. A second part gives the model nonsense. Must
 * not know how the model works.
 *
 *	prop_call_model			the seeds that CI runs
 *	prop_call_model SEED [RUNS]	from that seed on
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/call_model.h"
#include "small_kernel.h"

#define OPS 300

static unsigned long nr_unknown, nr_calls;

/* ---------------------------------------------------------------- comparing */

static bool broken(struct world *w, const char *what, uint64_t addr)
{
	snprintf(w->broken, sizeof(w->broken), "%s at %" PRIx64, what, addr);
	return false;
}

static bool pages_equal(struct world *w)
{
	const char *invariant = region_map__check(w->space.map);

	if (invariant)
		return broken(w, invariant, 0);
	for (uint32_t i = 0; i < PAGES; i++) {
		const struct region *r = region_map__find(w->space.map, addr_of(i));
		struct region want = region_of(w, i);
		uint64_t offset;

		if (!r || r->start > addr_of(i)) {
			if (w->pages[i].mapped)
				return broken(w, "a page is missing", addr_of(i));
			continue;
		}
		offset = r->flags & REGION_OFFSET ? r->offset + addr_of(i) - r->start : 0;
		if (!w->pages[i].mapped)
			return broken(w, "a page too many", addr_of(i));
		if (r->flags != want.flags || r->backing != want.backing || offset != want.offset)
			return broken(w, "a page differs", addr_of(i));
	}
	return true;
}

/* ---------------------------------------------------------------- running */

/* The model's map becomes what the pages say. */
static void resync(struct world *w)
{
	struct region regions[PAGES];
	size_t n = 0;

	for (uint32_t i = 0; i < PAGES; i++)
		if (w->pages[i].mapped)
			regions[n++] = region_of(w, i);
	if (region_map__replace(w->space.map, BASE, addr_of(PAGES), regions, n))
		abort();
}

static bool sums_agree(struct world *w, const struct region_totals *before,
		       const struct change *change)
{
	const struct region_totals *now = region_map__totals(w->space.map);

	if (now->bytes - before->bytes != change->mapped - change->unmapped)
		return broken(w, "mapped and unmapped are wrong", change->start);
	if (now->accessible - before->accessible != change->committed - change->uncommitted)
		return broken(w, "committed and uncommitted are wrong", change->start);
	return true;
}

static bool perform(struct world *w, const struct op *op)
{
	static struct call c;
	struct region_totals before = *region_map__totals(w->space.map);
	struct change change;
	bool moves;

	memset(&c, 0, sizeof(c));
	c.read_implies_exec = w->read_implies_exec;
	calls[op->what](w, op, &c);
	for (uint32_t i = 0; i < PAGES; i++)
		c.mm.locked_vm += w->pages[i].mapped && w->pages[i].locked;
	if (call_model__apply(&w->space, &c, w->strict, &change))
		abort();
	nr_calls++;
	/* Not strict, what reads the map is never trusted; right it must be all the same. */
	moves = !w->strict && !call__failed(&c) &&
		(c.id == MT_CALL_MREMAP || c.id == MT_CALL_REMAP_FILE_PAGES);
	if (change.kind == CHANGE_UNKNOWN && !moves) {
		nr_unknown++;
		if (!call__failed(&c))
			return broken(w, change.why, change.start);
		resync(w);
		return true;
	}
	if (c.id == MT_CALL_MREMAP && c.args[3] & DONTUNMAP && c.ret > 0)
		resync(w); /* which other pages it unlocked, no page knows */
	else if (!sums_agree(w, &before, &change))
		return false;
	if (change.kind != CHANGE_NONE && !call__mutates(&c))
		return broken(w, "call__mutates says no", change.start);
	return pages_equal(w);
}

static bool passes(const struct op *ops, size_t n, uint64_t seed, size_t *ret_at, char *why)
{
	static struct world w;
	size_t i;
	bool ok = true;

	memset(&w, 0, sizeof(w));
	w.space.map = region_map__new();
	w.space.backings = backings__new();
	w.space.layout = &w.layout;
	w.strict = seed % 3 != 2;
	w.read_implies_exec = seed % 5 == 4;
	w.brk = w.layout.brk = addr_of(PAGES - BRK_PAGES) + 100;
	w.pages[PAGES - BRK_PAGES] = (struct page){ .mapped = true, .perms = REGION_READ };
	for (int back = FILE_RW; back < BACKS; back++) {
		struct backing b = backing_of((enum back)back);

		if (backings__intern(w.space.backings, &b, &w.index[back]))
			abort();
	}
	resync(&w);
	for (i = 0; i < n && ok; i++)
		ok = perform(&w, &ops[i]);
	if (!ok) {
		*ret_at = i - 1;
		strcpy(why, w.broken);
	}
	region_map__free(w.space.map);
	backings__free(w.space.backings);
	return ok;
}

static void fail(struct op *ops, size_t n, uint64_t seed)
{
	struct op fewer[OPS];
	char why[200] = "";
	size_t at;

	for (size_t step = n / 2; step; step /= 2) {
		for (size_t i = 0; i + step <= n;) {
			memcpy(fewer, ops, i * sizeof(*ops));
			memcpy(fewer + i, ops + i + step, (n - i - step) * sizeof(*ops));
			if (passes(fewer, n - step, seed, &at, why)) {
				i += step;
				continue;
			}
			n = at + 1;
			memcpy(ops, fewer, n * sizeof(*ops));
		}
	}
	passes(ops, n, seed, &at, why);
	printf("seed %" PRIu64 ": %s, after these (what, page, pages, to, to_pages, pick, bits):\n",
	       seed, why);
	for (size_t i = 0; i < n; i++)
		printf("\t{ %u, %u, %u, %u, %u, %u, %u },\n", ops[i].what, ops[i].page,
		       ops[i].pages, ops[i].to, ops[i].to_pages, ops[i].pick, ops[i].bits);
}

/* ---------------------------------------------------------------- nonsense */

static uint64_t nonsense(void)
{
	static const uint64_t edges[] = { 0,	       1,	   4095,
					  4096,	       1ULL << 57, (1ULL << 57) - 4096,
					  1ULL << 63,  ~0ULL,	   ~0ULL - 4095,
					  ~0ULL - 4096 };
	uint64_t any = (uint64_t)rng(1u << 31) << 33 | (uint64_t)rng(1u << 31) << 2 | rng(4);

	switch (rng(4)) {
	case 0:
		return edges[rng(sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return addr_of(rng(PAGES)) + (rng(4) ? 0 : rng(4096));
	case 2:
		return rng(64) * PAGE_LEN;
	default:
		return any >> rng(64);
	}
}

static bool survives(uint64_t seed)
{
	static struct call c;
	struct model_space space = { region_map__new(), backings__new(), NULL, false, false };
	struct layout layout = { 0 };
	struct change change;
	const char *invariant = NULL;

	space.layout = &layout;
	for (int i = 0; i < 2000 && !invariant; i++) {
		struct range ranges[2];

		memset(&c, 0, sizeof(c));
		c.id = (enum mt_call_id)rng(MT_CALL_NR + 2);
		for (int a = 0; a < 6; a++)
			c.args[a] = nonsense();
		c.ret = rng(3) ? (int64_t)nonsense() : -(int64_t)rng(40);
		c.has_region = rng(2);
		c.no_region = !rng(4);
		c.has_name = rng(2);
		c.region.anonymous = rng(2);
		c.region.region =
			(struct region){ nonsense(), nonsense(), nonsense(), rng(1 << 14), 0 };
		c.region.backing = backing_of((enum back)rng(BACKS));
		c.region.backing.page_shift = rng(3) ? 0 : rng(80);
		if (call_model__apply(&space, &c, rng(2), &change))
			abort();
		for (size_t n = call__ranges(&c, ranges); n > 0; n--)
			if (ranges[n - 1].start >= ranges[n - 1].end)
				invariant = "an empty range";
		invariant = invariant ? invariant : region_map__check(space.map);
	}
	if (invariant)
		printf("nonsense, seed %" PRIu64 ": %s after %s\n", seed, invariant,
		       call__name(c.id));
	region_map__free(space.map);
	backings__free(space.backings);
	return !invariant;
}

int main(int argc, char **argv)
{
	static struct op ops[OPS];
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t end = seed + (argc > 2 ? strtoull(argv[2], NULL, 0) : 300);
	char why[200];
	size_t at;

	for (; seed < end; seed++) {
		rng_state = seed * 1000003;
		for (size_t i = 0; i < OPS; i++)
			op__random(&ops[i]);
		if (!passes(ops, OPS, seed, &at, why)) {
			fail(ops, at + 1, seed);
			return 1;
		}
		if (!survives(seed))
			return 1;
	}
	printf("%lu calls, %lu of them unknown\n", nr_calls, nr_unknown);
	return 0;
}
