/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Equal things kept once, under a small number: an item's key is its first
 * key_size bytes, padding zeroed. Bounded. Knows nothing of what it keeps.
 */
#ifndef MEMTRACE_CORE_INTERN_H
#define MEMTRACE_CORE_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern {
	char *items;
	uint32_t *slots; /* number + 1; 0: free */
	size_t item_size, key_size;
	uint32_t n, room, max, n_slots;
	uint32_t last; /* that was got */
};

void intern__init(struct intern *t, size_t item_size, size_t key_size, uint32_t max);
void intern__fini(struct intern *t);
/*
 * The number of the item with an equal key; a copy of item, if there is none
 * yet. 0 (the first that was ever added) when there is no room for another.
 */
uint32_t intern__get(struct intern *t, const void *item);

/* Valid until the next intern__get(). */
static inline void *intern__at(const struct intern *t, uint32_t number)
{
	return t->items + (size_t)number * t->item_size;
}

#endif
