/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs whose right answer is known, for what is suspected with time. None prints
 * anything, none stops for a comparison of maps unless WORK_EXPECT asks for it.
 *	suspect leak SECONDS	one site leaks; beside it are a cache that is full soon, a
 *				saw, and a start that needs memory
 *	suspect still SECONDS	the same without the leak
 *	suspect stacks THREADS	threads end that nobody joins
 *	suspect joined THREADS	the same, joined
 *	suspect unlink FILE	maps FILE as a library is, and removes it
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>
#include "work.h"

#define TICK_MS 50
#define CHUNK (64L << 10)

static void nap(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

__attribute__((noinline)) static long take(long bytes)
{
	char *p = mmap(NULL, bytes, RW, ANON, -1, 0);

	MUST(p != MAP_FAILED);
	p[0] = 1;
	return (long)p;
}

/* 1.25 MiB a second, never given back. */
__attribute__((noinline)) static void suspect_leaks(void)
{
	take(CHUNK);
}

/* Full after three seconds. */
__attribute__((noinline)) static void suspect_caches(int tick)
{
	if (tick < 3000 / TICK_MS)
		take(CHUNK);
}

/* Given back each two seconds. */
__attribute__((noinline)) static void suspect_saws(int tick)
{
	static long held[2000 / TICK_MS];
	int at = tick % (2000 / TICK_MS), i;

	if (!at) {
		for (i = 0; i < 2000 / TICK_MS; i++) {
			if (held[i])
				munmap((void *)held[i], CHUNK);
		}
	}
	held[at] = take(CHUNK);
}

__attribute__((noinline)) static void suspect_starts(void)
{
	for (int i = 0; i < 64; i++)
		take(CHUNK);
}

static void run(int seconds, int leaks)
{
	suspect_starts();
	for (int tick = 0; tick < seconds * 1000 / TICK_MS; tick++) {
		suspect_caches(tick);
		suspect_saws(tick);
		if (leaks)
			suspect_leaks();
		nap(TICK_MS);
	}
}

static void *end(void *arg)
{
	return arg;
}

static void threads(int n, int join)
{
	pthread_t thread;

	for (int i = 0; i < n; i++) {
		MUST(!pthread_create(&thread, NULL, end, NULL));
		if (join)
			MUST(!pthread_join(thread, NULL));
	}
	nap(5500);
}

static void unlinked(const char *path)
{
	int fd = open(path, O_RDONLY);

	MUST(fd >= 0);
	MUST(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	MUST(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, work__file(1), 0) != MAP_FAILED);
	/* These are memory, and no files. */
	MUST(mmap(NULL, PAGE, RW, MAP_SHARED, memfd_create("suspect", 0), 0) != MAP_FAILED);
	MUST(mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	close(fd);
	nap(500);
	MUST(!unlink(path));
	nap(3000);
}

int main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[1] : "";

	work__begin();
	if (!strcmp(what, "leak") || !strcmp(what, "still"))
		run(atoi(argv[2]), *what == 'l');
	else if (!strcmp(what, "stacks") || !strcmp(what, "joined"))
		threads(atoi(argv[2]), *what == 'j');
	else if (!strcmp(what, "unlink"))
		unlinked(argv[2]);
	return 0;
}
