// SPDX-License-Identifier: GPL-2.0
/* A table by cookie, in the order in which they came (uthash keeps it). */
#include "stack_join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct entry {
	UT_hash_handle hh;
	struct mt_stack *stack;
};

struct stack_join {
	struct entry *entries;
	size_t bytes;
	uint64_t given_up;
};

const struct mt_stack *stack_record(const void *data, size_t len)
{
	const struct mt_stack *st = data;

	if (len < sizeof(*st) || st->len > MT_STACK_BYTES || len - sizeof(*st) < st->len ||
	    st->chain_n > MT_STACK_CHAIN ||
	    !st->cookie || st->call == MT_CALL_NONE || st->call >= MT_CALL_NR)
		return NULL;
	return st;
}

struct stack_join *stack_join__new(void)
{
	return calloc(1, sizeof(struct stack_join));
}

static struct mt_stack *entry__remove(struct stack_join *j, struct entry *e)
{
	struct mt_stack *st = e->stack;

	HASH_DELETE(hh, j->entries, e);
	j->bytes -= sizeof(*st) + st->len;
	free(e);
	return st;
}

void stack_join__free(struct stack_join *j)
{
	while (j && j->entries)
		free(entry__remove(j, j->entries));
	free(j);
}

/* uthash: the head is the one that was added first. */
static void give_up_oldest(struct stack_join *j)
{
	free(entry__remove(j, j->entries));
	j->given_up++;
}

int stack_join__put(struct stack_join *j, const struct mt_stack *st)
{
	size_t bytes = sizeof(*st) + st->len;
	struct entry *e = calloc(1, sizeof(*e));
	struct mt_stack *copy = malloc(bytes);

	if (!e || !copy)
		goto fail;
	while (j->entries &&
	       (HASH_COUNT(j->entries) >= STACK_JOIN_MAX || j->bytes + bytes > STACK_JOIN_BYTES))
		give_up_oldest(j);
	e->stack = memcpy(copy, st, bytes);
	HASH_ADD_KEYPTR(hh, j->entries, &copy->cookie, sizeof(copy->cookie), e);
	if (!e->hh.tbl)
		goto fail;
	j->bytes += bytes;
	return 0;
fail:
	free(e);
	free(copy);
	j->given_up++;
	return -ENOMEM;
}

struct mt_stack *stack_join__take(struct stack_join *j, uint64_t cookie)
{
	struct entry *e;

	HASH_FIND(hh, j->entries, &cookie, sizeof(cookie), e);
	return e ? entry__remove(j, e) : NULL;
}

uint64_t stack_join__given_up(const struct stack_join *j)
{
	return j->given_up;
}
