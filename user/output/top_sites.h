/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What top shows of the sites of one process: what each has grown by and keeps, and
 * which memory it made; sorted and filtered. Knows the tracker, and no terminal.
 */
#ifndef MEMTRACE_OUTPUT_TOP_SITES_H
#define MEMTRACE_OUTPUT_TOP_SITES_H

#include "core/tracker.h"
#include "top_model.h"

/* The columns in their order: heading, width, what they say. */
#define TOP_SITE_COLUMNS(X)                                       \
	X(KEPT, "KEPT", 7, "bytes of it kept now")                \
	X(INTERVAL, "INTERVAL", 8, "growth of what is kept")      \
	X(BYTES, "BYTES", 7, "bytes that it made accessible")     \
	X(RATE, "BYTES/s", 7, "the same per second")              \
	X(PEAK, "PEAK", 7, "the most that was kept of it")        \
	X(CALLS, "CALLS", 7, "calls that it made")

enum top_site_column {
#define X(id, heading, width, text) TOP_SITE_##id,
	TOP_SITE_COLUMNS(X)
#undef X
	TOP_SITE_COLUMN_NR
};

struct top_site {
	struct site site;
	uint64_t kept, peak;
	int64_t interval; /* kept more than an interval ago */
	double bytes_per_s;
};

/* Accessible memory that a site made. */
struct top_part {
	uint64_t start, end;
	size_t region; /* of top_detail */
	uint32_t site;
};

struct top_sites {
	const struct stacks *stacks; /* not owned; NULL: none are taken */
	uint64_t space;		     /* whose sites they are: their numbers are its own */
	struct top_site *sites;	     /* by number */
	size_t n;
	struct top_part *parts; /* by address */
	size_t n_parts, parts_size;
};

struct top_site_id {
	uint64_t space;
	uint32_t number;
};

/* How they are looked at. */
struct top_site_view {
	enum top_site_column sort; /* the largest first, unless reverse */
	bool reverse;
	char filter[TOP_FILTER_MAX]; /* part of who it is; "" all */
};

void top_sites__close(struct top_sites *s);

/*
 * Those of the space now; old: of the sample before, NULL: there was none. Regions of
 * parts are counted from 0, in the order of the map. 0, or -ENOMEM and *to is to be closed.
 */
int top_sites__take(struct top_sites *to, const struct top_sites *old, const struct tracker *t,
		    const struct space *s, double seconds);

/* NULL: not known (any more). */
const struct top_site *top_sites__find(const struct top_sites *s, struct top_site_id id);

/* The numbers of those that grew, chosen and sorted; ret has room for s->n. How many. */
size_t top_sites__list(const struct top_sites *s, const struct top_site_view *view, size_t *ret);

/* Where among the parts those of that site are; ret has room for s->n_parts. How many. */
size_t top_sites__parts(const struct top_sites *s, struct top_site_id id, size_t *ret);

#endif
