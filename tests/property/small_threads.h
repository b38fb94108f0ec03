/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's side of prop_tracker.c: threads of a small kernel that enter,
 * carry out and leave their calls one phase at a time, and the records that the
 * BPF programs would make of it. Asks the tracker nothing. A part of that file,
 * and included by it alone.
 */
#ifndef MEMTRACE_TESTS_SMALL_THREADS_H
#define MEMTRACE_TESTS_SMALL_THREADS_H

#include <inttypes.h>
#include <stdio.h>

#include "core/tracker.h"
#include "small_kernel.h"

#define STEPS 160
#define THREADS 7u
#define SPACES 4u
#define HEAP addr_of(PAGES - BRK_PAGES)

enum what { CALL, FORK, THREAD, VFORK, EXIT, SECTION };

struct step {
	struct op op;
	enum what what;
	uint32_t actor, phases, dt, luck;
	bool attach;
};

/* What a thread's call has got to; a record is made some time after its time was taken. */
enum phase { IDLE, ENTERED, COMMITTED, ENDED };

struct record {
	enum what what;
	uint32_t lost;
	uint64_t space, ts_ns;
	struct call call;
	struct fork_event fork;
	struct exit_event exit;
	struct section_event section;
};

struct sim_thread {
	uint32_t tid, tgid, space, reported;
	enum phase phase;
	bool gone, unseen; /* unseen: nobody traces the call that it makes */
	uint64_t brk;
	struct op op;
	struct record rec;
	struct world copy; /* a fork: the child's */
};

struct sim_space {
	struct world w;
	uint32_t lost, threads;
	uint64_t sections;
};

/* One run: the threads, what they have made, and how far the tracker is with it. */
struct sim {
	struct tracker *t;
	uint64_t now, unit;
	bool attached, loses, says, ordered, meddled; /* meddled: some calls are nobody's */
	struct sim_thread threads[THREADS];
	struct sim_space spaces[SPACES];
	uint32_t n_threads, n_spaces;
	struct record ring[STEPS * 4 + THREADS * 4];
	size_t made, delivered;
	unsigned long calls, forks; /* that have ended */
	/* The reader of maps: at which page it is, and what it has seen. */
	bool reading;
	uint32_t read_space, read_page;
	uint64_t read_begin, read_seq;
	struct page seen[PAGES];
	char broken[200];
};

#define SAY(sim, ...)                                                         \
	do {                                                                  \
		if ((sim)->says) {                                            \
			printf("\t%6" PRIu64 "  ", (sim)->now / (sim)->unit); \
			printf(__VA_ARGS__);                                  \
		}                                                             \
	} while (0)

static uint64_t space_id(uint32_t space)
{
	return 100 + space;
}

static struct mt_counters counters_of(const struct world *w)
{
	struct mt_counters mm = { 0 };

	for (uint32_t i = 0; i < PAGES; i++) {
		mm.total_vm += w->pages[i].mapped;
		mm.data_vm += w->pages[i].mapped && w->pages[i].perms & REGION_WRITE;
		mm.locked_vm += w->pages[i].mapped && w->pages[i].locked;
	}
	return mm;
}

static struct layout layout_of(const struct world *w)
{
	return (struct layout){ .start_brk = HEAP, .brk = w->brk, .task_size = 1ULL << 47 };
}

/* ---------------------------------------------------------------- records */

static struct sim_thread *sim__thread(struct sim *sim, uint32_t space, bool process)
{
	struct sim_thread *th = &sim->threads[sim->n_threads++];

	th->tid = 1000 + sim->n_threads;
	th->tgid = process ? th->tid : 0;
	th->space = space;
	sim->spaces[space].threads++;
	return th;
}

/* A record goes into the ring, or is lost and counted there. */
static bool sim__make(struct sim *sim, struct sim_thread *th, uint32_t space, uint32_t luck)
{
	if (!sim->attached)
		return true;
	if (sim->loses && luck % 16 == 0) {
		SAY(sim, "%u: its record is lost\n", th->tid);
		sim->spaces[space].lost++;
		return false;
	}
	sim->ring[sim->made++] = th->rec;
	return true;
}

/* A number that no other record brings. */
static void sim__make_section(struct sim *sim, const struct sim_thread *th, uint64_t seq,
			      uint32_t origin, uint32_t luck)
{
	struct sim_thread as = *th;

	as.rec = (struct record){ .what = SECTION,
				  .lost = sim->spaces[th->space].lost,
				  .space = space_id(th->space),
				  .ts_ns = sim->now };
	as.rec.section = (struct section_event){ .space = as.rec.space,
						 .ts_ns = sim->now,
						 .seq = seq,
						 .tgid = th->tgid,
						 .tid = th->tid,
						 .origin = origin };
	sim__make(sim, &as, th->space, luck);
}

/* ---------------------------------------------------------------- phases */

/* The call or life that the thread enters; true: it exits at once. */
static bool thread__begin(struct sim *sim, struct sim_thread *th, const struct step *st)
{
	uint32_t new_spaces = 0, new_threads = 0;

	/* What others have begun counts as well: there is room for so many. */
	for (uint32_t i = 0; i < sim->n_threads; i++) {
		struct sim_thread *other = &sim->threads[i];

		new_threads += other->phase != IDLE && other->rec.what != CALL;
		new_spaces += other->phase != IDLE && other->rec.what == FORK;
	}
	memset(&th->rec, 0, sizeof(th->rec));
	th->rec.what = st->what;
	if (!sim->attached || sim->n_threads + new_threads >= THREADS ||
	    (st->what == FORK && sim->n_spaces + new_spaces >= SPACES))
		th->rec.what = st->what == EXIT && sim->attached ? EXIT : CALL;
	/* The last of a process takes the space with it: not here. */
	if (th->rec.what == EXIT && (th->tid == th->tgid || sim->spaces[th->space].threads < 2))
		th->rec.what = CALL;
	th->op = st->op;
	th->unseen = sim->ordered && sim->attached && sim->meddled && st->luck / 16 % 64 == 0;
	th->brk = sim->spaces[th->space].w.brk;
	th->rec.call.enter_ns = th->rec.fork.enter_ns = sim->now;
	return th->rec.what == EXIT;
}

static void thread__exit(struct sim *sim, struct sim_thread *th, uint32_t luck)
{
	struct sim_space *sp = &sim->spaces[th->space];

	th->rec.lost = sp->lost;
	th->rec.space = space_id(th->space);
	th->rec.ts_ns = sim->now;
	th->rec.exit = (struct exit_event){
		.ts_ns = sim->now, .tgid = th->tgid, .tid = th->tid, .space = th->rec.space
	};
	SAY(sim, "%u: exits\n", th->tid);
	sim__make(sim, th, th->space, luck);
	th->gone = true;
	sp->threads--;
}

/* What has held the lock has a number; what failed early may not have come so far. */
static void thread__number(struct sim *sim, struct sim_thread *th, uint32_t luck)
{
	struct sim_space *sp = &sim->spaces[th->space];
	const struct call *c = &th->rec.call;

	if (!sim->ordered || !sim->attached)
		return;
	if (th->rec.what == FORK) {
		th->rec.fork.seq = ++sp->sections;
		return;
	}
	if (!call__mutates(c) && luck / 16 % 2)
		return;
	th->rec.call.seq = ++sp->sections;
	if (th->unseen)
		sim__make_section(sim, th, c->seq, MT_ORIGIN_SYSCALL, luck);
}

static void thread__commit(struct sim *sim, struct sim_thread *th, uint32_t luck)
{
	struct world *w = &sim->spaces[th->space].w;
	struct call *c = &th->rec.call;
	uint64_t brk = w->brk;

	if (th->rec.what == FORK) {
		th->copy = *w;
		th->copy.lock_future = false;
		for (uint32_t i = 0; i < PAGES; i++) {
			th->copy.pages[i].locked = false;
			if (th->copy.pages[i].dontfork)
				unmap(&th->copy, i, 1);
		}
		SAY(sim, "%u: has copied its map\n", th->tid);
		thread__number(sim, th, luck);
	}
	if (th->rec.what != CALL)
		return;
	c->read_implies_exec = w->read_implies_exec;
	calls[th->op.what](w, &th->op, c);
	th->reported = w->reported;
	if (c->id == MT_CALL_BRK) {
		/* Read at entry, without a lock; or under it. */
		c->args[1] = sim->ordered ? brk : th->brk;
		c->args[2] = HEAP;
	}
	SAY(sim,
	    "%u: does %s, %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " = %" PRIx64
	    "\n",
	    th->tid, call__name(c->id), c->args[0], c->args[1], c->args[2], c->args[3], c->args[4],
	    (uint64_t)c->ret);
	thread__number(sim, th, luck);
}

static void thread__end_call(struct sim *sim, struct sim_thread *th)
{
	struct sim_space *sp = &sim->spaces[th->space];
	struct call *c = &th->rec.call;

	c->tgid = th->tgid;
	c->tid = th->tid;
	c->space = c->target = space_id(th->space);
	c->exit_ns = sim->now;
	c->seen_after = (uint32_t)(sp->sections - c->seq);
	c->mm = counters_of(&sp->w);
	/* The region is looked at now, after others may have changed it. */
	if (c->has_region || c->no_region) {
		c->has_region = c->no_region = false;
		report(&sp->w, c, th->reported);
	}
	if (c->id == MT_CALL_BRK && !c->enter_ns)
		c->args[1] = c->args[2] = 0;
	sim->calls++;
}

static void thread__end_fork(struct sim *sim, struct sim_thread *th)
{
	struct sim_space *sp = &sim->spaces[th->space];
	uint32_t space = th->space;
	struct sim_thread *child;

	if (th->rec.what == FORK) {
		space = sim->n_spaces++;
		sim->spaces[space] = (struct sim_space){ .w = th->copy };
		sim->forks++;
	}
	child = sim__thread(sim, space, th->rec.what != THREAD);
	child->tgid = child->tgid ? child->tgid : th->tgid;
	/* It runs only when the record is made. */
	child->gone = true;
	th->rec.fork = (struct fork_event){
		.ts_ns = sim->now,
		.enter_ns = th->rec.fork.enter_ns,
		.seq = th->rec.fork.seq,
		.tgid = th->tgid,
		.tid = th->tid,
		.child_tgid = child->tgid,
		.child_tid = child->tid,
		.space = space_id(th->space),
		.child_space = space_id(space),
		.child_start_ns = child->tgid == th->tgid ? th->tgid : child->tid,
		.thread = th->rec.what == THREAD,
		.shared = th->rec.what != FORK,
		.mm = counters_of(th->rec.what == FORK ? &th->copy : &sp->w),
		.layout = layout_of(th->rec.what == FORK ? &th->copy : &sp->w),
	};
}

/* One phase further. */
static void thread__go(struct sim *sim, struct sim_thread *th, const struct step *st)
{
	struct sim_space *sp = &sim->spaces[th->space];

	switch (th->phase) {
	case IDLE:
		if (thread__begin(sim, th, st)) {
			thread__exit(sim, th, st->luck);
			return;
		}
		SAY(sim, "%u: enters\n", th->tid);
		break;
	case ENTERED:
		thread__commit(sim, th, st->luck);
		break;
	case COMMITTED:
		th->rec.lost = sp->lost;
		th->rec.space = space_id(th->space);
		th->rec.ts_ns = sim->now;
		if (th->rec.what == CALL)
			thread__end_call(sim, th);
		else
			thread__end_fork(sim, th);
		SAY(sim, "%u: leaves\n", th->tid);
		break;
	case ENDED:
		SAY(sim, "%u: makes its record\n", th->tid);
		if (th->rec.what == CALL && th->unseen)
			break;
		if (th->rec.what == CALL) {
			sim__make(sim, th, th->space, st->luck);
			break;
		}
		if (!sim__make(sim, th, (uint32_t)(th->rec.fork.child_space - 100), st->luck) &&
		    th->rec.fork.seq)
			sim__make_section(sim, th, th->rec.fork.seq, MT_ORIGIN_CLONE,
					  st->luck / 16);
		for (uint32_t i = 0; i < sim->n_threads; i++)
			if (sim->threads[i].tid == th->rec.fork.child_tid)
				sim->threads[i].gone = false;
		break;
	}
	th->phase = th->phase == ENDED ? IDLE : th->phase + 1;
}

#endif
