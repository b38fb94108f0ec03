/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A memtrace that runs, as a test sees it: asking for a map and comparing it,
 * and reading what it writes.
 */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads records until a map of pid comes; other records go to s->on_record. */
static struct json_object *next_map(struct session *s, pid_t pid, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	struct json_object *record;

	do {
		while ((record = jsonl__next(&s->records))) {
			if (strcmp(json__text(record, "type"), "map") == 0 &&
			    json__int(record, "pid") == pid)
				return record;
			session__record(s, record);
			json_object_put(record);
		}
		sleep_ms(2);
	} while (now_ms() < end && !child__ended(&s->memtrace, 0));
	return NULL;
}

void session__record(struct session *s, struct json_object *record)
{
	const char *type = json__text(record, "type");

	if (strcmp(type, "state") == 0 && !json__bool(record, "exact"))
		snprintf(s->why, sizeof(s->why), "%s", json__text(record, "why"));
	if (strcmp(type, "summary") == 0) {
		json_object_put(s->summary);
		s->summary = json_object_get(record);
	} else if (s->on_record) {
		s->on_record(s->ctx, type, record);
	}
}

/* The kernel's own page at the top is in text maps alone. */
static void drop_vsyscall(struct map *m)
{
	if (m->count && strcmp(m->lines[m->count - 1].name, "[vsyscall]") == 0)
		free(m->lines[--m->count].name);
}

enum map_verdict session__compare(struct session *s, pid_t pid, char *why, size_t size)
{
	struct map expected = { 0 }, got = { 0 };
	enum map_verdict verdict = MAP_MISSING;
	struct json_object *record;

	snprintf(why, size, "no map of pid %d came", pid);
	kill(s->memtrace.pid, SIGUSR1);
	record = next_map(s, pid, 5000);
	if (!record)
		return MAP_MISSING;
	if (map__of_json(&got, record) || map__of_process(&expected, pid)) {
		snprintf(why, size, "the map of pid %d cannot be read", pid);
		goto out;
	}
	drop_vsyscall(&expected);
	drop_vsyscall(&got);
	if (!map__equal(&expected, &got, why, size))
		verdict = json__bool(record, "exact") ? MAP_WRONG : MAP_UNCERTAIN;
	else
		verdict = json__bool(record, "exact") ? MAP_EXACT : MAP_UNCERTAIN;
out:
	map__free(&expected);
	map__free(&got);
	json_object_put(record);
	return verdict;
}

void session__drain(struct session *s)
{
	struct json_object *record;

	while ((record = jsonl__next(&s->records))) {
		session__record(s, record);
		json_object_put(record);
	}
}

int session__start(struct session *s, const struct place *at, const char *const options[],
		   const char *const command[], const char *env)
{
	const char *argv[64] = { at->memtrace, "--json", "-o", NULL };
	char path[256];
	int n = 4;

	snprintf(path, sizeof(path), "%s/records.json", at->tmp);
	remove(path);
	argv[3] = path;
	for (; options && *options; options++)
		argv[n++] = *options;
	if (command)
		argv[n++] = "--";
	for (; command && *command; command++)
		argv[n++] = *command;
	jsonl__open(&s->records, path);
	return child__start(&s->memtrace, at, "memtrace", argv, env);
}

void session__finish(struct session *s, int timeout_ms, int code, struct verdict *v)
{
	struct totals totals;

	if (!child__ended(&s->memtrace, timeout_ms)) {
		verdict__fail(v, "memtrace did not end within %d ms", timeout_ms);
		child__kill(&s->memtrace);
	}
	session__drain(s);
	if (child__code(&s->memtrace) != code) {
		char *err = file__read(s->memtrace.err, 0, NULL);

		verdict__fail(v, "expected exit status %d, got %d: %.300s", code,
			      child__code(&s->memtrace), err ? err : "");
		free(err);
	}
	if (s->records.malformed)
		verdict__fail(v, "a line of the records is not JSON");
	if (!s->summary || !totals__of(&totals, s->summary))
		verdict__fail(v, "no summary, or one without totals");
	else
		totals__check(&totals, v);
}

void session__end(struct session *s)
{
	child__kill(&s->memtrace);
	jsonl__close(&s->records);
	json_object_put(s->summary);
	s->summary = NULL;
}
