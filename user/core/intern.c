// SPDX-License-Identifier: GPL-2.0
/* An array of items, and an open-addressed index into it; see intern.h. */
#include "intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

void intern__init(struct intern *t, size_t item_size, size_t key_size, uint32_t max)
{
	*t = (struct intern){ .item_size = item_size, .key_size = key_size, .max = max };
}

void intern__fini(struct intern *t)
{
	free(t->items);
	free(t->slots);
	intern__init(t, t->item_size, t->key_size, t->max);
}

/* FNV-1a by words: keys are some multiple of 4 bytes, or their end counts less. */
static uint32_t hash_of(const struct intern *t, const void *item)
{
	const char *p = item;
	uint64_t hash = 0xcbf29ce484222325ull;
	uint32_t word;
	size_t i;

	for (i = 0; i + sizeof(word) <= t->key_size; i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ull;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

/* Where the item is, or belongs. */
static uint32_t *slot_of(const struct intern *t, const void *item)
{
	uint32_t i = hash_of(t, item) & (t->n_slots - 1);

	while (t->slots[i] && memcmp(intern__at(t, t->slots[i] - 1), item, t->key_size))
		i = (i + 1) & (t->n_slots - 1);
	return &t->slots[i];
}

static int grow(struct intern *t)
{
	uint32_t room = t->room ? 2 * t->room : FIRST_ROOM, i;
	uint32_t *slots = calloc(2 * (size_t)room, sizeof(*slots)), *old = t->slots;
	char *items = slots ? realloc(t->items, room * t->item_size) : NULL;

	if (!items) {
		free(slots);
		return -ENOMEM;
	}
	t->items = items;
	t->slots = slots;
	t->room = room;
	t->n_slots = 2 * room;
	for (i = 0; i < t->n; i++)
		*slot_of(t, intern__at(t, i)) = i + 1;
	free(old);
	return 0;
}

uint32_t intern__get(struct intern *t, const void *item)
{
	uint32_t *slot;

	/* Mostly it is the one that was asked for last. */
	if (t->last < t->n && !memcmp(intern__at(t, t->last), item, t->key_size))
		return t->last;
	if (t->n_slots) {
		slot = slot_of(t, item);
		if (*slot)
			return t->last = *slot - 1;
	}
	if (t->n == t->max || (t->n == t->room && grow(t)))
		return 0;
	memcpy(intern__at(t, t->n), item, t->item_size);
	*slot_of(t, item) = t->n + 1;
	return t->last = t->n++;
}
