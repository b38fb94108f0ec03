/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Eight threads, each with its own range and a share in a common one: mixed calls,
 * a known number of them, and stops while all threads are alive.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include "work.h"

#define THREADS 8
#define ROUNDS 200

static pthread_barrier_t barrier;
static long common;

static void round_of_calls(int me, int i)
{
	long at = work__anon(8, i % 3 ? RW : PROT_NONE);

	W(mprotect, at + 2 * PAGE, 3 * PAGE, i % 2 ? PROT_READ : RW);
	W(madvise, at, 8 * PAGE, MADV_DONTNEED);
	if (i % 4 == 0)
		W(mprotect, common + (me * 4 + i / 4 % 4) * PAGE, PAGE, i % 8 ? PROT_READ : RW);
	if (i % 5 == 0)
		at = W(mremap, at, 8 * PAGE, 24 * PAGE, MREMAP_MAYMOVE);
	if (i % 10)
		W(munmap, at, (i % 5 ? 8 : 24) * PAGE);
}

static void *work(void *arg)
{
	int me = (long)arg;

	for (int i = 0; i < ROUNDS; i++)
		round_of_calls(me, i);
	pthread_barrier_wait(&barrier); /* the main thread stops us all */
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS; i++)
		round_of_calls(me, i);
	pthread_barrier_wait(&barrier);
	return NULL;
}

int main(void)
{
	pthread_t thread[THREADS];

	work__begin();
	common = work__anon(THREADS * 4, RW);
	work__any();
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (long i = 0; i < THREADS; i++)
		MUST(pthread_create(&thread[i], NULL, work, (void *)i) == 0);
	pthread_barrier_wait(&barrier);
	work__mark(1);
	work__checkpoint();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	work__any();
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	work__mark(2);
	work__checkpoint();
	return 0;
}
