/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Four threads map and unmap blocks of one size as fast as they can, 200,000
 * calls: what one has unmapped the next gets again, often before the first is
 * back from its call. Nothing is printed of them (tests/kernel/case_reuse.c).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include "work.h"

#define THREADS 4
#define CALLS 200000
#define BLOCK (5 * PAGE) /* a size that nothing else asks for */

static void *work(void *arg)
{
	for (int i = 0; i < CALLS / THREADS / 2; i++) {
		long at = syscall(__NR_mmap, 0, BLOCK, RW, ANON, -1, 0);

		MUST(at != -1);
		MUST(syscall(__NR_munmap, at, BLOCK) == 0);
	}
	return arg;
}

int main(void)
{
	pthread_t thread[THREADS];

	for (long i = 0; i < THREADS; i++)
		MUST(pthread_create(&thread[i], NULL, work, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
