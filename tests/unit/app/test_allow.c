/* SPDX-License-Identifier: GPL-2.0 */
/* The rules of --allow and --allow-file: what is taken, what is refused and in which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "cmd/allow.h"

static const struct {
	const char *rule;
	const char *why; /* NULL: it is taken */
} rules[] = {
	{ "comm:node", NULL },
	{ "path:/usr/lib/*/libjvm.so,class:W>X", NULL },
	{ "stack:v8::*", NULL },
	{ "class:*-exec,class:s*", NULL },
	{ "", "a term is empty" },
	{ "comm:node,", "a term is empty" },
	{ "node", "'node' is no term: there are path:GLOB, comm:GLOB, class:GLOB and stack:GLOB" },
	{ "com:node", "'com:node' is no term: there are path:GLOB, comm:GLOB, class:GLOB and stack:GLOB" },
	{ ":node", "':node' is no term: there are path:GLOB, comm:GLOB, class:GLOB and stack:GLOB" },
	{ "comm:", "nothing follows 'comm:'" },
	{ "class:W^X", "no class is called 'W^X': there are W+X, W>X, X>W, stack-exec and heap-exec" },
	{ "class:guard", "no class is called 'guard': there are W+X, W>X, X>W, stack-exec and heap-exec" },
	{ "comm:a,comm:a,comm:a,comm:a,comm:a,comm:a,comm:a,comm:a,comm:a", "it has more than 8 terms" },
	{ "c\033[2J", "'c\\033[2J' is no term: there are path:GLOB, comm:GLOB, class:GLOB and stack:GLOB" },
};

static void rules_of_the_command_line(void **state)
{
	struct allow allow = { 0 };
	size_t taken = 0, i;
	char why[256];

	(void)state;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int err = allow__parse_rule(rules[i].rule, &allow, why, sizeof(why));

		if (err != (rules[i].why ? -EINVAL : 0))
			fail_msg("%s: expected %s, got %d", rules[i].rule,
				 rules[i].why ? "-EINVAL" : "0", err);
		if (rules[i].why)
			assert_string_equal(why, rules[i].why);
		else
			assert_string_equal(allow.rules[taken++].text, rules[i].rule);
		assert_int_equal(allow.n, taken);
	}
	assert_int_equal(allow.rules[1].n, 2);
	assert_int_equal(allow.rules[1].terms[0].key, ALLOW_PATH);
	assert_string_equal(allow.rules[1].terms[0].pattern, "/usr/lib/*/libjvm.so");
	assert_string_equal(allow.rules[1].terms[1].pattern, "W>X");
	allow__fini(&allow);
}

static char path[] = "/tmp/memtrace-allow-XXXXXX";

/* Parses a file that holds text; why is what is after its name. */
static int parse(const char *text, size_t len, struct allow *allow, const char **ret_why)
{
	static char why[512];
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	*why = '\0';
	*ret_why = why + strlen(path);
	return allow__parse_file(path, allow, why, sizeof(why));
}

static const struct {
	const char *text;
	size_t n; /* rules */
	const char *why;
} files[] = {
	{ "", 0, NULL },
	{ "# JITs\n\ncomm:node\n  class:W>X \t\r\n   # more\ncomm:java", 3, NULL },
	{ "comm:node\n\ncom:java\n", 1,
	  ":3: 'com:java' is no term: there are path:GLOB, comm:GLOB, class:GLOB and stack:GLOB" },
	{ "comm:node # a remark, which is not taken for one", 0,
	  ":1: ' which is not taken for one' is no term: there are path:GLOB, comm:GLOB, class:GLOB "
	  "and stack:GLOB" },
};

static void rules_of_a_file(void **state)
{
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct allow allow = { 0 };
		int err = parse(files[i].text, strlen(files[i].text), &allow, &why);

		assert_int_equal(err, files[i].why ? -EINVAL : 0);
		assert_int_equal(allow.n, files[i].n);
		if (files[i].why)
			assert_string_equal(why, files[i].why);
		allow__fini(&allow);
	}
}

/* What a stranger's file may hold: NUL bytes, a line without end, rules without end. */
static void hostile_files(void **state)
{
	struct allow allow = { 0 };
	char *text = malloc(2 << 20), buf[256];
	const char *why;
	size_t i;

	(void)state;
	assert_non_null(text);
	assert_int_equal(parse("comm:a\0b", 8, &allow, &why), -EINVAL);
	assert_string_equal(why, ":1: it holds a NUL byte");
	memset(text, 'a', 2 << 20);
	assert_int_equal(parse(text, 2000, &allow, &why), -EINVAL);
	assert_string_equal(why, ":1: a rule is longer than 1024 bytes");
	assert_int_equal(parse(text, 2 << 20, &allow, &why), -EINVAL);
	for (i = 0; i < 7 * 2000; i += 7)
		memcpy(text + i, "comm:a\n", 7);
	assert_int_equal(parse(text, i, &allow, &why), -EINVAL);
	assert_string_equal(why, ":1025: there are more than 1024 rules");
	assert_int_equal(allow.n, ALLOW_RULES_MAX);
	allow__fini(&allow);
	free(text);
	assert_int_equal(allow__parse_file("/nonexistent", &allow, buf, sizeof(buf)), -EINVAL);
	assert_string_equal(buf, "cannot read /nonexistent: No such file or directory");
	assert_int_equal(allow__parse_file("/", &allow, buf, sizeof(buf)), -EINVAL);
	assert_string_equal(buf, "cannot read /: Is a directory");
	/* A fifo that nobody writes to is empty, and not waited for. */
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(allow__parse_file(path, &allow, buf, sizeof(buf)), 0);
	assert_int_equal(allow.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_of_the_command_line),
		cmocka_unit_test(rules_of_a_file),
		cmocka_unit_test(hostile_files),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
