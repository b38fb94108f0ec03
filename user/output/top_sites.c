// SPDX-License-Identifier: GPL-2.0
/* See top_sites.h. Owns the copies of sites, and the order of them. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "top_sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "site_text.h"

void top_sites__close(struct top_sites *s)
{
	free(s->sites);
	free(s->parts);
	*s = (struct top_sites){ 0 };
}

static int take_sites(struct top_sites *to, const struct top_sites *old,
		      const struct intern *sites, double seconds)
{
	/* A program that was executed has sites of its own, all of them new. */
	const size_t known = old && old->space == to->space ? old->n : 0;
	const struct top_site none = { 0 }, *before;
	struct top_site *row;
	uint32_t i;

	to->sites = calloc(sites->n, sizeof(*to->sites));
	if (!to->sites)
		return -ENOMEM;
	for (i = 0; i < sites->n; i++) {
		row = &to->sites[i];
		row->site = *(const struct site *)intern__at(sites, i);
		row->kept = site__kept(&row->site);
		row->peak = site__peak(&row->site);
		if (!old)
			continue;
		before = i < known ? &old->sites[i] : &none;
		row->interval = (int64_t)(row->kept - before->kept);
		/* Bytes go from a call to the stack that stands for it: that is no rate. */
		if (seconds > 0 && row->site.bytes > before->site.bytes)
			row->bytes_per_s =
				(double)(row->site.bytes - before->site.bytes) / seconds;
	}
	to->n = sites->n;
	return 0;
}

/* What goes on where the last one ends is one with it. */
static int add_part(struct top_sites *to, const struct history_part *part, size_t region)
{
	struct top_part *last = to->n_parts ? &to->parts[to->n_parts - 1] : NULL, *more;
	uint32_t site = part->trail->site - 1;
	size_t size;

	if (last && last->region == region && last->end == part->start && last->site == site) {
		last->end = part->end;
		return 0;
	}
	if (to->n_parts == to->parts_size) {
		size = to->parts_size ? 2 * to->parts_size : 64;
		more = realloc(to->parts, size * sizeof(*more));
		if (!more)
			return -ENOMEM;
		to->parts = more;
		to->parts_size = size;
	}
	to->parts[to->n_parts++] = (struct top_part){ part->start, part->end, region, site };
	return 0;
}

static int take_parts(struct top_sites *to, const struct space *s)
{
	struct history_part part;
	const struct region *r;
	struct region_iter it;
	size_t region = 0;
	uint64_t at;

	for (r = region_iter__init(&it, s->map, 0); r; r = region_iter__next(&it), region++) {
		for (at = r->start; history__next(s->origins, &at, r->end, &part);) {
			if (part.trail->site && add_part(to, &part, region))
				return -ENOMEM;
		}
	}
	return 0;
}

int top_sites__take(struct top_sites *to, const struct top_sites *old, const struct tracker *t,
		    const struct space *s, double seconds)
{
	int err;

	*to = (struct top_sites){ .stacks = tracker__stacks(t), .space = s->id };
	if (!s->origins)
		return 0;
	err = take_sites(to, old, origins__sites(s->origins), seconds);
	return err ? err : take_parts(to, s);
}

const struct top_site *top_sites__find(const struct top_sites *s, struct top_site_id id)
{
	return id.space == s->space && id.number < s->n ? &s->sites[id.number] : NULL;
}

static bool matches(const struct top_sites *s, const struct top_site *row, const char *filter)
{
	char who[SITE_ROOM];

	return !*filter || strcasestr(site__text(&row->site, s->stacks, who), filter);
}

static double value_of(const struct top_site *row, enum top_site_column column)
{
	switch (column) {
	case TOP_SITE_INTERVAL:
		return (double)row->interval;
	case TOP_SITE_BYTES:
		return (double)row->site.bytes;
	case TOP_SITE_RATE:
		return row->bytes_per_s;
	case TOP_SITE_PEAK:
		return (double)row->peak;
	case TOP_SITE_CALLS:
		return (double)row->site.calls;
	default:
		return (double)row->kept;
	}
}

struct order {
	const struct top_sites *sites;
	const struct top_site_view *view;
};

static int compare(const struct top_site *a, const struct top_site *b, enum top_site_column column)
{
	double left = value_of(a, column), right = value_of(b, column);

	return left > right ? -1 : left < right;
}

/* Those that are alike in the column are by what they keep, then in an order of their own. */
static int compare_sites(const void *left, const void *right, void *ctx)
{
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	const struct order *o = ctx;
	const struct top_site *rows = o->sites->sites;
	int order = compare(&rows[a], &rows[b], o->view->sort);

	if (order)
		return o->view->reverse ? -order : order;
	order = compare(&rows[a], &rows[b], TOP_SITE_KEPT);
	return order ? order : a < b ? -1 : a > b;
}

size_t top_sites__list(const struct top_sites *s, const struct top_site_view *view, size_t *ret)
{
	struct order order = { s, view };
	size_t n = 0, i;

	for (i = 0; i < s->n; i++) {
		if (s->sites[i].site.bytes && matches(s, &s->sites[i], view->filter))
			ret[n++] = i;
	}
	if (n)
		qsort_r(ret, n, sizeof(*ret), compare_sites, &order);
	return n;
}

size_t top_sites__parts(const struct top_sites *s, struct top_site_id id, size_t *ret)
{
	size_t n = 0, i;

	for (i = 0; id.space == s->space && i < s->n_parts; i++) {
		if (s->parts[i].site == id.number)
			ret[n++] = i;
	}
	return n;
}
