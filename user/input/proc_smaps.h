/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads what is resident from /proc/PID/smaps (proc_pid_smaps(5)): of each region
 * its range and Rss, and nothing else. The text is data from a stranger.
 */
#ifndef MEMTRACE_INPUT_PROC_SMAPS_H
#define MEMTRACE_INPUT_PROC_SMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "core/heap.h"

/*
 * Takes text in pieces of any size, as read(2) gives it. Begin with all 0; what
 * lies in list is for free(3), whatever came of it.
 */
#define SMAPS_LINE 128 /* of a longer line the rest is a name, which does not count */
struct smaps {
	struct resident *list; /* ordered and disjoint; what is nothing resident is left out */
	size_t n, size;
	uint64_t start, end; /* of the region that its fields follow; 0, 0: none yet */
	char line[SMAPS_LINE];
	size_t len;
};

/* Returns 0, -EBADMSG on text that the kernel would not write, -ENOMEM or -EFBIG. */
int smaps__feed(struct smaps *s, const char *text, size_t len);
/* After the last piece: -EBADMSG when it ends in the middle of a line. */
int smaps__finish(const struct smaps *s);

/*
 * What is resident of pid now: an array for free(3), NULL when it is empty. The kernel
 * walks the pages of all its memory for it: some 13 ms a GiB. Returns 0, or -errno as
 * proc_maps__read() does.
 */
int proc_smaps__read(pid_t pid, struct resident **ret, size_t *ret_n);

#endif
