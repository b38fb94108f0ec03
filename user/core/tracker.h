/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracker: spaces, processes and what happens to them. Takes decoded
 * events in ring order, keeps every space's region map, knows which of them
 * are exact, and tells an observer. No I/O, clock or kernel: who reads
 * /proc or the ring calls tracker__base() and the tracker__on_*() functions.
 */
#ifndef MEMTRACE_CORE_TRACKER_H
#define MEMTRACE_CORE_TRACKER_H

#include "call.h"
#include "call_model.h"
#include "observer.h"
#include "region_map.h"
#include "space.h"
#include "stacks.h"

struct tracker;
struct allow;
struct ledger;

struct fork_event {
	uint64_t ts_ns, enter_ns;
	uint32_t tgid, tid, child_tgid, child_tid;
	uint64_t space, child_space, child_start_ns;
	uint64_t seq; /* tier ordered: of the section that copied the map; 0: unknown */
	uint64_t child_sp; /* its stack pointer as it begins; 0 unknown */
	bool thread, shared, no_base;
	struct mt_counters mm;
	struct layout layout;
	char comm[MT_COMM_LEN * 4 + 1];
};

struct exec_event {
	uint64_t ts_ns, start_ns;
	uint32_t tgid, tid, old_tid;
	uint64_t space, old_space;
	struct mt_counters mm;
	struct layout layout;
	char comm[MT_COMM_LEN * 4 + 1];
};

struct exit_event {
	uint64_t ts_ns;
	uint32_t tgid, tid;
	uint64_t space;
	bool group;
	int status; /* as wait(2) gives it */
};

/*
 * A write section: everything mapped in [lo, hi) now, and what touches it. seq
 * numbers the sections of a space. full: a walk of everything follows.
 */
struct section_event {
	uint64_t space, ts_ns, lo, hi, seq;
	uint32_t tgid, tid, origin, count;
	int32_t nr;
	bool full, bad, downgraded;
	const char *comm; /* escaped; NULL: not decoded, as for calls of ours */
	struct mt_counters mm;
	struct layout layout;
	const struct raw_region *regions;
};

/* One piece of a whole walk; regions are ordered within and across pieces. */
struct walk_event {
	uint64_t space, ts_ns;
	uint64_t seq; /* of the first section that is not in it */
	uint32_t tgid, first, count;
	bool last, bad;
	bool stale;	/* sections went by meanwhile */
	bool unsettled; /* as struct audit_event says */
	struct mt_counters mm;
	const struct raw_region *regions;
};

/*
 * What the map must be like before section seq. unsettled: an unmapping may go
 * on after its section, and take from total_vm, data_vm and stack_vm yet.
 */
struct audit_event {
	uint64_t space, ts_ns, seq, hash;
	bool unsettled, bad;
	struct mt_counters mm;
};

/* NULL without memory. observer may be NULL; it is called synchronously. */
struct tracker *tracker__new(const struct observer *observer, void *observer_ctx);
void tracker__free(struct tracker *t);

/* Maps are made from write sections: the call model only stands by. */
void tracker__set_truth(struct tracker *t, bool truth);

/*
 * Tier truth: what the kernel's tree is read as contradicts the kernel's own
 * counters, time and again. Its maps are uncertain, and will be.
 */
bool tracker__distrusted(const struct tracker *t);

/*
 * The kernel's number of the next section, which was read before all that has
 * come by now: what has not come is missing. Tier truth.
 */
void tracker__on_number(struct tracker *t, struct space *s, uint64_t seq, uint64_t ts_ns);

/* A whole map was due, and it has not come. */
void tracker__overdue(struct tracker *t, struct space *s, uint64_t ts_ns);

/* The map was found to be wrong by who compared it with another source: two lines of it. */
void tracker__on_difference(struct tracker *t, struct space *s, const char *expected,
			    const char *got, uint64_t ts_ns);

/*
 * Calls, forks and sections have numbers: each is applied when those before it
 * have come. A section event has no regions: it stands for a change unseen.
 */
void tracker__set_ordered(struct tracker *t);

/* vm.max_map_count, to name it when a call fails at it. */
void tracker__set_max_map_count(struct tracker *t, uint64_t regions);

/*
 * Live processes whose limits are wanted: NULL begins, NULL ends. tracker__set_limits()
 * answers; limits NULL: they could not be read.
 */
struct process *tracker__next_limits_wanted(struct tracker *t, struct process *after);
void tracker__set_limits(struct tracker *t, struct process *p, const struct mt_limits *limits,
			 uint64_t ts_ns);

/* Now and then, about once a second: what rises with time, and how fast (trend.h). */
void tracker__sample(struct tracker *t, uint64_t ts_ns);

/* The region maps a file, which may have been deleted since: so it is to be asked for. */
bool region__may_be_gone(const struct region *r, const struct backing *b);
/* That file, which the process has mapped, has been deleted or replaced. */
void tracker__on_deleted(struct tracker *t, struct process *p, uint32_t backing, uint64_t ts_ns);

/* What malloc(3) has in the heaps of p, and what of that is free. */
void tracker__on_malloc(struct tracker *t, struct process *p, const struct malloc_sum *sum,
			uint64_t ts_ns);

/*
 * What a cgroup has of the memory that it may have; p is one of its processes, and
 * told of when that comes near. id: is never that of another one.
 */
struct cgroup_memory {
	uint64_t id;
	uint64_t used, max;
};
void tracker__on_cgroup(struct tracker *t, struct process *p, const struct cgroup_memory *memory,
			uint64_t ts_ns);

/* Protections that are no findings; it must outlive the tracker, and counts what it allows. */
void tracker__set_allow(struct tracker *t, struct allow *allow);
const struct allow *tracker__allow(const struct tracker *t); /* NULL: none was set */
/* What names the stacks of calls: not owned; NULL (as it begins): there are none. */
void tracker__set_stacks(struct tracker *t, const struct stacks *stacks);
const struct stacks *tracker__stacks(const struct tracker *t);
/* Where the sites of each process go at its end: not owned; NULL (as it begins): nowhere. */
void tracker__set_ledger(struct tracker *t, struct ledger *ledger);

/* Each returns 0 or -ENOMEM. Events come in ring order. */
int tracker__on_task(struct tracker *t, const struct mt_task *task, const char *comm);
int tracker__on_call(struct tracker *t, const struct call *call);
int tracker__on_fork(struct tracker *t, const struct fork_event *ev);
int tracker__on_exec(struct tracker *t, const struct exec_event *ev);
int tracker__on_exit(struct tracker *t, const struct exit_event *ev);
int tracker__on_walk(struct tracker *t, const struct walk_event *ev);
int tracker__on_section(struct tracker *t, const struct section_event *ev);
/* A piece of a walk came, but it could not be decoded. */
void tracker__on_malformed_walk(struct tracker *t, uint64_t space, uint64_t ts_ns);
int tracker__on_audit(struct tracker *t, const struct audit_event *ev);

/* Every record carries its space's losses so far: a rise makes it uncertain. */
void tracker__on_lost(struct tracker *t, uint64_t space, uint32_t lost, uint64_t ts_ns);

/*
 * A snapshot of a space that was read from begin_ns to end_ns: its map from
 * now on. Events that ended before begin_ns are in it; the others are applied
 * over it as they come.
 */
int tracker__base(struct tracker *t, uint64_t space, const struct raw_region *regions, size_t n,
		  uint64_t begin_ns, uint64_t end_ns);

/* The same in tier ordered: between which sections it was read is known as well. */
struct base_span {
	uint64_t begin_ns, end_ns;
	uint64_t begin_seq; /* this section had ended when reading began */
	uint64_t end_seq;   /* the next one had not begun when it ended */
};
int tracker__base_numbered(struct tracker *t, uint64_t space, const struct raw_region *regions,
			   size_t n, const struct base_span *span);

/*
 * Tier ordered: what has been awaited in vain since not_after_ns will not come:
 * the spaces concerned are uncertain.
 */
void tracker__expire(struct tracker *t, uint64_t not_after_ns);

/*
 * Compares the map with the kernel's counters, which must have been read while
 * no call of this space was under way and after the last event that the
 * tracker was given at ts_ns. True when they agree. The tracker does so by itself
 * after each call of a space that has one thread.
 */
bool tracker__audit(struct tracker *t, struct space *s, const struct mt_counters *mm,
		    uint64_t ts_ns);

/*
 * Where regions that grow down end below (an address inside each): at most n
 * of them. Ask the kernel, then tell tracker__grown(): 0 or -ENOMEM.
 */
size_t tracker__growing(const struct space *s, uint64_t *ret_addrs, size_t n);
int tracker__grown(struct space *s, const struct mt_lookup *found);

/*
 * Between the two come tracker__on_task() for every thread in scope, and no
 * events: what was not among them has ended, and the event that said so was lost.
 */
void tracker__scan_begin(struct tracker *t);
void tracker__scan_end(struct tracker *t, uint64_t ts_ns);

/* Something was lost that cannot be laid to one space. */
void tracker__all_uncertain(struct tracker *t, const char *why, uint64_t ts_ns);

/* What space s holds now. */
void tracker__usage(const struct tracker *t, const struct space *s, struct usage *ret);

/*
 * What the memory of p, whose space is its own, is for; false: not known. And what is
 * resident of that, as it was read: the heap may be one of p's own (heap_start, heap_end).
 */
bool tracker__heap(struct tracker *t, const struct process *p, struct heap *ret);
void tracker__resident(struct tracker *t, const struct process *p, const struct resident *list,
		       size_t n, struct heap *heap);

/* Spaces that want a base: uncertain since before not_after_ns. NULL: none. */
struct space *tracker__next_wanted(struct tracker *t, struct space *after, uint64_t not_after_ns);

struct space *tracker__space(struct tracker *t, uint64_t id);
struct process *tracker__process(struct tracker *t, uint32_t tgid);
/* All live and ended processes still held, oldest first: NULL begins, NULL ends. */
struct process *tracker__next_process(struct tracker *t, struct process *after);
struct space *tracker__next_space(struct tracker *t, struct space *after);
size_t tracker__live_processes(const struct tracker *t);
const struct tracker_totals *tracker__totals(const struct tracker *t);
const struct backings *tracker__backings(const struct tracker *t);

/* Notes what every live process has now as its end: the closing report is next. */
void tracker__finish(struct tracker *t, uint64_t ts_ns);

/* Takes a space that ended and has been told off the list: NULL when none. */
bool tracker__next_ended(struct tracker *t, uint64_t *ret_space);

#endif
