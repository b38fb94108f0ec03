// SPDX-License-Identifier: GPL-2.0
/* Interning of frames and of stacks: each in a table by contents and by number. */
#include "stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Without memory uthash would exit(): what could not be added has no table, and is noticed. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "heap.h"

struct entry {
	union {
		struct frame frame;
		struct stack stack;
	}; /* points into key */
	uint32_t id;
	enum frame_role role;
	UT_hash_handle hh;
	uint32_t key[]; /* all that makes it what it is */
};

struct table {
	struct entry *by_key;
	struct entry **by_id; /* from id 1 on */
	size_t n, size, max;
	size_t bytes;
};

struct stacks {
	struct table frames, stacks;
};

struct stacks *stacks__new(void)
{
	struct stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->frames.max = STACKS_FRAMES_MAX;
	s->stacks.max = STACKS_MAX;
	return s;
}

static void table__fini(struct table *t)
{
	size_t i;

	HASH_CLEAR(hh, t->by_key);
	for (i = 0; i < t->n; i++)
		free(t->by_id[i]);
	free(t->by_id);
}

void stacks__free(struct stacks *s)
{
	if (!s)
		return;
	table__fini(&s->frames);
	table__fini(&s->stacks);
	free(s);
}

/* Room for one more of that many bytes: 0, or why there is none. */
static int table__reserve(struct table *t, size_t bytes)
{
	size_t size = t->size ? 2 * t->size : 64;
	struct entry **by_id;

	if (t->n >= t->max || bytes > STACKS_BYTES_MAX - t->bytes)
		return -ENOSPC;
	if (t->n < t->size)
		return 0;
	by_id = realloc(t->by_id, size * sizeof(struct entry *));
	if (!by_id)
		return -ENOMEM;
	t->by_id = by_id;
	t->size = size;
	return 0;
}

/* Keeps e, whose key has len bytes, or frees it and finds the one that is equal. */
static int table__intern(struct table *t, struct entry *e, size_t len, uint32_t *ret_id)
{
	struct entry *found;
	int err;

	HASH_FIND(hh, t->by_key, e->key, len, found);
	if (found) {
		*ret_id = found->id;
		free(e);
		return 0;
	}
	err = table__reserve(t, sizeof(*e) + len);
	if (!err) {
		HASH_ADD_KEYPTR(hh, t->by_key, e->key, len, e);
		if (!e->hh.tbl)
			err = -ENOMEM;
	}
	if (err) {
		free(e);
		return err;
	}
	t->by_id[t->n++] = e;
	t->bytes += sizeof(*e) + len;
	*ret_id = e->id = (uint32_t)t->n;
	return 0;
}

static const struct entry *table__get(const struct table *t, uint32_t id)
{
	return id && id <= t->n ? t->by_id[id - 1] : NULL;
}

static char *put_text(char *at, const char *text, const char **ret)
{
	size_t len = strlen(text) + 1;

	*ret = memcpy(at, text, len);
	return at + len;
}

int stacks__add_frame(struct stacks *s, const struct frame *f, uint32_t *ret_id)
{
	size_t len = sizeof(f->offset) + strlen(f->function) + strlen(f->module) +
		     strlen(f->build_id) + 3;
	struct entry *e = calloc(1, sizeof(*e) + len);
	char *at;

	*ret_id = 0;
	if (!e)
		return -ENOMEM;
	e->role = heap__frame_role(f);
	e->frame.offset = f->offset;
	at = memcpy(e->key, &f->offset, sizeof(f->offset));
	at = put_text(at + sizeof(f->offset), f->function, &e->frame.function);
	at = put_text(at, f->module, &e->frame.module);
	put_text(at, f->build_id, &e->frame.build_id);
	return table__intern(&s->frames, e, len, ret_id);
}

int stacks__add(struct stacks *s, const uint32_t *frames, size_t n, bool cut, uint32_t *ret_id)
{
	struct entry *e;
	size_t len;

	cut |= n > STACKS_DEPTH;
	n = n > STACKS_DEPTH ? STACKS_DEPTH : n;
	len = (1 + n) * sizeof(*frames);
	e = calloc(1, sizeof(*e) + len);
	*ret_id = 0;
	if (!e)
		return -ENOMEM;
	e->key[0] = cut;
	if (n)
		memcpy(e->key + 1, frames, n * sizeof(*frames));
	e->stack = (struct stack){ .frames = e->key + 1, .n = n, .cut = cut };
	return table__intern(&s->stacks, e, len, ret_id);
}

const struct frame *stacks__frame(const struct stacks *s, uint32_t id)
{
	const struct entry *e = table__get(&s->frames, id);

	return e ? &e->frame : NULL;
}

enum frame_role stacks__role(const struct stacks *s, uint32_t id)
{
	const struct entry *e = table__get(&s->frames, id);

	return e ? e->role : FRAME_UNKNOWN;
}

const struct stack *stacks__stack(const struct stacks *s, uint32_t id)
{
	const struct entry *e = table__get(&s->stacks, id);

	return e ? &e->stack : NULL;
}
