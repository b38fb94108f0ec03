/* SPDX-License-Identifier: GPL-2.0 */
/* The command line: what each option gives, what is refused and in which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cmd/options.h"

#define ARGS_MAX 12

struct command_line {
	const char *arg[ARGS_MAX]; /* after the name and the verb */
};

static int parse(enum verb verb, const struct command_line *line, struct trace_options *opts,
		 char *why, size_t why_len)
{
	static char *argv[ARGS_MAX + 2];
	int argc = 1;

	argv[0] = (char *)"memtrace";
	while (line->arg[argc - 1]) {
		argv[argc] = (char *)line->arg[argc - 1];
		argc++;
	}
	argv[argc] = NULL;
	return options__parse(verb, argc, argv, opts, why, why_len);
}

/* What came of it, in one line that is compared whole. */
static void describe(const struct trace_options *o, char *buf, size_t size)
{
	size_t calls = 0, findings = 0, i, n = 0;
	char pids[64] = "";

	for (i = 0; i < MT_CALL_NR; i++)
		calls += i != MT_CALL_NONE && o->events.calls[i];
	for (i = 0; i < FINDING_NR; i++)
		findings += o->events.findings[i];
	for (i = 0; i < o->pids.n; i++)
		n += (size_t)snprintf(pids + n, sizeof(pids) - n, "%s%d", i ? "," : "",
				      o->pids.pid[i]);
	snprintf(buf, size, "p=%s a=%d f=%d c=%s n=%s u=%d d=%llu e=%zu+%zu z=%llu%s%s%s%s o=%s "
		 "user=%s ring=%lluK/%u cmd=%s,%s", pids, o->all, o->follow,
		 o->cgroup ? o->cgroup : "", o->comm ? o->comm : "",
		 o->uid.given ? (int)o->uid.uid : -1,
		 (unsigned long long)(o->duration_ns / 1000), calls, findings,
		 (unsigned long long)o->min_bytes, o->failures ? " x" : "", o->quiet ? " q" : "",
		 o->verbose ? " v" : "", o->json ? " json" : "", o->output ? o->output : "",
		 o->user ? o->user : "", (unsigned long long)(o->ring.bytes >> 10), o->ring.n,
		 o->command ? o->command[0] : "", o->command && o->command[1] ? o->command[1] : "");
}

/* "22+10" are all calls and findings; d is in us. */
static const struct {
	struct command_line line;
	const char *want;
} accepted[] = {
	{ { { "-p", "1" } },
	  "p=1 a=0 f=0 c= n= u=-1 d=0 e=22+10 z=0 o= user= ring=0K/0 cmd=," },
	{ { { "-p", "3,1,3", "--pid=2", "-p1" } },
	  "p=3,1,2 a=0 f=0 c= n= u=-1 d=0 e=22+10 z=0 o= user= ring=0K/0 cmd=," },
	{ { { "-v", "ls", "-l", "-q" } },
	  "p= a=0 f=1 c= n= u=-1 d=0 e=22+10 z=0 v o= user= ring=0K/0 cmd=ls,-l" },
	{ { { "--", "-x", "--help" } },
	  "p= a=0 f=1 c= n= u=-1 d=0 e=22+10 z=0 o= user= ring=0K/0 cmd=-x,--help" },
	{ { { "ls", "--", "-a" } },
	  "p= a=0 f=1 c= n= u=-1 d=0 e=22+10 z=0 o= user= ring=0K/0 cmd=ls,--" },
	{ { { "-afx", "--json", "-oout" } },
	  "p= a=1 f=1 c= n= u=-1 d=0 e=22+10 z=0 x json o=out user= ring=0K/0 cmd=," },
	{ { { "-c", "a/b", "-q" } },
	  "p= a=1 f=0 c=a/b n= u=-1 d=0 e=22+10 z=0 q o= user= ring=0K/0 cmd=," },
	{ { { "-n", "123456789012345", "-u", "root" } },
	  "p= a=1 f=0 c= n=123456789012345 u=0 d=0 e=22+10 z=0 o= user= ring=0K/0 cmd=," },
	{ { { "-u", "4294967294" } },
	  "p= a=1 f=0 c= n= u=-2 d=0 e=22+10 z=0 o= user= ring=0K/0 cmd=," },
	{ { { "--user", "root", "-s", "none", "id" } },
	  "p= a=0 f=1 c= n= u=-1 d=0 e=22+10 z=0 o= user=root ring=0K/0 cmd=id," },
	{ { { "-a", "-d", "0.5", "-z", "4K" } },
	  "p= a=1 f=0 c= n= u=-1 d=500000 e=22+10 z=4096 o= user= ring=0K/0 cmd=," },
	{ { { "-a", "-d", "1.5h", "-z", "2g" } },
	  "p= a=1 f=0 c= n= u=-1 d=5400000000 e=22+10 z=2147483648 o= user= ring=0K/0 cmd=," },
	{ { { "-a", "-d.25m", "-z17179869183G" } },
	  "p= a=1 f=0 c= n= u=-1 d=15000000 e=22+10 z=18446744072635809792 "
	  "o= user= ring=0K/0 cmd=," },
	{ { { "-a", "-d", "10s", "--ring-size", "100K" } },
	  "p= a=1 f=0 c= n= u=-1 d=10000000 e=22+10 z=0 o= user= ring=128K/0 cmd=," },
	{ { { "-a", "--ring-size", "1M,3" } },
	  "p= a=1 f=0 c= n= u=-1 d=0 e=22+10 z=0 o= user= ring=1024K/4 cmd=," },
	{ { { "-a", "--ring-size", "64K" } },
	  "p= a=1 f=0 c= n= u=-1 d=0 e=22+10 z=0 o= user= ring=64K/0 cmd=," },
	{ { { "-a", "-e", "mmap,growth" } },
	  "p= a=1 f=0 c= n= u=-1 d=0 e=1+1 z=0 v o= user= ring=0K/0 cmd=," },
	{ { { "-a", "-e", "growth", "-e", "brk" } },
	  "p= a=1 f=0 c= n= u=-1 d=0 e=1+1 z=0 v o= user= ring=0K/0 cmd=," },
	{ { { "-a", "-q", "-e", "brk" } },
	  "p= a=1 f=0 c= n= u=-1 d=0 e=1+0 z=0 q o= user= ring=0K/0 cmd=," },
	{ { { "-a", "-e", "!brk,madvise,locked" } },
	  "p= a=1 f=0 c= n= u=-1 d=0 e=20+9 z=0 o= user= ring=0K/0 cmd=," },
	{ { { "-a", "-e", "brk,mmap", "-e", "!brk" } },
	  "p= a=1 f=0 c= n= u=-1 d=0 e=1+0 z=0 v o= user= ring=0K/0 cmd=," },
};

/* A value that may be left out, and one of two parts. */
static void verify_and_test_drop(void **state)
{
	static const struct {
		const char *argument;
		uint64_t verify_ns;
		uint32_t one_in;
		bool quietly;
	} cases[] = {
		{ "-a", 0, 0, false },
		{ "--verify", 1000000000, 0, false },
		{ "--verify=0.5", 500000000, 0, false },
		{ "--test-drop=1/100", 0, 100, false },
		{ "--test-drop=1/7,quietly", 0, 7, true },
	};
	struct trace_options o;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *argv[] = { (char *)"memtrace", (char *)cases[i].argument, (char *)"-a", NULL };

		assert_int_equal(options__parse(VERB_TRACE, 3, argv, &o, why, sizeof(why)), 0);
		if (o.verify_ns != cases[i].verify_ns || o.test_drop.one_in != cases[i].one_in ||
		    o.test_drop.quietly != cases[i].quietly)
			fail_msg("%s: got %llu ns, 1/%u%s", cases[i].argument,
				 (unsigned long long)o.verify_ns, o.test_drop.one_in,
				 o.test_drop.quietly ? " quietly" : "");
		options__fini(&o);
	}
}

static void what_is_asked_for_is_given(void **state)
{
	struct trace_options opts;
	char why[1024], got[512];
	size_t i;

	for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		if (parse(VERB_TRACE, &accepted[i].line, &opts, why, sizeof(why)))
			fail_msg("%s %s: expected success, got '%s'", accepted[i].line.arg[0],
				 accepted[i].line.arg[1], why);
		describe(&opts, got, sizeof(got));
		options__fini(&opts);
		assert_string_equal(got, accepted[i].want);
	}
}

static const struct {
	enum verb verb;
	struct command_line line;
	const char *why; /* how the message begins */
} refused[] = {
	{ VERB_TRACE, { { NULL } }, "nothing to trace: give -p PID, a COMMAND to run, or -a" },
	{ VERB_TRACE, { { "-v" } }, "nothing to trace" },
	{ VERB_TRACE, { { "-o", "none", "--folded", "./none", "true" } }, "'none' cannot be two" },
	{ VERB_TRACE,
	  { { "-o", "/nowhere/../none.kept", "--folded", "none", "-o", "none.kept", "true" } },
	  "'none.kept' cannot be two files at once" },
	{ VERB_TRACE, { { "--folded", "none", "--pprof", "none.kept", "true" } }, "'none.kept' ca" },
	{ VERB_TRACE, { { "--foo" } }, "unknown option '--foo'" },
	{ VERB_TRACE, { { "--foo=3", "-a" } }, "unknown option '--foo'" },
	{ VERB_TRACE, { { "-aQ" } }, "unknown option '-Q'" },
	{ VERB_TRACE, { { "-aQv" } }, "unknown option '-Q'" },
	{ VERB_TRACE, { { "-p", "-Zq", "-Y" } }, "-p: '-Zq' is not a process id" },
	{ VERB_TRACE, { { "-n", "-Zq", "-aY" } }, "unknown option '-Y'" },
	{ VERB_TRACE, { { "--u" } }, "option '--u' is ambiguous" },
	{ VERB_TRACE, { { "--json=1", "-a" } }, "option '--json' takes no value" },
	{ VERB_TRACE, { { "-a", "--output" } }, "option '--output' needs a value: FILE" },
	{ VERB_TRACE, { { "-a", "-o" } }, "option '-o' needs a value: FILE" },
	{ VERB_TRACE, { { "-av", "-xs" } }, "option '-s' needs a value: MODE" },
	{ VERB_TRACE, { { "-a", "-o", "" } }, "-o: its value is empty" },
	{ VERB_TRACE, { { "-p", "" } }, "-p: the list of process ids is empty" },
	{ VERB_TRACE, { { "-p", "," } }, "-p: a process id is empty" },
	{ VERB_TRACE, { { "-p", "1,,2" } }, "-p: a process id is empty" },
	{ VERB_TRACE, { { "-p", "1," } }, "-p: a process id is empty" },
	{ VERB_TRACE, { { "-p", "0" } }, "-p: '0' is not a process id: they go from 1 to " },
	{ VERB_TRACE, { { "-p", "1,-2" } }, "-p: '-2' is not a process id" },
	{ VERB_TRACE, { { "-p", "1,12x" } }, "-p: '12x' is not a process id" },
	{ VERB_TRACE, { { "-p", "4194305" } }, "-p: '4194305' is not a process id: they go" },
	{ VERB_TRACE, { { "-p", "18446744073709551617" } }, "-p: '18446744073709551617' is not" },
	{ VERB_TRACE, { { "-a", "-i", "0.05" } }, "-i: an interval is at least 0.1 seconds" },
	{ VERB_TRACE, { { "-p", "1", "ls" } }, "-p excludes a COMMAND: 'ls'" },
	{ VERB_TRACE, { { "-a", "ls" } }, "-a excludes COMMAND" },
	{ VERB_TRACE, { { "-a", "-p1" } }, "-a excludes -p" },
	{ VERB_TRACE, { { "-n", "x", "-p1" } }, "-n chooses among all processes and excludes -p" },
	{ VERB_TRACE, { { "-c", "x", "ls" } },
	  "-c chooses among all processes and excludes COMMAND" },
	{ VERB_TRACE, { { "-u", "0", "ls" } },
	  "-u chooses among all processes and excludes COMMAND" },
	{ VERB_TRACE, { { "-u", "no such" } }, "-u: there is no user 'no such'" },
	{ VERB_TRACE, { { "-u", "4294967295" } }, "-u: there is no user '4294967295'" },
	{ VERB_TRACE, { { "--user", "no such", "ls" } }, "--user: there is no user 'no such'" },
	{ VERB_TRACE, { { "--user", "root", "-a" } }, "--user root needs a COMMAND" },
	{ VERB_TRACE, { { "-n", "1234567890123456" } }, "-n: '1234567890123456' never matches" },
	{ VERB_TRACE, { { "-a", "-d", "0" } }, "-d: a duration must be more than 0" },
	{ VERB_TRACE, { { "-a", "--verify=0" } }, "--verify: a duration must be more than 0" },
	{ VERB_TRACE, { { "-a", "--test-drop", "100" } }, "--test-drop: '100' is no share" },
	{ VERB_TRACE, { { "-a", "--test-drop", "1/0" } }, "--test-drop: '1/0' is no share" },
	{ VERB_TRACE, { { "-a", "--test-drop", "1/2,loud" } }, "--test-drop: '1/2,loud' is no" },
	{ VERB_TRACE, { { "-a", "-d", "nan" } }, "-d: 'nan' is not a duration" },
	{ VERB_TRACE, { { "-a", "-d", "-1" } }, "-d: '-1' is not a duration" },
	{ VERB_TRACE, { { "-a", "-d", "1e9" } }, "-d: '1e9' is not a duration" },
	{ VERB_TRACE, { { "-a", "-d", "5." } }, "-d: '5.' is not a duration" },
	{ VERB_TRACE, { { "-a", "-d", "." } }, "-d: '.' is not a duration" },
	{ VERB_TRACE, { { "-a", "-d", "5sm" } }, "-d: '5sm' is not a duration" },
	{ VERB_TRACE, { { "-a", "-d", "1000000000h" } }, "-d: '1000000000h' is not a duration" },
	{ VERB_TRACE, { { "-a", "-z", "5 " } }, "-z: '5 ' is not a size" },
	{ VERB_TRACE, { { "-a", "-z", "" } }, "-z: '' is not a size" },
	{ VERB_TRACE, { { "-a", "-z", "-1" } }, "-z: '-1' is not a size" },
	{ VERB_TRACE, { { "-a", "-z", "5Kx" } }, "-z: '5Kx' is not a size" },
	{ VERB_TRACE, { { "-a", "-z", "17179869184G" } }, "-z: '17179869184G' is not a size" },
	{ VERB_TRACE, { { "-a", "--ring-size", "63K" } }, "--ring-size: '63K' is out of range" },
	{ VERB_TRACE, { { "-a", "--ring-size", "64K,2" } },
	  "--ring-size: '64K,2' is out of range" },
	{ VERB_TRACE, { { "-a", "--ring-size", "1M,9" } },
	  "--ring-size: '9' is no number of rings" },
	{ VERB_TRACE, { { "-a", "--ring-size", "1M," } }, "--ring-size: '' is no number of rings" },
	{ VERB_TRACE, { { "-a", "--ring-size", "2G" } }, "--ring-size: '2G' is out of range" },
	{ VERB_TRACE, { { "-a", "-s", "fp" } },
	  "-s: 'fp' is no way to take stacks; there are dwarf, none" },
	{ VERB_TRACE, { { "-a", "--tier", "x" } },
	  "--tier: 'x' is no tier; there are auto, truth, ordered, calls" },
	{ VERB_TRACE, { { "-a", "-s", "x" } }, "-s: 'x' is no way to take stacks" },
	{ VERB_TRACE, { { "-a", "-e", "foo" } },
	  "-e: unknown event 'foo'; there are brk, mmap, munmap, mprotect, pkey_mprotect, mremap, "
	  "remap_file_pages, madvise, process_madvise, mlock, mlock2, munlock, mlockall, "
	  "munlockall, msync, mincore, shmat, shmdt, prctl, mbind, mseal, map_shadow_stack, "
	  "growth, protection, limit, failure, locked" },
	{ VERB_TRACE, { { "-a", "-e", "" } }, "-e: unknown event ''" },
	{ VERB_TRACE, { { "-a", "-e", "!" } }, "-e: unknown event ''" },
	{ VERB_TRACE, { { "-a", "-e", "mmap," } }, "-e: unknown event ''" },
	{ VERB_TRACE, { { "-a", "-e", "mma" } }, "-e: unknown event 'mma'" },
	{ VERB_TRACE, { { "-a", "-qv" } }, "-q and -v exclude each other" },
	{ VERB_MAPS, { { NULL } }, "an argument is missing: [--json] PID" },
	{ VERB_MAPS, { { "1", "2" } }, "unexpected argument '2'" },
	{ VERB_MAPS, { { "-p", "1" } }, "unknown option '-p'" },
	{ VERB_MAPS, { { "--pid=1" } }, "unknown option '--pid'" },
	{ VERB_FEATURES, { { "x" } }, "unexpected argument 'x'" },
};

static void what_is_wrong_is_named(void **state)
{
	struct trace_options opts;
	char why[1024];
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int err;

		strcpy(why, "success");
		err = parse(refused[i].verb, &refused[i].line, &opts, why, sizeof(why));
		options__fini(&opts);
		if (strncmp(why, refused[i].why, strlen(refused[i].why)) || strchr(why, '\n'))
			fail_msg("[%zu] expected '%s', got '%s'", i, refused[i].why, why);
		if (err != -EINVAL)
			fail_msg("[%zu] '%s': expected -EINVAL, got %d", i, why, err);
	}
}

/* A message is cut to the room there is, and nothing is written beyond. */
static void a_small_buffer_is_enough(void **state)
{
	static const struct command_line line = { { "-a", "-e", "foo" } };
	struct trace_options opts;
	size_t size;

	for (size = 1; size < 600; size++) {
		char *why = malloc(size);

		assert_int_equal(parse(VERB_TRACE, &line, &opts, why, size), -EINVAL);
		assert_true(strlen(why) < size);
		options__fini(&opts);
		free(why);
	}
}

static void help_and_version_need_no_target(void **state)
{
	static const struct command_line lines[] = { { { "--help" } }, { { "-h" } }, { { "-V" } },
						     { { "--version", "-q", "-v" } } };
	struct trace_options opts;
	char why[256] = "";
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int err = parse(VERB_TRACE, &lines[i], &opts, why, sizeof(why));

		if (err)
			fail_msg("%s: %d, '%s'", lines[i].arg[0], err, why);
		assert_int_equal(opts.help + opts.version, 1);
		options__fini(&opts);
	}
}

static void verbs_take_options_after_arguments(void **state)
{
	static const struct command_line line = { { "12", "--json" } };
	struct trace_options opts;
	char why[256];

	assert_int_equal(parse(VERB_MAPS, &line, &opts, why, sizeof(why)), 0);
	assert_true(opts.json);
	assert_int_equal(opts.n_args, 1);
	assert_string_equal(opts.args[0], "12");
	options__fini(&opts);
	assert_int_equal(verb__by_name("maps"), VERB_MAPS);
	assert_int_equal(verb__by_name("trace"), VERB_TRACE);
	assert_int_equal(verb__by_name("map"), VERB_NR);
	assert_int_equal(verb__by_name(NULL), VERB_NR);
}

/* One letter, one meaning; and whole sentences. */
static void the_table_is_sound(void **state)
{
	const struct option_row *rows;
	size_t n, i, j;

	rows = option_rows(&n);
	for (i = 0; i < n; i++) {
		if (rows[i].text[strlen(rows[i].text) - 1] != '.')
			fail_msg("--%s: its text does not end in a full stop", rows[i].name);
		if ((rows[i].kind == OPTION_FLAG) != !rows[i].arg)
			fail_msg("--%s: a flag takes no value, and only a flag", rows[i].name);
		for (j = 0; j < i; j++) {
			if (rows[i].key == rows[j].key || !strcmp(rows[i].name, rows[j].name))
				fail_msg("--%s and --%s", rows[i].name, rows[j].name);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verify_and_test_drop),
		cmocka_unit_test(what_is_asked_for_is_given),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_small_buffer_is_enough),
		cmocka_unit_test(help_and_version_need_no_target),
		cmocka_unit_test(verbs_take_options_after_arguments),
		cmocka_unit_test(the_table_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
