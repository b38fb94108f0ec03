/* SPDX-License-Identifier: GPL-2.0 */
/* The table of explained differences, and how often each was met. */
#ifndef MODEL_TABLE_H
#define MODEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table_row {
	char *call, *result, *what;
	unsigned long met;
};

struct table {
	struct table_row *rows;
	size_t n;
};

/* Reads the rows of a Markdown table: a message on stderr, and false, when it cannot. */
bool table__read(struct table *t, const char *path);
void table__free(struct table *t);

/* NULL: nobody has explained it. A result of "any" is every one. */
struct table_row *table__find(const struct table *t, const char *call, const char *result,
			      const char *what);

#endif
