/* SPDX-License-Identifier: GPL-2.0 */
/* Spaces and processes: plain data, written by the tracker, read by all. */
#ifndef MEMTRACE_CORE_SPACE_H
#define MEMTRACE_CORE_SPACE_H

#include "id_table.h"

#include "call.h"
#include "finding_kind.h"
#include "protections.h"
#include "origins.h"
#include "region_kind.h"
#include "region_map.h"
#include "suspect.h"

/* How much of an address space is of which sort, in bytes. */
struct usage {
	uint64_t kind[KIND_NR];
	uint64_t total;	     /* mapped, or reserved */
	uint64_t accessible; /* committed: some access is allowed */
	uint64_t locked;     /* as the kernel counts: mm->locked_vm */
};

struct call_stats {
	uint64_t count, errors;
	uint64_t bytes; /* that the calls which worked acted on */
	uint64_t ns;	/* spent in them */
};

/* A window in which a call of another thread may have been under way. */
struct window {
	uint64_t enter_ns, exit_ns, start, end;
	uint64_t before_ns; /* the latest exit of all that came before it */
	uint32_t tid;
	bool copies; /* a fork, which read [0, ~0) */
};
#define SPACE_WINDOWS 256

struct process;
struct order; /* tracker_order.c */

/* Who had the lock, where it was no call of ours. */
struct origin {
	uint32_t what; /* enum mt_origin; 0: nobody */
	int32_t nr;    /* MT_ORIGIN_SYSCALL: of the system call */
	uint32_t tgid, tid;
	char comm[MT_COMM_LEN * 4 + 1]; /* escaped */
};

struct space {
	uint64_t id;
	uint32_t tgid; /* a process whose /proc/PID shows it */
	bool inherited; /* a process that it was of has ended: what that made is to be told */
	struct region_map *map;
	struct origins *origins; /* who made what of the map; NULL: nothing known yet */
	uint32_t born; /* struct cause.what of all in its first map; 0: it was found */
	struct layout layout;
	struct mt_counters mm; /* the newest that came */
	bool has_base, exact, ended;
	bool lock_future, lock_on_fault;
	const char *why; /* when not exact: static text */
	uint64_t uncertain_ns, last_base_ns;
	uint64_t due_ns; /* when who asks for maps first saw that one is due; 0: not yet */
	uint64_t base_begin_ns, base_end_ns; /* of the last snapshot */
	uint64_t blind_ns; /* calls that ended before may not have been seen */
	uint64_t lineage;  /* the space from which, fork by fork, it was copied; or itself */
	uint64_t copied_ns; /* when; 0 once it has been read itself */
	bool has_copies;
	bool strangers; /* something was lost: there may be threads that we do not know */
	uint32_t lost;	   /* as the last record said */
	uint64_t delivered; /* calls that reached us */
	uint64_t resyncs;
	/* Numbers of write sections; tier truth: made whole (truth__number). */
	uint64_t next_seq, walk_seq;
	uint64_t uncertain_seq; /* next_seq when it became uncertain */
	bool numbered;	 /* next_seq is known */
	bool due;	 /* exact, but for the whole map that its last section sends */
	uint64_t proofs; /* audits by hash that it has passed */
	uint32_t asks;	 /* for its whole map, since it became uncertain */
	uint64_t checked_seq; /* next_seq when it was last compared with the kernel's */
	uint64_t kernel_seq;  /* which was this, not made whole */
	bool ahead;	      /* and another */
	uint64_t verified_ns; /* when it was last compared with /proc/PID/maps */
	bool in_order; /* tier ordered: next_seq is what comes next */
	/* Of the last base: sections up to begin are in it, and none after end. */
	uint64_t base_begin_seq, base_end_seq;
	struct order *order; /* tier ordered: what waits for its turn; NULL: nothing yet */
	uint32_t users;	  /* live processes */
	uint32_t threads; /* of all of them */
	uint64_t grown;	  /* bytes that one of several growing stacks took: which, is asked */
	struct window *windows; /* SPACE_WINDOWS, newest at next - 1; once there are threads */
	uint32_t window_next, window_count, same_tid_run;
	uint64_t window_latest_ns; /* the latest exit of all windows so far */
	struct writtens *writtens; /* protections.c; NULL: nothing yet */
	struct suspects *suspects;	/* suspects.c; NULL: nothing yet */
	struct kept_stacks *kept_stacks; /* kept_stacks.c; NULL: nothing yet */
	struct origin walk_by; /* whose section the walk that is coming in ended */
	struct region *walk; /* pieces of a walk that is coming in */
	size_t walk_n, walk_size;
	UT_hash_handle hh;
};

/* Such a process has no vsyscall page (mm/mmap.c, get_gate_vma). */
static inline bool space__is_32bit(const struct space *s)
{
	return s->layout.task_size && s->layout.task_size < 1ull << 32;
}

#define PROCESS_NEAR 3 /* limits that come near: of limits.c */

struct process {
	uint32_t tgid, parent;
	uint64_t start_ns;
	uint64_t first_ns, last_ns; /* first and last seen, CLOCK_MONOTONIC */
	char comm[MT_COMM_LEN * 4 + 1]; /* escaped */
	uint64_t space;
	uint32_t threads;
	bool ended, found; /* found: it ran before we did */
	bool end_lost;	   /* nobody told us of its end, and status is not known */
	int status;
	uint32_t scan; /* that saw it last */
	/* peak.kind is kept for KIND_HEAP alone: the others are not worth their cost */
	struct usage at_start, peak, at_end;
	/* The same by part; heap_peak: when most of all parts together was committed. */
	struct heap heap_start, heap_end;
	uint64_t heap_peak[HEAP_PART_NR];
	struct call_stats calls[MT_CALL_NR];
	uint64_t mapped, unmapped;	 /* bytes, by all calls */
	uint64_t committed, uncommitted;
	uint64_t brk_grown, brk_shrunk;	 /* bytes, by brk alone */
	uint64_t protections;		 /* changes of protection that worked */
	struct prot_sums prot;
	uint64_t findings[FINDING_NR];
	/* limits.c: as they were last read, 0: not known; how near was told; what was there then */
	struct mt_limits limits;
	int near_told[PROCESS_NEAR];
	struct rate near_rates[PROCESS_NEAR];
	bool wants_limits;
	uint64_t asked_locked, asked_data;
	/* At its end, or the tracker's: those that keep most first, and the sum of all. */
	struct site *sites;
	size_t n_sites;
	struct site_sums site_sums;
	struct suspicions suspicions;
	uint64_t told_heap, told_other, told_locked; /* bytes when growth was last told */
	struct process *next, *prev;
	struct process *next_ended; /* that ended after it */
	UT_hash_handle hh;
};

struct tracker_totals {
	uint64_t calls, lives;	/* events delivered */
	uint64_t sections;
	uint64_t missing;	/* sections that were noticed to be missing */
	uint64_t resyncs;	/* bases read again */
	uint64_t bases;		/* first bases */
	uint64_t audits, audit_failures;
	uint64_t conflicts;	/* calls that overlapped in time and range */
	uint64_t processes, spaces, threads; /* ever seen */
	uint64_t forgotten;	/* ended processes summed up in other */
	struct call_stats other[MT_CALL_NR];
	struct site_sums other_sites;
};

#endif
