/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of cases and the program that runs them: kernel-harness [FILTER...].
 * Prints a line for each case; says nothing of how many there were, for the
 * shell that calls it counts its own cases as well. Cases wait more than they
 * work, so that $JOBS of them run at once, each in a process of its own.
 */
#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* clang-format off */
#define WORKLOAD(name) { "workload " name, case__workload, name, 0 }
#define THREADED(name) { "workload " name, case__workload, name, WORKLOAD_THREADS }
#define MOUNTED(where, flag, name) { "workload " name " on " where, case__workload, name, flag }
#define TEXT(name) { "text " name, case__workload_text, name, 0 }
/* clang-format on */

/* The long ones first. */
static const struct test tests[] = {
	{ "fuzz of 1 thread", case__fuzz, "1", 0 },
	{ "fuzz of 2 threads", case__fuzz, "2", 0 },
	{ "fuzz of 4 threads", case__fuzz, "4", 0 },
	{ "fuzz of 8 threads", case__fuzz, "8", 0 },
	{ "stopped scripts", case__group, "scripts", 0 },
	{ "stopped gcc", case__group, "gcc", 0 },
	{ "stopped node", case__group, "node", 0 },
	{ "busy python", case__busy, NULL, 0 },
	{ "gcc", case__gcc, NULL, 0 },
	{ "node", case__node, NULL, 0 },
	{ "all with a parallel build", case__all, NULL, 0 },
	{ "reuse in truth", case__reuse, "truth", 0 },
	{ "reuse in ordered", case__reuse, "ordered", 0 },
	{ "reuse in calls", case__reuse, "calls", 0 },
	WORKLOAD("map_count"),
	THREADED("threads"),
	WORKLOAD("sbrk"),
	WORKLOAD("malloc"),
	WORKLOAD("kinds"),
	WORKLOAD("flags"),
	WORKLOAD("msync"),
	WORKLOAD("munmap"),
	WORKLOAD("mprotect"),
	WORKLOAD("mremap"),
	WORKLOAD("mlock"),
	WORKLOAD("madvise"),
	WORKLOAD("mincore"),
	WORKLOAD("shm"),
	WORKLOAD("sysv"),
	WORKLOAD("fork"),
	WORKLOAD("exec"),
	WORKLOAD("stack"),
	WORKLOAD("growsdown"),
	WORKLOAD("errors"),
	WORKLOAD("limits"),
	WORKLOAD("prctl"),
	WORKLOAD("mbind"),
	WORKLOAD("mseal"),
	WORKLOAD("remap_file_pages"),
	WORKLOAD("pkey"),
	WORKLOAD("readexec"),
	WORKLOAD("process"),
	WORKLOAD("vfork"),
	WORKLOAD("series"),
	{ "workload compat", case__workload, "compat", WORKLOAD_UNSEEN },
	WORKLOAD("io_uring"),
	WORKLOAD("uffd"),
	WORKLOAD("stack_below"),
	/* Two cannot trace one process. */
	{ "workload poke", case__workload, "poke", WORKLOAD_UNSEEN },
	MOUNTED("tmpfs", WORKLOAD_TMPFS, "copy_up"),
	MOUNTED("overlay", WORKLOAD_OVERLAY, "copy_up"),
	MOUNTED("an overlay for a root", WORKLOAD_CHROOT, "copy_up"),
	MOUNTED("an overlay for a root", WORKLOAD_CHROOT, "exec"),
	MOUNTED("overlay", WORKLOAD_OVERLAY, "fork"),
	THREADED("exec_thread"),
	THREADED("main_ends"),
	TEXT("sbrk"),
	TEXT("shm"),
	TEXT("fork"),
	TEXT("exec"),
};

void verdict__fail(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	if (v->failed)
		return;
	v->failed = true;
	va_start(ap, fmt);
	vsnprintf(v->why, sizeof(v->why), fmt, ap);
	va_end(ap);
}

void verdict__detail(struct verdict *v, const char *fmt, ...)
{
	size_t len = strlen(v->details);
	va_list ap;

	if (len > 0 && len + 2 < sizeof(v->details)) {
		memcpy(v->details + len, ", ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(v->details + len, sizeof(v->details) - len, fmt, ap);
	va_end(ap);
}

/* In a directory of its own. */
static void run_once(const struct place *parent, const struct test *test, int number,
		     struct verdict *v)
{
	struct place at = *parent;
	char tmp[256];

	*v = (struct verdict){ 0 };
	snprintf(tmp, sizeof(tmp), "%s/%d.%d", parent->tmp, getpid(), number);
	at.tmp = tmp;
	if (mkdir(tmp, 0755))
		verdict__fail(v, "%s cannot be made", tmp);
	else
		test->run(&at, test, v);
}

/*
 * In a process of its own. Since 7.0 a program may be preempted, and the kernel skips it
 * for others on that CPU meanwhile, which memtrace counts as lost: then the case is tried
 * once more, and that is told.
 */
static void run(const struct place *parent, const struct test *test)
{
	int64_t begin = now_ms();
	struct verdict v;

	run_once(parent, test, 0, &v);
	if (v.failed && v.skipped) {
		run_once(parent, test, 1, &v);
		verdict__detail(&v, "the second time: the kernel skipped a program");
	}
	verdict__detail(&v, "%.1f s", (now_ms() - begin) / 1000.0);
	/* One write, so that lines of several processes stay whole. */
	if (v.failed)
		printf("FAILED %s: %s\n", test->name, v.why);
	else
		printf("ok %s (%s)\n", test->name, v.details);
	fflush(stdout);
	_exit(v.failed);
}

/* True when the one that ended was good; a crash is told here. */
static bool reap(void)
{
	int status;
	pid_t pid = wait(&status);

	if (pid > 0 && WIFSIGNALED(status)) {
		printf("FAILED kernel-harness: a case was killed by signal %d\n", WTERMSIG(status));
		fflush(stdout);
	}
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* No filter, or one of them, is part of the name. */
static bool wanted(const char *name, char *const filters[])
{
	size_t i = 0;

	while (filters[i] && !strstr(name, filters[i]))
		i++;
	return !filters[0] || filters[i];
}

int main(int argc, char **argv)
{
	const struct place at = {
		.memtrace = getenv("MEMTRACE"),
		.workloads = getenv("WORKLOADS"),
		.sources = getenv("KERNEL_TESTS"),
		.tmp = getenv("KERNEL_TMP"),
	};
	const char *jobs = getenv("JOBS");
	int running = 0, most = jobs && atoi(jobs) > 0 ? atoi(jobs) : 1;
	bool good = true;

	if (!at.memtrace || !at.workloads || !at.sources || !at.tmp) {
		fprintf(stderr, "kernel-harness: run it by tests/kernel/run\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		if (!wanted(tests[i].name, argv + 1))
			continue;
		if (running == most) {
			good = reap() && good;
			running--;
		}
		fflush(stdout);
		if (fork() == 0)
			run(&at, &tests[i]);
		running++;
	}
	while (running-- > 0)
		good = reap() && good;
	return good ? 0 : 1;
}
