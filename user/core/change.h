/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a call, or whatever else, has done to a map: measured in one way for
 * both that know it, the call model and kernel truth, so that what people are
 * told does not depend on the tier. Knows no call and no section.
 */
#ifndef MEMTRACE_CORE_CHANGE_H
#define MEMTRACE_CORE_CHANGE_H

#include <stddef.h>
#include <string.h>
#include "backing.h"
#include "region_map.h"

enum change_kind {
	CHANGE_NONE,	/* the map is as it was */
	CHANGE_APPLIED, /* done; the fields below say what */
	CHANGE_UNKNOWN, /* it may have changed in a way that cannot be told: why says so */
};

/* What became of memory that stayed what it was. */
enum change_wx {
	CHANGE_W_AND_X = 1 << 0, /* writable and executable at once, which it was not */
	CHANGE_W_TO_X = 1 << 1,	 /* was writable alone, is executable alone */
	CHANGE_X_TO_W = 1 << 2,	 /* was executable alone, is writable alone */
};

enum transition_what {
	TRANSITION_WAS = 1 << 0,  /* there was something, with old_flags */
	TRANSITION_IS = 1 << 1,	  /* there is, with new_flags */
	TRANSITION_SAME = 1 << 2, /* the same memory: its contents stayed */
};

/* A stretch that is other than it was. Flags are what the map has, not what was asked for. */
struct transition {
	uint64_t start, end;
	uint16_t old_flags, new_flags; /* enum region_flags */
	uint32_t what;		       /* enum transition_what */
};

/* Of one change as many are kept; those between W and X rather than others. */
#define CHANGE_TRANSITIONS 4

/*
 * All in bytes. What is mapped over by the same memory is neither mapped nor
 * unmapped: the loader's second mapping of a library's text, an allocator's
 * MAP_FIXED over its own reservation (which is committed by that).
 */
struct change {
	enum change_kind kind;
	const char *why;      /* CHANGE_UNKNOWN: static text, "mprotect failed half-way" */
	uint64_t start, end;  /* the range that was acted on, after rounding */
	uint64_t mapped;      /* newly mapped, over holes or something else */
	uint64_t unmapped;    /* no longer mapped, or something else now */
	uint64_t committed;   /* became accessible: mapped so or by mprotect */
	uint64_t uncommitted; /* no longer accessible */
	/* Of what has changed the first that was mapped, and is; else of what is there. */
	uint32_t old_flags, new_flags;
	bool mixed;	     /* what has changed had other permissions as well */
	uint32_t wx;	     /* enum change_wx */
	uint64_t moved_from; /* mremap: where the range was before; 0 not moved */
	/* Ends of the regions that old_flags and new_flags are from, cut; 0: none. */
	uint64_t old_end, new_end;
	uint64_t first, last; /* all that has changed is in [first, last); last 0: nothing */
	uint64_t ts_ns; /* of the last section of it; 0: the call's end is the time that is known */
	uint32_t n_transitions;
	bool more_transitions; /* than have found room */
	struct transition transitions[CHANGE_TRANSITIONS];
};

/* Nothing has changed. Made for every call: beyond n_transitions transitions are as they were. */
static inline void change__init(struct change *ch)
{
	memset(ch, 0, offsetof(struct change, transitions));
}

/*
 * Adds what becomes different in [start, end) when is[] takes the place of what
 * the map has there. is[] is ordered and disjoint, and may stick out.
 */
void change__add(struct change *ch, const struct backings *backings, uint64_t start, uint64_t end,
		 const struct region_map *was, const struct region *is, size_t n_is);

/* When all has been added: where nothing has changed, flags are of what is there. */
void change__settle(struct change *ch, const struct region_map *map);

#endif
