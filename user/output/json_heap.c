// SPDX-License-Identifier: GPL-2.0
/* See json_heap.h. */
#include "json_heap.h"

#include "json_suspects.h"

static bool is_there(const struct heap_state *st)
{
	return st->reserved || st->peak || st->committed || st->returned || st->resident;
}

void json_heap__parts(struct json *j, enum json_field_id id, const struct heap *heap)
{
	const struct heap_state *st = heap->part;

	json__open(j, id, JSON_RECORD_parts);
	for (int i = 0; i < HEAP_PART_NR; i++, st++) {
		if (!is_there(st))
			continue;
		json__named_open(j, JSON_parts_PART, heap_part__name(i), JSON_RECORD_part);
		json__u64(j, JSON_part_reserved, st->reserved);
		json__u64(j, JSON_part_committed, st->committed);
		json__u64(j, JSON_part_peak, st->peak);
		json__u64(j, JSON_part_returned, st->returned);
		if (heap->has_resident)
			json__u64(j, JSON_part_resident, st->resident);
		json__close(j);
	}
	json__close(j);
}

void json_heap__committed(struct json *j, enum json_field_id id,
			  const uint64_t committed[HEAP_PART_NR])
{
	json__open(j, id, JSON_RECORD_committed);
	for (int i = 0; i < HEAP_PART_NR; i++)
		if (committed[i])
			json__named_u64(j, JSON_committed_PART, heap_part__name(i), committed[i]);
	json__close(j);
}

void json_heap__sample(struct json *j, const struct sink *s, const struct sample_record *rec)
{
	char allocators[HEAP_ALLOCATORS_ROOM];
	struct heap_state all = heap__sum(rec->heap);

	json__u64(j, JSON_sample_reserved, all.reserved);
	json__u64(j, JSON_sample_committed, all.committed);
	json__u64(j, JSON_sample_returned, all.returned);
	if (rec->heap->has_resident)
		json__u64(j, JSON_sample_resident, all.resident);
	json_heap__parts(j, JSON_sample_parts, rec->heap);
	if (rec->heap->allocators)
		json__string(j, JSON_sample_allocators,
			     heap__allocators_text(rec->heap->allocators, allocators));
	if (rec->malloc)
		json_suspects__malloc(j, s, JSON_sample_malloc, rec->process);
}
