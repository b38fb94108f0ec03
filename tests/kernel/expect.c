/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a workload says that it did (the lines of tests/workloads/work.h) held
 * against the call records: thread by thread, in order, nothing missing and
 * nothing in between but where libc made calls of its own.
 */
#include "harness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A call, expected or recorded; any: some calls of libc's instead. */
struct made {
	int tid;
	bool any, used;
	char name[24];
	int64_t ret;
	uint64_t args[6];
	bool told[6]; /* which arguments a record tells; all of those expected are */
};

struct list {
	struct made *items;
	size_t count, room;
};

/* A change that no call of ours made. */
struct odd {
	int pid;
	bool used;
	char what[24];
	uint64_t start, end;
};

#define MOST_ODD 512
struct odds {
	struct odd items[MOST_ODD];
	size_t count;
};

struct expect {
	struct list said, recorded;
	struct odds odds_said, odds_recorded;
	size_t halves;
	char skipped[128];
};

struct expect *expect__new(void)
{
	return calloc(1, sizeof(struct expect));
}

void expect__free(struct expect *e)
{
	if (!e)
		return;
	free(e->said.items);
	free(e->recorded.items);
	free(e);
}

static struct made *append(struct list *list)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 1024;
		list->items = realloc(list->items, list->room * sizeof(*list->items));
		if (!list->items)
			abort();
	}
	list->items[list->count] = (struct made){ 0 };
	return &list->items[list->count++];
}

static bool call_line(struct made *m, const char *line)
{
	uint64_t *a = m->args;
	char ret[32], *end;

	if (sscanf(line,
		   "call %*d %d %23s ret=%31s args=%" SCNx64 ",%" SCNx64 ",%" SCNx64 ",%" SCNx64
		   ",%" SCNx64 ",%" SCNx64,
		   &m->tid, m->name, ret, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5]) != 9)
		return false;
	m->ret = ret[0] == '-' ? strtoll(ret, &end, 10) : (int64_t)strtoull(ret, &end, 16);
	return true;
}

static void odds__add(struct odds *odds, const struct odd *odd)
{
	if (odds->count < MOST_ODD)
		odds->items[odds->count++] = *odd;
}

bool expect__line(struct expect *e, const char *line)
{
	struct odd odd = { 0 };
	uint64_t len;
	int tid;

	if (sscanf(line, "change %d %23s %" SCNx64 " %" SCNx64, &odd.pid, odd.what, &odd.start,
		   &len) == 4) {
		odd.end = odd.start + len;
		odds__add(&e->odds_said, &odd);
		e->halves++;
		return true;
	}
	if (sscanf(line, "skip %127[^\n]", e->skipped) == 1)
		return true;
	if (sscanf(line, "half %*d %d", &tid) == 1) {
		e->halves++;
		return true;
	}
	if (sscanf(line, "any %*d %d", &tid) == 1) {
		struct made *m = append(&e->said);

		m->any = true;
		m->tid = tid;
		return true;
	}
	return call_line(append(&e->said), line);
}

size_t expect__records(const struct expect *e)
{
	return e->recorded.count;
}

size_t expect__halves(const struct expect *e)
{
	return e->halves;
}

bool expect__record(struct expect *e, struct json_object *record)
{
	struct made *m = append(&e->recorded);

	m->tid = json__int(record, "tid");
	snprintf(m->name, sizeof(m->name), "%s", json__text(record, "call"));
	return m->tid > 0 && record_call__read(record, m->args, m->told, &m->ret);
}

const char *expect__skipped(const struct expect *e)
{
	return *e->skipped ? e->skipped : NULL;
}

bool expect__change(struct expect *e, struct json_object *record)
{
	struct odd odd = { .pid = (int)json__int(record, "pid") };

	snprintf(odd.what, sizeof(odd.what), "%s", json__text(record, "call"));
	if (odd.pid <= 0 || !*odd.what || !json__u64(json__get(record, "start"), &odd.start) ||
	    !json__u64(json__get(record, "end"), &odd.end))
		return false;
	if (strcmp(odd.what, "compat") == 0 || strcmp(odd.what, "io_uring") == 0 ||
	    strcmp(odd.what, "fault") == 0 || strcmp(odd.what, "syscall") == 0 ||
	    strcmp(odd.what, "other") == 0)
		odds__add(&e->odds_recorded, &odd);
	return true;
}

bool expect__check_changes(struct expect *e, char *why, size_t size)
{
	struct odds *got = &e->odds_recorded;
	size_t i;

	for (size_t n = 0; n < e->odds_said.count; n++) {
		const struct odd *want = &e->odds_said.items[n];

		for (i = 0; i < got->count; i++) {
			struct odd *o = &got->items[i];

			if (!o->used && o->pid == want->pid && o->start <= want->start &&
			    want->end <= o->end && strcmp(o->what, want->what) == 0)
				break;
		}
		if (i == got->count) {
			snprintf(why, size,
				 "expected a change by %s of pid %d that holds %#" PRIx64
				 "-%#" PRIx64 ", got none among %zu",
				 want->what, want->pid, want->start, want->end, got->count);
			return false;
		}
		got->items[i].used = true;
	}
	return true;
}

static bool same(const struct made *want, const struct made *got)
{
	if (strcmp(want->name, got->name) != 0 || want->ret != got->ret)
		return false;
	for (int i = 0; i < 6; i++)
		if (got->told[i] &&
		    !record_call__same_arg(got->name, i, want->args[i], got->args[i]))
			return false;
	return true;
}

static void format(char *text, size_t size, const struct made *m)
{
	snprintf(text, size,
		 "tid %d %s(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ") = %#" PRIx64,
		 m->tid, m->name, m->args[0], m->args[1], m->args[2], m->args[3], m->ret);
}

static bool missing(const struct made *want, const struct made *got, char *why, size_t size)
{
	char want_text[160], got_text[160] = "nothing";

	format(want_text, sizeof(want_text), want);
	if (got)
		format(got_text, sizeof(got_text), got);
	snprintf(why, size, "expected a record of %s, got %s", want_text, got_text);
	return false;
}

static struct made *next_of(struct list *list, size_t *at, int tid)
{
	for (; *at < list->count; (*at)++)
		if (list->items[*at].tid == tid)
			return &list->items[(*at)++];
	return NULL;
}

static bool check_thread(struct expect *e, int tid, char *why, size_t size)
{
	size_t said = 0, recorded = 0;
	struct made *want, *got;
	bool any = true; /* what comes before the first line */

	while ((want = next_of(&e->said, &said, tid))) {
		want->used = true;
		if (want->any) {
			any = true;
			continue;
		}
		got = next_of(&e->recorded, &recorded, tid);
		while (any && got && !same(want, got))
			got = next_of(&e->recorded, &recorded, tid);
		if (!got || !same(want, got))
			return missing(want, got, why, size);
		any = false;
	}
	return true;
}

bool expect__check(struct expect *e, char *why, size_t size)
{
	for (size_t i = 0; i < e->said.count; i++)
		if (!e->said.items[i].used && !check_thread(e, e->said.items[i].tid, why, size))
			return false;
	return true;
}
