/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What reports say of processes, whatever their form: which grew most, what the
 * others sum up to, how one ended. Knows nothing of text or JSON.
 */
#ifndef MEMTRACE_OUTPUT_PROCESSES_H
#define MEMTRACE_OUTPUT_PROCESSES_H

#include "core/tracker.h"

/* The processes that are not among the largest, together. */
struct processes_rest {
	uint64_t count;
	int64_t growth;
	uint64_t mapped, unmapped;
	struct call_stats calls[MT_CALL_NR];
	struct site_sums sites;
};

/* Accessible bytes at the end less those at the start. */
int64_t process__growth(const struct process *p);

/* Bytes a second of those, over the time that the process was traced. */
uint64_t process__rate(const struct process *p, uint64_t bytes);

/* Percent of what all sites of the process keep that this one does. */
unsigned int process__share(const struct process *p, const struct site *site);

/*
 * Fills top with the (at most max) processes that grew most, largest first, and
 * *ret_rest with the sum of the others that the tracker still holds. Returns
 * how many are in top.
 */
size_t processes__largest(struct tracker *t, const struct process **top, size_t max,
			  struct processes_rest *ret_rest);

/* Live spaces whose map is uncertain; *ret_first is one of them, or NULL. */
uint64_t spaces__uncertain(struct tracker *t, const struct space **ret_first);

/* "SIGSEGV"; "SIGRT_3" or "signal 77" in buf for those without a name of their own. */
#define SIGNAL_NAME_ROOM 24
const char *signal__name(int sig, char buf[SIGNAL_NAME_ROOM]);

/* "running", "exited 0", "killed by SIGSEGV (core dumped)". Returns buf. */
#define PROCESS_END_ROOM 64
const char *process__end_text(const struct process *p, char buf[PROCESS_END_ROOM]);

#endif
