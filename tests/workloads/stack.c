/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stack grows without any call: by deep recursion, by alloca, inside a system
 * call that writes to it, and not at all when it is unwound.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include "work.h"

static long recurse(int depth)
{
	volatile char frame[8192];

	memset((char *)frame, depth, sizeof(frame));
	if (depth == 0) {
		work__checkpoint();
		return frame[0];
	}
	return recurse(depth - 1) + frame[1];
}

static void by_alloca(void)
{
	volatile char *room = alloca(2 << 20);

	for (long i = (2 << 20) - PAGE; i >= 0; i -= PAGE)
		room[i] = 1;
	work__mark(2);
	work__checkpoint();
}

/* read(2) faults the page in from inside the kernel. */
static void by_read(void)
{
	char *room = alloca(4 << 20);
	int fd = open("/dev/zero", O_RDONLY);

	MUST(fd >= 0);
	MUST(read(fd, room, PAGE) == PAGE);
	close(fd);
	work__checkpoint();
	work__mark(3);
	work__checkpoint();
}

int main(void)
{
	pid_t pid;

	work__begin();
	work__mark(1);
	recurse(100);
	work__checkpoint();
	by_alloca();
	by_read();
	pid = fork();
	if (pid == 0) {
		recurse(600);
		_exit(0);
	}
	work__reap(pid);
	return 0;
}
