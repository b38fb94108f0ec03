/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracker's promise: a map that it calls exact is never wrong. Threads of
 * a small kernel enter, carry out and leave their calls at random moments;
 * records are made late, lost, and delivered in pieces; bases are read page by
 * page while all that goes on. The pages are the truth. Uncertain the tracker
 * may always be: how often it is, is printed. Must not know how it decides.
 *
 * Each run is made twice: as in tier calls, and as in tier ordered, where what
 * changes a space has a number and somebody else's changes have a record.
 *
 *	prop_tracker			the seeds that CI runs
 *	prop_tracker SEED [RUNS]	from that seed on
 *
 * Left out: regions that grow by themselves, and exec (tests/unit/core).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* ceiling: the oracle, the torn reader and the shrinker belong together. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/tracker.h"
#include "small_kernel.h"

#define STEPS 160
#define THREADS 7u
#define SPACES 4u
#define HOT_PAGES 16u /* where most calls meet */
#define READER UINT32_MAX
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

struct sim {
	struct tracker *t;
	uint64_t now, unit;
	bool attached, loses, says, ordered, meddled; /* meddled: some calls are nobody's */
	struct sim_thread threads[THREADS];
	struct sim_space spaces[SPACES];
	uint32_t n_threads, n_spaces;
	struct record ring[STEPS * 4 + THREADS * 4];
	size_t made, delivered;
	/* The reader of maps: at which page it is, and what it has seen. */
	bool reading;
	uint32_t read_space, read_page;
	uint64_t read_begin, read_seq;
	struct page seen[PAGES];
	char broken[200];
};

/* Of the runs in tier calls, and of those in tier ordered. */
static struct {
	unsigned long exact, uncertain, calls, conflicts, forks;
} nr[2];

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

static void must(int err)
{
	if (err)
		abort();
}

/* ---------------------------------------------------------------- the kernel's side */

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
	nr[sim->ordered].calls++;
}

static void thread__end_fork(struct sim *sim, struct sim_thread *th)
{
	struct sim_space *sp = &sim->spaces[th->space];
	uint32_t space = th->space;
	struct sim_thread *child;

	if (th->rec.what == FORK) {
		space = sim->n_spaces++;
		sim->spaces[space] = (struct sim_space){ .w = th->copy };
		nr[sim->ordered].forks++;
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

/* ---------------------------------------------------------------- the tracker's side */

static void sim__attach(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_threads; i++) {
		struct sim_thread *th = &sim->threads[i];
		const struct world *w = &sim->spaces[th->space].w;
		struct layout layout = layout_of(w);
		struct mt_task task = {
			.space = space_id(th->space),
			.start_ns = th->tgid,
			.tgid = th->tgid,
			.tid = th->tid,
			.mm = counters_of(w),
			.layout = { .start_brk = layout.start_brk,
				    .brk = layout.brk,
				    .task_size = layout.task_size },
			.ts_ns = ++sim->now,
		};

		must(tracker__on_task(sim->t, &task, "t"));
		/* Its call began before we attached: only its end is seen. */
		th->rec.call.enter_ns = 0;
		th->rec.call.uncounted = true;
	}
	sim->attached = true;
	SAY(sim, "attached\n");
}

static void sim__deliver(struct sim *sim, size_t n)
{
	while (n-- && sim->delivered < sim->made) {
		const struct record *rec = &sim->ring[sim->delivered++];

		tracker__on_lost(sim->t, rec->space, rec->lost, rec->ts_ns);
		if (rec->what == CALL)
			must(tracker__on_call(sim->t, &rec->call));
		else if (rec->what == EXIT)
			must(tracker__on_exit(sim->t, &rec->exit));
		else if (rec->what == SECTION)
			must(tracker__on_section(sim->t, &rec->section));
		else
			must(tracker__on_fork(sim->t, &rec->fork));
		SAY(sim, "delivered: what %u of %u\n", rec->what,
		    rec->what == CALL	 ? rec->call.tid :
		    rec->what == EXIT	 ? rec->exit.tid :
		    rec->what == SECTION ? rec->section.tid :
					   rec->fork.tid);
	}
}

static void sim__ask_losses(struct sim *sim)
{
	for (uint32_t i = 0; i < sim->n_spaces; i++)
		tracker__on_lost(sim->t, space_id(i), sim->spaces[i].lost, sim->now);
}

static void sim__begin_base(struct sim *sim, uint32_t luck)
{
	struct space *s = tracker__next_wanted(sim->t, NULL, sim->now);

	if (!s || luck % 8 == 0)
		s = tracker__space(sim->t, space_id(luck / 8 % sim->n_spaces));
	if (!s)
		return;
	sim->reading = true;
	sim->read_space = (uint32_t)(s->id - 100);
	sim->read_seq = sim->spaces[sim->read_space].sections;
	sim->read_page = 0;
	sim->read_begin = sim->now;
	SAY(sim, "begins to read %" PRIu64 "\n", s->id);
}

/* What /proc/PID/maps says of a page: nothing of locks, seals or DONTFORK. */
static struct raw_region raw_of(const struct world *w, const struct page *p, uint32_t page)
{
	struct raw_region raw = { .anonymous = p->back == ANON, .backing = backing_of(p->back) };

	raw.region = region_of(w, page);
	raw.region.flags = p->perms;
	raw.region.offset = is_file(p) ? p->pgoff * PAGE_LEN : 0;
	return raw;
}

/* The kernel's reader goes upwards: no page is read before one below it. */
static void sim__read(struct sim *sim, uint32_t pages)
{
	const struct world *w = &sim->spaces[sim->read_space].w;
	struct base_span span = { .begin_ns = sim->read_begin,
				  .begin_seq = sim->read_seq,
				  .end_ns = sim->now,
				  .end_seq = sim->spaces[sim->read_space].sections };
	static struct raw_region raw[PAGES];
	size_t n = 0;

	for (; pages && sim->read_page < PAGES; pages--, sim->read_page++)
		sim->seen[sim->read_page] = w->pages[sim->read_page];
	if (sim->read_page < PAGES)
		return;
	for (uint32_t i = 0; i < PAGES; i++)
		if (sim->seen[i].mapped)
			raw[n++] = raw_of(w, &sim->seen[i], i);
	for (size_t i = 0; i < n; i++)
		raw[i].region.offset = raw[i].backing.has_contents ? raw[i].region.offset : 0;
	must(tracker__base_numbered(sim->t, space_id(sim->read_space), raw, n, &span));
	sim->reading = false;
	SAY(sim, "has read %" PRIu64 "\n", space_id(sim->read_space));
}

static void sim__reader(struct sim *sim, uint32_t luck)
{
	if (!sim->attached)
		return;
	if (sim->reading) {
		sim__read(sim, luck % 64 + 1);
		return;
	}
	switch (luck % 5) {
	case 0:
		sim__ask_losses(sim);
		break;
	case 1:
	case 2:
		sim__begin_base(sim, luck / 5);
		break;
	default:
		sim__deliver(sim, luck / 5 % 12);
	}
}

static void sim__step(struct sim *sim, const struct step *st)
{
	uint32_t actor = st->actor == READER ? READER : st->actor % (sim->n_threads + 1);
	struct sim_thread *th = actor < sim->n_threads ? &sim->threads[actor] : NULL;

	sim->now += 1 + st->dt * sim->unit;
	if (st->attach && !sim->attached) {
		sim__attach(sim);
	} else if (!th) {
		sim__reader(sim, st->luck);
	} else {
		for (uint32_t i = 0; i < st->phases && !th->gone; i++) {
			thread__go(sim, th, st);
			sim->now += 1 + st->dt * sim->unit / 4;
		}
	}
}

/* ---------------------------------------------------------------- the promise */

static bool space__wrong(struct sim *sim, uint32_t space)
{
	const struct backings *backings = tracker__backings(sim->t);
	const struct space *s = tracker__space(sim->t, space_id(space));
	const struct world *w = &sim->spaces[space].w;
	const char *what = region_map__check(s->map);

	for (uint32_t i = 0; i < PAGES && !what; i++) {
		const struct region *r = region_map__find(s->map, addr_of(i));
		const struct page *p = &w->pages[i];
		const struct backing want = backing_of(p->back);

		if (r && r->start > addr_of(i))
			r = NULL;
		if (!r != !p->mapped)
			what = r ? "a page too many" : "a page is missing";
		if (!r || what)
			continue;
		if ((r->flags & REGION_PERMS) != p->perms)
			what = "another protection";
		else if (strcmp(backings__get(backings, r->backing)->name, want.name))
			what = "another backing";
		else if (is_file(p) && r->offset + addr_of(i) - r->start != p->pgoff * PAGE_LEN)
			what = "another offset";
		if (what)
			snprintf(sim->broken, sizeof(sim->broken),
				 "space %" PRIu64 " is exact and has %s at %" PRIx64, s->id, what,
				 addr_of(i));
	}
	if (what && !*sim->broken)
		snprintf(sim->broken, sizeof(sim->broken), "space %" PRIu64 " is exact: %s", s->id,
			 what);
	return what;
}

/* All calls end, all records come; then what is exact must be right. */
static bool sim__settle(struct sim *sim)
{
	static const struct step last = { .luck = 1 };
	struct space *s;

	for (uint32_t i = 0; i < sim->n_threads; i++) {
		while (sim->threads[i].phase != IDLE) {
			sim->now++;
			thread__go(sim, &sim->threads[i], &last);
		}
	}
	if (sim->reading)
		sim__read(sim, PAGES);
	sim__deliver(sim, sim->made);
	sim->now++;
	sim__ask_losses(sim);
	for (uint32_t i = 0; i < sim->n_spaces; i++) {
		s = tracker__space(sim->t, space_id(i));
		if (!s || !s->exact) {
			nr[sim->ordered].uncertain++;
			continue;
		}
		nr[sim->ordered].exact++;
		if (space__wrong(sim, i))
			return false;
	}
	/* And with nothing going on, reading is all that it takes. */
	while ((s = tracker__next_wanted(sim->t, NULL, UINT64_MAX))) {
		sim->read_space = (uint32_t)(s->id - 100);
		sim->read_page = 0;
		sim->read_begin = ++sim->now;
		sim->read_seq = sim->spaces[sim->read_space].sections;
		sim__read(sim, PAGES);
		if (!s->exact || space__wrong(sim, sim->read_space))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- running */

static void sim__init(struct sim *sim, uint64_t seed, bool ordered)
{
	static const uint64_t units[] = { 1, 1000, 1000000 };
	struct world *w = &sim->spaces[0].w;

	memset(sim, 0, sizeof(*sim));
	sim->t = tracker__new(NULL, NULL);
	sim->ordered = ordered;
	if (ordered)
		tracker__set_ordered(sim->t);
	sim->unit = units[seed % 3];
	sim->now = 1000;
	sim->loses = seed % 4 == 3;
	sim->meddled = seed % 5 == 4;
	sim->n_spaces = 1;
	for (uint32_t i = 0; i < BACKS; i++)
		w->index[i] = i;
	w->brk = HEAP + 100;
	w->read_implies_exec = seed % 11 == 10;
	w->pages[PAGES - BRK_PAGES] =
		(struct page){ .mapped = true, .perms = REGION_READ | REGION_WRITE };
	sim__thread(sim, 0, true);
	for (uint64_t i = 0; i < seed % 3; i++)
		sim__thread(sim, 0, false)->tgid = sim->threads[0].tgid;
}

static bool passes(const struct step *steps, size_t n, uint64_t seed, bool ordered, bool says,
		   char *why)
{
	static struct sim sim;
	bool ok;

	sim__init(&sim, seed, ordered);
	sim.says = says;
	for (size_t i = 0; i < n; i++)
		sim__step(&sim, &steps[i]);
	ok = !sim.attached || sim__settle(&sim);
	nr[ordered].conflicts += tracker__totals(sim.t)->conflicts;
	tracker__free(sim.t);
	if (!ok)
		strcpy(why, *sim.broken ? sim.broken : "uncertain after a quiet base");
	return ok;
}

/* How busy a run is: the busiest are hardly ever exact, the calmest hardly ever in doubt. */
struct mood {
	uint32_t hot;	 /* of 8 calls, how many meet in a few pages */
	uint32_t whole;	 /* of 8 calls, how many are over at once */
	uint32_t reader; /* of 8 steps, how many more are the reader's */
};

static void step__random(struct step *st, const struct mood *mood, bool attach)
{
	static const enum what whats[16] = {
		[0] = FORK, [1] = FORK, [2] = THREAD, [3] = VFORK, [4] = EXIT, [5] = CALL
	};

	op__random(&st->op);
	if (rng(8) < mood->hot) {
		st->op.page %= HOT_PAGES;
		st->op.to %= HOT_PAGES;
	}
	st->what = whats[rng(16)];
	st->what = rng(2) ? CALL : st->what;
	st->actor = rng(8) < mood->reader ? READER : rng(1 << 20);
	st->phases = rng(8) < mood->whole ? 4 : 1 + rng(4);
	st->dt = rng(8);
	st->luck = rng(1 << 20);
	st->attach = attach;
}

static void fail(struct step *steps, size_t n, uint64_t seed, bool ordered)
{
	struct step fewer[STEPS];
	char why[200] = "";

	for (bool less = true; less;) {
		less = false;
		for (size_t size = n / 2; size; size /= 2) {
			for (size_t i = 0; i + size <= n;) {
				memcpy(fewer, steps, i * sizeof(*steps));
				memcpy(fewer + i, steps + i + size,
				       (n - i - size) * sizeof(*steps));
				if (passes(fewer, n - size, seed, ordered, false, why)) {
					i++;
					continue;
				}
				n -= size;
				memcpy(steps, fewer, n * sizeof(*steps));
				less = true;
			}
		}
	}
	printf("seed %" PRIu64 "%s: what is left of it, and then all ends:\n", seed,
	       ordered ? ", ordered" : "");
	passes(steps, n, seed, ordered, true, why);
	printf("%s\n", why);
}

static unsigned long percent_uncertain(bool ordered)
{
	unsigned long all = nr[ordered].exact + nr[ordered].uncertain;

	printf("%s: %lu calls, %lu forks, %lu conflicts: %lu spaces exact and right, %lu uncertain "
	       "(%lu%%)\n",
	       ordered ? "ordered" : "calls", nr[ordered].calls, nr[ordered].forks,
	       nr[ordered].conflicts, nr[ordered].exact, nr[ordered].uncertain,
	       all ? 100 * nr[ordered].uncertain / all : 0);
	return all ? 100 * nr[ordered].uncertain / all : 0;
}

int main(int argc, char **argv)
{
	static struct step steps[STEPS];
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t end = seed + (argc > 2 ? strtoull(argv[2], NULL, 0) : 40000);
	char why[200];

	printf("seeds %" PRIu64 " to %" PRIu64 "\n", seed, end - 1);
	for (; seed < end; seed++) {
		struct mood mood;
		size_t n, attach;

		rng_state = seed * 1000003;
		mood = (struct mood){ rng(9), rng(9), rng(5) };
		n = 20 + rng(STEPS - 20);
		attach = rng(12);
		for (size_t i = 0; i < n; i++)
			step__random(&steps[i], &mood, i == attach);
		for (int ordered = 0; ordered < 2; ordered++) {
			if (!passes(steps, n, seed, ordered, false, why)) {
				fail(steps, n, seed, ordered);
				return 1;
			}
		}
	}
	if (percent_uncertain(true) >= percent_uncertain(false) && argc == 1) {
		printf("expected fewer uncertain spaces with numbers than without\n");
		return 1;
	}
	return 0;
}
