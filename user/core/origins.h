/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who has made each page of a space, and who has changed it last. Beside the
 * region map stands a second one whose regions' backing is a trail: who created
 * them, for which site they were made accessible, the newest changes. Bounded;
 * knows no process and no event.
 */
#ifndef MEMTRACE_CORE_ORIGINS_H
#define MEMTRACE_CORE_ORIGINS_H

#include "backing.h"
#include "cause.h"
#include "heap.h"
#include "region_kind.h"
#include "region_map.h"
#include "sites.h"

#define ORIGINS_CAUSES_MAX 16384 /* of a space, at a time; what is beyond is CAUSE_OTHERS */
#define ORIGINS_TRAILS_MAX 65536
#define ORIGINS_RANGES_MAX 131072 /* beyond, histories go first, then who made what */
#define ORIGINS_HISTORY 4

/* Numbers of causes; 0 of changes: none. */
struct trail {
	uint32_t creator;
	uint32_t site; /* + 1; 0: it did not grow while it was traced, or was given back */
	uint32_t part; /* enum heap_part */
	uint32_t changes[ORIGINS_HISTORY]; /* newest first */
};

struct origins;

/* NULL without memory. */
struct origins *origins__new(void);
void origins__free(struct origins *o);
/* What a child has after fork(2): what was there has not grown in it. NULL without memory. */
struct origins *origins__fork(const struct origins *parent);

/* Something that was done to [start, end). */
struct origin_act {
	struct cause cause; /* flags, times and count are filled in */
	uint64_t start, end;
	bool creates;  /* whatever is there now is its own: mmap over what there was */
	bool returns;  /* pages were given back, and stay accessible */
	bool quiet;    /* of what was there before nothing is told: a whole map was read */
	uint64_t from, from_end; /* mremap: where it was before; 0, 0: it was not moved */
	bool names;	/* a name was given, or taken: prctl(2), PR_SET_VMA_ANON_NAME */
	bool everything; /* a whole map has come: its files are looked at first */
	uint64_t ts_ns;
	/* What parts are told by; NULL: all is HEAP_ANONYMOUS. */
	const struct heap_view *view;
	uint32_t hints; /* enum heap_hint */
	/* What of that became accessible is growth of a site, unless no_growth. */
	bool no_growth;
	enum region_kind kind;
	struct site_sample sample;
};

/*
 * Makes what is known of [start, end) agree with the map as it is now: what is not
 * mapped is forgotten, what has come or is other than it was is the act's. 0 or -ENOMEM.
 */
int origins__apply(struct origins *o, const struct region_map *map, const struct origin_act *act);

/* NULL: nothing is known of that address. *ret_end: the same holds up to there. */
const struct trail *origins__trail(const struct origins *o, uint64_t addr, uint64_t *ret_end);
const struct cause *origins__cause(const struct origins *o, uint32_t number);
const struct intern *origins__sites(const struct origins *o);
/* Of all sites: bytes kept now, and bytes ever made accessible, which only rises. */
uint64_t origins__kept(const struct origins *o);
uint64_t origins__grown(const struct origins *o);
size_t origins__footprint(const struct origins *o);
size_t origins__ranges(const struct origins *o);

/*
 * The parts of all that is mapped now, and what was returned so far. Reserved memory
 * counts for the part of which some lies beside it: an arena's rest is the arena's.
 */
void origins__heap(const struct origins *o, struct heap *ret);
/* The same, without what takes a look at each range: bytes that are accessible. */
const uint64_t *origins__committed(const struct origins *o);
/*
 * Lays what is resident to the parts, by address. A range of the list that has
 * several parts is shared by them as their accessible bytes are; what has come since
 * the origin map was brought up to date is HEAP_OTHER. The list is ordered.
 */
void origins__resident(const struct origins *o, const struct resident *list, size_t n,
		       struct heap *heap);

/* NULL when every invariant holds, else what is broken: for tests. */
const char *origins__check(const struct origins *o, const struct region_map *map);

#endif
