// SPDX-License-Identifier: GPL-2.0
/*
 * Which memory of a space was writable, since when and until when: a few ranges,
 * the newest. See protections.h. Must not know spaces or calls.
 */
#include "protections.h"

#include <string.h>

#include "change.h"

static void add(struct writtens *w, struct written range)
{
	if (range.start >= range.end)
		return;
	if (w->n == WRITTEN_MAX) {
		memmove(w->list, w->list + 1, (WRITTEN_MAX - 1) * sizeof(w->list[0]));
		w->n--;
	}
	w->list[w->n++] = range;
}

static bool overlaps(const struct written *r, uint64_t start, uint64_t end)
{
	return r->start < end && r->end > start;
}

const struct written *writtens__find(const struct writtens *w, uint64_t start, uint64_t end)
{
	size_t i;

	for (i = w->n; i-- > 0;) {
		if (overlaps(&w->list[i], start, end))
			return &w->list[i];
	}
	return NULL;
}

/* Forgets [start, end): what sticks out on either side stays. */
static void cut(struct writtens *w, uint64_t start, uint64_t end)
{
	struct written tails[WRITTEN_MAX];
	size_t i = 0, kept, n_tails = 0;

	/* Mostly there is none, or the newest. */
	while (i < w->n && !overlaps(&w->list[i], start, end))
		i++;
	for (kept = i; i < w->n; i++) {
		struct written r = w->list[i];

		if (!overlaps(&r, start, end)) {
			w->list[kept++] = r;
			continue;
		}
		if (r.end > end) {
			tails[n_tails] = r;
			tails[n_tails++].start = end;
		}
		if (r.start < start) {
			w->list[kept] = r;
			w->list[kept++].end = start;
		}
	}
	w->n = kept;
	for (i = 0; i < n_tails; i++)
		add(w, tails[i]);
}

/* An arena that grows by a page a call is one range: the newest goes on. */
static bool goes_on(struct writtens *w, const struct written *range)
{
	struct written *last = w->n ? &w->list[w->n - 1] : NULL;

	if (!last || last->end != range->start || last->end_ns || range->end_ns ||
	    last->written != range->written || last->stack != range->stack)
		return false;
	last->end = range->end;
	return true;
}

static void note(struct writtens *w, const struct transition *t, struct writtens_origin by)
{
	bool same = t->what & TRANSITION_SAME;
	bool was = t->what & TRANSITION_WAS && same && t->old_flags & REGION_WRITE;
	bool is = t->what & TRANSITION_IS && t->new_flags & REGION_WRITE;
	struct written now = {
		.start = t->start,
		.end = t->end,
		.made_ns = same || by.moved ? 0 : by.ts_ns,
		.begin_ns = by.moved ? 0 : by.ts_ns,
		.stack = !same && by.stack,
	};
	const struct written *before = same ? writtens__find(w, t->start, t->end) : NULL;

	/* Still as it was, writable or not. */
	if (same && was == is)
		return;
	now.written = was || is;
	if (!now.written)
		now.begin_ns = 0;
	if (before) {
		now.made_ns = before->made_ns;
		now.stack = before->stack;
	}
	if (was) {
		now.begin_ns = before ? before->begin_ns : 0;
		now.end_ns = by.ts_ns;
	}
	cut(w, t->start, t->end);
	if (t->what & TRANSITION_IS && (now.written || now.made_ns) && !goes_on(w, &now))
		add(w, now);
}

void writtens__update(struct writtens *w, const struct change *ch, struct writtens_origin by)
{
	uint32_t i;

	if (ch->kind == CHANGE_UNKNOWN) {
		w->n = 0;
		return;
	}
	/* There was more than is told of. */
	if (ch->more_transitions)
		cut(w, ch->first, ch->last);
	for (i = 0; i < ch->n_transitions; i++)
		note(w, &ch->transitions[i], by);
}
