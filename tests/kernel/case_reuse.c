/* SPDX-License-Identifier: GPL-2.0 */
/*
 * munmap against the mmap that gets the same address: in the order in which
 * changes are applied, nothing is mapped where something is, and nothing is
 * unmapped that is not there. That order is seen in what each change did.
 */
#include "session.h"

#include <stdio.h>
#include <string.h>

#define CALLS 200000
#define BLOCK (5 * 4096) /* tests/workloads/reuse.c */
#define RUN_MS 120000

struct reuse {
	long calls, changes, impossible;
};

static void on_record(void *ctx, const char *type, struct json_object *record)
{
	const char *call = json__text(record, "call");
	bool maps = strcmp(call, "mmap") == 0;
	struct reuse *r = ctx;
	uint64_t start, end;
	int64_t mapped, unmapped;

	if (!maps && strcmp(call, "munmap") != 0)
		return;
	if (strcmp(type, "call") == 0 && json__int(record, "length") == BLOCK) {
		r->calls++;
		return;
	}
	if (strcmp(type, "change") != 0 || !json__u64(json__get(record, "start"), &start) ||
	    !json__u64(json__get(record, "end"), &end) || end - start != BLOCK)
		return;
	r->changes++;
	mapped = json__int(record, "mapped");
	unmapped = json__int(record, "unmapped");
	if (maps ? mapped != BLOCK || unmapped : unmapped != BLOCK)
		r->impossible++;
}

/* The tiers differ by kernel; without one there is nothing to be tried. */
static bool tier_is_had(const struct place *at, const char *tier)
{
	const char *const argv[] = { at->memtrace, "--tier", tier,   "-q", "-o",
				     "/dev/null",  "--",     "true", NULL };
	struct child c;

	if (child__start(&c, at, "probe", argv, NULL) || !child__ended(&c, PATIENCE_MS)) {
		child__kill(&c);
		return false;
	}
	return child__code(&c) == 0;
}

static void check(const struct test *test, const struct reuse *r, struct json_object *summary,
		  struct verdict *v)
{
	/* A call that changed nothing has no change: it was impossible as well. */
	long impossible = r->impossible + r->calls - r->changes;
	struct totals t;

	if (!summary || !totals__of(&t, summary))
		return;
	if (r->calls != CALLS)
		verdict__fail(v, "expected %d calls, got %ld", CALLS, r->calls);
	verdict__detail(v, "%ld impossible of %ld, %ld resyncs", impossible, r->calls,
			(long)t.resyncs);
	/* Exits are no order: tier calls shows that this test can see it. */
	if (strcmp(test->arg, "calls") == 0)
		return;
	if (impossible)
		verdict__fail(v, "expected 0 impossible operations, got %ld", impossible);
	if (t.resyncs)
		verdict__fail(v, "expected 0 resyncs, got %ld", (long)t.resyncs);
}

void case__reuse(const struct place *at, const struct test *test, struct verdict *v)
{
	const char *const options[] = { "-v", "--tier", test->arg, NULL };
	int64_t end = now_ms() + RUN_MS;
	char path[256];
	struct reuse reuse = { 0 };
	struct session s = { .on_record = on_record, .ctx = &reuse };
	const char *const command[] = { path, NULL };

	if (!tier_is_had(at, test->arg)) {
		verdict__detail(v, "this kernel has no tier %s", test->arg);
		return;
	}
	snprintf(path, sizeof(path), "%s/reuse", at->workloads);
	if (session__start(&s, at, options, command, NULL))
		verdict__fail(v, "memtrace could not be started");
	while (!child__ended(&s.memtrace, 50) && now_ms() < end)
		session__drain(&s);
	session__finish(&s, PATIENCE_MS, 0, v);
	check(test, &reuse, s.summary, v);
	session__end(&s);
}
