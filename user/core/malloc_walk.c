// SPDX-License-Identifier: GPL-2.0
/*
 * From chunk to chunk of a heap of glibc's malloc, on 64-bit machines. Each step is
 * checked against what malloc/malloc.c promises of the headers; what breaks a promise
 * ends the walk. Counts; decides nothing.
 */
#include "malloc_heap.h"

#include <string.h>

/* malloc/malloc.c: the low bits of a size; and what aligned sizes never have. */
#define PREV_INUSE 1u
#define IS_MMAPPED 2u
#define NON_MAIN 4u
#define UNALIGNED 8u
#define FLAGS 15u
#define HEADER 16u
#define MIN_SIZE 32u

#define LOOKAHEAD 16	    /* chunks that must follow where the first one is looked for */
#define CUT_MIN 256	    /* chunks from which on a part of a heap is believed */

struct header {
	uint64_t prev_size, size;
};

static struct header header_at(const unsigned char *data)
{
	struct header h;

	memcpy(&h, data, sizeof(h));
	return h;
}

void malloc_walk__begin(struct malloc_walk *w, const struct malloc_heap *heap, uint64_t first,
			malloc_pages_fn pages, void *ctx)
{
	*w = (struct malloc_walk){
		.heap = *heap,
		.pages = pages,
		.ctx = ctx,
		.first = first,
		.at = first,
		.sum = { .heaps = 1, .total = heap->end - heap->start },
	};
}

static void count_free(struct malloc_walk *w, uint64_t start, uint64_t end)
{
	/* The header, the list's pointers and the foot (prev_size of the next chunk) stay. */
	uint64_t from = (start + MIN_SIZE + REGION_PAGE - 1) & ~(REGION_PAGE - 1);
	uint64_t to = end & ~(REGION_PAGE - 1), pages = 0, kept = end - start;

	if (from < to) {
		pages = w->pages(w->ctx, from, to);
		kept -= to - from - pages;
	}
	w->sum.free += end - start;
	w->sum.kept += kept;
	w->sum.pages += pages;
	if (kept <= w->sum.largest)
		return;
	w->sum.largest = kept;
	w->sum.above = w->sum.above_bytes = 0;
}

static void count_used(struct malloc_walk *w, uint64_t bytes)
{
	w->sum.above++;
	w->sum.above_bytes += bytes;
}

/* Of a used chunk that is not a fence, in the heap of an arena other than the main one. */
static bool is_marked(const struct malloc_walk *w)
{
	/* sysmalloc(): what is left of a full heap, too small to be freed. */
	return w->heap.main || w->flags & NON_MAIN || w->chunk + w->size + HEADER >= w->heap.end;
}

/* The header at w->at says whether the chunk before it is free: false if it lies. */
static bool settle(struct malloc_walk *w, const struct header *h)
{
	bool free = !(h->size & PREV_INUSE);

	if (!w->size)
		return !free; /* of the first chunk, and of nothing else */
	if (free) {
		/* No two free chunks are neighbours, and a free one has its size at its end. */
		if (h->prev_size != w->size || !(w->flags & PREV_INUSE))
			return false;
		count_free(w, w->chunk, w->at);
	} else {
		if (!is_marked(w))
			return false;
		count_used(w, w->size);
	}
	w->sum.counted = w->at - w->heap.start;
	return true;
}

/* The heap ends here; top: all that is left is free. */
static enum malloc_step finish(struct malloc_walk *w, uint64_t end, bool top)
{
	if (top) {
		w->sum.top = end - w->at;
		count_free(w, w->at, end);
	}
	w->sum.counted = end - w->heap.start;
	return MALLOC_DONE;
}

/*
 * sysmalloc(): a heap that cannot grow ends in headers that are always used. The main
 * arena's are two of 16 bytes, where somebody else has moved the break; those of others
 * are 16 bytes and one of no size, at the very end.
 */
static enum malloc_step fence(struct malloc_walk *w, uint64_t size)
{
	if (w->heap.main) {
		if (size != HEADER)
			return MALLOC_BAD;
		if (w->fence)
			return finish(w, w->at + HEADER, false);
		w->fence = true;
		w->at += HEADER;
		return MALLOC_MORE;
	}
	if (size)
		w->at += HEADER;
	return w->at + HEADER == w->heap.end ? finish(w, w->heap.end, false) : MALLOC_BAD;
}

/* One header, at w->at. */
static enum malloc_step step(struct malloc_walk *w, const struct header *h)
{
	uint64_t size = h->size & ~(uint64_t)FLAGS, left = w->heap.end - w->at;

	if (h->size & (IS_MMAPPED | UNALIGNED) || (w->heap.main && h->size & NON_MAIN))
		return MALLOC_BAD;
	if (w->fence)
		return size == HEADER && h->size & PREV_INUSE ? fence(w, size) : MALLOC_BAD;
	if (!settle(w, h))
		return MALLOC_BAD;
	if (size < MIN_SIZE)
		return fence(w, size);
	if (size > left)
		return MALLOC_BAD;
	/* The top, before which nothing is free: free(3) would have made it part of the top. */
	if (size == left)
		return h->size & PREV_INUSE ? finish(w, w->heap.end, true) : MALLOC_BAD;
	w->chunk = w->at;
	w->size = size;
	w->flags = h->size & FLAGS;
	w->at += size;
	w->chunks++;
	return MALLOC_MORE;
}

static enum malloc_step walk(struct malloc_walk *w, const unsigned char *data, uint64_t from,
			     size_t len, uint64_t chunks_max)
{
	enum malloc_step step_is = MALLOC_MORE;
	uint64_t off = w->at - from;
	struct header h;

	while (step_is == MALLOC_MORE && w->chunks < chunks_max && off < len &&
	       len - off >= HEADER) {
		h = header_at(data + off);
		step_is = step(w, &h);
		off = w->at - from;
		/* Another header does not fit. */
		if (step_is == MALLOC_MORE && w->heap.end - w->at < HEADER)
			step_is = MALLOC_BAD;
	}
	return step_is;
}

static uint64_t no_pages(void *ctx, uint64_t start, uint64_t end)
{
	return 0;
}

/*
 * The first chunk: behind the head of an arena, and in a static program behind what
 * libc itself took from the break before (csu/libc-tls.c).
 */
static bool find_first(struct malloc_walk *w, const unsigned char *data, size_t len)
{
	uint64_t from = w->first, off;
	struct malloc_walk ahead;

	for (off = 0; off < MALLOC_SEARCH && off + HEADER <= len; off += HEADER) {
		if (!(header_at(data + off).size & ~(uint64_t)FLAGS))
			continue;
		malloc_walk__begin(&ahead, &w->heap, from + off, no_pages, NULL);
		if (walk(&ahead, data, from, len, LOOKAHEAD) == MALLOC_BAD)
			continue;
		w->first = w->at = from + off;
		w->found = true;
		return true;
	}
	return false;
}

enum malloc_step malloc_walk__feed(struct malloc_walk *w, const void *data, size_t len)
{
	uint64_t from = w->at;

	if (!w->found && !find_first(w, data, len))
		return MALLOC_BAD;
	return walk(w, data, from, len, UINT64_MAX);
}

bool malloc_walk__may_be_cut(const struct malloc_walk *w)
{
	return w->chunks >= CUT_MIN;
}

uint64_t malloc_walk__again(const struct malloc_walk *w)
{
	/* What led so far was the first chunk; what did not was something else. */
	return w->found && w->chunks <= LOOKAHEAD ? w->first + HEADER : w->first;
}
