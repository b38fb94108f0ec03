/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The call model: what one system call did to a region map, worked out from
 * its arguments and its result. Used where kernel truth is not to be had, and
 * to check it where it is. Pure: no state but the map.
 */
#ifndef MEMTRACE_CORE_CALL_MODEL_H
#define MEMTRACE_CORE_CALL_MODEL_H

#include "call.h"
#include "change.h"
#include "region_map.h"

/* What the model needs to know of the space besides its map. */
struct model_space {
	struct region_map *map;
	struct backings *backings;
	struct layout *layout;	 /* brk and prctl(PR_SET_MM) write to it */
	bool lock_future;	 /* mlockall(MCL_FUTURE) is on; the model keeps it */
	bool lock_on_fault;
};

/*
 * Applies c to the map. strict: the map is thought to be exact, and what
 * contradicts it (a mapping made over another without MAP_FIXED, an mprotect
 * that worked over a gap) is CHANGE_UNKNOWN. Not strict, over a base that may
 * be torn: such things are taken as they come, and a call that moves
 * information (mremap) or stopped half-way gives CHANGE_UNKNOWN. Even then the map is brought as
 * near to the truth as can be. Returns 0 or -ENOMEM; *ret_change is written
 * in either case.
 */
int call_model__apply(struct model_space *space, const struct call *c, bool strict,
		      struct change *ret_change);

/* Interns raw's backing and fills *ret_region. Returns 0 or -ENOMEM. */
int raw_region__intern(const struct raw_region *raw, struct backings *backings,
		       struct region *ret_region);

/*
 * The map that fork(2) gives to a child (kernel/fork.c, dup_mmap): a copy
 * without the DONTFORK regions, nothing locked. NULL without memory.
 */
struct region_map *call_model__fork(const struct region_map *parent);

/*
 * Moves the lower edge of the region that grows down and holds or precedes
 * end-1 to start, after the kernel was asked where it is. Returns 0, -ENOMEM,
 * or -ENOENT when no such region is in the map.
 */
int call_model__grow_down(struct region_map *map, uint64_t start, uint64_t end);

#endif
