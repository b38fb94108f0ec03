/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the tracker share. Included by tracker*.c and findings.c only. */
#ifndef MEMTRACE_CORE_TRACKER_PRIVATE_H
#define MEMTRACE_CORE_TRACKER_PRIVATE_H

#include "ledger.h"
#include "tracker.h"

struct thread {
	uint32_t tid, tgid;
	uint64_t user_sp; /* when it was found; 0 unknown */
	uint64_t stack_sp; /* then, or when it was born: somewhere in its stack; 0 unknown */
	uint32_t scan;	  /* that saw it last */
	/* Tier truth, of the call under way: what it has changed, and what that was. */
	struct change change;
	const char *was_name; /* NULL: nothing */
	enum region_kind was_kind;
	uint32_t was_backing; /* that owns the name */
	UT_hash_handle hh;
};

struct tracker {
	const struct observer *observer;
	void *observer_ctx;
	struct backings *backings;
	struct space *spaces;		 /* by id */
	struct process *processes;	 /* live ones, by tgid */
	struct process *oldest, *newest; /* live and ended, by age */
	struct process *first_ended, *last_ended; /* valid while there are ended_processes */
	struct thread *threads;		 /* by tid */
	size_t ended_processes, uncertain_spaces;
	uint32_t scan; /* number of the last scan of all threads */
	uint64_t max_map_count;
	bool limits_wanted; /* of some process */
	struct allow *allow;	     /* not owned; NULL: nothing is allowed */
	const struct stacks *stacks; /* not owned; NULL: there are none */
	struct ledger *ledger;	     /* not owned; NULL: nobody wants it */
	bool truth, ordered;
	size_t series; /* suspects.c, of all spaces */
	struct cgroups *cgroups; /* limits_cgroup.c; NULL: none yet */
	size_t held_bytes; /* tier ordered: that all spaces hold back */
	unsigned int distrust;
	uint64_t *ended; /* spaces that nobody uses any more */
	size_t n_ended, ended_size;
	struct tracker_totals totals;
};

/* Told to the observer, when it listens. */
void tracker__tell_process(const struct tracker *t, enum process_what what, const struct process *p,
			   uint64_t ts_ns);

/* Processes (tracker_process.c). */
/* The live process with this identity, made if need be; one that had the pid before has ended. */
struct process *process__get(struct tracker *t, uint32_t tgid, uint64_t start_ns, uint64_t ts_ns,
			     const char *comm);
void process__set_comm(struct process *p, const char *comm);
/*
 * It has this space now, if it did not already: it was found, forked or execed,
 * or that was lost. A process only ever moves on to a younger space, with a
 * higher id: what a scan has found out is not undone by events that are older.
 */
void process__move(struct tracker *t, struct process *p, struct space *s);
/* An event of this space is old: a scan has found the process in a younger one. */
bool process__has_left(const struct process *p, uint64_t space);
/* It has no space any more: execed, or ended. */
void process__leave(struct tracker *t, struct process *p);
void process__end(struct tracker *t, struct process *p, uint64_t ts_ns, int status);
/* What the process has now is what it starts with, as far as reports go. */
void process__note_start(const struct tracker *t, struct process *p, const struct space *s);
void process__note_peak(struct process *p, const struct space *s);
int thread__add(struct tracker *t, uint32_t tid, struct process *p, struct space *s,
		uint64_t user_sp);
bool thread__is_known(const struct tracker *t, uint32_t tid, const struct process *p);
/* It was born with its stack pointer there; 0: not known. */
void thread__note_stack(struct tracker *t, uint32_t tid, struct space *s, uint64_t sp);
/* It has ended: before it is deleted. */
void thread__note_end(struct tracker *t, uint32_t tid, const struct process *p, uint64_t ts_ns);
void thread__del(struct tracker *t, uint32_t tid, struct process *p, struct space *s);

/* Spaces (tracker_space.c). */
struct space *space__get(struct tracker *t, uint64_t id, uint32_t tgid, uint64_t ts_ns);
void space__free(struct tracker *t, struct space *s);
/* Its last process has ended, but events were lost and we knew none: its id is handed on. */
void space__end_unused(struct tracker *t, uint64_t space);
void space__uncertain(struct tracker *t, struct space *s, const char *why, uint64_t ts_ns);
/* Something was lost that ended by ts_ns: what else was under way is not known. */
void space__lost(struct tracker *t, struct space *s, const char *why, uint64_t ts_ns);
/* first: it has not been before, which is no news. */
void space__exact(struct tracker *t, struct space *s, bool first, uint64_t ts_ns);
struct model_space space__model(struct tracker *t, struct space *s);
/*
 * Gives the space a whole map; takes the regions over in any case. ev: the walk
 * that it is from, which must pass an audit for it to be exact; or NULL.
 */
int space__set_map(struct tracker *t, struct space *s, struct region *regions, size_t n,
		   uint64_t begin_ns, uint64_t end_ns, const struct walk_event *ev);

/*
 * Notes that a call or fork acted on [start, end) between its two times. If
 * another thread's did so too, or may have done so unseen, or was told earlier
 * though it came later, their order is not known: the space is uncertain, or
 * what was copied from it, for a fork only reads.
 */
int space__window(struct tracker *t, struct space *s, const struct window *w);

/*
 * Compares totals with the kernel's counters. What is over is a stack that
 * grew, if the counters say so; else the space is uncertain. True when all is
 * explained.
 */
bool space__check_totals(struct tracker *t, struct space *s, const struct mt_counters *mm,
			 uint64_t ts_ns);

/* Uncertain, but of no news as long as what makes it exact again comes next. */
void space__due(struct tracker *t, struct space *s, uint64_t ts_ns);

/* What an event means once its turn has come (tracker.c). */
int tracker__apply_call(struct tracker *t, const struct call *c);
int tracker__apply_exit(struct tracker *t, const struct exit_event *ev);
int tracker__copy_map(struct tracker *t, const struct fork_event *ev);
/* Brings the map up to date with a call; strict: call_model.h. */
int space__apply_call(struct tracker *t, struct space *s, const struct call *c, bool strict,
		      struct change *change);
void space__note_layout(struct space *s, const struct call *c);

/*
 * Tier ordered (tracker_order.c). What comes is applied at once if its turn has
 * come, with all that waited for it; else a copy is kept until then.
 */
int order__on_call(struct tracker *t, const struct call *c);
int order__on_section(struct tracker *t, const struct section_event *ev);
/* copies: the child's map is made of it; else only its number counts. */
int order__on_fork(struct tracker *t, const struct fork_event *ev, bool copies);
int order__on_exit(struct tracker *t, struct space *s, const struct exit_event *ev);
/* The process leaves its space: nothing that it did may wait any longer. */
void order__leave(struct tracker *t, struct space *s, uint32_t tgid);
/* Order is lost: what waits is applied as it comes, until there is a base. */
void order__broken(struct tracker *t, struct space *s);
/* A base: sections after span->begin_seq are awaited. */
void order__begin(struct tracker *t, struct space *s, const struct base_span *span);
int order__apply(struct tracker *t, struct space *s, const struct call *c, struct change *change);
/* A copy of the map in section seq is the map of that moment. */
bool order__knows(const struct space *s, uint64_t seq);
void order__free(struct tracker *t, struct space *s);

/* What [start, end) is, for people: looked up while it is mapped. NULL: it is not. */
const struct region *space__describe(const struct tracker *t, const struct space *s, uint64_t start,
				     uint64_t end, struct call_record *rec);

/* Tier truth (tracker_truth.c). */
/* What the call has changed in s, and what that was called: it ends here. */
void truth__take_change(struct tracker *t, const struct space *s, struct call_record *rec,
			struct change *ret);
/* The number of a section, made whole: of all that it may be the nearest to the next one. */
uint64_t truth__number(const struct space *s, uint64_t seq);
/* Section seq is the next that the map has not; those up to there that did not come are missing. */
void truth__advance(struct tracker *t, struct space *s, uint64_t seq, uint64_t ts_ns);

/* What is new in a walk after somebody else's section, before the walk becomes the map. */
void truth__tell_walk(struct tracker *t, struct space *s, const struct region *walk, size_t n,
		      uint64_t ts_ns);

/* Audits in tier truth (tracker_audit.c). */
/* After a section: the map, which was as `before` says, is as the kernel counts. */
void audit__section(struct tracker *t, struct space *s, const struct region_totals *before,
		    const struct section_event *ev);
/* A whole map has come: true when it is what the kernel counts. */
bool audit__walk(struct tracker *t, struct space *s, const struct walk_event *ev);
/* A walk of the kernel's tree failed. */
void audit__bad_walk(struct tracker *t, struct space *s, uint64_t ts_ns);

/* Who made what (tracker_origins.c); without memory less is known, and nothing fails. */
void origins__of_call(struct tracker *t, struct space *s, const struct call_record *rec);
/* s has a whole map; first: it had none. */
void origins__of_base(const struct tracker *t, struct space *s, bool first, uint64_t ts_ns);
void origins__of_fork(const struct tracker *t, const struct space *parent, struct space *child,
		      uint64_t ts_ns);
/* The parts of what p has are noted in it; what was noted of its sites is dropped. */
void process__note_heap(const struct tracker *t, struct process *p, struct space *s,
			uint64_t ts_ns);
/*
 * After that: what p has needed so far, for which a space has one process only, or it
 * counts twice. last: in the ledger as well, for nothing more will come.
 */
void process__note_sites(const struct tracker *t, struct process *p, const struct space *s,
			 bool last);
void process__drop_sites(struct process *p);

/* Findings (findings.c): all that a call, or what else made a change, gives cause for. */
void findings__of_call(struct tracker *t, struct process *p, struct space *s,
		       const struct call_record *rec);
/* Fills in what all findings of a call have in common, counts it and tells it. */
void finding__tell(struct tracker *t, struct process *p, const struct call_record *rec,
		   struct finding *f);
/* The same of what no call is the cause of. */
void finding__tell_of_space(struct tracker *t, struct process *p, const struct space *s,
			    struct finding *f, uint64_t ts_ns);
/* True for the 1st, 10th, 100th ... time. */
bool finding__is_news(uint64_t count);

/* Limits that come near (limits.c). */
void limits__of_call(struct tracker *t, struct process *p, const struct space *s,
		     const struct call_record *rec);
/* The process has a new program. */
void limits__forget(struct process *p);
/* How fast they come near: about once a second. */
void limits__sample(struct process *p, const struct space *s, uint64_t ts_ns);
/* 0, 1 from 80% on, 2 from 95% on. */
int limit__nearness(uint64_t used, uint64_t limit);
/* Tells: "9M locked: 90% of RLIMIT_MEMLOCK, 10M, reached in 3 h at this rate (1M/s)". */
struct near {
	enum limit limit;
	const char *what; /* there is so much of */
	uint64_t used, max;
	const struct rate *rate;
	int level; /* limit__nearness() */
};
void near__tell(struct tracker *t, struct process *p, const struct space *s,
		const struct near *near, uint64_t ts_ns);
void cgroups__free(struct tracker *t);

/* Sites whose kept memory rises (suspects.c). */
void suspects__sample(struct tracker *t, struct space *s, uint64_t ts_ns);
void suspects__free(struct tracker *t, struct space *s);
/* What was told is noted in p. */
void suspects__note(struct process *p, const struct space *s);
void suspicions__drop(struct suspicions *all);

/* Stacks of threads that have ended (kept_stacks.c). sp: in the thread's stack; 0: not known. */
void kept_stacks__of_birth(struct space *s, uint64_t sp);
void kept_stacks__of_end(struct space *s, uint64_t sp, uint64_t ts_ns);
void kept_stacks__sample(struct tracker *t, struct space *s, uint64_t ts_ns);
void kept_stacks__free(struct space *s);

/* Protections (protections.c): of a call that may have failed. */
void protections__of_call(struct tracker *t, struct process *p, struct space *s,
			  const struct call_record *rec);

enum limit limit__of_call(const struct tracker *t, const struct call *c, uint64_t *ret_bytes);

#endif
