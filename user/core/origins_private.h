/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the origin map share. Included by origins*.c only. */
#ifndef MEMTRACE_CORE_ORIGINS_PRIVATE_H
#define MEMTRACE_CORE_ORIGINS_PRIVATE_H

#include "origins.h"

/* Sums by part, kept with the map. */
struct origins_heap {
	uint64_t committed[HEAP_PART_NR];
	uint64_t peak[HEAP_PART_NR], returned[HEAP_PART_NR];
	uint32_t allocators;
	uint32_t touched; /* 1 << part: since the last act was over */
};

struct origins {
	struct region_map *map; /* backing: number of a trail */
	struct intern causes, trails, sites;
	uint64_t kept, grown; /* bytes, of all sites */
	/* Ranges: the fewest since that many were too many for good; 0: they were not yet. */
	size_t left;
	struct origins_heap heap;
};

static inline struct trail *trail_of(const struct origins *o, const struct region *r)
{
	return intern__at(&o->trails, r->backing);
}

/* A stretch as the map has it now, of which the origin map may know something yet. */
struct origins_stretch {
	const struct region_iter *at;  /* where is is */
	const struct region *is, *was; /* was: of the origin map; NULL: nothing */
	uint64_t start, end;
	bool creates; /* it is not what it was */
};

/* The part of a stretch that came, or became accessible, by that act. */
uint32_t origins_heap__part(struct origins *o, const struct origin_act *act,
			    const struct origins_stretch *s);
/* Looks at all files of a whole map: which allocators there are. */
void origins_heap__look(struct origins *o, const struct region_map *map,
			const struct heap_view *view);
/* Bytes of a part are accessible, or no longer. */
static inline void origins_heap__keep(struct origins *o, uint32_t part, uint64_t bytes, bool more)
{
	o->heap.committed[part] += more ? bytes : -bytes;
	o->heap.touched |= 1u << part;
}

/*
 * An act is over, before which so much was accessible: more may be a peak, less was
 * returned, unless nobody did that: a child is without what is DONTFORK.
 */
void origins_heap__settle(struct origins *o, const uint64_t before[HEAP_PART_NR], bool quiet);

#endif
