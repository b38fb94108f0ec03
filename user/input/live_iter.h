/* SPDX-License-Identifier: GPL-2.0 */
/* Reading what a BPF iterator writes. Part of the live input, beside live.c. */
#ifndef MEMTRACE_INPUT_LIVE_ITER_H
#define MEMTRACE_INPUT_LIVE_ITER_H

#include <bpf/libbpf.h>
#include <stddef.h>

/*
 * Runs an iterator to its end; take() is given whole records of size bytes.
 * Returns 0, -errno, or what take() returned when not 0.
 */
int live_iter__read(struct bpf_link *link, size_t size, int (*take)(void *, const void *),
		    void *ctx);

#endif
