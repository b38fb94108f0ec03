/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks the heaps of glibc's malloc in another process's memory, which goes on running.
 * Owns how much is read, for how long, and that nothing is changed by it: pages that are
 * not in memory are neither made nor swapped in. Knows no chunks, and no maps.
 */
#ifndef MEMTRACE_INPUT_PROC_MALLOC_H
#define MEMTRACE_INPUT_PROC_MALLOC_H

#include <sys/types.h>

#include "core/malloc_heap.h"

#define PROC_MALLOC_HEAPS 1024	      /* of a process */
#define PROC_MALLOC_BYTES (256u << 20) /* that are read of a process at once */

/*
 * What is free in these heaps of pid, for at most so long: those in which malloc's chunks
 * were found, together. Returns 0, -ENODATA when there was none, -ETIMEDOUT when pid's
 * memory does not answer, or another -errno. heaps: from malloc_heaps__of().
 */
int proc_malloc__read(pid_t pid, const struct malloc_heap *heaps, size_t n, uint64_t ns,
		      struct malloc_sum *ret);

#endif
