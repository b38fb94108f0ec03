/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What top shows of processes, interval by interval: levels, rates, growth and a
 * history; sorted, filtered, held still. Knows the tracker, and no terminal.
 */
#ifndef MEMTRACE_OUTPUT_TOP_MODEL_H
#define MEMTRACE_OUTPUT_TOP_MODEL_H

#include "core/tracker.h"

#define TOP_HISTORY 64	  /* intervals that are remembered */
#define TOP_ROWS_MAX 4096 /* what is beyond is counted */
#define TOP_FILTER_MAX 64

/*
 * The columns in their order: key of --sort, heading, width, rank (of a narrow
 * screen the highest are left out), what they say.
 */
#define TOP_COLUMNS(X)                                                                      \
	X(PID, "pid", "PID", 7, 0, "process")                                               \
	X(GROWTH, "growth", "GROWTH", 8, 0, "accessible memory more than at the start")     \
	X(INTERVAL, "interval", "INTERVAL", 8, 0, "growth in the last interval")            \
	X(ACCESS, "accessible", "ACCESS", 7, 0, "accessible memory: some access is allowed") \
	X(HEAP, "heap", "HEAP", 7, 1, "the program break (brk)")                            \
	X(CALLS, "calls", "CALLS/s", 7, 1, "memory system calls per second")                \
	X(MAPPED, "mapped", "MAP/s", 7, 2, "bytes mapped per second")                       \
	X(UNMAPPED, "unmapped", "UNMAP/s", 7, 2, "bytes unmapped per second")               \
	X(REGIONS, "regions", "REGIONS", 7, 3, "regions in the map")                        \
	X(LOCKED, "locked", "LOCKED", 7, 4, "locked memory")                                \
	X(STATE, "state", "STATE", 5, 0, "whether the map is exact; ? is uncertain")        \
	X(COMM, "comm", "COMM", 15, 0, "name of the process")

enum top_column {
#define X(id, key, heading, width, rank, text) TOP_##id,
	TOP_COLUMNS(X)
#undef X
	TOP_COLUMN_NR
};

struct top_column_row {
	const char *key, *heading;
	int width, rank;
	const char *text;
};
const struct top_column_row *top_column__row(enum top_column column);

/* TOP_COLUMN_NR when no column has that key. */
enum top_column top_column__by_key(const char *key);

struct top_row {
	/* Which process: pids are used again. */
	struct top_row_id {
		uint32_t tgid;
		uint32_t zero;
		uint64_t first_ns;
	} id;
	char comm[MT_COMM_LEN * 4 + 1];
	bool ended, exact, has_base;
	const char *why; /* not exact: static text */
	uint64_t accessible, heap, locked, regions;
	int64_t growth, interval;
	double mapped_per_s, unmapped_per_s, calls_per_s;
	uint64_t mapped, unmapped, calls; /* so far */
	uint64_t history[TOP_HISTORY];	  /* accessible memory, oldest first */
	size_t history_n;
	uint32_t seen; /* sample that saw it last */
	UT_hash_handle hh;
};

/* How rows are looked at. */
struct top_view {
	enum top_column sort;
	bool reverse;
	char filter[TOP_FILTER_MAX]; /* part of a name or of a pid; "" all */
};

struct top;

/* NULL without memory. */
struct top *top__new(void);
void top__free(struct top *top);

/*
 * An interval ends: looks at every process of the tracker. While paused this is
 * remembered and not shown. Returns 0 or -ENOMEM.
 */
int top__sample(struct top *top, struct tracker *t, uint64_t now_ns);
void top__pause(struct top *top, bool paused);

/* Seconds that the interval shown took; 0 before the first. */
double top__seconds(const struct top *top);

/*
 * The rows shown, chosen and sorted; the array and its rows are valid until the
 * next sample or the next call. Returns their number.
 */
size_t top__rows(struct top *top, const struct top_view *view, const struct top_row ***ret_rows);

/* Of what is shown: all processes, those uncertain, those that had no room. */
struct top_counts {
	size_t processes, uncertain, others;
};
struct top_counts top__counts(const struct top *top);

#endif
