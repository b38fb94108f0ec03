// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that take long, and wait for one another: at any time one of each of
 * eight threads is under way. Says nothing; ends by itself after a minute.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include "work.h"

#define THREADS 8

static void *run(void *arg)
{
	size_t len = (size_t)(1 + (long)arg) << 20;

	for (;;) {
		void *at = mmap(NULL, len, RW, ANON | MAP_POPULATE, -1, 0);

		MUST(at != MAP_FAILED);
		MUST(munmap(at, len) == 0);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread;
	long i;

	for (i = 0; i < THREADS; i++)
		MUST(pthread_create(&thread, NULL, run, (void *)i) == 0);
	sleep(60);
	return 0;
}
