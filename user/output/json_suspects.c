// SPDX-License-Identifier: GPL-2.0
/* See json_suspects.h. */
#include "json_suspects.h"

#include "site_text.h"

/* The fields of a trend, in one record or another. */
struct trend_ids {
	enum json_field_id confidence, rate, samples, first, last, from, kept;
};

static void trend(struct json *j, const struct sink *s, const struct trend *t,
		  const struct trend_ids *ids)
{
	json__string(j, ids->confidence, confidence__name(t->confidence));
	json__u64(j, ids->rate, (uint64_t)(t->slope * 3600));
	json__u64(j, ids->samples, t->samples);
	json__i64(j, ids->first, (int64_t)(t->first_ns - s->info.mono_ns));
	json__i64(j, ids->last, (int64_t)(t->last_ns - s->info.mono_ns));
	json__u64(j, ids->from, t->from);
	json__u64(j, ids->kept, t->to);
}

static void who(struct json *j, const struct sink *s, enum json_field_id id,
		const struct leak *leak)
{
	char text[SITE_ROOM];

	if (!leak->whole)
		json__string(j, id, site__text(&leak->site, s->info.stacks, text));
}

void json_suspects__leak(struct json *j, const struct sink *s, const struct leak *leak)
{
	static const struct trend_ids ids = {
		JSON_finding_confidence, JSON_finding_bytes_per_hour, JSON_finding_samples,
		JSON_finding_first_ts,	 JSON_finding_last_ts,	      JSON_finding_from,
		JSON_finding_kept,
	};

	who(j, s, JSON_finding_who, leak);
	trend(j, s, &leak->trend, &ids);
}

static void leak_item(struct json *j, const struct sink *s, const struct leak *leak)
{
	static const struct trend_ids ids = {
		JSON_leak_confidence, JSON_leak_bytes_per_hour, JSON_leak_samples,
		JSON_leak_first_ts,   JSON_leak_last_ts,	JSON_leak_from,
		JSON_leak_kept,
	};

	json__open_item(j);
	who(j, s, JSON_leak_who, leak);
	if (!leak->whole && leak->site.stack)
		json__u64(j, JSON_leak_stack, leak->site.stack);
	json__bool(j, JSON_leak_stands, leak->stands);
	trend(j, s, &leak->trend, &ids);
	json__close(j);
}

void json_suspects__malloc(struct json *j, const struct sink *s, enum json_field_id id,
			   const struct process *p)
{
	const struct malloc_sum *sum = &p->suspicions.malloc;

	json__open(j, id, JSON_RECORD_malloc_heaps);
	json__i64(j, JSON_malloc_heaps_ts, (int64_t)(p->suspicions.malloc_ns - s->info.mono_ns));
	json__u64(j, JSON_malloc_heaps_heaps, sum->heaps);
	json__u64(j, JSON_malloc_heaps_total, sum->total);
	json__u64(j, JSON_malloc_heaps_counted, sum->counted);
	json__u64(j, JSON_malloc_heaps_free, sum->free);
	json__u64(j, JSON_malloc_heaps_kept, sum->kept);
	json__u64(j, JSON_malloc_heaps_pages, sum->pages);
	json__u64(j, JSON_malloc_heaps_top, sum->top);
	json__u64(j, JSON_malloc_heaps_largest, sum->largest);
	json__u64(j, JSON_malloc_heaps_above, sum->above);
	json__u64(j, JSON_malloc_heaps_above_bytes, sum->above_bytes);
	json__bool(j, JSON_malloc_heaps_whole, !sum->part);
	json__close(j);
}

static void kept_stacks(struct json *j, const struct suspicions *all)
{
	if (!all->stacks)
		return;
	json__u64(j, JSON_process_sum_kept_stacks, all->stacks);
	json__u64(j, JSON_process_sum_kept_stack_bytes, all->stack_bytes);
}

void json_suspects__process(struct json *j, const struct sink *s, const struct process *p)
{
	const struct suspicions *all = &p->suspicions;
	size_t i;

	json__open_array(j, JSON_process_sum_leaks, JSON_RECORD_leak);
	for (i = 0; i < all->n_leaks; i++)
		leak_item(j, s, &all->leaks[i]);
	json__close(j);
	json__open_array(j, JSON_process_sum_deleted, JSON_RECORD_deleted_file);
	for (i = 0; i < all->n_deleted; i++) {
		json__open_item(j);
		json__string(j, JSON_deleted_file_path, all->deleted[i].name);
		json__u64(j, JSON_deleted_file_bytes, all->deleted[i].bytes);
		json__bool(j, JSON_deleted_file_image, all->deleted[i].image);
		json__close(j);
	}
	json__close(j);
	kept_stacks(j, all);
	if (all->malloc_ns)
		json_suspects__malloc(j, s, JSON_process_sum_malloc, p);
}
