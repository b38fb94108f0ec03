/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Real programs: a busy python that is attached to, gcc and the programs that
 * it starts, node with workers, and everything while a build goes on.
 */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLES 40
#define ATTACHED "Hit Ctrl-C to end"

static bool write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	bool good = f && fputs(text, f) >= 0;

	if (f && fclose(f))
		good = false;
	return good;
}

/* Stops it, compares, and lets it go on; n times. */
static void sample_maps(struct session *s, pid_t pid, int n, struct verdict *v)
{
	int exact = 0, uncertain = 0;
	char why[WHY_LEN];

	for (int i = 0; i < n && !v->failed; i++) {
		sleep_ms(50);
		kill(pid, SIGSTOP);
		if (!process__wait_stopped(pid, PATIENCE_MS))
			verdict__fail(v, "pid %d did not stop", pid);
		switch (session__compare(s, pid, why, sizeof(why))) {
		case MAP_EXACT:
			exact++;
			break;
		case MAP_UNCERTAIN:
			uncertain++;
			break;
		case MAP_WRONG:
			verdict__fail(v, "map %d called exact is wrong: %.400s", i, why);
			break;
		case MAP_MISSING:
			verdict__fail(v, "map %d: %.400s", i, why);
			break;
		}
		kill(pid, SIGCONT);
	}
	if (exact * 100 < n * 95)
		verdict__fail(v, "expected at least 95%% of %d maps exact, got %d", n, exact);
	verdict__detail(v, "%d of %d maps exact, none of them wrong", exact, n);
}

void case__busy(const struct place *at, const struct test *test, struct verdict *v)
{
	char script[300], pid[16];
	const char *const argv[] = { "python3", script, NULL };
	const char *const options[] = { "-p", pid, NULL };
	struct session s = { 0 };
	struct child python;
	struct totals t;

	snprintf(script, sizeof(script), "%s/busy.py", at->sources);
	if (child__start(&python, at, "python", argv, NULL) ||
	    !file__wait_for(python.out, "ready", PATIENCE_MS)) {
		verdict__fail(v, "python3 did not start");
		child__kill(&python);
		return;
	}
	snprintf(pid, sizeof(pid), "%d", python.pid);
	if (session__start(&s, at, options, NULL, NULL) ||
	    !file__wait_for(s.memtrace.err, ATTACHED, PATIENCE_MS))
		verdict__fail(v, "memtrace did not say \"" ATTACHED "\"");
	else
		sample_maps(&s, python.pid, SAMPLES, v);
	kill(s.memtrace.pid, SIGINT);
	session__finish(&s, PATIENCE_MS, 0, v);
	if (s.summary && totals__of(&t, s.summary)) {
		/* Some between any two maps, however little of a busy machine it got. */
		if (t.seen < 5 * SAMPLES)
			verdict__fail(v, "only %ld calls were seen", (long)t.seen);
		verdict__detail(v, "%ld calls, %ld resyncs", (long)t.seen, (long)t.resyncs);
	}
	session__end(&s);
	child__kill(&python);
}

/*
 * Strace's counts of two runs: what they agree in must be matched, and what
 * they do not agree in must lie between them.
 */
static bool strace_twice(const struct place *at, const char *const command[], struct counts *low,
			 struct counts *high, struct verdict *v)
{
	struct counts a, b;
	int unstable = 0;

	if (counts__by_strace(&a, at, command) || counts__by_strace(&b, at, command)) {
		verdict__fail(v, "strace %s failed", command[0]);
		return false;
	}
	for (int i = 0; i < CALL_KINDS; i++) {
		bool less = a.by_call[i] < b.by_call[i];

		low->by_call[i] = less ? a.by_call[i] : b.by_call[i];
		high->by_call[i] = less ? b.by_call[i] : a.by_call[i];
		unstable += a.by_call[i] != b.by_call[i];
	}
	if (unstable)
		verdict__detail(v, "%d calls differ from one strace run to the next", unstable);
	return true;
}

/* Names of processes that a summary must tell of. */
static void want_processes(struct json_object *summary, const char *const names[],
			   struct verdict *v)
{
	struct json_object *all = json__get(summary, "processes");

	for (; *names; names++) {
		bool found = false;

		for (size_t i = 0; all && i < json_object_array_length(all); i++)
			found |= strcmp(json__text(json_object_array_get_idx(all, i), "comm"),
					*names) == 0;
		if (!found)
			verdict__fail(v, "the summary knows no process %s", *names);
	}
}

static const char program[] = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
			      "int main(void)\n{\n\tputs(getenv(\"HOME\"));\n\treturn 0;\n}\n";

void case__gcc(const struct place *at, const struct test *test, struct verdict *v)
{
	static const char *const wanted[] = { "gcc", "cc1", "as", "collect2", "ld", NULL };
	char source[300], made[300];
	const char *const command[] = { "setarch", "-R", "gcc", "-O2", "-o", made, source, NULL };
	struct counts low = { 0 }, high = { 0 }, got = { 0 };
	struct session s = { 0 };
	char why[WHY_LEN];

	snprintf(source, sizeof(source), "%s/program.c", at->tmp);
	snprintf(made, sizeof(made), "%s/program", at->tmp);
	if (!write_file(source, program) || !strace_twice(at, command, &low, &high, v))
		return;
	if (session__start(&s, at, NULL, command, NULL))
		verdict__fail(v, "memtrace could not be started");
	session__finish(&s, PATIENCE_MS, 0, v);
	if (s.summary) {
		want_processes(s.summary, wanted, v);
		counts__of_summary(&got, s.summary, NULL, NULL);
		if (!counts__within(&got, &low, &high, why, sizeof(why)))
			verdict__fail(v, "counts differ: %s", why);
		if (json__int(s.summary, "seen") != counts__total(&got))
			verdict__fail(v, "seen %ld, but the processes made %ld",
				      (long)json__int(s.summary, "seen"), counts__total(&got));
		verdict__detail(v, "%ld calls", counts__total(&got));
	}
	session__end(&s);
}

void case__node(const struct place *at, const struct test *test, struct verdict *v)
{
	static const char *const wanted[] = { "node", NULL };
	char script[300];
	const char *const command[] = { "node", script, NULL };
	struct session s = { 0 };
	struct totals t;

	if (access("/usr/bin/node", X_OK) != 0) {
		verdict__detail(v, "node is not installed: nothing was tested");
		return;
	}
	snprintf(script, sizeof(script), "%s/workers.js", at->sources);
	if (session__start(&s, at, NULL, command, NULL))
		verdict__fail(v, "memtrace could not be started");
	session__finish(&s, PATIENCE_MS, 0, v);
	if (s.summary && totals__of(&t, s.summary)) {
		want_processes(s.summary, wanted, v);
		verdict__detail(v, "%ld calls, %ld resyncs", (long)t.seen, (long)t.resyncs);
	}
	if (!file__wait_for(s.memtrace.out, "done", 0))
		verdict__fail(v, "node did not print \"done\"");
	session__end(&s);
}

/* ------------------------------------------------ -a */

#define FILES 6
#define MOST_PIDS 65536

/* Who belongs to the build: make's children and theirs, as the records tell. */
struct family {
	int pids[MOST_PIDS];
	size_t count;
};

static bool is_of(const struct family *f, int pid)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->pids[i] == pid)
			return true;
	return false;
}

static void on_process(void *ctx, const char *type, struct json_object *record)
{
	struct family *f = ctx;
	int pid = json__int(record, "pid");

	if (strcmp(type, "process") == 0 && is_of(f, json__int(record, "ppid")) && !is_of(f, pid) &&
	    f->count < MOST_PIDS)
		f->pids[f->count++] = pid;
}

static bool of_family(void *ctx, struct json_object *process)
{
	return is_of(ctx, json__int(process, "pid"));
}

static bool write_build(const struct place *at, char *dir, size_t size)
{
	char path[400], text[600];

	snprintf(dir, size, "%s/parallel", at->tmp);
	mkdir(dir, 0755);
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "%s/f%d.c", dir, i);
		snprintf(text, sizeof(text),
			 "#include <stdio.h>\nint f%d(int x);\n"
			 "int f%d(int x)\n{\n\treturn printf(\"%%d\\n\", x * %d);\n}\n",
			 i, i, i);
		if (!write_file(path, text))
			return false;
	}
	snprintf(path, sizeof(path), "%s/Makefile", dir);
	return write_file(path, "all: f0.o f1.o f2.o f3.o f4.o f5.o\n"
				"%.o: %.c\n\tgcc -O2 -c $< -o $@\n.PHONY: all\n");
}

void case__all(const struct place *at, const struct test *test, struct verdict *v)
{
	static const char *const options[] = { "-a", NULL };
	char dir[300], why[WHY_LEN];
	/* -B: the same work in each run. */
	const char *const command[] = {
		"setarch", "-R", "make", "-B", "-s", "-j4", "-C", dir, NULL
	};
	struct counts low = { 0 }, high = { 0 }, got = { 0 };
	struct family *family = calloc(1, sizeof(*family));
	struct session s = { .on_record = on_process, .ctx = family };
	struct child build = { 0 };

	if (!family || !write_build(at, dir, sizeof(dir)) ||
	    !strace_twice(at, command, &low, &high, v))
		goto out;
	if (session__start(&s, at, options, NULL, NULL) ||
	    !file__wait_for(s.memtrace.err, ATTACHED, PATIENCE_MS))
		verdict__fail(v, "memtrace did not say \"" ATTACHED "\"");
	else if (child__start(&build, at, "build", command, NULL) || !child__ended(&build, PATIENCE_MS))
		verdict__fail(v, "the build did not end");
	else if (child__code(&build) != 0)
		verdict__fail(v, "the build failed");
	family->pids[family->count++] = build.pid;
	kill(s.memtrace.pid, SIGINT);
	session__finish(&s, PATIENCE_MS, 0, v);
	if (s.summary && !v->failed) {
		counts__of_summary(&got, s.summary, of_family, family);
		/* Between fork and execve this process made calls of its own: none. */
		if (!counts__within(&got, &low, &high, why, sizeof(why)))
			verdict__fail(v, "counts of the build's %zu processes differ: %s",
				      family->count, why);
		verdict__detail(v, "%ld calls by the build's %zu processes, %ld by all",
				counts__total(&got), family->count,
				(long)json__int(s.summary, "seen"));
	}
out:
	session__end(&s);
	child__kill(&build);
	free(family);
}
