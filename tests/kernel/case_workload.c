/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The workloads: each under memtrace --json -v, its own account of its calls
 * held against the records, its maps compared wherever it stops for that, and
 * the counts against strace's. And some of them in text, for the maps' form.
 */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUN_MS (2 * PATIENCE_MS) /* all that a program does, and what is done at its checkpoints */
#define RETRIES 40 /* of an uncertain map that has a right to be one, 50 ms each */

struct workload {
	const struct place *at;
	struct verdict *v;
	struct session session;
	struct expect *expect;
	unsigned int flags;
	bool truth;	 /* the tier: the map is never in doubt, and equal line for line */
	char path[256];	 /* of the program */
	char lines[256]; /* file that it writes its lines to */
	off_t lines_read;
	int checkpoints;
	size_t text_at; /* text form: where the next map is looked for */
};

static void on_record(void *ctx, const char *type, struct json_object *record)
{
	struct workload *w = ctx;

	if (strcmp(type, "call") == 0 && !expect__record(w->expect, record))
		verdict__fail(w->v, "a call record lacks a field: %.300s",
			      json_object_to_json_string(record));
	if (strcmp(type, "change") == 0 && !expect__change(w->expect, record))
		verdict__fail(w->v, "a change record lacks a field: %.300s",
			      json_object_to_json_string(record));
	if (strcmp(type, "start") == 0)
		w->truth = strcmp(json__text(record, "tier"), "truth") == 0;
	w->session.line_for_line = w->truth;
}

static void compare_json(struct workload *w, int number, pid_t pid)
{
	bool may_be_uncertain;
	enum map_verdict verdict = MAP_MISSING;
	char why[WHY_LEN];

	session__drain(&w->session);
	may_be_uncertain = !w->truth &&
			   ((w->flags & WORKLOAD_THREADS) || expect__halves(w->expect) > 0);
	for (int i = 0; i < (may_be_uncertain ? RETRIES : 1); i++) {
		if (i > 0)
			sleep_ms(50);
		verdict = session__compare(&w->session, pid, why, sizeof(why));
		if (verdict != MAP_UNCERTAIN)
			break;
	}
	if (verdict != MAP_EXACT)
		verdict__fail(w->v, "checkpoint %d of pid %d: map %s: %.400s", number, pid,
			      verdict == MAP_WRONG   ? "called exact is wrong" :
			      verdict == MAP_MISSING ? "missing" :
						       "uncertain",
			      verdict == MAP_UNCERTAIN ? w->session.why : why);
}

/* The newest map of pid in the text that has come since from, or NULL. */
static const char *find_map(const char *text, pid_t pid)
{
	const char *at, *found = NULL;
	char header[64];

	snprintf(header, sizeof(header), "# pid %d (", pid);
	for (at = text; (at = strstr(at, header)); at++)
		found = at;
	return found ? strchr(found, '\n') : NULL;
}

/* A map in text has no end mark: it has come when it is the one expected. */
static void compare_text(struct workload *w, int number, pid_t pid)
{
	char records[256], why[WHY_LEN] = "no map came", *text;
	struct map expected = { 0 }, got = { 0 };
	int64_t end = now_ms() + PATIENCE_MS;
	bool equal = false;
	const char *map;

	snprintf(records, sizeof(records), "%s/text.out", w->at->tmp);
	kill(w->session.memtrace.pid, SIGUSR1);
	if (map__of_process(&expected, pid))
		verdict__fail(w->v, "no /proc/%d/maps", pid);
	while (!equal && now_ms() < end) {
		sleep_ms(5);
		text = file__read(records, w->text_at, NULL);
		map = text ? find_map(text, pid) : NULL;
		if (map && map__of_text(&got, map + 1) == 0)
			equal = map__equal_merged(&expected, &got, why, sizeof(why));
		map__free(&got);
		if (equal)
			w->text_at += map - text;
		free(text);
	}
	map__free(&expected);
	if (!equal)
		verdict__fail(w->v, "checkpoint %d of pid %d, map in text: %.400s", number, pid,
			      why);
}

static void one_line(struct workload *w, const char *line,
		     void (*compare)(struct workload *w, int number, pid_t pid))
{
	int number, pid;

	if (sscanf(line, "checkpoint %d %d", &number, &pid) != 2) {
		if (!expect__line(w->expect, line))
			verdict__fail(w->v, "a workload's line is malformed: %s", line);
		return;
	}
	w->checkpoints++;
	if (!process__wait_stopped(pid, PATIENCE_MS))
		verdict__fail(w->v, "pid %d did not stop at checkpoint %d", pid, number);
	else if (!w->v->failed)
		compare(w, number, pid);
	kill(pid, SIGCONT);
}

/* Takes the workload's lines as they come, until memtrace has ended. */
static void follow(struct workload *w, void (*compare)(struct workload *w, int number, pid_t pid))
{
	int64_t end = now_ms() + RUN_MS;
	char *text, *line, *rest;
	bool ended;

	do {
		ended = child__ended(&w->session.memtrace, 2);
		text = file__read(w->lines, w->lines_read, NULL);
		for (rest = text; rest && strchr(rest, '\n');) {
			line = strsep(&rest, "\n");
			w->lines_read += strlen(line) + 1;
			one_line(w, line, compare);
		}
		free(text);
	} while (!ended && now_ms() < end);
	if (!ended)
		verdict__fail(w->v, "it did not end within %d ms", RUN_MS);
}

static void workload__init(struct workload *w, const struct place *at, const struct test *test,
			   struct verdict *v)
{
	*w = (struct workload){ .at = at, .v = v, .flags = test->flags };
	w->expect = expect__new();
	w->session.on_record = on_record;
	w->session.ctx = w;
	snprintf(w->path, sizeof(w->path), "%s/%s", at->workloads, test->arg);
	snprintf(w->lines, sizeof(w->lines), "%s/expect", at->tmp);
	remove(w->lines);
}

static void workload__fini(struct workload *w)
{
	session__end(&w->session);
	expect__free(w->expect);
}

/* The summary, call by call, against strace's count of the same program. */
static void compare_counts(struct workload *w)
{
	const char *const command[] = { w->path, NULL };
	struct counts strace, got = { 0 };
	char why[WHY_LEN];
	int err = counts__by_strace(&strace, w->at, command);

	if (err) {
		verdict__fail(w->v, "strace %s: error %d", w->path, -err);
		return;
	}
	counts__of_summary(&got, w->session.summary, NULL, NULL);
	if (!counts__within(&got, &strace, &strace, why, sizeof(why)))
		verdict__fail(w->v, "counts differ: %s", why);
}

static void check_records(struct workload *w)
{
	struct totals t = { 0 };
	char why[WHY_LEN];
	size_t resyncs;
	bool any; /* number of them */

	if (!w->session.summary || !totals__of(&t, w->session.summary))
		return;
	if (!expect__check(w->expect, why, sizeof(why)))
		verdict__fail(w->v, "%s", why);
	if (t.seen != (int64_t)expect__records(w->expect))
		verdict__fail(w->v, "seen %ld calls, but there are %zu call records", (long)t.seen,
			      expect__records(w->expect));
	/* Below tier truth, maps of processes that fork may have to be read again. */
	any = w->flags & (WORKLOAD_THREADS | WORKLOAD_MOUNT);
	/* A worker of io_uring that comes late may make a map that was read again so once more. */
	resyncs = w->truth ? 0 : 2 * expect__halves(w->expect);
	if ((w->truth || !any) && t.resyncs > (int64_t)resyncs)
		verdict__fail(w->v, "expected at most %zu resyncs, got %ld: %s", resyncs,
			      (long)t.resyncs, w->session.why);
	if (w->truth && json__int(w->session.summary, "audit_failures"))
		verdict__fail(w->v, "expected no failed audit, got %ld",
			      (long)json__int(w->session.summary, "audit_failures"));
	if (w->truth && !expect__check_changes(w->expect, why, sizeof(why)))
		verdict__fail(w->v, "%s", why);
	if (expect__skipped(w->expect))
		verdict__detail(w->v, "skipped: %s", expect__skipped(w->expect));
	verdict__detail(w->v, "%ld calls, %d maps, %ld resyncs", (long)t.seen, w->checkpoints,
			(long)t.resyncs);
}

static const char *where(unsigned int flags)
{
	return flags & WORKLOAD_TMPFS ? "tmpfs" : flags & WORKLOAD_OVERLAY ? "overlay" : "chroot";
}

void case__workload(const struct place *at, const struct test *test, struct verdict *v)
{
	static const char *const options[] = { "-v", NULL };
	char env[300], script[300];
	struct workload w;

	workload__init(&w, at, test, v);
	snprintf(script, sizeof(script), "%s/in_mount.sh", at->sources);
	const char *const here[] = { w.path, NULL };
	const char *const mounted[] = { "unshare",	    "-m",    "sh",   script,
					where(test->flags), at->tmp, w.path, NULL };
	const char *const *command = test->flags & WORKLOAD_MOUNT ? mounted : here;

	snprintf(env, sizeof(env), "WORK_EXPECT=%s", w.lines);
	if (session__start(&w.session, at, options, command, env))
		verdict__fail(v, "memtrace could not be started");
	else
		follow(&w, compare_json);
	session__finish(&w.session, PATIENCE_MS, 0, v);
	check_records(&w);
	if (w.session.summary && !v->failed && !(w.flags & (WORKLOAD_UNSEEN | WORKLOAD_MOUNT)))
		compare_counts(&w);
	workload__fini(&w);
}

void case__workload_text(const struct place *at, const struct test *test, struct verdict *v)
{
	char env[300], out[256];
	struct workload w;

	workload__init(&w, at, test, v);
	snprintf(out, sizeof(out), "%s/text.out", at->tmp);
	remove(out);
	const char *const argv[] = { at->memtrace, "-v", "-o", out, "--", w.path, NULL };

	snprintf(env, sizeof(env), "WORK_EXPECT=%s", w.lines);
	if (child__start(&w.session.memtrace, at, "memtrace", argv, env))
		verdict__fail(v, "memtrace could not be started");
	else
		follow(&w, compare_text);
	if (!child__ended(&w.session.memtrace, PATIENCE_MS) ||
	    child__code(&w.session.memtrace) != 0)
		verdict__fail(v, "expected exit status 0, got %d",
			      child__code(&w.session.memtrace));
	if (!file__wait_for(out, " seen, 0 lost", 0))
		verdict__fail(v, "the report does not end with \"... seen, 0 lost\"");
	verdict__detail(v, "%d maps", w.checkpoints);
	workload__fini(&w);
}
