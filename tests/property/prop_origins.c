// SPDX-License-Identifier: GPL-2.0
/*
 * Origins against a model that knows of each page who created it, who changed it
 * last, and whether it has grown: random mappings, protections, moves, returns.
 *
 *	prop_origins [SEED [RUNS]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/origins.h"

#define PAGES 48u
#define STEPS 200
#define ADDR(page) (0x100000ull + (uint64_t)(page)*REGION_PAGE)

/* creator and changes are the tid of their act, each act having its own. */
struct page {
	bool mapped;
	uint32_t flags, creator, changes[ORIGINS_HISTORY];
	uint32_t site; /* tid of the act whose growth it is; 0: none */
};

struct world {
	struct page pages[PAGES];
	struct region_map *map;
	struct origins *origins;
	uint32_t acts;
};

static uint64_t state;

static uint32_t rng(uint32_t n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % n;
}

static void must(bool is, const char *what)
{
	if (is)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void push(struct page *p, uint32_t act)
{
	memmove(p->changes + 1, p->changes, sizeof(p->changes) - sizeof(p->changes[0]));
	p->changes[0] = act;
}

static void map_now(struct world *w)
{
	struct region list[PAGES];
	size_t n = 0, i;

	for (i = 0; i < PAGES; i++) {
		struct page *p = &w->pages[i];

		if (p->mapped)
			list[n++] = (struct region){ ADDR(i), ADDR(i + 1), 0, p->flags, 0 };
	}
	must(!region_map__replace(w->map, 0, ADDR(PAGES), list, n), "region_map__replace");
}

static void do_mmap(struct world *w, struct origin_act *a, uint32_t from, uint32_t n)
{
	uint32_t flags = rng(3) ? REGION_READ | REGION_WRITE : 0, i;

	a->creates = true;
	for (i = from; i < from + n; i++) {
		struct page *p = &w->pages[i];
		uint32_t site = !flags				     ? 0 :
				p->mapped && p->flags & REGION_RWX ? p->site :
								       a->cause.tid;

		*p = (struct page){ true, flags, a->cause.tid, { 0 }, site };
	}
}

static void do_mprotect(struct world *w, struct origin_act *a, uint32_t from, uint32_t n)
{
	static const uint32_t perms[] = { 0, REGION_READ, REGION_READ | REGION_WRITE };
	uint32_t flags = perms[rng(3)], i;

	for (i = from; i < from + n; i++) {
		struct page *p = &w->pages[i];

		if (!p->mapped || p->flags == flags)
			continue;
		push(p, a->cause.tid);
		if (!flags)
			p->site = 0;
		else if (!p->flags)
			p->site = a->cause.tid;
		p->flags = flags;
	}
}

static void do_return(struct world *w, struct origin_act *a, uint32_t from, uint32_t n)
{
	uint32_t i;

	a->returns = true;
	for (i = from; i < from + n; i++) {
		if (w->pages[i].mapped) {
			push(&w->pages[i], a->cause.tid);
			w->pages[i].site = 0;
		}
	}
}

/* From a stretch that is mapped, to one that does not overlap it; longer or shorter. */
static void do_move(struct world *w, struct origin_act *a, uint32_t from, uint32_t n)
{
	uint32_t to = rng(PAGES), len = 1 + rng(8), i;
	struct page moved[PAGES], *p;

	for (i = from; i < from + n; i++)
		if (!w->pages[i].mapped || w->pages[i].flags != w->pages[from].flags)
			return;
	if (to + len > PAGES || (to < from + n && from < to + len))
		return;
	memcpy(moved, w->pages + from, n * sizeof(*moved));
	memset(w->pages + from, 0, n * sizeof(*moved));
	for (i = 0; i < len; i++) {
		p = &w->pages[to + i];
		if (i < n) {
			*p = moved[i];
			push(p, a->cause.tid);
		} else {
			*p = (struct page){ true, moved[0].flags, a->cause.tid, { 0 },
					    moved[0].flags ? a->cause.tid : 0 };
		}
	}
	a->from = a->start;
	a->from_end = a->end;
	a->start = ADDR(to);
	a->end = ADDR(to + len);
}

static void step(struct world *w)
{
	uint32_t from = rng(PAGES), n = 1 + rng(8);
	struct origin_act a = { .cause = { .what = MT_CALL_MMAP, .tid = ++w->acts },
				.ts_ns = w->acts };

	n = n > PAGES - from ? PAGES - from : n;
	a.start = ADDR(from);
	a.end = ADDR(from + n);
	/* Each act is a site of its own. */
	snprintf(a.cause.comm, sizeof(a.cause.comm), "%u", w->acts);
	switch (rng(6)) {
	case 0:
		memset(w->pages + from, 0, n * sizeof(w->pages[0]));
		break;
	case 1:
	case 2:
		do_mprotect(w, &a, from, n);
		break;
	case 3:
		do_return(w, &a, from, n);
		break;
	case 4:
		do_move(w, &a, from, n);
		break;
	default:
		do_mmap(w, &a, from, n);
	}
	map_now(w);
	must(!origins__apply(w->origins, w->map, &a), "origins__apply");
}

static uint32_t tid_of(const struct world *w, uint32_t cause)
{
	return cause ? origins__cause(w->origins, cause)->tid : 0;
}

static void compare(const struct world *w, uint64_t seed, uint32_t i)
{
	const struct page *p = &w->pages[i];
	const struct site *site = NULL;
	uint64_t end;
	const struct trail *t = origins__trail(w->origins, ADDR(i), &end);
	uint32_t got[3] = { 0 }, want[3] = { p->creator, p->changes[0], p->changes[3] };

	if (t) {
		got[0] = tid_of(w, t->creator);
		got[1] = tid_of(w, t->changes[0]);
		got[2] = tid_of(w, t->changes[3]);
		site = t->site ? intern__at(origins__sites(w->origins), t->site - 1) : NULL;
	}
	if (!t == !p->mapped && !memcmp(got, want, sizeof(got)) &&
	    (site ? atoi(site->comm) : 0) == (int)p->site)
		return;
	fprintf(stderr,
		"seed %" PRIu64 ", act %u, page %u: expected %s by %u, changed by %u .. %u, "
		"site %u; got %s by %u, changed by %u .. %u, site %s\n",
		seed, w->acts, i, p->mapped ? "made" : "nothing", want[0], want[1], want[2],
		p->site, t ? "made" : "nothing", got[0], got[1], got[2], site ? site->comm : "0");
	exit(1);
}

static void run(uint64_t seed)
{
	struct world w = { .map = region_map__new(), .origins = origins__new() };
	struct origins *copy;
	const char *broken;
	uint32_t i, j;

	must(w.map && w.origins, "no memory");
	state = seed;
	for (i = 0; i < STEPS; i++) {
		step(&w);
		broken = origins__check(w.origins, w.map);
		if (broken)
			fprintf(stderr, "seed %" PRIu64 ", act %u: %s\n", seed, w.acts, broken);
		must(!broken, "an invariant is broken");
		for (j = 0; j < PAGES; j++)
			compare(&w, seed, j);
	}
	/* What a child has: the same creators, and nothing that has grown. */
	copy = origins__fork(w.origins);
	must(copy, "no memory");
	origins__free(w.origins);
	w.origins = copy;
	for (j = 0; j < PAGES; j++) {
		w.pages[j].site = 0;
		compare(&w, seed, j);
	}
	origins__free(copy);
	region_map__free(w.map);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t runs = argc > 2 ? strtoull(argv[2], NULL, 0) : 300, i;

	for (i = 0; i < runs; i++)
		run(seed + i);
	printf("%" PRIu64 " runs of %d acts: creators, changes and sites as page by page\n", runs,
	       STEPS);
	return 0;
}
