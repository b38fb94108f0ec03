/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Heaps of which every byte is known: heap break|arenas|large|jemalloc. When it has
 * done its work it says "ready" and holds still until its input ends.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include "work.h"

#define KIB 1024L
#define MIB (1024 * KIB)
#define THREADS 8
#define SMALL 6000
#define BLOCKS 1024

static pthread_barrier_t barrier;
static char *kept[BLOCKS];

static void hold(void)
{
	char c;

	MUST(write(STDOUT_FILENO, "ready\n", 6) == 6);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

static char *block(size_t size)
{
	char *p = malloc(size);

	MUST(p);
	memset(p, 1, size);
	return p;
}

/* 4 MiB come, 1 MiB of them is written, 1 MiB goes. */
static void by_break(void)
{
	char *start = sbrk(4 * MIB);

	MUST(start != (void *)-1);
	memset(start, 1, MIB);
	MUST(sbrk(-MIB) != (void *)-1);
}

/* Small blocks, all of them in an arena of the thread's own; half are given back. */
static void *in_an_arena(void *arg)
{
	static __thread char *small[SMALL];
	int i;

	for (i = 0; i < SMALL; i++)
		small[i] = block(1000);
	pthread_barrier_wait(&barrier);
	for (i = SMALL / 2; i < SMALL; i++)
		free(small[i]);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return arg;
}

static void arenas(void)
{
	pthread_t threads[THREADS];
	int i;

	mallopt(M_ARENA_MAX, THREADS + 1);
	MUST(!pthread_barrier_init(&barrier, NULL, THREADS + 1));
	for (i = 0; i < THREADS; i++)
		MUST(!pthread_create(&threads[i], NULL, in_an_arena, NULL));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	malloc_trim(0);
	hold();
	pthread_barrier_wait(&barrier);
	for (i = 0; i < THREADS; i++)
		MUST(!pthread_join(threads[i], NULL));
}

/*
 * 16 blocks of 1 MiB (and a header: a page more), 4 of 300001 bytes (74 pages), 5 MiB
 * that are no blocks; then 6 of the first are freed. The threshold would rise with it.
 */
static void large(void)
{
	int i;

	mallopt(M_MMAP_THRESHOLD, 128 * KIB);
	for (i = 0; i < 16; i++)
		kept[i] = block(MIB);
	for (i = 16; i < 20; i++)
		kept[i] = block(300001);
	for (i = 0; i < 5; i++) {
		char *own = mmap(NULL, MIB, RW, ANON, -1, 0);

		MUST(own != MAP_FAILED);
		memset(own, 1, MIB);
	}
	for (i = 0; i < 6; i++)
		free(kept[2 * i]);
}

/* 64 MiB written and freed; then all that is free is purged. */
static void jemalloc(void)
{
	int (*mallctl)(const char *, void *, size_t *, void *, size_t);
	int i;

	mallctl = (int (*)(const char *, void *, size_t *, void *, size_t))(uintptr_t)dlsym(
		RTLD_DEFAULT, "mallctl");
	MUST(mallctl);
	for (i = 0; i < BLOCKS; i++)
		kept[i] = block(64 * KIB);
	for (i = 0; i < BLOCKS; i++)
		free(kept[i]);
	MUST(!mallctl("arena.4096.purge", NULL, NULL, NULL, 0));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "arenas")) {
		arenas();
		return 0;
	}
	if (!strcmp(what, "break"))
		by_break();
	else if (!strcmp(what, "large"))
		large();
	else if (!strcmp(what, "jemalloc"))
		jemalloc();
	else
		return 2;
	hold();
	return 0;
}
