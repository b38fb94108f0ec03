// SPDX-License-Identifier: GPL-2.0
/* Rows of top; see top_model.h. Owns rates, history and order. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "top_model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct top {
	struct top_row *rows; /* a hash by id */
	uint32_t sample;
	uint64_t sampled_ns, last_ns;
	size_t others;
	bool paused;
	/* What is shown: copies, so that it can be held still. */
	struct top_row *shown;
	size_t n_shown, shown_size;
	const struct top_row **order;
	double seconds;
	struct top_counts counts;
};

static const struct top_column_row columns[] = {
#define X(id, key, heading, width, rank, text) { key, heading, width, rank, text },
	TOP_COLUMNS(X)
#undef X
};

const struct top_column_row *top_column__row(enum top_column column)
{
	return &columns[column];
}

enum top_column top_column__by_key(const char *key)
{
	int i;

	for (i = 0; i < TOP_COLUMN_NR && strcmp(columns[i].key, key); i++)
		;
	return (enum top_column)i;
}

struct top *top__new(void)
{
	return calloc(1, sizeof(struct top));
}

void top__free(struct top *top)
{
	struct top_row *row, *tmp;

	if (!top)
		return;
	HASH_ITER(hh, top->rows, row, tmp) {
		HASH_DEL(top->rows, row);
		free(row);
	}
	free(top->shown);
	free(top->order);
	free(top);
}

/* The regions of the break lie together; guards may have been made among them. */
static uint64_t heap_bytes(const struct tracker *t, const struct space *s)
{
	const struct layout *layout = &s->layout;
	const struct region *r;
	struct region_iter it;
	uint64_t bytes = 0;

	if (layout->brk <= layout->start_brk)
		return 0;
	for (r = region_iter__init(&it, s->map, layout->start_brk); r && r->start < layout->brk;
	     r = region_iter__next(&it)) {
		if (region__kind(&it, tracker__backings(t), layout) == KIND_HEAP)
			bytes += region__len(r);
	}
	return bytes;
}

static void row__take_levels(struct top_row *row, const struct tracker *t, const struct process *p,
			     const struct space *s)
{
	const struct region_totals *totals;

	row->ended = p->ended;
	if (p->ended || !s) {
		row->accessible = p->at_end.accessible;
		row->heap = p->at_end.kind[KIND_HEAP];
		row->locked = p->at_end.locked;
		row->regions = 0;
	} else {
		totals = region_map__totals(s->map);
		row->accessible = totals->accessible;
		row->heap = heap_bytes(t, s);
		row->locked = s->mm.locked_vm * REGION_PAGE;
		row->regions = totals->regions;
		row->exact = s->exact;
		row->has_base = s->has_base;
		row->why = s->why;
	}
	row->growth = (int64_t)(row->accessible - p->at_start.accessible);
}

static void row__take_rates(struct top_row *row, const struct process *p, double seconds)
{
	uint64_t calls = 0;
	int c;

	for (c = MT_CALL_NONE + 1; c < MT_CALL_NR; c++)
		calls += p->calls[c].count;
	/* A row that has just come was at 0 when its process was first seen. */
	if (seconds > 0) {
		row->calls_per_s = (double)(calls - row->calls) / seconds;
		row->mapped_per_s = (double)(p->mapped - row->mapped) / seconds;
		row->unmapped_per_s = (double)(p->unmapped - row->unmapped) / seconds;
	}
	row->calls = calls;
	row->mapped = p->mapped;
	row->unmapped = p->unmapped;
}

static void row__remember(struct top_row *row)
{
	if (!row->has_base && !row->ended)
		return;
	if (row->history_n == TOP_HISTORY) {
		memmove(row->history, row->history + 1, (TOP_HISTORY - 1) * sizeof(*row->history));
		row->history_n--;
	}
	row->history[row->history_n++] = row->accessible;
}

/* Its growth is what it has grown since it was seen first, until there is a last sample. */
static void row__update(struct top_row *row, const struct tracker *t, const struct process *p,
			const struct space *s, double seconds)
{
	bool before = row->has_base;
	uint64_t accessible = row->accessible;

	memcpy(row->comm, p->comm, sizeof(row->comm));
	row__take_levels(row, t, p, s);
	row->interval = before ? (int64_t)(row->accessible - accessible) : row->growth;
	row__take_rates(row, p, seconds);
	row__remember(row);
}

static struct top_row_id row_id(const struct process *p)
{
	/* With its padding, as it is a key. */
	return (struct top_row_id){ .tgid = p->tgid, .first_ns = p->first_ns };
}

static struct top_row *row__get(struct top *top, const struct process *p)
{
	struct top_row_id id = row_id(p);
	struct top_row *row;

	HASH_FIND(hh, top->rows, &id, sizeof(id), row);
	if (row)
		return row->ended ? NULL : row;
	/* Ended before the last sample: it was shown, or never will be. */
	if (p->ended && p->last_ns < top->sampled_ns)
		return NULL;
	if (HASH_COUNT(top->rows) >= TOP_ROWS_MAX) {
		top->others++;
		return NULL;
	}
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	row->id = id;
	HASH_ADD(hh, top->rows, id, sizeof(row->id), row);
	if (!row->hh.tbl) {
		free(row);
		return NULL;
	}
	return row;
}

/* What has ended is shown once more, and then goes. */
static void drop_unseen(struct top *top)
{
	struct top_row *row, *tmp;

	HASH_ITER(hh, top->rows, row, tmp) {
		if (row->seen == top->sample)
			continue;
		HASH_DEL(top->rows, row);
		free(row);
	}
}

static int show(struct top *top, uint64_t now_ns)
{
	size_t n = HASH_COUNT(top->rows);
	struct top_row *row, *tmp, *more;
	const struct top_row **order;

	if (n > top->shown_size) {
		more = realloc(top->shown, n * sizeof(*more));
		if (!more)
			return -ENOMEM;
		top->shown = more;
		order = realloc(top->order, n * sizeof(*order));
		if (!order)
			return -ENOMEM;
		top->order = order;
		top->shown_size = n;
	}
	top->n_shown = 0;
	top->counts = (struct top_counts){ .others = top->others };
	HASH_ITER(hh, top->rows, row, tmp) {
		top->shown[top->n_shown++] = *row;
		top->counts.processes += !row->ended;
		top->counts.uncertain += !row->ended && !row->exact;
	}
	top->seconds = top->last_ns ? (double)(now_ns - top->last_ns) / 1e9 : 0;
	return 0;
}

int top__sample(struct top *top, struct tracker *t, uint64_t now_ns)
{
	double seconds = top->sampled_ns ? (double)(now_ns - top->sampled_ns) / 1e9 : 0;
	const struct process *p;
	struct top_row *row;

	top->sample++;
	top->others = 0;
	for (p = tracker__next_process(t, NULL); p;
	     p = tracker__next_process(t, (struct process *)p)) {
		row = row__get(top, p);
		if (!row)
			continue;
		row__update(row, t, p, tracker__space(t, p->space), seconds);
		row->seen = top->sample;
	}
	drop_unseen(top);
	top->last_ns = top->sampled_ns;
	top->sampled_ns = now_ns;
	return top->paused ? 0 : show(top, now_ns);
}

void top__pause(struct top *top, bool paused)
{
	top->paused = paused;
}

double top__seconds(const struct top *top)
{
	return top->seconds;
}

struct top_counts top__counts(const struct top *top)
{
	return top->counts;
}

static int compare_double(double a, double b)
{
	return a < b ? -1 : a > b;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_s64(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* Below 0 when a comes first as the column is wont to be: the largest, or the first in order. */
static int row__compare(const struct top_row *a, const struct top_row *b, enum top_column column)
{
	switch (column) {
	case TOP_PID:
		return compare_u64(a->id.tgid, b->id.tgid);
	case TOP_GROWTH:
		return compare_s64(b->growth, a->growth);
	case TOP_INTERVAL:
		return compare_s64(b->interval, a->interval);
	case TOP_HEAP:
		return compare_u64(b->heap, a->heap);
	case TOP_CALLS:
		return compare_double(b->calls_per_s, a->calls_per_s);
	case TOP_MAPPED:
		return compare_double(b->mapped_per_s, a->mapped_per_s);
	case TOP_UNMAPPED:
		return compare_double(b->unmapped_per_s, a->unmapped_per_s);
	case TOP_REGIONS:
		return compare_u64(b->regions, a->regions);
	case TOP_LOCKED:
		return compare_u64(b->locked, a->locked);
	case TOP_STATE: /* what is uncertain first */
		return compare_u64(a->exact, b->exact);
	case TOP_COMM:
		return strcmp(a->comm, b->comm);
	default:
		return compare_u64(b->accessible, a->accessible);
	}
}

/* Rows that are alike in the column stay in an order of their own, so that none jumps about. */
static int compare_rows(const void *left, const void *right, void *ctx)
{
	const struct top_row *a = *(const struct top_row *const *)left;
	const struct top_row *b = *(const struct top_row *const *)right;
	const struct top_view *view = ctx;
	int order = row__compare(a, b, view->sort);

	/* What has ended is told, below what lives: there may be a great many. */
	if (a->ended != b->ended)
		return a->ended ? 1 : -1;
	if (order)
		return view->reverse ? -order : order;
	order = row__compare(a, b, TOP_ACCESS);
	return order ? order : compare_u64(a->id.tgid, b->id.tgid);
}

static bool row__matches(const struct top_row *row, const char *filter)
{
	char pid[16];

	if (!*filter)
		return true;
	snprintf(pid, sizeof(pid), "%u", row->id.tgid);
	return strcasestr(row->comm, filter) || strstr(pid, filter);
}

size_t top__rows(struct top *top, const struct top_view *view, const struct top_row ***ret_rows)
{
	size_t n = 0, i;

	for (i = 0; i < top->n_shown; i++) {
		if (row__matches(&top->shown[i], view->filter))
			top->order[n++] = &top->shown[i];
	}
	if (n)
		qsort_r(top->order, n, sizeof(*top->order), compare_rows, (void *)view);
	*ret_rows = top->order;
	return n;
}
