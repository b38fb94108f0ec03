// SPDX-License-Identifier: GPL-2.0
/* See report_heap.h. */
#include "report_heap.h"

#include <stdio.h>

#include "call_text.h"

#define PARTS_MAX 4 /* the others are in JSON */

/* The parts with the highest of what rank says, that first; returns how many have any. */
static size_t largest(const uint64_t rank[HEAP_PART_NR], enum heap_part top[PARTS_MAX])
{
	size_t n = 0, at;

	for (int i = 0; i < HEAP_PART_NR; i++) {
		if (!rank[i])
			continue;
		for (at = n < PARTS_MAX ? n : PARTS_MAX; at && rank[top[at - 1]] < rank[i]; at--) {
			if (at < PARTS_MAX)
				top[at] = top[at - 1];
		}
		if (at < PARTS_MAX)
			top[at] = (enum heap_part)i;
		if (n < PARTS_MAX)
			n++;
	}
	return n;
}

/* "jemalloc" rather than "allocator", where it is one. */
static const char *name_of(enum heap_part part, const struct heap *heap,
			   char buf[HEAP_ALLOCATORS_ROOM])
{
	if (part != HEAP_ALLOCATOR || !heap->allocators)
		return heap_part__name(part);
	return heap__allocators_text(heap->allocators, buf);
}

static void row(struct writer *out, const struct process *p, enum heap_part part)
{
	const struct heap_state *start = &p->heap_start.part[part], *end = &p->heap_end.part[part];
	const uint64_t columns[] = { start->committed, end->peak,     end->committed,
				     end->returned,    end->reserved, end->resident };
	const size_t n = sizeof(columns) / sizeof(columns[0]);
	char name[HEAP_ALLOCATORS_ROOM], size[HUMAN_SIZE_ROOM];

	writer__printf(out, "              %-14.14s", name_of(part, &p->heap_end, name));
	for (size_t i = 0; i < n; i++)
		writer__printf(out, " %*s", i < 3 ? 7 : 8,
			       i == n - 1 && !p->heap_end.has_resident ?
				       "-" :
				       human_size(columns[i], size));
	writer__printf(out, "\n");
}

void report_heap__process(struct writer *out, const struct process *p)
{
	uint64_t rank[HEAP_PART_NR];
	enum heap_part top[PARTS_MAX];
	size_t n;

	for (int i = 0; i < HEAP_PART_NR; i++)
		rank[i] = p->heap_end.part[i].peak + p->heap_end.part[i].returned;
	n = largest(rank, top);
	if (!n)
		return;
	writer__printf(out, "  %-12s%-14s   START    PEAK     END RETURNED RESERVED RESIDENT\n",
		       "memory", "of");
	for (size_t i = 0; i < n; i++)
		row(out, p, top[i]);
}

const char *report_heap__sample(const struct heap *heap, char buf[REPORT_HEAP_SAMPLE])
{
	struct heap_state all = heap__sum(heap);
	char size[HUMAN_SIZE_ROOM], name[HEAP_ALLOCATORS_ROOM];
	uint64_t rank[HEAP_PART_NR];
	enum heap_part top[PARTS_MAX];
	size_t n, len = 0;

	if (heap->has_resident)
		len = (size_t)snprintf(buf, REPORT_HEAP_SAMPLE, "%s resident, ",
				       human_size(all.resident, size));
	len += (size_t)snprintf(buf + len, REPORT_HEAP_SAMPLE - len, "%s returned",
				human_size(all.returned, size));
	for (int i = 0; i < HEAP_PART_NR; i++)
		rank[i] = heap->part[i].committed;
	n = largest(rank, top);
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(buf + len, REPORT_HEAP_SAMPLE - len, "%s%.30s %s",
					i ? ", " : "; ", name_of(top[i], heap, name),
					human_size(rank[top[i]], size));
	return buf;
}
