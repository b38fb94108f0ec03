/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Real programs in tier truth, stopped at any moment: gcc and the programs that
 * it starts, node with workers, and shell scripts that do little but fork and
 * exec. Every line of the map of every process that lives is compared.
 */
#include "group.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


/* Each is a script of sh(1) that goes on until it is killed; $1: a directory of its own. */
static const struct program {
	const char *name, *script;
	const char *wanted[6]; /* programs that have to be among those compared */
	long maps;
} programs[] = {
	{ "gcc",
	  "cd \"$1\"\n"
	  "for h in stdio stdlib string math time signal unistd errno; do\n"
	  "	echo \"#include <$h.h>\"\n"
	  "done >p.c\n"
	  "for n in 1 2 3 4 5 6 7 8 9; do\n"
	  "	echo \"double f$n(double x) { return exp(x) * sin(x) + strtod(\\\"$n\\\", 0); }\"\n"
	  "done >>p.c\n"
	  "echo 'int main(void) { return (int)f1(0); }' >>p.c\n"
	  "while :; do gcc -g -O2 -o p p.c -lm & gcc -pipe -O3 -o q p.c -lm; wait; done\n",
	  { "gcc", "cc1", "as", "collect2", "ld", NULL },
	  300 },
	{ "node", "while :; do node \"$2/workers.js\"; done\n", { "node", NULL }, 100 },
	/* Pipes, subshells, substitutions and commands, several at once. */
	{ "scripts",
	  "storm() { while :; do\n"
	  "	x=$(echo $(expr 1 + 1) | cat); (sleep 0; true) & true | cat | sort\n"
	  "	sh -c 'for i in 1 2 3; do (:); done; exec env true'\n"
	  "	bash -c 'a=$(ls /); true $(basename \"$a\")'; wait\n"
	  "done; }\n"
	  "storm & storm & storm\n",
	  { "sh", "bash", NULL },
	  1000 },
};

static const struct program *find(const char *name)
{
	const struct program *p = programs;

	while (strcmp(p->name, name) != 0)
		p++;
	return p;
}

/* Nothing was lost, so that no map has a reason to be uncertain, stopped or not. */
static void on_record(void *ctx, const char *type, struct json_object *record)
{
	if (strcmp(type, "state") == 0 && !json__bool(record, "exact"))
		verdict__fail(ctx, "a map became uncertain: %.300s",
			      json_object_to_json_string(record));
}

static pid_t wait_for_group(struct session *s)
{
	int64_t end = now_ms() + PATIENCE_MS;
	pid_t group;

	while (!(group = group__of_command(s->memtrace.pid)) && now_ms() < end &&
	       !child__ended(&s->memtrace, 0))
		sleep_ms(5);
	return group;
}

void case__group(const struct place *at, const struct test *test, struct verdict *v)
{
	static const char *const options[] = { "--tier", "truth", "--ring-size", "64M", NULL };
	const struct program *p = find(test->arg);
	const char *const command[] = { "setsid", "sh",	   "-c",	p->script,
					"sh",	  at->tmp, at->sources, NULL };
	struct session s = { .line_for_line = true, .on_record = on_record, .ctx = v };
	struct tally tally = { .wanted = p->wanted };
	const char *maps = getenv("MAPS");
	struct totals t;
	pid_t group;

	srand((unsigned int)getpid());
	if (session__start(&s, at, options, command, NULL)) {
		verdict__fail(v, "memtrace could not be started");
		return;
	}
	group = wait_for_group(&s);
	if (group)
		group__sample(&s, group, maps ? atol(maps) : p->maps, &tally, v);
	else
		verdict__fail(v, "%s did not start", p->name);
	session__finish(&s, PATIENCE_MS, 128 + SIGKILL, v);
	if (s.summary && totals__of(&t, s.summary)) {
		if (t.resyncs || json__int(s.summary, "audit_failures"))
			verdict__fail(v, "%ld resyncs, %ld failed audits", (long)t.resyncs,
				      (long)json__int(s.summary, "audit_failures"));
		verdict__detail(v, "%ld calls of %ld processes", (long)t.seen,
				(long)json__int(s.summary, "processes_seen"));
	}
	session__end(&s);
}
