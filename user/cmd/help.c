// SPDX-License-Identifier: GPL-2.0
/* --help, made from the tables of options.c. Knows no option by name. */
#include "options.h"

#include <string.h>

#define WIDTH 80
#define TEXT_COLUMN 29

/* Words of text from column `column` on; further lines begin at TEXT_COLUMN. */
static void print__wrapped(FILE *out, const char *text, int column)
{
	if (column >= TEXT_COLUMN) {
		fputc('\n', out);
		column = 0;
	}
	fprintf(out, "%*s", TEXT_COLUMN - column, "");
	column = TEXT_COLUMN;
	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column > TEXT_COLUMN && column + 1 + len > WIDTH) {
			fprintf(out, "\n%*s", TEXT_COLUMN, "");
			column = TEXT_COLUMN;
		} else if (column > TEXT_COLUMN) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", len, text);
		column += len;
		text += len;
		text += *text == ' ';
	}
	fputc('\n', out);
}

static void print__option(FILE *out, const struct option_row *row)
{
	int column;

	if (row->key < 256)
		column = fprintf(out, "  -%c, --%s", row->key, row->name);
	else
		column = fprintf(out, "      --%s", row->name);
	if (row->arg)
		column += fprintf(out, "%s%s", option_row__equals(row), row->arg);
	print__wrapped(out, row->text, column + 2 > TEXT_COLUMN ? TEXT_COLUMN : column);
}

static void print__use(FILE *out, enum verb verb, bool first)
{
	const struct verb_row *row = verb__row(verb);
	const char *use = row->use;

	while (*use) {
		int len = (int)strcspn(use, "\n");

		fprintf(out, "%s memtrace %s%s%.*s\n", first ? "Usage:" : "      ",
			verb == VERB_TRACE ? "" : row->name, verb == VERB_TRACE ? "" : " ", len,
			use);
		first = false;
		use += len;
		use += *use == '\n';
	}
}

static void print__verbs(FILE *out)
{
	size_t i;

	fprintf(out, "\nVerbs:\n");
	for (i = 0; i < VERB_NR; i++) {
		const struct verb_row *row = verb__row((enum verb)i);

		if (!row->hidden)
			print__wrapped(out, row->text, fprintf(out, "  %s", row->name));
	}
	fputs("\nOptions end at the first word that is none: it is the COMMAND. A COMMAND that\n"
	      "has the name of a verb is given after --. `memtrace VERB --help` tells of one\n"
	      "verb, and the man page, memtrace(1), of everything.\n", out);
}

void options__print_help(FILE *out, enum verb verb)
{
	const struct option_row *rows;
	const char *group = NULL;
	size_t n, i;

	print__use(out, verb, true);
	for (i = 0; verb == VERB_TRACE && i < VERB_NR; i++) {
		if (i != VERB_TRACE && !verb__row((enum verb)i)->hidden)
			print__use(out, (enum verb)i, false);
	}
	if (verb == VERB_TRACE)
		fputs("\nShows how processes use their address space: which regions exist and who\n"
		      "made them, how the heap grows and why, which protections change.\n", out);
	else
		fprintf(out, "\nTo %s.\n", verb__row(verb)->text);
	rows = option_rows(&n);
	for (i = 0; i < n; i++) {
		if (!(rows[i].verbs & 1u << verb))
			continue;
		if (!group || strcmp(group, rows[i].group))
			fprintf(out, "\n%s:\n", rows[i].group);
		group = rows[i].group;
		print__option(out, &rows[i]);
	}
	if (verb == VERB_TRACE)
		print__verbs(out);
}
