/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What top shows of one process: its memory by kind, its sites, calls and regions,
 * and what of each has grown. Knows the tracker, and no terminal.
 */
#ifndef MEMTRACE_OUTPUT_TOP_DETAIL_H
#define MEMTRACE_OUTPUT_TOP_DETAIL_H

#include "top_sites.h"

struct top_kind {
	enum region_kind kind;
	uint64_t bytes, regions;
	int64_t growth, interval; /* since the start, and in the last interval */
};

struct top_call {
	enum mt_call_id id;
	struct call_stats stats;
	double calls_per_s, bytes_per_s;
};

struct top_region {
	struct region region;
	enum region_kind kind;
	size_t name;	  /* where in names; see top_detail__name() */
	int64_t interval; /* accessible bytes in its range more than an interval ago */
};

struct top_detail {
	struct top_row_id id;
	char comm[MT_COMM_LEN * 4 + 1];
	bool gone, ended, exact;
	const char *why; /* not exact: static text */
	uint64_t bytes, accessible;
	uint64_t sampled_ns; /* 0: not yet */
	/* Those that there are, most growth first, then most bytes. */
	struct top_kind kinds[KIND_NR];
	size_t n_kinds;
	struct top_call calls[MT_CALL_NR];
	size_t n_calls;
	/* By address. */
	struct top_region *regions;
	size_t n_regions, regions_size;
	struct top_sites sites;
	char *names;
	size_t names_len, names_size;
	/* Of the sample before: of every kind and call. */
	uint64_t kind_bytes[KIND_NR];
	struct call_stats stats[MT_CALL_NR];
};

/* Begins with another process; what is in d is freed. */
void top_detail__open(struct top_detail *d, const struct top_row *row);
void top_detail__close(struct top_detail *d);

/*
 * An interval ends. A process that is not known any more is gone, and what was
 * known of it stays. Returns 0 or -ENOMEM, and then d is as it was.
 */
int top_detail__sample(struct top_detail *d, struct tracker *t, uint64_t now_ns);

/* Never NULL. */
const char *top_detail__name(const struct top_detail *d, const struct top_region *r);

#endif
