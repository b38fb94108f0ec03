/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks as they were copied in, interned stacks out: which code lies where is
 * told by the space's own map. Owns the files that were opened for it.
 */
#ifndef MEMTRACE_INPUT_STACK_UNWIND_H
#define MEMTRACE_INPUT_STACK_UNWIND_H

#include <stdint.h>
#include "core/backing.h"
#include "core/region_map.h"
#include "core/stacks.h"
#include "memtrace/event.h"

struct unwinder;

/* NULL without memory. The stacks are not owned. */
struct unwinder *unwinder__new(struct stacks *stacks);
void unwinder__free(struct unwinder *u);

/*
 * The id of the stack that st, which is whole and followed by its bytes, shows;
 * map is that of its space as the call ended. 0 when there is no room for more.
 */
uint32_t unwinder__stack(struct unwinder *u, const struct mt_stack *st,
			 const struct region_map *map, const struct backings *backings,
			 uint64_t now_ns);

/* The space has ended: what was kept for it is not needed any more. */
void unwinder__forget(struct unwinder *u, uint64_t space);

#endif
