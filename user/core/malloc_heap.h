/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is free inside the heaps of glibc's malloc(3), told from the headers of its
 * chunks, which lie in the heap itself (malloc/malloc.c, struct malloc_chunk). Takes
 * bytes that a stranger wrote, and changes while they are read: a heap is believed
 * only when its chunks follow each other to its very end. Pure; reads no memory.
 */
#ifndef MEMTRACE_CORE_MALLOC_HEAP_H
#define MEMTRACE_CORE_MALLOC_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "region_kind.h"

/* malloc/arena.c, HEAP_MAX_SIZE: heaps of other arenas are so long, and so aligned. */
#define MALLOC_WINDOW (64ull << 20)

/* Where a heap may be. */
struct malloc_heap {
	uint64_t start, end;
	bool main; /* of the main arena: the program break; else of another one */
};

/*
 * The heaps that a process may have, by its map: its break, and each aligned window in
 * private memory. At most max of them, the break first; returns their number.
 */
size_t malloc_heaps__of(const struct region_map *map, const struct backings *backings,
			const struct layout *layout, struct malloc_heap *ret, size_t max);

/*
 * The head of a heap that is not the main arena's (struct heap_info): sets heap->start
 * to where chunks may begin and heap->end to where they end. False: it is none. data
 * has MALLOC_HEAD bytes, from heap->start on.
 */
#define MALLOC_HEAD 48
bool malloc_heap__parse(struct malloc_heap *heap, const void *data);

/* In bytes, of one heap or of several. What tcache and fastbins hold looks used. */
struct malloc_sum {
	uint32_t heaps;
	uint64_t total;	  /* that the heaps have */
	uint64_t counted; /* that were looked at: below total there was no time for all */
	uint64_t free;	  /* in free chunks, the top ones included */
	uint64_t kept;	  /* of free, what is in memory or swapped out: not returned */
	uint64_t pages;	  /* of kept, whole pages: what malloc_trim(3) would return */
	uint64_t top;	  /* of free, the ends of heaps */
	uint64_t largest; /* the free chunk of which most is kept */
	/* Chunks in use above that one, in its heap: the heap cannot shrink below them. */
	uint64_t above, above_bytes;
	bool part; /* there is more: there was no time for it, or it changed all the time */
};

void malloc_sum__add(struct malloc_sum *to, const struct malloc_sum *sum);
/* So much is free and kept that it is worth telling. */
bool malloc_sum__matters(const struct malloc_sum *sum);
/* "at least 48M of 60M in malloc's heaps are free and kept; ..." Returns buf. */
#define MALLOC_SUM_ROOM 288
const char *malloc_sum__text(const struct malloc_sum *sum, char buf[MALLOC_SUM_ROOM]);

/*
 * Which bytes of the whole pages [start, end), all inside one free chunk, are in memory
 * or swapped out.
 */
typedef uint64_t (*malloc_pages_fn)(void *ctx, uint64_t start, uint64_t end);

enum malloc_step {
	MALLOC_MORE, /* wants the bytes from walk->at on */
	MALLOC_DONE,
	MALLOC_BAD, /* no chunks of malloc's, or they have changed meanwhile */
};

struct malloc_walk {
	struct malloc_heap heap;
	malloc_pages_fn pages;
	void *ctx;
	uint64_t first; /* where chunks begin, or are looked for */
	uint64_t at;	/* of the next header */
	bool found;	/* first is known */
	bool fence;	/* the last header was one that ends what the main arena has there */
	uint64_t chunk, size; /* the chunk before, of which that header tells whether it is free */
	uint64_t flags;
	uint64_t chunks;
	struct malloc_sum sum;
};

/* first: look from there on, for chunks that begin within MALLOC_SEARCH bytes of it. */
#define MALLOC_SEARCH 8192
void malloc_walk__begin(struct malloc_walk *w, const struct malloc_heap *heap, uint64_t first,
			malloc_pages_fn pages, void *ctx);
/*
 * Goes on with len bytes from w->at on: at least MALLOC_LEAST, and at first MALLOC_SEARCH
 * twice, where the heap has so many.
 */
#define MALLOC_LEAST 16
enum malloc_step malloc_walk__feed(struct malloc_walk *w, const void *data, size_t len);
/* There is no time for more: what was counted so far stands, if it is enough to be believed. */
bool malloc_walk__may_be_cut(const struct malloc_walk *w);
/* After MALLOC_BAD: from where on it is worth looking again. */
uint64_t malloc_walk__again(const struct malloc_walk *w);

#endif
