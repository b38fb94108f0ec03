/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that runs out. Included before the source under test, whose own calls
 * then fail when a test says so; #undef the three names after it.
 */
#ifndef MEMTRACE_TESTS_SCARCE_H
#define MEMTRACE_TESTS_SCARCE_H

#include <stdlib.h>
#include <string.h>

/* Allocations that still succeed; negative: all. */
static long scarce_left = -1;

static inline void *scarce_realloc(void *old, size_t size)
{
	if (scarce_left >= 0 && scarce_left-- == 0)
		return NULL;
	return realloc(old, size);
}

static inline void *scarce_calloc(size_t n, size_t size)
{
	void *mem = scarce_realloc(NULL, n * size);

	return mem ? memset(mem, 0, n * size) : NULL;
}

#define malloc(size) scarce_realloc(NULL, size)
#define calloc(n, size) scarce_calloc(n, size)
#define realloc(old, size) scarce_realloc(old, size)

#endif
