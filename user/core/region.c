/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One region by itself: how its kind and permissions are spelled and when it
 * goes on from another. Must not know maps, backings or calls.
 */
#include "region.h"

const char *region_kind__name(enum region_kind kind)
{
	static const char *const names[KIND_NR] = {
#define X(id, name, text) [KIND_##id] = name,
		REGION_KINDS(X)
#undef X
	};

	if ((unsigned int)kind >= KIND_NR)
		return "other";
	return names[kind];
}

/* As show_vma_header_prefix() of fs/proc/task_mmu.c prints them. */
void region__perms(uint32_t flags, char perms[5])
{
	perms[0] = flags & REGION_READ ? 'r' : '-';
	perms[1] = flags & REGION_WRITE ? 'w' : '-';
	perms[2] = flags & REGION_EXEC ? 'x' : '-';
	perms[3] = flags & REGION_SHARED ? 's' : 'p';
	perms[4] = '\0';
}

bool region__continues(const struct region *a, const struct region *b)
{
	if (b->flags & REGION_APART || a->end != b->start || a->flags != b->flags ||
	    a->backing != b->backing)
		return false;
	/* A page offset may wrap in 64 bits (a driver's cookie): so may this sum. */
	return !(a->flags & REGION_OFFSET) || a->offset + region__len(a) == b->offset;
}
