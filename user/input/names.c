// SPDX-License-Identifier: GPL-2.0
/* See names.h. A hash that keeps the order in which names came (uthash): a clock with one hand. */
#include "names.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Without memory an addition fails and is noticed; uthash would exit. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct name {
	uint32_t number;
	bool used; /* since it was the oldest */
	UT_hash_handle hh;
	char text[];
};

struct names {
	struct name *table;
};

struct names *names__new(void)
{
	return calloc(1, sizeof(struct names));
}

static void forget(struct names *n, struct name *name)
{
	HASH_DEL(n->table, name);
	free(name);
}

void names__free(struct names *n)
{
	struct name *name, *tmp;

	if (!n)
		return;
	HASH_ITER(hh, n->table, name, tmp)
		forget(n, name);
	free(n);
}

int names__put(struct names *n, uint32_t number, const char *text)
{
	size_t size = strlen(text) + 1;
	struct name *name = malloc(sizeof(*name) + size), *old;

	if (!name)
		return -ENOMEM;
	HASH_FIND(hh, n->table, &number, sizeof(number), old);
	if (old)
		forget(n, old);
	name->number = number;
	name->used = false;
	memcpy(name->text, text, size);
	HASH_ADD(hh, n->table, number, sizeof(name->number), name);
	if (name->hh.tbl)
		return 0;
	free(name);
	return -ENOMEM;
}

const char *names__get(struct names *n, uint32_t number)
{
	struct name *name;

	HASH_FIND(hh, n->table, &number, sizeof(number), name);
	if (!name)
		return NULL;
	name->used = true;
	return name->text;
}

void names__trim(struct names *n)
{
	struct name *oldest;

	while (HASH_COUNT(n->table) > NAMES_MAX) {
		oldest = n->table;
		if (!oldest->used) {
			forget(n, oldest);
			continue;
		}
		/* Once more, as the youngest. */
		oldest->used = false;
		HASH_DEL(n->table, oldest);
		HASH_ADD(hh, n->table, number, sizeof(oldest->number), oldest);
		if (!oldest->hh.tbl)
			free(oldest);
	}
}
