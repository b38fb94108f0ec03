/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The documents agree with the tables: every option is in --help, the man page,
 * the completion and README; every kind, finding and JSON field in the man page.
 * Run from the top of the tree, for README.md.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cmd/cmd.h"
#include "output/json_fields.h"

static char *text_of(void (*print)(FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	print(out);
	fclose(out);
	return text;
}

static void print_help(FILE *out)
{
	int verb;

	for (verb = 0; verb < VERB_NR; verb++)
		options__print_help(out, (enum verb)verb);
}

/* The man page as it reads: escapes undone, fonts left out, one blank for each run of them. */
static char *man_text(void)
{
	static const struct {
		const char *from, *to;
	} escapes[] = { { "\\fB", "" }, { "\\fI", "" }, { "\\fR", "" }, { "\\-", "-" },
			{ "\\e", "\\" }, { "\\(aq", "'" }, { "\\(ha", "^" }, { "\\(ti", "~" },
			{ "\\(ga", "`" }, { "\\&", "" } };
	const size_t n = sizeof(escapes) / sizeof(escapes[0]);
	char *text = text_of(docs__man), *from = text, *to = text;
	size_t i;

	while (*from) {
		for (i = 0; i < n; i++) {
			if (!strncmp(from, escapes[i].from, strlen(escapes[i].from)))
				break;
		}
		if (i < n) {
			from += strlen(escapes[i].from);
			to = (char *)memcpy(to, escapes[i].to, strlen(escapes[i].to)) +
			     strlen(escapes[i].to);
		} else {
			*to++ = *from == '\n' ? ' ' : *from;
			from++;
		}
	}
	*to = '\0';
	return text;
}

static void assert_contains(const char *where, const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("%s: expected '%s' in it, got none", where, what);
}

static void every_option_is_in_help(void **state)
{
	char *text = text_of(print_help), want[128];
	const struct option_row *rows;
	const char *line;
	size_t n, i;

	rows = option_rows(&n);
	for (i = 0; i < n; i++) {
		int len = rows[i].key < 256 ?
			snprintf(want, sizeof(want), "  -%c, --%s", rows[i].key, rows[i].name) :
			snprintf(want, sizeof(want), "      --%s", rows[i].name);

		snprintf(want + len, sizeof(want) - (size_t)len, "%s%s",
			 option_row__equals(&rows[i]), rows[i].arg ? rows[i].arg : " ");
		assert_contains("--help", text, want);
		snprintf(want, sizeof(want), "%.12s", rows[i].text);
		assert_contains("--help", text, want);
	}
	for (line = text; *line; line += strcspn(line, "\n") + 1) {
		if (strcspn(line, "\n") > 80)
			fail_msg("--help: longer than 80: %.100s", line);
	}
	free(text);
}

static void every_option_is_in_the_man_page(void **state)
{
	char *text = man_text(), want[512];
	const struct option_row *rows;
	size_t n, i;

	rows = option_rows(&n);
	for (i = 0; i < n; i++) {
		snprintf(want, sizeof(want), "--%s%s%s %s", rows[i].name, option_row__equals(&rows[i]),
			 rows[i].arg ? rows[i].arg : "", rows[i].text);
		assert_contains("man", text, want);
		if (rows[i].key < 256) {
			snprintf(want, sizeof(want), "-%c, --%s", rows[i].key, rows[i].name);
			assert_contains("man", text, want);
		}
	}
	free(text);
}

static void every_list_is_in_the_man_page(void **state)
{
	static const char *const wanted[] = {
#define X(id, name, text) name " " text,
		REGION_KINDS(X) FINDING_KINDS(X) HEAP_PARTS(X)
#undef X
#define X(id, name, text) #name " " text,
		MT_LOSSES(X)
#undef X
		".SH SYNOPSIS", ".SH OPTIONS", ".SH OUTPUT", ".SH JSON RECORDS", ".SH SIGNALS",
		".SH EXIT STATUS", ".SH LIMITS", "SIGUSR1", "SIGINT", "SIGTERM", "125", "126",
		"127", "NO_COLOR", "MEMTRACE_DEBUG", "memtrace maps [--json] PID",
	};
	const struct json_field *fields;
	char *text = man_text(), want[512];
	size_t n, i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_contains("man", text, wanted[i]);
	for (i = MT_CALL_NONE + 1; i < MT_CALL_NR; i++)
		assert_contains("man", text, call__name((enum mt_call_id)i));
	fields = json_fields(&n);
	for (i = 0; i < n; i++) {
		snprintf(want, sizeof(want), "%s (%s) %s", fields[i].name,
			 json_type__name(fields[i].type), fields[i].text);
		assert_contains("man", text, want);
	}
	free(text);
}

/* Requests begin with . at the start of a line; anything else that does is a mistake. */
static void the_man_page_has_known_requests_only(void **state)
{
	static const char *const known[] = { ".TH ", ".SH ", ".SS ", ".TP\n", ".PP\n", ".nf\n",
					     ".fi\n", ".BR ", ".\\\" " };
	char *text = text_of(docs__man), *line;
	size_t i;

	for (line = text; *line; line += strcspn(line, "\n") + 1) {
		if (*line == '\'')
			fail_msg("man: a request by accident: %.60s", line);
		for (i = 0; *line == '.' && i < sizeof(known) / sizeof(known[0]); i++) {
			if (!strncmp(line, known[i], strlen(known[i])))
				break;
		}
		if (i == sizeof(known) / sizeof(known[0]))
			fail_msg("man: unknown request: %.60s", line);
		if (*line == '\n')
			fail_msg("man: an empty line");
	}
	free(text);
}

/* What bash offers after these words; the last is what is being typed. */
static void complete(const char *words, char *got, size_t size)
{
	char *script = text_of(docs__bash_completion), command[256];
	int in[2], out[2];
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(in) | pipe(out), 0);
	pid = fork();
	if (!pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execlp("bash", "bash", "--norc", "-s", (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	snprintf(command, sizeof(command), "COMP_WORDS=(%s)\n"
		 "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_memtrace\n"
		 "echo \"${COMPREPLY[*]}\"\n", words);
	assert_int_equal(write(in[1], script, strlen(script)), strlen(script));
	assert_int_equal(write(in[1], command, strlen(command)), strlen(command));
	close(in[1]);
	while ((n = read(out[0], got + len, size - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	close(out[0]);
	waitpid(pid, NULL, 0);
	free(script);
}

static void every_option_is_completed(void **state)
{
	const struct option_row *rows;
	char got[4096], words[64], want[64];
	size_t n, i;
	unsigned int verb;

	rows = option_rows(&n);
	for (verb = 0; verb < VERB_NR; verb++) {
		snprintf(words, sizeof(words), "memtrace %s -", verb__row((enum verb)verb)->name);
		complete(words, got + 1, sizeof(got) - 1);
		got[0] = ' ';
		got[strcspn(got, "\n")] = ' ';
		for (i = 0; i < n; i++) {
			bool offered;

			snprintf(want, sizeof(want), " --%s ", rows[i].name);
			offered = strstr(got, want) != NULL;
			if (offered != !!(rows[i].verbs & 1u << verb))
				fail_msg("%s: --%s: got %d in '%s'", words, rows[i].name, offered,
					 got);
		}
	}
}

static void values_are_completed(void **state)
{
	static const struct {
		const char *words, *want;
	} cases[] = {
		{ "memtrace -e gro", "growth\n" },
		{ "memtrace -e mmap,gro", "mmap,growth\n" },
		{ "memtrace -e \\!gro", "!growth\n" },
		{ "memtrace --events = shm", "shmat shmdt\n" },
		{ "memtrace -v -s dw", "dwarf\n" },
		{ "memtrace trace --min", "--min-size\n" },
		{ "memtrace -d ''", "\n" },
		{ "memtrace feat", "features\n" },
		{ "memtrace maps --js", "--json\n" },
		{ "memtrace -u roo", "root\n" },
		{ "memtrace docs bas", "bash-completion\n" },
		{ "memtrace -o x bash-comp-no-such", "\n" },
		{ "memtrace -p 1 --verb", "--verbose\n" },
		{ "memtrace ls --verb", "\n" },
		{ "memtrace -- --verb", "\n" },
		{ "memtrace -- whil", "while\n" },
		{ "memtrace -o x whil", "while\n" },
		{ "memtrace -ox -v whil", "while\n" },
	};
	char got[4096];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		complete(cases[i].words, got, sizeof(got));
		if (strcmp(got, cases[i].want))
			fail_msg("%s: expected '%s', got '%s'", cases[i].words, cases[i].want, got);
	}
}

/* README holds the table that `memtrace docs options` prints, as it is. */
static void readme_has_the_options(void **state)
{
	char *table = text_of(docs__options), line[1024], *readme;
	FILE *in = fopen("README.md", "r");
	const char *at;
	size_t len;

	if (!in)
		fail_msg("README.md: %s (run from the top of the tree)", strerror(errno));
	readme = calloc(1, 1 << 20);
	assert_non_null(readme);
	assert_true(fread(readme, 1, (1 << 20) - 1, in) > 0);
	fclose(in);
	for (at = table; *at; at += len + 1) {
		len = strcspn(at, "\n");
		snprintf(line, sizeof(line), "%.*s\n", (int)len, at);
		if (!strstr(readme, line))
			fail_msg("README.md: expected (memtrace docs options): %s", line);
	}
	free(readme);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_in_help),
		cmocka_unit_test(every_option_is_in_the_man_page),
		cmocka_unit_test(every_list_is_in_the_man_page),
		cmocka_unit_test(the_man_page_has_known_requests_only),
		cmocka_unit_test(every_option_is_completed),
		cmocka_unit_test(values_are_completed),
		cmocka_unit_test(readme_has_the_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
