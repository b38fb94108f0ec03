// SPDX-License-Identifier: GPL-2.0
/* Where heaps of glibc's malloc may be, and what is told of them; the walk is malloc_walk.c's. */
#include "malloc_heap.h"

#include <stdio.h>
#include <string.h>

#include "words.h"

#define MATTERS_MIN (1ull << 20)
#define MATTERS_PART 4 /* and that part of what was counted */

/* The break begins where it began, which need not be the start of a page. */
static bool break_of(const struct layout *layout, struct malloc_heap *ret)
{
	*ret = (struct malloc_heap){ (layout->start_brk + 15) & ~15ull, layout->brk, true };
	return layout->start_brk && ret->start < ret->end && !(ret->end & 15);
}

size_t malloc_heaps__of(const struct region_map *map, const struct backings *backings,
			const struct layout *layout, struct malloc_heap *ret, size_t max)
{
	const uint32_t flags = REGION_RWX | REGION_SHARED | REGION_GROWSDOWN;
	size_t n = max && break_of(layout, ret) ? 1 : 0;
	const struct region *r;
	struct region_iter it;
	uint64_t at;

	for (r = region_iter__init(&it, map, 0); r; r = region_iter__next(&it)) {
		if ((r->flags & flags) != (REGION_READ | REGION_WRITE) ||
		    backings__get(backings, r->backing)->has_contents)
			continue;
		/* Arenas that are full may be one region with what follows them. */
		at = (r->start + MALLOC_WINDOW - 1) & ~(MALLOC_WINDOW - 1);
		for (; at >= r->start && at < r->end; at += MALLOC_WINDOW) {
			if (n == max)
				return n;
			ret[n++] = (struct malloc_heap){ at, at + MALLOC_WINDOW, false };
		}
	}
	return n;
}

/*
 * malloc/arena.c, struct heap_info: ar_ptr, prev, size, mprotect_size, and from 2.35 on
 * pagesize and padding. The first heap of an arena has its malloc_state right behind,
 * so what ar_ptr is in its window tells how long a heap_info is.
 */
bool malloc_heap__parse(struct malloc_heap *heap, const void *data)
{
	uint64_t word[MALLOC_HEAD / 8], head;

	memcpy(word, data, sizeof(word));
	head = word[0] & (MALLOC_WINDOW - 1);
	if ((head != 32 && head != 48) || !(word[0] & ~(MALLOC_WINDOW - 1)))
		return false;
	if (word[1] & (MALLOC_WINDOW - 1) || word[1] == heap->start)
		return false;
	if (!word[2] || word[2] & (REGION_PAGE - 1) || word[3] < word[2] ||
	    word[3] & (REGION_PAGE - 1) || word[3] > MALLOC_WINDOW)
		return false;
	heap->end = heap->start + word[2];
	heap->start += head;
	return true;
}

void malloc_sum__add(struct malloc_sum *to, const struct malloc_sum *sum)
{
	to->heaps += sum->heaps;
	to->total += sum->total;
	to->counted += sum->counted;
	to->free += sum->free;
	to->kept += sum->kept;
	to->pages += sum->pages;
	to->top += sum->top;
	to->part |= sum->part || sum->counted < sum->total;
	if (sum->largest <= to->largest)
		return;
	to->largest = sum->largest;
	to->above = sum->above;
	to->above_bytes = sum->above_bytes;
}

bool malloc_sum__matters(const struct malloc_sum *sum)
{
	return sum->kept >= MATTERS_MIN && sum->kept >= sum->counted / MATTERS_PART;
}

const char *malloc_sum__text(const struct malloc_sum *sum, char buf[MALLOC_SUM_ROOM])
{
	char kept[HUMAN_SIZE_ROOM], of[HUMAN_SIZE_ROOM], largest[HUMAN_SIZE_ROOM];
	char above[HUMAN_SIZE_ROOM], pages[HUMAN_SIZE_ROOM], where[72];

	/* Where hardly a page is free as a whole, what lies above one run tells nothing. */
	if (sum->pages < sum->kept / 2)
		snprintf(where, sizeof(where), "most is in holes between used chunks");
	else if (sum->above)
		snprintf(where, sizeof(where), "below %llu used chunk%s (%s)",
			 (unsigned long long)sum->above, sum->above == 1 ? "" : "s",
			 human_size(sum->above_bytes, above));
	else
		snprintf(where, sizeof(where), "at the end");
	snprintf(buf, MALLOC_SUM_ROOM,
		 "at least %s of %s%s in malloc's heaps are free and kept; largest run %s, %s; "
		 "malloc_trim(3) would return %s",
		 human_size(sum->kept, kept), human_size(sum->counted, of),
		 sum->part ? " looked at" : "", human_size(sum->largest, largest),
		 where, human_size(sum->pages, pages));
	return buf;
}
