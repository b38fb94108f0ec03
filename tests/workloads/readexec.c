/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The personality READ_IMPLIES_EXEC: what is asked for readable becomes
 * executable, by mmap, mprotect, brk, and for the children.
 */
#define _GNU_SOURCE
#include <sys/personality.h>
#include "work.h"

int main(void)
{
	int fd;
	long at;
	pid_t pid;

	work__begin();
	fd = work__file(4);
	at = work__anon(16, PROT_READ);
	MUST(personality(PER_LINUX | READ_IMPLIES_EXEC) >= 0);
	MUST(work__anon(4, RW) > 0);
	MUST(W(mmap, 0, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0) > 0);
	MUST(W(mprotect, at + 4 * PAGE, 4 * PAGE, RW) == 0);
	MUST(W(mprotect, at + 10 * PAGE, PAGE, PROT_NONE) == 0);
	work__checkpoint();
	MUST(W(brk, W(brk, 0) + 8 * PAGE) > 0);
	work__checkpoint();
	pid = fork();
	if (pid == 0) {
		work__anon(2, PROT_READ);
		work__checkpoint();
		_exit(0);
	}
	work__reap(pid);
	MUST(personality(PER_LINUX) >= 0);
	work__anon(4, PROT_READ);
	work__checkpoint();
	return 0;
}
