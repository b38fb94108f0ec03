/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Eight threads and the main one, each asking for memory from a known depth of
 * functions that keep no frame pointer: directly, and through malloc. With an
 * argument it takes its own file away first, with two it puts the second in its place.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include "work.h"

#define THREADS 8
#define ROUNDS 20
#define FRAMES __attribute__((noinline, noclone, optimize("omit-frame-pointer")))
#define HOLD(p) __asm__ volatile("" ::"r"(p) : "memory")

FRAMES static void stacks_asks(size_t pages)
{
	void *p = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	HOLD(p);
	MUST(!munmap(p, pages * PAGE));
}

FRAMES static void stacks_allocates(size_t bytes)
{
	void *p = malloc(bytes);

	MUST(p);
	HOLD(p);
	free(p);
}

/* A frame of some size, and a register that has to be kept. */
FRAMES static void stacks_descends(int depth)
{
	volatile char room[200];

	room[depth] = (char)depth;
	if (depth)
		stacks_descends(depth - 1);
	else
		stacks_asks(3);
	stacks_allocates(1 << 20);
	HOLD(&room);
}

FRAMES static int stacks_compares(const void *a, const void *b)
{
	stacks_allocates(2 << 20);
	return *(const int *)a - *(const int *)b;
}

/* Through libc and back. */
FRAMES static void stacks_sorts(void)
{
	int numbers[] = { 2, 1 };

	qsort(numbers, 2, sizeof(numbers[0]), stacks_compares);
	HOLD(numbers);
}

FRAMES static void *stacks_thread(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		stacks_descends(i % 10);
		stacks_sorts();
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	if (argc > 2)
		MUST(!rename(argv[2], argv[0]));
	else if (argc > 1)
		MUST(!unlink(argv[0]));
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	for (int i = 0; i < THREADS; i++)
		MUST(!pthread_create(&threads[i], NULL, stacks_thread, NULL));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	stacks_thread(NULL);
	return 0;
}
