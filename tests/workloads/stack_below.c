/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stack grows because something far below the stack pointer is touched: by
 * the program, inside read(2), and inside a memory call that writes its result
 * there (mm/mmap.c, expand_stack()). All within RLIMIT_STACK.
 */
#define _GNU_SOURCE
#include "work.h"

static long below(long pages)
{
	return ((long)__builtin_frame_address(0) & -PAGE) - pages * PAGE;
}

int main(void)
{
	int fd = open("/dev/zero", O_RDONLY);
	long at = below(200), map;

	work__begin();
	MUST(fd >= 0);
	map = work__anon(4, RW);
	work__checkpoint();
	*(volatile char *)at = 1;
	work__change("fault", at, PAGE);
	work__checkpoint();
	at = below(400);
	MUST(read(fd, (void *)at, PAGE) == PAGE);
	work__change("syscall", at, PAGE);
	work__checkpoint();
	/* Over the edge of what has been touched, and of two pages. */
	at = below(600) + PAGE - 8;
	MUST(read(fd, (void *)at, 16) == 16);
	work__change("syscall", at & -PAGE, PAGE);
	work__checkpoint();
	/* The call's record tells of it. */
	MUST(W(mincore, map, 4 * PAGE, below(800)) == 0);
	work__checkpoint();
	/* Every page of it is the first one in its time. */
	for (long pages = 801; pages < 1000; pages++)
		MUST(read(fd, (void *)below(pages), 1) == 1);
	work__checkpoint();
	return 0;
}
