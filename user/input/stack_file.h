/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Opens the files that a process has mapped, as the process sees them: in its
 * mount namespace, and when they are deleted. Knows nothing of what is in them.
 */
#ifndef MEMTRACE_INPUT_STACK_FILE_H
#define MEMTRACE_INPUT_STACK_FILE_H

#include <stdint.h>
#include <sys/types.h>

#define STACK_FILE_BYTES_MAX (2ull << 30)

/* A regular file mapped at [start, end), whose inode is that. A descriptor, or -errno. */
struct stack_file {
	pid_t tid; /* a thread that has it mapped */
	uint64_t start, end, ino;
	const char *path; /* as maps name it */
};
int stack_file__open(const struct stack_file *file);

/*
 * A regular file by a path below the root directory of a thread, and never out of it; no
 * link is followed last.
 */
int stack_file__open_in_root(pid_t tid, const char *path);

struct stack_process {
	uid_t uid;
	pid_t own_pid; /* in its own pid namespace */
};
/* Returns 0 or -errno. */
int stack_process__read(pid_t tid, struct stack_process *ret);

#endif
