/* SPDX-License-Identifier: GPL-2.0 */
/* What a region is for, and the name that /proc/PID/maps would print. */
#ifndef MEMTRACE_CORE_REGION_KIND_H
#define MEMTRACE_CORE_REGION_KIND_H

#include "backing.h"
#include "region_map.h"

/* Of an mm, in bytes; all 0 when not known. */
struct layout {
	uint64_t start_brk, brk, start_stack, task_size;
};

/*
 * The kind of the region where the iterator is, which must not be beyond the end.
 * Image regions (text, rodata, data) are told from plain file mappings by an executable
 * region of the same file close by; bss follows an image's data; an arena is a
 * 64 MiB-aligned heap whose rest is reserved (glibc malloc/arena.c).
 */
enum region_kind region__kind(const struct region_iter *at, const struct backings *backings,
			      const struct layout *layout);

/*
 * The last column of /proc/PID/maps: the backing's name, or "[heap]" and
 * "[stack]" by the rules of fs/proc/task_mmu.c (get_vma_name), or "".
 */
const char *region__name(const struct region *r, const struct backings *backings,
			 const struct layout *layout);

/* A file on a file system: no device, no memory that is called like a file. */
bool backing__is_file(const struct backing *b);

/* Bytes of each kind. */
void region_map__kind_bytes(const struct region_map *map, const struct backings *backings,
			    const struct layout *layout, uint64_t ret_bytes[KIND_NR]);

#endif
