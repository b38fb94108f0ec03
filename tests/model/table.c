/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads tests/model/differences.md: the rows of its table begin with "| `".
 * Their first three cells say which difference, the others why, for people.
 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next cell, without blanks and backquotes around it; NULL: there is none. */
static char *cell(char **rest)
{
	char *at = strsep(rest, "|"), *end;

	if (!at || !*rest)
		return NULL;
	at += strspn(at, " `");
	for (end = at + strlen(at); end > at && strchr(" `", end[-1]);)
		*--end = '\0';
	return strdup(at);
}

static bool add(struct table *t, char *line)
{
	struct table_row row = { 0 }, *more;
	char *rest = line + 1;

	row.call = cell(&rest);
	row.result = cell(&rest);
	row.what = cell(&rest);
	/* It is no explanation that gives no reason. */
	if (!row.what || !rest || strlen(rest) < 40)
		return false;
	more = realloc(t->rows, (t->n + 1) * sizeof(*more));
	if (!more)
		return false;
	t->rows = more;
	t->rows[t->n++] = row;
	return true;
}

bool table__read(struct table *t, const char *path)
{
	FILE *file = fopen(path, "r");
	size_t size = 0, number = 0;
	char *line = NULL;
	bool ok = true;

	*t = (struct table){ 0 };
	if (!file) {
		perror(path);
		return false;
	}
	while (ok && getline(&line, &size, file) > 0) {
		number++;
		if (strncmp(line, "| `", 3) == 0)
			ok = add(t, line);
	}
	if (!ok)
		fprintf(stderr, "%s:%zu: not a row of call, result, what and why\n", path, number);
	free(line);
	fclose(file);
	return ok;
}

void table__free(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->rows[i].call);
		free(t->rows[i].result);
		free(t->rows[i].what);
	}
	free(t->rows);
	*t = (struct table){ 0 };
}

struct table_row *table__find(const struct table *t, const char *call, const char *result,
			      const char *what)
{
	for (size_t i = 0; i < t->n; i++) {
		struct table_row *row = &t->rows[i];

		if (!strcmp(row->call, call) && !strcmp(row->what, what) &&
		    (!strcmp(row->result, "any") || !strcmp(row->result, result)))
			return row;
	}
	return NULL;
}
