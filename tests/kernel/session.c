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
#include <time.h>

/* A map that an earlier question brought may still be on its way: its time tells. */
struct json_object *session__next_map(struct session *s, pid_t pid, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	struct json_object *record;

	do {
		while ((record = jsonl__next(&s->records))) {
			if (strcmp(json__text(record, "type"), "map") == 0 &&
			    (!pid || json__int(record, "pid") == pid) &&
			    s->start_ns + json__int(record, "ts") >= s->asked_ns)
				return record;
			session__record(s, record);
			json_object_put(record);
		}
		sleep_ms(2);
	} while (now_ms() < end && !child__ended(&s->memtrace, 0));
	return NULL;
}

void session__ask(struct session *s)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	s->asked_ns = now.tv_sec * 1000000000ll + now.tv_nsec;
	kill(s->memtrace.pid, SIGUSR1);
}

void session__record(struct session *s, struct json_object *record)
{
	const char *type = json__text(record, "type");

	if (strcmp(type, "state") == 0 && !json__bool(record, "exact"))
		snprintf(s->why, sizeof(s->why), "%s", json__text(record, "why"));
	if (strcmp(type, "summary") == 0) {
		json_object_put(s->summary);
		s->summary = json_object_get(record);
		return;
	}
	if (strcmp(type, "start") == 0)
		json__u64(json__get(record, "mono_ns"), &s->start_ns);
	if (s->on_record)
		s->on_record(s->ctx, type, record);
}

/* The kernel's own page at the top is in text maps alone. */
static void drop_vsyscall(struct map *m)
{
	if (m->count && strcmp(m->lines[m->count - 1].name, "[vsyscall]") == 0)
		free(m->lines[--m->count].name);
}

enum map_verdict session__judge(struct session *s, struct json_object *record, size_t *ret_lines,
				char *why, size_t size)
{
	pid_t pid = (pid_t)json__int(record, "pid");
	struct map expected = { 0 }, got = { 0 };
	enum map_verdict verdict = MAP_MISSING;
	bool equal;

	*ret_lines = 0;
	if (map__of_json(&got, record) || map__of_process(&expected, pid)) {
		snprintf(why, size, "the map of pid %d cannot be read", pid);
		goto out;
	}
	drop_vsyscall(&expected);
	drop_vsyscall(&got);
	*ret_lines = expected.count;
	equal = s->line_for_line ? map__equal(&expected, &got, why, size) :
				   map__equal_merged(&expected, &got, why, size);
	if (!json__bool(record, "exact"))
		verdict = MAP_UNCERTAIN;
	else
		verdict = equal ? MAP_EXACT : MAP_WRONG;
out:
	map__free(&expected);
	map__free(&got);
	return verdict;
}

enum map_verdict session__compare(struct session *s, pid_t pid, char *why, size_t size)
{
	enum map_verdict verdict;
	struct json_object *map;
	size_t lines;

	snprintf(why, size, "no map of pid %d came", pid);
	session__ask(s);
	map = session__next_map(s, pid, PATIENCE_MS);
	if (!map)
		return MAP_MISSING;
	verdict = session__judge(s, map, &lines, why, size);
	json_object_put(map);
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
