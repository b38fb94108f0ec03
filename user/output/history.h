/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who made a region of a map and changed it last, for people: lines below the
 * region's own. Knows no sink.
 */
#ifndef MEMTRACE_OUTPUT_HISTORY_H
#define MEMTRACE_OUTPUT_HISTORY_H

#include "core/origins.h"
#include "sink.h"

struct history {
	const struct origins *origins; /* NULL: nothing is known */
	const struct start_info *info;
	bool stacks; /* whole ones, instead of the frames that tell most */
};

/* Where a part of a region begins and ends, and what is known of it. */
struct history_part {
	uint64_t start, end;
	const struct trail *trail;
};

/* The part at *at, which is its end then; false: there is none up to end. */
bool history__next(const struct origins *o, uint64_t *at, uint64_t end, struct history_part *ret);

void history__write(struct writer *out, const struct history *h, const struct region *r);

#endif
