/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs of which it is known what they have freed and malloc(3) keeps. When one has
 * done its work it prints mallinfo2(3), "ready FREE ARENA", and stays.
 *	freed main	64 MiB of small blocks, all but the last one freed
 *	freed thread	the same in an arena of a thread's own
 *	freed trim	the same, and then malloc_trim(3)
 *	freed used	nothing is freed
 *	freed large	blocks that malloc maps one by one, freed: all of it is returned
 *	freed churn	three threads free and allocate until it is killed
 *	freed ends [S]	as main, and ends after S seconds, or two
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <time.h>
#include "work.h"

#define BLOCKS 65536
#define SIZE 1000
#define THREADS 3

static int frees = 1;

static char *block(size_t size)
{
	char *p = malloc(size);

	MUST(p);
	memset(p, 1, size);
	return p;
}

/* From the first on: those that tcache keeps are not above the others. */
static void *work(void *arg)
{
	static char *list[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		list[i] = block(SIZE);
	for (int i = 0; frees && i < BLOCKS - 1; i++)
		free(list[i]);
	return arg;
}

static void large(void)
{
	char *list[64];

	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	for (int i = 0; i < 64; i++)
		list[i] = block(1 << 20);
	for (int i = 0; i < 64; i++)
		free(list[i]);
}

static void *churn(void *arg)
{
	const struct timespec pause = { 0, 100000 };
	unsigned int seed = 7;
	char *list[4096] = { NULL };

	for (unsigned int n = 1;; n++) {
		int i = rand_r(&seed) % 4096;

		/* Others have something to do as well. */
		if (n % 256 == 0)
			nanosleep(&pause, NULL);
		free(list[i]);
		list[i] = block((size_t)rand_r(&seed) % (2 * SIZE) + 1);
	}
	return arg;
}

static void in_threads(int n, void *(*run)(void *))
{
	pthread_t thread;

	for (int i = 0; i < n; i++)
		MUST(!pthread_create(&thread, NULL, run, &n));
	if (run == work)
		MUST(!pthread_join(thread, NULL));
}

static void tell(void)
{
	struct mallinfo2 info = mallinfo2();

	printf("ready %zu %zu\n", info.fordblks, info.arena);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const struct timespec a_while = { argc > 2 ? atoi(argv[2]) : 2, 0 };

	frees = strcmp(what, "used") != 0;
	if (!strcmp(what, "large"))
		large();
	else if (!strcmp(what, "thread"))
		in_threads(1, work);
	else if (!strcmp(what, "churn"))
		in_threads(THREADS, churn);
	else if (argc > 1)
		work(NULL);
	else
		return 0;
	if (!strcmp(what, "trim"))
		malloc_trim(0);
	tell();
	if (!strcmp(what, "ends"))
		nanosleep(&a_while, NULL);
	else
		pause();
	return 0;
}
