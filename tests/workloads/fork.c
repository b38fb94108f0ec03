/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fork(2): the child inherits the map, changes its own, and neither sees the
 * other's changes; a grandchild; a child that ends at once.
 */
#define _GNU_SOURCE
#include "work.h"

static void child(long at)
{
	pid_t pid;

	work__checkpoint();
	MUST(W(munmap, at, 4 * PAGE) == 0);
	MUST(W(mprotect, at + 8 * PAGE, 4 * PAGE, PROT_READ) == 0);
	MUST(W(brk, W(brk, 0) + 8 * PAGE) > 0);
	work__checkpoint();
	pid = fork();
	if (pid == 0) {
		work__anon(3, PROT_READ);
		work__checkpoint();
		_exit(0);
	}
	MUST(pid > 0);
	work__reap(pid);
}

int main(void)
{
	long at;
	pid_t pid;

	work__begin();
	at = work__anon(16, RW);
	MUST(W(mmap, 0, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) > 0);
	work__touch(at, 16);
	pid = fork();
	if (pid == 0) {
		child(at);
		_exit(0);
	}
	MUST(pid > 0);
	MUST(W(munmap, at + 14 * PAGE, 2 * PAGE) == 0);
	work__reap(pid);
	work__checkpoint();
	for (int i = 0; i < 20; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		work__reap(pid);
	}
	work__checkpoint();
	return 0;
}
