/* SPDX-License-Identifier: GPL-2.0 */
/* A process group that is stopped at any moment, and the maps of all its members. */
#ifndef KERNEL_GROUP_H
#define KERNEL_GROUP_H

#include "session.h"

#define MOST_MEMBERS 64

struct tally {
	long maps, exact, lines;
	const char *const *wanted; /* names of programs that have to be among them, or NULL */
	unsigned int seen;	   /* bit n: wanted[n] was */
	char why[200];		   /* the last one that was uncertain, and why */
};

/* The group that memtrace's COMMAND leads (setsid(1)); 0: none. */
pid_t group__of_command(pid_t memtrace);
/*
 * Stops every process of the group, and says which do stand still and live: how
 * many, 0 when the group is gone, -1 when one did not stop in time.
 */
int group__stop(pid_t group, pid_t pids[MOST_MEMBERS]);
/* Asks for all maps and compares those of pids, one each. */
void group__compare(struct session *s, pid_t pids[], int n, struct tally *tally, struct verdict *v);
/* So many maps, the group stopped and let go again each time; ends it. */
void group__sample(struct session *s, pid_t group, long want, struct tally *tally,
		   struct verdict *v);

#endif
