// SPDX-License-Identifier: GPL-2.0
/*
 * memtrace docs: the documents that are made from the tables, for the Makefile
 * and for packagers. Here: the choice among them, and the table for README.
 */
#include "cmd.h"

#include <string.h>

/* A row of a Markdown table: in a cell, | would end it. */
static void print__cell(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void print__verbs(FILE *out, unsigned int verbs)
{
	const char *separator = "";
	size_t i;

	for (i = 0; i < VERB_NR; i++) {
		if (!(verbs & 1u << i) || verb__row((enum verb)i)->hidden)
			continue;
		fprintf(out, "%s%s", separator, verb__row((enum verb)i)->name);
		separator = ", ";
	}
}

void docs__options(FILE *out)
{
	const struct option_row *rows;
	size_t n, i;

	rows = option_rows(&n);
	fputs("| option | verbs | what it does |\n|---|---|---|\n", out);
	for (i = 0; i < n; i++) {
		fputs("| `", out);
		if (rows[i].key < 256)
			fprintf(out, "-%c, ", rows[i].key);
		fprintf(out, "--%s%s%s` | ", rows[i].name, option_row__equals(&rows[i]),
			rows[i].arg ? rows[i].arg : "");
		print__verbs(out, rows[i].verbs);
		fputs(" | ", out);
		print__cell(out, rows[i].text);
		fputs(" |\n", out);
	}
}

int cmd_docs(const struct trace_options *opts)
{
	static const struct {
		const char *name;
		void (*print)(FILE *out);
	} documents[] = {
		{ "man", docs__man },
		{ "bash-completion", docs__bash_completion },
		{ "options", docs__options },
	};
	size_t i;

	for (i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		if (strcmp(opts->args[0], documents[i].name))
			continue;
		documents[i].print(stdout);
		return STATUS_OK;
	}
	fprintf(stderr, "memtrace: there is no document '%s': %s\n", opts->args[0],
		verb__row(VERB_DOCS)->use);
	return STATUS_USAGE;
}
