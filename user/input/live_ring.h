/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rings that the BPF programs write: how many and how large, mapped, and
 * read in turn. Part of the live input, beside live.c.
 */
#ifndef MEMTRACE_INPUT_LIVE_RING_H
#define MEMTRACE_INPUT_LIVE_RING_H

#include <stddef.h>
#include <stdint.h>
#include "live.h"

/* Each can take the longest record, and some. */
#define RING_BYTES_EACH_MIN (64ULL << 10)

/*
 * Fills in what is 0: a ring for every four CPUs, for two million records a
 * second are what one ring takes from any number of them; and 64 MiB, or less
 * where mapping them twice would take more than a 32nd of memory_bytes (0: unknown).
 * Stacks get half as much, up to 32 MiB: what one burst of them may take.
 */
void ring_sizes__fit(struct ring_sizes *sizes, unsigned int cpus, uint64_t memory_bytes);

/* One of them, for a map of maps to be made after: a descriptor, or -errno. */
int ring_sizes__example(const struct ring_sizes *sizes);

struct live_rings;

/*
 * Maps the ring `one`, or makes several and puts them into the map of maps
 * `several` (-1 where it is not wanted). Returns 0 or -errno. Descriptors stay
 * the caller's.
 */
int live_rings__open(const struct ring_sizes *sizes, int one, int several, struct live_rings **ret);
/* Maps what is there already: n rings of bytes_each. Returns 0 or -errno. */
int live_rings__map(const int *fds, unsigned int n, size_t bytes_each, struct live_rings **ret);
void live_rings__close(struct live_rings *rings); /* NULL is allowed */

/*
 * Gives up to max records to cb, some of each ring in turn, each ring's in its
 * order. Returns their number: less than max when nothing is left.
 */
long live_rings__read(struct live_rings *rings, long max, live_record_fn cb, void *ctx);

/* Bytes that have been written and not read, of all rings. */
uint64_t live_rings__waiting(const struct live_rings *rings);

/* Gives to cb all that was there when it was called, however fast more comes. */
void live_rings__drain(struct live_rings *rings, live_record_fn cb, void *ctx);

#endif
