/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the region map costs: ns of CPU time per replace, median of several
 * rounds, and bytes per region, at two sizes. Needs no root and no kernel.
 *
 *	flip	the permissions of one region (mprotect), in random places
 *	remap	one region goes and comes again (munmap, mmap)
 *	grow	a region takes a page from the hole behind it, and gives it back (brk)
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/backing.h"
#include "core/region_map.h"

#define ROUNDS 9
#define PAIRS 100000

/* Every fourth page begins a region of two. */
static struct region nth(size_t i)
{
	struct region r = { (4 * i + 1) * REGION_PAGE, (4 * i + 3) * REGION_PAGE, 0,
			    REGION_READ | REGION_WRITE, BACKING_ANON };

	return r;
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void replace(struct region_map *map, uint64_t start, uint64_t end, const struct region *r)
{
	if (region_map__replace(map, start, end, r, r != NULL)) {
		fprintf(stderr, "region_map__replace failed\n");
		exit(1);
	}
}

static void flip(struct region_map *map, struct region r)
{
	struct region other = r;

	other.flags = REGION_READ;
	replace(map, r.start, r.end, &other);
	replace(map, r.start, r.end, &r);
}

static void remap(struct region_map *map, struct region r)
{
	replace(map, r.start, r.end, NULL);
	replace(map, r.start, r.end, &r);
}

static void grow(struct region_map *map, struct region r)
{
	struct region page = r;

	page.start = r.end;
	page.end = r.end + REGION_PAGE;
	replace(map, page.start, page.end, &page);
	replace(map, page.start, page.end, NULL);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double measure(struct region_map *map, size_t n,
		      void (*pair)(struct region_map *map, struct region r))
{
	double rounds[ROUNDS], from;
	uint64_t state = 1;
	size_t i, round;

	for (round = 0; round < ROUNDS; round++) {
		from = now_ns();
		for (i = 0; i < PAIRS; i++) {
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			pair(map, nth((size_t)(state >> 33) % n));
		}
		rounds[round] = (now_ns() - from) / (2 * PAIRS);
	}
	qsort(rounds, ROUNDS, sizeof(rounds[0]), by_value);
	return rounds[ROUNDS / 2];
}

/* Downwards, as the kernel places mappings; or as one walk. */
static struct region_map *build(size_t n, bool walk)
{
	struct region_map *map = region_map__new();
	struct region *regions = calloc(n, sizeof(*regions));
	size_t i;

	if (!map || !regions) {
		fprintf(stderr, "no memory\n");
		exit(1);
	}
	for (i = 0; i < n; i++)
		regions[i] = nth(i);
	if (walk && region_map__replace(map, 0, UINT64_MAX, regions, n)) {
		fprintf(stderr, "region_map__replace failed\n");
		exit(1);
	}
	for (i = n; !walk && i; i--)
		replace(map, regions[i - 1].start, regions[i - 1].end, &regions[i - 1]);
	free(regions);
	return map;
}

static bool bench(size_t n, bool walk, double goal_ns)
{
	struct region_map *map = build(n, walk);
	double bytes = (double)region_map__footprint(map) / (double)n;
	double flip_ns = measure(map, n, flip), remap_ns = measure(map, n, remap);
	double grow_ns = measure(map, n, grow);
	bool good = flip_ns <= goal_ns && remap_ns <= goal_ns && grow_ns <= goal_ns && bytes <= 96;

	printf("%7zu %-9s %8.0f %8.0f %8.0f %8.0f %8.1f %8d  %s\n", n, walk ? "walk" : "downwards",
	       flip_ns, remap_ns, grow_ns, goal_ns, bytes, 96, good ? "good" : "MISSED");
	region_map__free(map);
	return good;
}

int main(void)
{
	bool good;

	printf("%7s %-9s %8s %8s %8s %8s %8s %8s\n", "REGIONS", "BUILT", "FLIP ns", "REMAP ns",
	       "GROW ns", "GOAL ns", "B/REGION", "GOAL B");
	good = bench(1000, true, 150);
	good = bench(1000, false, 150) && good;
	good = bench(65530, true, 400) && good;
	good = bench(65530, false, 400) && good;
	return good ? 0 : 1;
}
