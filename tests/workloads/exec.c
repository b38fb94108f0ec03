/* SPDX-License-Identifier: GPL-2.0 */
/*
 * execve(2): the map is erased and made anew, in the process itself and in a
 * child; then one that fails and changes nothing.
 */
#define _GNU_SOURCE
#include "work.h"

static void again(const char *path, const char *step)
{
	char *argv[] = { (char *)path, (char *)step, NULL };

	execve(path, argv, environ);
}

int main(int argc, char **argv)
{
	long at;
	pid_t pid;

	work__begin();
	at = work__anon(16, RW);
	if (argc > 1 && strcmp(argv[1], "child") == 0) {
		work__checkpoint();
		return 0;
	}
	if (argc > 1) {
		/* The second life of the first process. */
		work__checkpoint();
		again("/nonexistent", "x");
		MUST(W(munmap, at, PAGE) == 0);
		work__checkpoint();
		return 0;
	}
	MUST(W(mlock, at, 4 * PAGE) == 0);
	work__checkpoint();
	pid = fork();
	if (pid == 0) {
		again("/proc/self/exe", "child");
		_exit(1);
	}
	work__reap(pid);
	again("/proc/self/exe", "second");
	return 1;
}
