/* SPDX-License-Identifier: GPL-2.0 */
/* Whether a file that a process has mapped is there still. Knows no map. */
#ifndef MEMTRACE_INPUT_PROC_FILE_H
#define MEMTRACE_INPUT_PROC_FILE_H

#include <stdint.h>
#include <sys/types.h>

/* As maps have it; the name is escaped. */
struct mapped_file {
	uint64_t start, end, ino;
	uint32_t dev_major, dev_minor;
	const char *name;
};

/*
 * 1 when the file that pid has mapped at exactly [start, end) was deleted or replaced,
 * 0 when it is there as far as can be seen, or -errno when that cannot be told.
 */
int proc_file__gone(pid_t pid, const struct mapped_file *file);

#endif
