// SPDX-License-Identifier: GPL-2.0
/*
 * Other workloads, one after the other, for those to whom starting memtrace for
 * each costs too much: $WORK_SERIES names them. Makes no call of its own that is
 * told of, and ends as the first that failed.
 */
#define _GNU_SOURCE
#include "work.h"

#define SERIES "munmap fork exec"
#define BLANK " \t\n"

/* Executes DIRECTORY/NAME, len bytes of it, where DIRECTORY is that of ourselves. */
static void execute(const char *self, const char *name, int len)
{
	const char *slash = strrchr(self, '/');
	char path[512];

	snprintf(path, sizeof(path), "%.*s%.*s", slash ? (int)(slash - self + 1) : 0, self, len,
		 name);
	execl(path, path, (char *)NULL);
	_exit(127);
}

int main(int argc, char **argv)
{
	const char *at = getenv("WORK_SERIES");
	int status = 0, len;
	pid_t child;

	(void)argc;
	for (at = at ? at : SERIES; *(at += strspn(at, BLANK)); at += len) {
		len = (int)strcspn(at, BLANK);
		child = fork();
		if (!child)
			execute(argv[0], at, len);
		MUST(child > 0 && waitpid(child, &status, 0) == child);
		if (status)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	return 0;
}
