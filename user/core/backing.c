/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owns the table of what backs regions, and its copies of the names. Must not
 * know who uses an index: users mark what they hold before a sweep.
 */
#include "backing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool backing__same(const struct backing *a, const struct backing *b);
static uint32_t backing__hash(const struct backing *b, uint64_t seed);

/* The key is a whole struct backing, whose name lies elsewhere. */
#define HASH_KEYCMP(a, b, len) (!backing__same(a, b))
/* Without memory uthash would exit(); so the add is undone, and noticed. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) ((void)(entry))
#include <uthash.h>

/* Sweeps of a table smaller than this free too little to be worth marking for. */
#define SWEEP_MIN 256

struct entry {
	struct backing backing; /* name points behind the struct; also the hash key */
	uint32_t index;
	bool marked;
	UT_hash_handle hh;
	char name[];
};

/*
 * slots[i] is the entry with index i, or NULL: free. slots[0] is always NULL,
 * for BACKING_ANON has no entry. No slot in [1, first_free) is free, and none
 * from nr_slots on is used. Example: "/usr/lib/libc.so.6" of 08:01 inode 4711
 * is slots[3] in every space that maps it.
 */
struct backings {
	struct entry **slots;
	uint32_t nr_slots, cap_slots, first_free;
	struct entry *by_value;
	size_t count;
	size_t sweep_at; /* the count from which a sweep is worth while */
};

static bool backing__same(const struct backing *a, const struct backing *b)
{
	return a->ino == b->ino && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       a->page_shift == b->page_shift && a->has_contents == b->has_contents &&
	       !strcmp(a->name, b->name);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

/*
 * Names come from strangers (memfd_create): with a seed that they cannot know,
 * they cannot choose names that all fall into one bucket.
 */
static uint32_t backing__hash(const struct backing *b, uint64_t seed)
{
	uint64_t h = mix(seed, b->ino);
	size_t len = strlen(b->name), i;
	uint64_t chunk;

	h = mix(h, (uint64_t)b->dev_major << 32 | b->dev_minor);
	h = mix(h, (uint64_t)b->page_shift << 1 | b->has_contents);
	for (i = 0; i < len; i += sizeof(chunk)) {
		chunk = 0;
		memcpy(&chunk, b->name + i, len - i < sizeof(chunk) ? len - i : sizeof(chunk));
		h = mix(h, chunk);
	}
	return (uint32_t)h;
}

/* Where the table lies serves as the seed: no index or order depends on it. */
static uint32_t backings__hash(const struct backings *b, const struct backing *want)
{
	return backing__hash(want, (uint64_t)(uintptr_t)b);
}

struct backings *backings__new(void)
{
	struct backings *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->nr_slots = 1;
	b->first_free = 1;
	b->sweep_at = SWEEP_MIN;
	return b;
}

void backings__free(struct backings *b)
{
	uint32_t i;

	if (!b)
		return;
	HASH_CLEAR(hh, b->by_value);
	for (i = 1; i < b->nr_slots; i++)
		free(b->slots[i]);
	free(b->slots);
	free(b);
}

/* Makes room for the index first_free, which it brings up to date. */
static int backings__reserve(struct backings *b)
{
	struct entry **slots;
	uint32_t cap;

	while (b->first_free < b->nr_slots && b->slots[b->first_free])
		b->first_free++;
	if (b->first_free < b->cap_slots)
		return 0;
	if (b->cap_slots > UINT32_MAX / 2)
		return -ENOMEM;
	cap = b->cap_slots ? b->cap_slots * 2 : 64;
	slots = realloc(b->slots, cap * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots + b->cap_slots, 0, (cap - b->cap_slots) * sizeof(*slots));
	b->slots = slots;
	b->cap_slots = cap;
	return 0;
}

static struct entry *entry__new(const struct backing *want, uint32_t index)
{
	size_t size = strlen(want->name) + 1;
	struct entry *e = calloc(1, sizeof(*e) + size);

	if (!e)
		return NULL;
	memcpy(e->name, want->name, size);
	e->backing = *want;
	e->backing.name = e->name;
	e->index = index;
	return e;
}

int backings__intern(struct backings *b, const struct backing *want, uint32_t *ret_index)
{
	uint32_t hash = backings__hash(b, want);
	struct entry *e;
	int err;

	HASH_FIND_BYHASHVALUE(hh, b->by_value, want, sizeof(*want), hash, e);
	if (e) {
		*ret_index = e->index;
		return 0;
	}
	err = backings__reserve(b);
	if (err)
		return err;
	e = entry__new(want, b->first_free);
	if (!e)
		return -ENOMEM;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, b->by_value, &e->backing, sizeof(e->backing), hash, e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	b->slots[e->index] = e;
	b->first_free++;
	if (b->nr_slots <= e->index)
		b->nr_slots = e->index + 1;
	b->count++;
	*ret_index = e->index;
	return 0;
}

static struct entry *backings__entry(const struct backings *b, uint32_t index)
{
	return index < b->nr_slots && b->slots ? b->slots[index] : NULL;
}

const struct backing *backings__get(const struct backings *b, uint32_t index)
{
	static const struct backing nothing = { .name = "" };
	const struct entry *e = backings__entry(b, index);

	return e ? &e->backing : &nothing;
}

size_t backings__count(const struct backings *b)
{
	return b->count;
}

bool backings__should_sweep(const struct backings *b)
{
	return b->count >= b->sweep_at;
}

void backings__mark(struct backings *b, uint32_t index)
{
	struct entry *e = backings__entry(b, index);

	if (e)
		e->marked = true;
}

/* Gives back slots that a burst of files left: at a quarter full, down to twice what is used. */
static void backings__shrink(struct backings *b)
{
	struct entry **slots;
	uint32_t cap;

	while (b->nr_slots > 1 && !b->slots[b->nr_slots - 1])
		b->nr_slots--;
	if (b->cap_slots <= 64 || b->nr_slots > b->cap_slots / 4)
		return;
	cap = b->nr_slots * 2 < 64 ? 64 : b->nr_slots * 2;
	slots = realloc(b->slots, cap * sizeof(*slots));
	if (!slots)
		return;
	b->slots = slots;
	b->cap_slots = cap;
}

void backings__sweep(struct backings *b)
{
	struct entry *e;
	uint32_t i;

	for (i = 1; i < b->nr_slots; i++) {
		e = b->slots[i];
		if (!e)
			continue;
		if (e->marked) {
			e->marked = false;
			continue;
		}
		HASH_DELETE(hh, b->by_value, e);
		free(e);
		b->slots[i] = NULL;
		b->count--;
	}
	b->first_free = 1;
	if (b->slots)
		backings__shrink(b);
	b->sweep_at = b->count * 2 > SWEEP_MIN ? b->count * 2 : SWEEP_MIN;
}
