/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A profile as pprof reads it (profile.proto, compressed): bytes and calls by
 * stack, and the bytes kept. Knows no path and no clock.
 */
#ifndef MEMTRACE_OUTPUT_PPROF_H
#define MEMTRACE_OUTPUT_PPROF_H

#include <stdint.h>
#include "core/ledger.h"
#include "core/stacks.h"

struct pprof_info {
	uint64_t wall_ns, duration_ns; /* when tracing began, and how long it took */
	uint64_t period; /* bytes that one sampled call stands for on average */
	const char *comment;
};

/* Does not close fd. stacks may be NULL. 0 or -errno. */
int pprof__write(int fd, const struct ledger *ledger, const struct stacks *stacks,
		 const struct pprof_info *info);

#endif
