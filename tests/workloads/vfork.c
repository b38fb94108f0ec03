/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfork(2) and clone(CLONE_VM): the child works on its parent's map, until it
 * executes something else.
 */
#define _GNU_SOURCE
#include <sched.h>
#include "work.h"

static long shared_at;
static char stack[64 * 1024] __attribute__((aligned(16)));

static int sharing_child(void *arg)
{
	(void)arg;
	W(mprotect, shared_at + 8 * PAGE, 4 * PAGE, PROT_NONE);
	return 0;
}

int main(int argc, char **argv)
{
	char step[] = "child";
	char *again[] = { argv[0], step, NULL };
	pid_t pid;

	work__begin();
	shared_at = work__anon(16, RW);
	if (argc > 1) {
		work__checkpoint();
		return 0;
	}
	pid = vfork();
	if (pid == 0) {
		W(mprotect, shared_at, 4 * PAGE, PROT_READ);
		_exit(0);
	}
	work__reap(pid);
	work__checkpoint();
	pid = clone(sharing_child, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	MUST(pid > 0);
	work__reap(pid);
	work__checkpoint();
	pid = vfork();
	if (pid == 0) {
		W(munmap, shared_at + 4 * PAGE, PAGE);
		execve("/proc/self/exe", again, environ);
		_exit(1);
	}
	work__reap(pid);
	work__checkpoint();
	return 0;
}
