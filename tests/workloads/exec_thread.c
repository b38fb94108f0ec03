/* SPDX-License-Identifier: GPL-2.0 */
/*
 * execve(2) by a thread that is not the leader: the other threads end, and the
 * caller's tid becomes the leader's in mid-call.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include "work.h"

static pthread_barrier_t all_called;

static void *other(void *arg)
{
	(void)arg;
	work__anon(3, PROT_READ);
	pthread_barrier_wait(&all_called);
	for (;;)
		pause();
	return NULL;
}

static void *executes(void *arg)
{
	char name[] = "exec_thread", step[] = "second";
	char *argv[] = { name, step, NULL };

	(void)arg;
	work__anon(5, PROT_READ);
	pthread_barrier_wait(&all_called);
	execve("/proc/self/exe", argv, environ);
	MUST(!"execve");
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[3];

	(void)argv;
	work__begin();
	MUST(work__anon(7, RW) > 0);
	work__checkpoint();
	if (argc > 1)
		return 0;
	work__any();
	MUST(pthread_barrier_init(&all_called, NULL, 3) == 0);
	MUST(pthread_create(&thread[0], NULL, other, NULL) == 0);
	MUST(pthread_create(&thread[1], NULL, other, NULL) == 0);
	MUST(pthread_create(&thread[2], NULL, executes, NULL) == 0);
	for (;;)
		pause();
}
