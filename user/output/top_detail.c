// SPDX-License-Identifier: GPL-2.0
/* One process in top; see top_detail.h. Owns the copy of its regions and names. */
#include "top_detail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void top_detail__close(struct top_detail *d)
{
	free(d->regions);
	free(d->names);
	top_sites__close(&d->sites);
	*d = (struct top_detail){ 0 };
}

void top_detail__open(struct top_detail *d, const struct top_row *row)
{
	top_detail__close(d);
	d->id = row->id;
	memcpy(d->comm, row->comm, sizeof(d->comm));
}

const char *top_detail__name(const struct top_detail *d, const struct top_region *r)
{
	return d->names ? d->names + r->name : "";
}

/* Regions of one file follow each other: its name is kept once for them. */
static int names__add(struct top_detail *to, const char *name, size_t *ret_at)
{
	size_t len = strlen(name) + 1, size;
	char *more;

	if (to->n_regions && !strcmp(to->names + to->regions[to->n_regions - 1].name, name)) {
		*ret_at = to->regions[to->n_regions - 1].name;
		return 0;
	}
	if (to->names_len + len > to->names_size) {
		size = 2 * (to->names_size + len);
		more = realloc(to->names, size);
		if (!more)
			return -ENOMEM;
		to->names = more;
		to->names_size = size;
	}
	memcpy(to->names + to->names_len, name, len);
	*ret_at = to->names_len;
	to->names_len += len;
	return 0;
}

static bool is_accessible(const struct region *r)
{
	return r->flags & REGION_RWX;
}

/* Accessible bytes before in [start, end); *at goes on from region to region. */
static uint64_t accessible_before(const struct top_detail *d, size_t *at, const struct region *r)
{
	uint64_t bytes = 0, start, end;
	size_t i;

	while (*at < d->n_regions && d->regions[*at].region.end <= r->start)
		(*at)++;
	for (i = *at; i < d->n_regions && d->regions[i].region.start < r->end; i++) {
		const struct region *old = &d->regions[i].region;

		start = old->start > r->start ? old->start : r->start;
		end = old->end < r->end ? old->end : r->end;
		bytes += is_accessible(old) ? end - start : 0;
	}
	return bytes;
}

/* The regions of s into `to`; d holds those of the sample before. */
static int take_regions(struct top_detail *to, const struct top_detail *d, const struct tracker *t,
			const struct space *s)
{
	const struct backings *backings = tracker__backings(t);
	size_t max = region_map__totals(s->map)->regions, at = 0;
	const struct region *r;
	struct region_iter it;
	struct top_region *row;

	to->regions = calloc(max ? max : 1, sizeof(*to->regions));
	if (!to->regions)
		return -ENOMEM;
	for (r = region_iter__init(&it, s->map, 0); r && to->n_regions < max;
	     r = region_iter__next(&it)) {
		row = &to->regions[to->n_regions];
		row->region = *r;
		row->kind = region__kind(&it, backings, &s->layout);
		if (names__add(to, region__name(r, backings, &s->layout), &row->name))
			return -ENOMEM;
		row->interval = is_accessible(r) ? (int64_t)region__len(r) : 0;
		row->interval -= (int64_t)accessible_before(d, &at, r);
		if (!d->sampled_ns)
			row->interval = 0;
		to->n_regions++;
	}
	return 0;
}

static int compare_kinds(const void *left, const void *right)
{
	const struct top_kind *a = left, *b = right;

	if (a->growth != b->growth)
		return a->growth > b->growth ? -1 : 1;
	return a->bytes > b->bytes ? -1 : a->bytes < b->bytes;
}

static void take_kinds(struct top_detail *to, const struct top_detail *d, const struct process *p)
{
	struct top_kind all[KIND_NR] = { 0 };
	size_t i;
	int k;

	for (i = 0; i < to->n_regions; i++) {
		all[to->regions[i].kind].bytes += region__len(&to->regions[i].region);
		all[to->regions[i].kind].regions++;
	}
	to->n_kinds = 0;
	for (k = 0; k < KIND_NR; k++) {
		to->kind_bytes[k] = all[k].bytes;
		all[k].kind = (enum region_kind)k;
		all[k].growth = (int64_t)(all[k].bytes - p->at_start.kind[k]);
		if (d->sampled_ns)
			all[k].interval = (int64_t)(all[k].bytes - d->kind_bytes[k]);
		if (all[k].bytes || all[k].growth || all[k].interval)
			to->kinds[to->n_kinds++] = all[k];
	}
	qsort(to->kinds, to->n_kinds, sizeof(*to->kinds), compare_kinds);
}

static int compare_calls(const void *left, const void *right)
{
	const struct top_call *a = left, *b = right;

	if (a->stats.bytes != b->stats.bytes)
		return a->stats.bytes > b->stats.bytes ? -1 : 1;
	return a->stats.count > b->stats.count ? -1 : a->stats.count < b->stats.count;
}

static void take_calls(struct top_detail *to, const struct top_detail *d, const struct process *p,
		       double seconds)
{
	int c;

	to->n_calls = 0;
	for (c = MT_CALL_NONE + 1; c < MT_CALL_NR; c++) {
		const struct call_stats *now = &p->calls[c], *old = &d->stats[c];
		struct top_call *call = &to->calls[to->n_calls];

		to->stats[c] = *now;
		if (!now->count)
			continue;
		*call = (struct top_call){ .id = (enum mt_call_id)c, .stats = *now };
		if (seconds > 0) {
			call->calls_per_s = (double)(now->count - old->count) / seconds;
			call->bytes_per_s = (double)(now->bytes - old->bytes) / seconds;
		}
		to->n_calls++;
	}
	qsort(to->calls, to->n_calls, sizeof(*to->calls), compare_calls);
}

int top_detail__sample(struct top_detail *d, struct tracker *t, uint64_t now_ns)
{
	double seconds = d->sampled_ns ? (double)(now_ns - d->sampled_ns) / 1e9 : 0;
	const struct process *p = tracker__process(t, d->id.tgid);
	struct top_detail to = { .id = d->id };
	const struct space *s;

	d->gone = !p || p->first_ns != d->id.first_ns;
	s = d->gone ? NULL : tracker__space(t, p->space);
	d->ended = d->gone || p->ended;
	if (d->ended || !s)
		return 0;
	if (take_regions(&to, d, t, s) ||
	    top_sites__take(&to.sites, d->sampled_ns ? &d->sites : NULL, t, s, seconds)) {
		top_detail__close(&to);
		return -ENOMEM;
	}
	memcpy(to.comm, p->comm, sizeof(to.comm));
	to.exact = s->exact;
	to.why = s->why;
	to.bytes = region_map__totals(s->map)->bytes;
	to.accessible = region_map__totals(s->map)->accessible;
	to.sampled_ns = now_ns;
	take_kinds(&to, d, p);
	take_calls(&to, d, p, seconds);
	top_detail__close(d);
	*d = to;
	return 0;
}
