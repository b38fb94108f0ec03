/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The region map against an array with one entry a page: random replaces, and
 * small spaces enumerated exhaustively. Every answer of the map is compared
 * after each of them. Must not know how the map is built.
 *
 *	prop_region_map			the seeds that CI runs
 *	prop_region_map SEED|time	one seed, or one taken from the clock
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/backing.h"
#include "core/region_map.h"

#define PAGES_MAX 65536u
#define BASE 0x10000ULL

/* What one page holds. flags 0 with backing 0 is a mapping without access, so: mapped. */
struct page {
	bool mapped;
	uint32_t flags, backing;
	uint64_t offset;
};

enum op_kind {
	OP_PIECES,    /* the pieces that its seed gives */
	OP_SAME,      /* what is there already */
	OP_SAME_HELD, /* the same, passed as a pointer into the map */
	OP_NR
};

/* An operation does not depend on those before it, so that any may be dropped. */
struct op {
	enum op_kind kind;
	uint32_t start, end; /* in pages */
	uint32_t longest;    /* pages in a piece */
	uint64_t seed;	     /* of the pieces */
};

struct fixture {
	uint32_t pages;
	struct page *model;
	struct region *pieces;
	struct region_map *map;
	char broken[200];
};

static uint64_t rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t addr_of(uint32_t page)
{
	return BASE + page * REGION_PAGE;
}

/* Few kinds, and offsets that often go on from a neighbour's. */
static struct region piece(uint32_t start, uint32_t end, uint64_t pick)
{
	static const struct {
		uint32_t flags, backing;
	} kinds[] = {
		{ REGION_READ | REGION_WRITE, BACKING_ANON },
		{ REGION_READ | REGION_WRITE, BACKING_ANON },
		{ 0, BACKING_ANON },
		{ REGION_READ | REGION_LOCKED | REGION_GROWSDOWN, BACKING_ANON },
		{ REGION_READ, 1 }, /* [anon:name]: no contents */
		{ REGION_READ | REGION_EXEC | REGION_OFFSET, 2 },
		{ REGION_READ | REGION_EXEC | REGION_OFFSET, 2 },
		{ REGION_READ | REGION_SHARED | REGION_OFFSET, 3 },
	};
	size_t kind = pick % (sizeof(kinds) / sizeof(kinds[0]));
	struct region r = { .start = addr_of(start),
			    .end = addr_of(end),
			    .flags = kinds[kind].flags,
			    .backing = kinds[kind].backing };

	if (r.flags & REGION_OFFSET)
		r.offset = r.start + (pick >> 8) % 2 * REGION_PAGE * 16;
	return r;
}

static size_t op__pieces(const struct op *op, struct region *pieces)
{
	uint64_t state = op->seed;
	uint32_t at = op->start, end;
	uint64_t pick;
	size_t n = 0;

	if (rnd(&state) % 4 == 0)
		return 0;
	while (at < op->end) {
		pick = rnd(&state);
		end = at + 1 + (uint32_t)(pick >> 40) % op->longest;
		if (end > op->end)
			end = op->end;
		if (pick >> 32 & 7)
			pieces[n++] = piece(at, end, pick);
		at = end;
	}
	return n;
}

static void model__replace(struct fixture *f, const struct op *op, const struct region *pieces,
			   size_t n)
{
	uint32_t page;
	uint64_t addr;
	size_t i;

	memset(f->model + op->start, 0, (op->end - op->start) * sizeof(*f->model));
	for (i = 0; i < n; i++) {
		for (addr = pieces[i].start; addr < pieces[i].end; addr += REGION_PAGE) {
			page = (uint32_t)((addr - BASE) / REGION_PAGE);
			f->model[page].mapped = true;
			f->model[page].flags = pieces[i].flags;
			f->model[page].backing = pieces[i].backing;
			if (pieces[i].flags & REGION_OFFSET)
				f->model[page].offset = pieces[i].offset + addr - pieces[i].start;
		}
	}
}

static bool fixture__broken(struct fixture *f, const char *what, uint64_t addr)
{
	snprintf(f->broken, sizeof(f->broken), "%s at 0x%" PRIx64, what, addr);
	return true;
}

static bool page__is(const struct page *page, const struct region *r, uint64_t addr)
{
	uint64_t offset = r->flags & REGION_OFFSET ? r->offset + (addr - r->start) : r->offset;

	return page->mapped && page->flags == r->flags && page->backing == r->backing &&
	       page->offset == offset;
}

/* [start, end) in pages, through a walk that begins anywhere. */
static bool fixture__compare_pages(struct fixture *f, uint32_t start, uint32_t end)
{
	struct region_iter it;
	const struct region *r = region_iter__init(&it, f->map, addr_of(start));
	uint32_t page;
	uint64_t addr;

	for (page = start; page < end; page++) {
		addr = addr_of(page);
		while (r && r->end <= addr)
			r = region_iter__next(&it);
		if (!r || r->start > addr) {
			if (f->model[page].mapped)
				return fixture__broken(f, "a page is missing", addr);
		} else if (!page__is(&f->model[page], r, addr)) {
			return fixture__broken(f, "a page that differs", addr);
		}
	}
	return false;
}

/* find, before and the iterator's two ways must tell the same story. */
static bool fixture__compare_lookup(struct fixture *f, uint32_t page)
{
	uint64_t addr = addr_of(page);
	const struct region *found = region_map__find(f->map, addr), *prev;
	const struct region *before = region_map__before(f->map, addr);
	struct region_iter it;

	if (f->model[page].mapped && (!found || found->start > addr || found->end <= addr))
		return fixture__broken(f, "find does not give the region", addr);
	if (!f->model[page].mapped && found && found->start <= addr)
		return fixture__broken(f, "find gives a region that is not there", addr);
	if (before && before->end > addr)
		return fixture__broken(f, "before gives a region that is not before", addr);
	if (region_iter__init(&it, f->map, addr) != found)
		return fixture__broken(f, "the iterator does not begin with find", addr);
	prev = region_iter__prev(&it);
	if (prev != before)
		return fixture__broken(f, "before is not what precedes find", addr);
	if (prev && region_iter__next(&it) != found)
		return fixture__broken(f, "next does not undo prev", addr);
	return false;
}

static bool fixture__compare_slice(struct fixture *f, uint32_t start, uint32_t end)
{
	struct region *regions = NULL;
	uint32_t mapped = 0, page;
	uint64_t addr, seen = 0;
	bool broken = false;
	long n, i;

	n = region_map__slice(f->map, addr_of(start), addr_of(end), &regions);
	for (i = 0; i < n && !broken; i++) {
		for (addr = regions[i].start; addr < regions[i].end; addr += REGION_PAGE, seen++) {
			page = (uint32_t)((addr - BASE) / REGION_PAGE);
			if (page < start || page >= end ||
			    !page__is(&f->model[page], &regions[i], addr))
				broken = fixture__broken(f, "a slice that differs", addr);
		}
	}
	for (page = start; page < end; page++)
		mapped += f->model[page].mapped;
	if (!broken && (n < 0 || seen != mapped))
		broken = fixture__broken(f, "a slice that is too short", addr_of(start));
	free(regions);
	return broken;
}

static bool fixture__compare(struct fixture *f, const struct op *op)
{
	const char *broken = region_map__check(f->map);
	uint64_t state = op->seed ^ op->start;
	uint32_t page = (uint32_t)(rnd(&state) % f->pages);

	if (broken)
		return fixture__broken(f, broken, 0);
	return fixture__compare_pages(f, 0, f->pages) ||
	       fixture__compare_pages(f, page, f->pages < page + 64 ? f->pages : page + 64) ||
	       fixture__compare_lookup(f, page) || fixture__compare_lookup(f, op->start) ||
	       fixture__compare_lookup(f, op->end < f->pages ? op->end : op->end - 1) ||
	       fixture__compare_slice(f, op->start, op->end);
}

static int fixture__apply(struct fixture *f, const struct op *op)
{
	uint64_t start = addr_of(op->start), end = addr_of(op->end);
	const struct region *held;
	struct region *same = NULL;
	size_t n;
	long some;
	int err;

	switch (op->kind) {
	case OP_SAME:
		some = region_map__slice(f->map, start, end, &same);
		err = some < 0 ? (int)some :
				 region_map__replace(f->map, start, end, same, (size_t)some);
		free(same);
		return err;
	case OP_SAME_HELD:
		held = region_map__find(f->map, start);
		return held ? region_map__replace(f->map, held->start, held->end, held, 1) : 0;
	default:
		n = op__pieces(op, f->pieces);
		model__replace(f, op, f->pieces, n);
		return region_map__replace(f->map, start, end, f->pieces, n);
	}
}

/* True when an operation broke something; *ret_failed is which. */
static bool run(struct fixture *f, const struct op *ops, size_t n, size_t *ret_failed)
{
	bool broken = false;
	size_t i;
	int err;

	memset(f->model, 0, f->pages * sizeof(*f->model));
	f->map = region_map__new();
	if (!f->map) {
		fprintf(stderr, "no memory\n");
		exit(1);
	}
	for (i = 0; i < n && !broken; i++) {
		err = fixture__apply(f, &ops[i]);
		if (err)
			broken = fixture__broken(f, strerror(-err), addr_of(ops[i].start));
		else
			broken = fixture__compare(f, &ops[i]);
	}
	region_map__free(f->map);
	if (broken && ret_failed)
		*ret_failed = i - 1;
	return broken;
}

/* Drops halves, then less and less, then single operations, while it still fails. */
static size_t shrink(struct fixture *f, struct op *ops, size_t n)
{
	struct op *fewer = malloc(n * sizeof(*fewer));
	size_t step = n / 2 ? n / 2 : 1, at, failed;

	if (!fewer)
		return n;
	while (step) {
		bool dropped = false;

		for (at = 0; at + step <= n;) {
			memcpy(fewer, ops, at * sizeof(*ops));
			memcpy(fewer + at, ops + at + step, (n - at - step) * sizeof(*ops));
			if (run(f, fewer, n - step, &failed)) {
				n = failed + 1;
				memcpy(ops, fewer, n * sizeof(*ops));
				dropped = true;
			} else {
				at += step;
			}
		}
		if (!dropped || step > 1)
			step /= 2;
	}
	free(fewer);
	return n;
}

static void op__print(struct fixture *f, const struct op *op)
{
	size_t n = op__pieces(op, f->pieces), i;

	if (op->kind == OP_SAME) {
		printf("\tn = region_map__slice(map, 0x%" PRIx64 ", 0x%" PRIx64 ", &same);\n",
		       addr_of(op->start), addr_of(op->end));
		printf("\tregion_map__replace(map, 0x%" PRIx64 ", 0x%" PRIx64 ", same, n);\n",
		       addr_of(op->start), addr_of(op->end));
		return;
	}
	if (op->kind == OP_SAME_HELD) {
		printf("\tr = region_map__find(map, 0x%" PRIx64 ");\n", addr_of(op->start));
		printf("\tregion_map__replace(map, r->start, r->end, r, 1);\n");
		return;
	}
	printf("\tregion_map__replace(map, 0x%" PRIx64 ", 0x%" PRIx64 ", ", addr_of(op->start),
	       addr_of(op->end));
	if (!n) {
		printf("NULL, 0);\n");
		return;
	}
	printf("(struct region[]){\n");
	for (i = 0; i < n; i++)
		printf("\t\t{ 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx32 ", %" PRIu32
		       " },\n",
		       f->pieces[i].start, f->pieces[i].end, f->pieces[i].offset,
		       f->pieces[i].flags, f->pieces[i].backing);
	printf("\t}, %zu);\n", n);
}

static bool report(struct fixture *f, struct op *ops, size_t n, const char *which)
{
	size_t failed = 0, i;

	if (!run(f, ops, n, &failed))
		return false;
	printf("FAILED %s, operation %zu: %s\n", which, failed, f->broken);
	n = shrink(f, ops, failed + 1);
	run(f, ops, n, &failed);
	printf("%zu operations are enough: %s\n", n, f->broken);
	for (i = 0; i < n; i++)
		op__print(f, &ops[i]);
	return true;
}

/* A space's size and how its operations look. */
static const struct shape {
	uint32_t pages, longest_range, longest_piece;
	size_t ops;
} shapes[] = {
	{ 256, 256, 40, 4000 },	 /* few, large: cuts on both sides */
	{ 256, 8, 3, 8000 },	 /* many small ones: merges, and leaves that split */
	{ 1024, 1024, 2, 1000 }, /* walks of many leaves */
	{ 4096, 5, 2, 4000 },	 /* leaves that split one by one, and join */
	{ 65536, 65536, 2, 60 }, /* whole walks of the largest maps */
	{ 65536, 2000, 40, 400 },
};

static bool random_ops(struct fixture *f, uint64_t seed, const struct shape *shape)
{
	struct op *ops = calloc(shape->ops, sizeof(*ops));
	uint64_t state = seed;
	char which[80];
	uint32_t len;
	bool failed;
	size_t i;

	if (!ops) {
		fprintf(stderr, "no memory\n");
		exit(1);
	}
	f->pages = shape->pages;
	for (i = 0; i < shape->ops; i++) {
		struct op *op = &ops[i];

		op->kind = rnd(&state) % 8 ? OP_PIECES : rnd(&state) % 2 ? OP_SAME : OP_SAME_HELD;
		len = 1 + (uint32_t)(rnd(&state) % shape->longest_range);
		op->start = (uint32_t)(rnd(&state) % (shape->pages - len + 1));
		op->end = op->start + len;
		op->longest = 1 + (uint32_t)(rnd(&state) % shape->longest_piece);
		op->seed = rnd(&state);
	}
	snprintf(which, sizeof(which), "seed %" PRIu64 ", %" PRIu32 " pages", seed, shape->pages);
	failed = report(f, ops, shape->ops, which);
	free(ops);
	return failed;
}

/* The first that fails is printed and ends the run. */
static bool random_seed(struct fixture *f, uint64_t seed)
{
	size_t i;

	printf("seed %" PRIu64 "\n", seed);
	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (random_ops(f, seed, &shapes[i]))
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------- small spaces, whole */

#define SMALL_PAGES 6
#define SMALL_FILLS 3 /* of a page: nothing, anonymous, a file at its own offset */

/* A replace of a small space: what comes into each page of the range. */
struct small_op {
	uint32_t start, end;
	uint8_t fill[SMALL_PAGES];
};

/* All ranges; each of them with one fill throughout, or with every mixture. */
static size_t small_ops(struct small_op *ops, uint32_t pages, bool mixtures)
{
	uint32_t start, end, i, code, codes;
	size_t n = 0;

	for (start = 0; start < pages; start++) {
		for (end = start + 1; end <= pages; end++) {
			for (codes = SMALL_FILLS, i = start + 1; mixtures && i < end; i++)
				codes *= SMALL_FILLS;
			for (code = 0; code < codes; code++) {
				uint32_t rest = code;

				ops[n].start = start;
				ops[n].end = end;
				for (i = start; i < end; i++) {
					ops[n].fill[i] = (uint8_t)(rest % SMALL_FILLS);
					rest = mixtures ? rest / SMALL_FILLS : rest;
				}
				n++;
			}
		}
	}
	return n;
}

static int small__apply(struct fixture *f, const struct small_op *small)
{
	struct op op = { .start = small->start, .end = small->end };
	struct region pieces[SMALL_PAGES];
	uint32_t page;
	size_t n = 0;

	/* A piece a page: that they merge among themselves is part of the test. */
	for (page = small->start; page < small->end; page++) {
		if (small->fill[page])
			pieces[n++] = piece(page, page + 1, small->fill[page] == 1 ? 0 : 5);
	}
	model__replace(f, &op, pieces, n);
	return region_map__replace(f->map, addr_of(op.start), addr_of(op.end), pieces, n);
}

/* True when this sequence breaks something, which is printed. */
static bool small__run(struct fixture *f, const struct small_op *const *sequence, size_t n)
{
	struct op whole = { .start = 0, .end = f->pages };
	bool broken = false;
	size_t i;
	uint32_t page;

	memset(f->model, 0, f->pages * sizeof(*f->model));
	f->map = region_map__new();
	if (!f->map)
		return true;
	for (i = 0; i < n && !broken; i++) {
		if (small__apply(f, sequence[i]))
			broken = fixture__broken(f, "an error", addr_of(sequence[i]->start));
	}
	broken = broken || fixture__compare(f, &whole);
	region_map__free(f->map);
	if (!broken)
		return false;
	printf("FAILED: %s\n", f->broken);
	for (i = 0; i < n; i++) {
		printf("\treplace [%" PRIu32 ", %" PRIu32 ") by ", sequence[i]->start,
		       sequence[i]->end);
		for (page = sequence[i]->start; page < sequence[i]->end; page++)
			putchar(".af"[sequence[i]->fill[page]]);
		putchar('\n');
	}
	return true;
}

/* Every sequence of depth replaces. */
static bool small_space(struct fixture *f, uint32_t pages, bool mixtures, size_t depth)
{
	static struct small_op ops[2000];
	size_t n = small_ops(ops, pages, mixtures), digits[3] = { 0 }, i, runs = 0;
	const struct small_op *sequence[3];

	f->pages = pages;
	do {
		for (i = 0; i < depth; i++)
			sequence[i] = &ops[digits[i]];
		if (small__run(f, sequence, depth))
			return true;
		runs++;
		for (i = 0; i < depth && ++digits[i] == n; i++)
			digits[i] = 0;
	} while (i < depth);
	printf("%zu sequences of %zu out of %zu replaces of %" PRIu32 " pages\n", runs, depth, n,
	       pages);
	return false;
}

int main(int argc, char **argv)
{
	static const uint64_t seeds[] = { 1, 2, 3, 20240229, 0xffffffffULL };
	struct fixture f = { 0 };
	bool failed = false;
	size_t i;

	f.model = calloc(PAGES_MAX, sizeof(*f.model));
	f.pieces = calloc(PAGES_MAX, sizeof(*f.pieces));
	if (!f.model || !f.pieces) {
		fprintf(stderr, "no memory\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1) {
		failed = random_seed(&f, strcmp(argv[1], "time") ? strtoull(argv[1], NULL, 0) :
								   (uint64_t)time(NULL));
	} else {
		for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]) && !failed; i++)
			failed = random_seed(&f, seeds[i]);
		failed = failed || small_space(&f, SMALL_PAGES, false, 3) ||
			 small_space(&f, SMALL_PAGES - 1, true, 2);
	}
	free(f.model);
	free(f.pieces);
	printf("%s\n", failed ? "failed" : "passed");
	return failed;
}
