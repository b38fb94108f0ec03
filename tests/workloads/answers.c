/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs whose right answer is known: each asks for memory in functions that
 * are named for it, and writes to standard output what memtrace has to say of
 * them, one line each: FUNCTION BYTES KEPT, and with what uncertainty if not
 * none. Which program is its argument.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include "work.h"

#define SITE __attribute__((noinline, noclone, optimize("omit-frame-pointer", "no-optimize-sibling-calls")))
#define HOLD(p) __asm__ volatile("" ::"r"(p) : "memory")
#define MIB (1ul << 20)
#define THREADS 8

/* ---------------------------------------------------------------- the break */

SITE static void answer_grows_break(size_t bytes)
{
	MUST(sbrk((intptr_t)bytes) != (void *)-1);
	HOLD(&bytes);
}

static void program_break(void)
{
	for (int i = 0; i < 50; i++)
		answer_grows_break(128 << 10);
	MUST(sbrk(-(intptr_t)(20 * (128 << 10))) != (void *)-1);
	printf("answer_grows_break %d %d\n", 50 * (128 << 10), 30 * (128 << 10));
}

/* ---------------------------------------------------------------- arenas */

#define BLOCKS 60
#define BLOCK (128u << 10)

static pthread_barrier_t barrier;

SITE static void answer_fills(void **blocks, size_t n, size_t bytes)
{
	for (size_t i = 0; i < n; i++) {
		blocks[i] = malloc(bytes);
		MUST(blocks[i]);
		memset(blocks[i], 1, bytes);
	}
	HOLD(blocks);
}

static void *arena_thread(void *arg)
{
	void *blocks[BLOCKS];

	pthread_barrier_wait(&barrier); /* all at once: each gets an arena of its own */
	answer_fills(blocks, BLOCKS, BLOCK);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier); /* meanwhile it is looked at */
	/* Three quarters, from the top: glibc trims a heap that ends in free memory. */
	for (size_t i = BLOCKS; i > BLOCKS / 4; i--)
		free(blocks[i - 1]);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return arg;
}

/* What malloc itself says of all arenas: the last of these lines is of all together. */
static unsigned long malloc_says(const char *line)
{
	char *text, *at, *last = NULL;
	unsigned long bytes = 0;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	MUST(out && !malloc_info(0, out) && !fclose(out));
	for (at = text; (at = strstr(at, line)); at++)
		last = at;
	MUST(last && sscanf(last + strlen(line), "%lu", &bytes) == 1);
	free(text);
	return bytes;
}

static void program_arenas(void)
{
	unsigned long before, grown;
	pthread_t threads[THREADS];

	mallopt(M_ARENA_MAX, THREADS + 1);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 128 << 10);
	before = (unsigned long)mallinfo2().arena;
	MUST(!pthread_barrier_init(&barrier, NULL, THREADS + 1));
	for (int i = 0; i < THREADS; i++)
		MUST(!pthread_create(&threads[i], NULL, arena_thread, NULL));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	grown = malloc_says("<aspace type=\"mprotect\" size=\"") - before;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	printf("answer_fills %lu %lu\n", grown,
	       malloc_says("<aspace type=\"total\" size=\"") - before);
	fflush(stdout);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* ---------------------------------------------------------------- large blocks */

SITE static void *answer_leaks(size_t bytes)
{
	void *p = malloc(bytes);

	MUST(p);
	HOLD(p);
	return p;
}

SITE static void answer_is_honest(size_t bytes, int depth)
{
	void *p;

	/* Each depth is a site of its own. */
	if (depth) {
		answer_is_honest(bytes, depth - 1);
		HOLD(&p);
		return;
	}
	p = malloc(bytes);
	MUST(p);
	HOLD(p);
	free(p);
}

/* malloc's own mapping: the block, its head, in whole pages. */
static unsigned long mapped_for(size_t bytes)
{
	return (bytes + 16 + PAGE - 1) & ~(unsigned long)(PAGE - 1);
}

static void program_large(void)
{
	const size_t each = MIB, leaks = 40;

	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	for (size_t i = 0; i < leaks; i++) {
		answer_leaks(each);
		for (int depth = 0; depth < 6; depth++)
			answer_is_honest(each * 2, depth);
	}
	printf("answer_leaks %lu %lu\n", leaks * mapped_for(each), leaks * mapped_for(each));
	printf("answer_is_honest %lu 0\n", leaks * 6 * mapped_for(each * 2));
}

/* ---------------------------------------------------------------- a sample */

/*
 * So many calls that a sample has to do, and what misleads samples that go by the
 * clock or by the number of calls: after each pause there is one small one, and
 * then a burst of large ones.
 */
#define ROUNDS 2500
#define SMALL (16 * PAGE)
#define LARGE (128 * PAGE)
#define BURST 16

SITE static void *answer_maps(size_t bytes)
{
	void *p = mmap(NULL, bytes, RW, ANON, -1, 0);

	MUST(p != MAP_FAILED);
	HOLD(p);
	return p;
}

/* Its own site, for the stack that leads there is another one. */
SITE static void *answer_keeps_small(void)
{
	void *p = answer_maps(SMALL);

	HOLD(p);
	return p;
}

SITE static void answer_bursts(void)
{
	for (int i = 0; i < BURST; i++)
		MUST(!munmap(answer_maps(LARGE), LARGE));
}

static void program_sample(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		usleep(200);
		answer_keeps_small();
		answer_bursts();
	}
	printf("answer_keeps_small %lu %lu\n", ROUNDS * SMALL, ROUNDS * SMALL);
	printf("answer_bursts %lu 0\n", (unsigned long)ROUNDS * BURST * LARGE);
}

/* ---------------------------------------------------------------- jemalloc */

/* Preloaded: gives back what is free when it is asked to. */
static void program_jemalloc(void)
{
	int (*control)(const char *, void *, size_t *, void *, size_t) =
		(int (*)(const char *, void *, size_t *, void *, size_t))dlsym(RTLD_DEFAULT,
									       "mallctl");
	static void *blocks[500];

	MUST(control);
	answer_fills(blocks, 500, BLOCK);
	for (size_t i = 0; i < 500; i++)
		free(blocks[i]);
	/* 4096 is MALLCTL_ARENAS_ALL (jemalloc(3)). */
	MUST(!control("arena.4096.purge", NULL, NULL, NULL, 0));
	printf("answer_fills %lu 0\n", 500ul * BLOCK);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} programs[] = {
		{ "break", program_break },   { "arenas", program_arenas },
		{ "large", program_large },   { "sample", program_sample },
		{ "jemalloc", program_jemalloc },
	};

	/* Its buffer is not malloc's. */
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t i = 0; argc == 2 && i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!strcmp(argv[1], programs[i].name)) {
			programs[i].run();
			return 0;
		}
	}
	return 2;
}
