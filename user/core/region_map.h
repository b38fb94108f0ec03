/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The regions of one space: ordered, disjoint, no two neighbours mergeable
 * (region__continues). region_map__replace() is the only mutation.
 *
 *	before    [ A    ][ B  ]     [ C ]
 *	replace        [......)            by  [ D ]
 *	after     [ A ]  [ D ]  ]B]  [ C ]      (A and B cut, B's offset moved)
 */
#ifndef MEMTRACE_CORE_REGION_MAP_H
#define MEMTRACE_CORE_REGION_MAP_H

#include <stddef.h>
#include "region.h"

struct region_map;

/* Sums over all regions, in bytes; kept up to date by replace. */
struct region_totals {
	uint64_t bytes;
	uint64_t accessible; /* any of rwx */
	uint64_t locked;
	uint64_t grows_down; /* REGION_GROWSDOWN or REGION_SHADOW_STACK: mm->stack_vm */
	uint64_t data;	     /* writable and private, no stack: mm->data_vm */
	uint64_t executable;
	size_t regions;
	size_t grows_down_regions;
};

/* NULL without memory. */
struct region_map *region_map__new(void);
void region_map__free(struct region_map *map);

/*
 * Makes [start, end) hold exactly the n regions given, which must be ordered,
 * disjoint, valid (struct region) and inside the range; n may be 0 (unmapped).
 * start < end, both page-aligned; an end of ~0 means up to the top. Regions
 * that stick out on either side are cut, and neighbours that continue each
 * other are merged. regions may point into the map itself. Returns 0; -EINVAL
 * on regions or a range that break these rules; -ENOMEM. On error the map is
 * as it was.
 */
int region_map__replace(struct region_map *map, uint64_t start, uint64_t end,
			const struct region *regions, size_t n);

/* The first region with end > addr, or NULL: holds addr if its start <= addr. */
const struct region *region_map__find(const struct region_map *map, uint64_t addr);

/* The region before the one that find(addr) gives: the last with end <= addr. */
const struct region *region_map__before(const struct region_map *map, uint64_t addr);

/*
 * In order:
 *	struct region_iter it;
 *	for (r = region_iter__init(&it, map, addr); r; r = region_iter__next(&it))
 * begins with find(map, addr); the map must not change meanwhile.
 */
struct region_iter {
	const struct region_map *map;
	size_t leaf, slot;
};
const struct region *region_iter__init(struct region_iter *it, const struct region_map *map,
				       uint64_t addr);
const struct region *region_iter__next(struct region_iter *it);
/* Where it is; NULL: beyond the end. */
const struct region *region_iter__at(const struct region_iter *it);

/* One back, from where it is or from beyond the end; NULL, and it stays, at the first. */
const struct region *region_iter__prev(struct region_iter *it);

/*
 * Copies the regions that intersect [start, end), cut to it, to the array
 * *ret_regions, which the caller frees (NULL when there are none). Returns
 * their number or -ENOMEM.
 */
long region_map__slice(const struct region_map *map, uint64_t start, uint64_t end,
		       struct region **ret_regions);

const struct region_totals *region_map__totals(const struct region_map *map);

/* Bytes of memory that the map takes. */
size_t region_map__footprint(const struct region_map *map);

/* NULL when every invariant holds, else what is broken: for tests. */
const char *region_map__check(const struct region_map *map);

#endif
