/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The main thread ends and another goes on: /proc/PID/maps has nothing to show
 * from then on, /proc/PID/stat says that the process is a zombie, and it is not.
 * With an argument the other thread runs for that many seconds.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include "work.h"

static void *go_on(void *seconds)
{
	char state[64] = "";
	int i;

	for (i = 0; i < 1000 && !strstr(state, ") Z"); i++) {
		int fd = open("/proc/self/stat", O_RDONLY);

		MUST(fd >= 0 && read(fd, state, sizeof(state) - 1) > 0);
		close(fd);
		usleep(1000);
	}
	MUST(strstr(state, ") Z"));
	MUST(work__anon(16, RW) > 0);
	for (i = 0; i < 10 * (long)seconds; i++) {
		MUST(work__anon(1, RW) > 0);
		usleep(100000);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	long seconds = argc > 1 ? atol(argv[1]) : 0;

	work__begin();
	work__any();
	MUST(pthread_create(&thread, NULL, go_on, (void *)seconds) == 0);
	pthread_exit(NULL);
}
