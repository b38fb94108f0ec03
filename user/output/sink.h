/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one interface between what is known and how it is shown: text.c and
 * json.c implement it. A sink formats; struct writer (writer.h) carries the
 * bytes, so that a slow reader costs lines and never events.
 */
#ifndef MEMTRACE_OUTPUT_SINK_H
#define MEMTRACE_OUTPUT_SINK_H

#include <stdio.h>
#include "core/observer.h"
#include "core/stacks.h"
#include "core/tracker.h"
#include "writer.h"

/* What is shown; never what is tracked. */
struct view {
	bool verbose;	     /* -v: each call */
	bool quiet;	     /* -q: the closing report only */
	bool failures;	     /* -x: failed calls only */
	bool history;	     /* --history: maps with who made what */
	bool map_alone;	     /* no closing report, but whether the map can be trusted */
	uint64_t min_bytes;  /* -z */
	bool colour;
	unsigned int columns, rows; /* of the terminal; 0: it is none */
	bool calls[MT_CALL_NR];	     /* -e: which calls -v shows */
	bool findings[FINDING_NR];   /* -e: which findings */
};

/* The filters, the same for every sink. */
bool view__shows_call(const struct view *view, const struct call_record *rec);
bool view__shows_finding(const struct view *view, const struct finding *finding);

struct start_info {
	uint64_t mono_ns, wall_ns; /* the same moment on both clocks */
	const char *version, *kernel, *boot_id, *tier;
	const char *command_line;
	const struct stacks *stacks; /* of calls; NULL: none are taken */
	const char *vsyscall; /* that line of a map; NULL: this kernel shows none */
};

/* How many of the calls that asked for memory are told with their stacks. */
struct stacks_summary {
	bool on;
	const char *why_not; /* they are wanted, and cannot be taken; NULL: they can */
	uint64_t asked, unwound, lost; /* calls; the others were not sampled */
	uint64_t cut;		       /* of those unwound: not up to the outermost frame */
	uint64_t bytes_asked, bytes_taken;
	uint64_t each_ns; /* that unwinding took on average */
};

struct summary {
	const char *tier;
	uint64_t duration_ns;
	uint64_t seen, delivered, lost;
	uint64_t lost_by_cause[MT_LOSS_NR];
	uint64_t lives_seen, lives_lost;
	uint64_t sections_seen, sections_lost;
	uint64_t verified, differences; /* maps compared with /proc/PID/maps */
	uint64_t lines_dropped;
	const struct tracker_totals *totals;
	struct tracker *tracker; /* its processes are what the report is about */
	uint64_t not_traced;	 /* spaces and threads that were in scope but could not be */
	struct stacks_summary stacks;
};

/* What the memory of a process is for, at an interval of --interval. */
struct sample_record {
	uint64_t ts_ns;
	const struct process *process;
	const struct space *space;
	const struct heap *heap;
	bool malloc; /* its heaps were looked at as well: suspicions.malloc */
};

struct sink;
struct sink_ops {
	void (*start)(struct sink *s, const struct start_info *info);
	void (*process)(struct sink *s, const struct process_record *rec);
	void (*call)(struct sink *s, const struct call_record *rec);
	void (*refused)(struct sink *s, const struct call_record *rec); /* NULL: it does not care */
	void (*finding)(struct sink *s, const struct finding *finding);
	/* The map of process p now; exact as space says. */
	void (*map)(struct sink *s, const struct process *p, const struct space *space,
		    const struct backings *backings, uint64_t ts_ns);
	void (*state)(struct sink *s, const struct state_record *rec);
	void (*lost)(struct sink *s, const struct lost_record *rec);
	void (*audit)(struct sink *s, const struct audit_record *rec);
	void (*sample)(struct sink *s, const struct sample_record *rec);
	void (*summary)(struct sink *s, const struct summary *sum);
	void (*free)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
	struct writer *out; /* not owned */
	struct view view;
	struct start_info info;
};

/* NULL without memory. The strings of info must outlive the sink. */
struct sink *text_sink__new(struct writer *out, const struct view *view,
			    const struct start_info *info);
struct sink *json_sink__new(struct writer *out, const struct view *view,
			    const struct start_info *info);
void sink__free(struct sink *s);

/* Forwards to the sink; ctx is a struct sink *. */
extern const struct observer sink_observer;

/*
 * Writes the map line for line as /proc/PID/maps would, and then vsyscall, the
 * whole line of our own /proc/self/maps without its newline, when it is not
 * NULL. kinds adds a header line, and two columns before the name: size and kind.
 * history, unless it is NULL: below each region who made it.
 */
struct history;
void print_map(struct writer *out, const struct region_map *map, const struct backings *backings,
	       const struct layout *layout, const char *vsyscall, bool kinds,
	       const struct history *history);

#endif
