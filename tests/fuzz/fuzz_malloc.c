/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Any bytes as a heap of glibc's malloc: refused, or counted with sums that are possible,
 * the same whatever the pieces in which it is read. The first byte chooses the arena, how
 * much is read at once and which pages are in memory; from the second on it is the heap.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/malloc_heap.h"

#define BASE 0x7f1234000000ull

static void check(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "fuzz_malloc: %s\n", what);
		abort();
	}
}

static uint64_t pages(void *ctx, uint64_t start, uint64_t end)
{
	const struct malloc_heap *heap = ctx;

	check(start < end && !(start % REGION_PAGE) && !(end % REGION_PAGE), "no pages");
	check(start >= heap->start && end <= heap->end, "pages that are not the heap's");
	return start / REGION_PAGE % 2 ? end - start : 0;
}

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

static enum malloc_step walk(struct malloc_walk *w, struct malloc_heap *heap, uint64_t first,
			     const uint8_t *data, size_t piece)
{
	enum malloc_step step = MALLOC_MORE;
	size_t size = heap->end - heap->start, off, len = 2 * MALLOC_SEARCH;
	uint8_t *copy;

	malloc_walk__begin(w, heap, first, pages, heap);
	for (; step == MALLOC_MORE; len = piece) {
		check(w->at >= first && w->at < heap->end, "it wants what is not the heap's");
		off = w->at - heap->start;
		check(size - off >= MALLOC_LEAST, "it wants more than there is");
		/* Exactly as large as it is, so that reading beyond is seen. */
		len = at_most(len, size - off);
		copy = malloc(len);
		memcpy(copy, data + off, len);
		step = malloc_walk__feed(w, copy, len);
		free(copy);
	}
	return step;
}

static void check_sum(const struct malloc_sum *s)
{
	char text[MALLOC_SUM_ROOM];

	check(s->heaps == 1 && s->counted && s->counted <= s->total, "more than there is");
	check(s->free <= s->counted && s->kept <= s->free, "more is free than there is");
	check(s->pages <= s->kept && s->top <= s->free, "more pages, or more at the top");
	check(s->largest <= s->kept, "one is larger than all");
	check(s->free + s->above_bytes <= s->counted, "more above than there is");
	check(strlen(malloc_sum__text(s, text)) < MALLOC_SUM_ROOM - 1, "a longer text");
}

static bool is_same(const struct malloc_sum *a, const struct malloc_sum *b)
{
	return a->total == b->total && a->counted == b->counted && a->free == b->free &&
	       a->kept == b->kept && a->pages == b->pages && a->top == b->top &&
	       a->largest == b->largest && a->above == b->above &&
	       a->above_bytes == b->above_bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct malloc_heap heap = { BASE, BASE, false };
	struct malloc_walk whole, pieces;
	enum malloc_step step, same;
	uint64_t first;

	if (size < 1 + 32)
		return 0;
	heap.main = data[0] & 1;
	heap.end += (size - 1) & ~(size_t)15;
	for (int i = 0; i < 4; i++) {
		first = i ? malloc_walk__again(&whole) : heap.start;
		if (first >= heap.end)
			break;
		step = walk(&whole, &heap, first, data + 1, size);
		same = walk(&pieces, &heap, first, data + 1, 16 + data[0] / 2 * 16);
		check(step == same && is_same(&whole.sum, &pieces.sum),
		      "other pieces, another result");
		if (step == MALLOC_DONE) {
			check_sum(&whole.sum);
			break;
		}
	}
	if (size > MALLOC_HEAD && malloc_heap__parse(&heap, data + 1))
		check(heap.start > BASE && heap.end > BASE && heap.end <= BASE + MALLOC_WINDOW,
		      "a heap elsewhere");
	return 0;
}
