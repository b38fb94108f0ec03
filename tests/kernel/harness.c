/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of cases and the program that runs them: kernel-harness [FILTER].
 * Prints a line for each case; says nothing of how many there were, for the
 * shell that calls it counts its own cases as well.
 */
#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKLOAD(name)                                    \
	{                                                 \
		"workload " name, case__workload, name, 0 \
	}
#define THREADED(name)                                                   \
	{                                                                \
		"workload " name, case__workload, name, WORKLOAD_THREADS \
	}
#define TEXT(name)                                         \
	{                                                  \
		"text " name, case__workload_text, name, 0 \
	}

static const struct test tests[] = {
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
	WORKLOAD("map_count"),
	WORKLOAD("prctl"),
	WORKLOAD("mbind"),
	WORKLOAD("mseal"),
	WORKLOAD("remap_file_pages"),
	WORKLOAD("pkey"),
	WORKLOAD("readexec"),
	WORKLOAD("process"),
	WORKLOAD("vfork"),
	THREADED("threads"),
	THREADED("exec_thread"),
	TEXT("sbrk"),
	TEXT("kinds"),
	TEXT("shm"),
	TEXT("sysv"),
	TEXT("fork"),
	TEXT("exec"),
	TEXT("stack"),
	{ "busy python", case__busy, NULL, 0 },
	{ "gcc", case__gcc, NULL, 0 },
	{ "node", case__node, NULL, 0 },
	{ "all with a parallel build", case__all, NULL, 0 },
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

static bool run(const struct place *at, const struct test *test)
{
	struct verdict v = { 0 };
	int64_t begin = now_ms();

	test->run(at, test, &v);
	verdict__detail(&v, "%.1f s", (now_ms() - begin) / 1000.0);
	if (v.failed)
		printf("FAILED %s: %s\n", test->name, v.why);
	else
		printf("ok %s (%s)\n", test->name, v.details);
	fflush(stdout);
	return !v.failed;
}

int main(int argc, char **argv)
{
	struct place at = {
		.memtrace = getenv("MEMTRACE"),
		.workloads = getenv("WORKLOADS"),
		.sources = getenv("KERNEL_TESTS"),
		.tmp = getenv("KERNEL_TMP"),
	};
	bool good = true;

	if (!at.memtrace || !at.workloads || !at.sources || !at.tmp) {
		fprintf(stderr, "kernel-harness: run it by tests/kernel/run\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		if (argc > 1 && !strstr(tests[i].name, argv[1]))
			continue;
		good = run(&at, &tests[i]) && good;
	}
	return good ? 0 : 1;
}
