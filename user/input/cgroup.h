/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How near the cgroups of a process are to the memory that they may have: cgroup v2,
 * or v1 where it has the memory controller. Knows no tracker; keeps nothing.
 */
#ifndef MEMTRACE_INPUT_CGROUP_H
#define MEMTRACE_INPUT_CGROUP_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The directory of its memory cgroup. Returns 0, -ENOENT where there is none, or -errno. */
int cgroup__of_process(pid_t pid, char ret[PATH_MAX]);

/* The same from the text of /proc/PID/cgroup; pure. 0 or -ENOENT. */
int cgroup__parse(const char *text, char ret[PATH_MAX]);

struct cgroup_usage {
	uint64_t id;	    /* inode of its directory: never another's as long as it is there */
	uint64_t used, max; /* bytes that cannot be dropped: anonymous and shared memory */
};

/*
 * Of this cgroup and those above it the one that is nearest to its limit. path is
 * shortened. Returns 0, or -ENOENT when none has a limit.
 */
int cgroup__nearest(char *path, struct cgroup_usage *ret);

/* "anon" and "shmem" of memory.stat, of v1 "total_rss" and "total_shmem"; pure. 0 or -EBADMSG. */
int cgroup_stat__parse(const char *text, uint64_t *ret_bytes);

#endif
