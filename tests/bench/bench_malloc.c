// SPDX-License-Identifier: GPL-2.0
/*
 * Eight threads that do little but allocate and free: sizes as programs have them,
 * most of them small and some of several hundred kilobytes, in working sets that
 * grow and shrink, so that arenas and mappings come and go. A fixed amount of work.
 * Knows nothing of any tracer.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define SLOTS 4096
#define PHASE 20000 /* steps after which a thread frees all that it has */

static long steps = 3000000; /* of each thread */

static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* One in 512 is large enough for a mapping of its own; one in 16 is some pages. */
static size_t size_of(uint32_t random)
{
	if (!(random & 511))
		return (128u << 10) + (random >> 9) % (512u << 10);
	if (!(random & 15))
		return 4096 + (random >> 4) % 16384;
	return 16 + (random >> 4) % 512;
}

static void *work(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg;
	void **slots = calloc(SLOTS, sizeof(*slots));
	size_t size, at;
	long i;

	for (i = 0; slots && i < steps; i++) {
		if (i % PHASE == PHASE - 1) {
			for (at = 0; at < SLOTS; at++) {
				free(slots[at]);
				slots[at] = NULL;
			}
		}
		at = next(&state) % SLOTS;
		size = size_of(next(&state));
		free(slots[at]);
		slots[at] = malloc(size);
		if (!slots[at])
			exit(1);
		memset(slots[at], 1, size < 4096 ? size : 4096);
	}
	for (at = 0; slots && at < SLOTS; at++)
		free(slots[at]);
	free(slots);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	uintptr_t i;

	if (argc > 1)
		steps = atol(argv[1]);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)(i + 1)))
			return 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
