/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Compares a map with the lines of /proc/PID/maps: range, permissions, offset,
 * device, inode. Names are left out: a rename or unlink changes them, and no section.
 */
#ifndef MEMTRACE_CORE_MAP_COMPARE_H
#define MEMTRACE_CORE_MAP_COMPARE_H

#include "backing.h"
#include "call.h"
#include "region_map.h"

/* The first two lines that differ, as /proc/PID/maps has them; "(end)" for none. */
struct map_difference {
	char expected[128], got[128];
};

/*
 * merged: neighbours that continue each other count as one line, on both sides.
 * Else line for line. True when equal; else *ret is filled in.
 */
bool map_compare__equal(const struct region_map *map, const struct backings *backings,
			const struct raw_region *lines, size_t n, bool merged,
			struct map_difference *ret);

#endif
