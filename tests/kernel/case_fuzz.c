/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzz workload in tier truth: stopped again and again, with its children, and
 * every line of every map compared. $MAPS says how many maps (tests/kernel/soak).
 */
#include "group.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAPS 500

/* The process group that it says it leads. */
static pid_t group_of(struct session *s)
{
	char *text;
	int group = 0;

	if (!file__wait_for(s->memtrace.out, "ready ", PATIENCE_MS))
		return 0;
	text = file__read(s->memtrace.out, 0, NULL);
	if (!text || sscanf(text, "ready %d", &group) != 1)
		group = 0;
	free(text);
	return group;
}

void case__fuzz(const struct place *at, const struct test *test, struct verdict *v)
{
	/* Sanitized, unwinding takes so long that events would be lost. */
	const char *const options[] = { "--tier", "truth", getenv("FEW") ? "-snone" : "-sdwarf",
					NULL };
	const char *maps = getenv("MAPS");
	char path[300], seed[32];
	const char *const command[] = { path, test->arg, seed, NULL };
	struct session s = { .line_for_line = true };
	struct tally tally = { 0 };
	pid_t group;

	snprintf(path, sizeof(path), "%s/fuzz", at->workloads);
	snprintf(seed, sizeof(seed), "%d", (int)getpid());
	srand((unsigned int)getpid());
	if (session__start(&s, at, options, command, NULL)) {
		verdict__fail(v, "memtrace could not be started");
		return;
	}
	group = group_of(&s);
	if (group <= 0)
		verdict__fail(v, "the fuzz workload did not start");
	else
		group__sample(&s, group, maps ? atol(maps) : MAPS, &tally, v);
	session__finish(&s, PATIENCE_MS, 128 + SIGKILL, v);
	/* A map that an audit has found wrong is read again, and exact then: not good enough. */
	if (s.summary && (json__int(s.summary, "audit_failures") || json__int(s.summary, "resyncs")))
		verdict__fail(v, "%ld failed audits, %ld resyncs, %ld lost, %ld sections missing",
			      (long)json__int(s.summary, "audit_failures"),
			      (long)json__int(s.summary, "resyncs"),
			      (long)json__int(s.summary, "lost"),
			      (long)json__int(s.summary, "sections_missing"));
	verdict__detail(v, "seed %s", seed);
	session__end(&s);
}
