/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads and decodes /proc/PID/maps (proc_pid_maps(5)). The text is data from
 * a stranger: whatever it holds, the result is valid regions or an error.
 */
#ifndef MEMTRACE_INPUT_PROC_MAPS_H
#define MEMTRACE_INPUT_PROC_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "core/call.h"

#define PROC_VSYSCALL_LEN 128

/*
 * Decodes the len bytes of text; pure. *ret is one block for free(3), names
 * included, NULL when there are no regions. The regions are ordered and
 * disjoint: where a torn read made lines overlap, the later one is cut to
 * begin at the end of the earlier, or left out. Regions at or above 1<<63
 * (vsyscall) are left out. Names are escaped.
 *
 * The text does not tell all: REGION_GROWSDOWN is set for "[stack]" alone, and
 * LOCKED, DONTFORK and the like never. "[heap]" and "[stack]" are anonymous and
 * keep that name in backing.name as a hint.
 *
 * Returns 0, -EBADMSG on text that the kernel would not write, or -ENOMEM.
 */
int proc_maps__parse(const char *text, size_t len, struct raw_region **ret, size_t *ret_n);

/*
 * The last line of text when it is of a region at or above 1<<63, without its
 * newline ("" when there is none). True when there is one.
 */
bool proc_maps__vsyscall(const char *text, size_t len, char ret_line[PROC_VSYSCALL_LEN]);

/*
 * The map of pid now; ret_vsyscall may be NULL. A map of no regions is what a
 * kernel thread or a zombie has. Returns 0, or -errno of open(2) and read(2)
 * (-ENOENT, -ESRCH: it ended; -EACCES: ptrace access is missing), -EBADMSG,
 * -ENOMEM or -EFBIG.
 */
int proc_maps__read(pid_t pid, struct raw_region **ret, size_t *ret_n,
		    char ret_vsyscall[PROC_VSYSCALL_LEN]);

#endif
