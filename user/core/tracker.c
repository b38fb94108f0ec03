// SPDX-License-Identifier: GPL-2.0
/*
 * The tracker: what each event means for spaces and processes. Owns the tables;
 * a space's exactness is tracker_space.c's, what is worth telling findings.c's.
 */
#include "tracker_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ranges as long as this are "everything" (user space has at most 57 bits). */
#define SPACE_BYTES_MAX (1ull << 56)

struct tracker *tracker__new(const struct observer *observer, void *observer_ctx)
{
	struct tracker *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->observer = observer;
	t->observer_ctx = observer_ctx;
	t->backings = backings__new();
	if (!t->backings) {
		free(t);
		return NULL;
	}
	return t;
}

void tracker__free(struct tracker *t)
{
	struct process *p, *next;
	struct thread *th, *th_tmp;
	struct space *s, *s_tmp;

	if (!t)
		return;
	HASH_ITER(hh, t->threads, th, th_tmp) {
		HASH_DEL(t->threads, th);
		free(th);
	}
	HASH_CLEAR(hh, t->processes);
	for (p = t->oldest; p; p = next) {
		next = p->next;
		prot_sums__fini(&p->prot);
		process__drop_sites(p);
		suspicions__drop(&p->suspicions);
		free(p);
	}
	HASH_ITER(hh, t->spaces, s, s_tmp)
		space__free(t, s);
	backings__free(t->backings);
	cgroups__free(t);
	free(t->ended);
	free(t);
}

void tracker__set_truth(struct tracker *t, bool truth)
{
	t->truth = truth;
}

void tracker__set_ordered(struct tracker *t)
{
	t->ordered = true;
}

void tracker__set_max_map_count(struct tracker *t, uint64_t regions)
{
	t->max_map_count = regions;
}

void tracker__set_allow(struct tracker *t, struct allow *allow)
{
	t->allow = allow;
}

const struct allow *tracker__allow(const struct tracker *t)
{
	return t->allow;
}

struct space *tracker__space(struct tracker *t, uint64_t id)
{
	struct space *s;

	HASH_FIND(hh, t->spaces, &id, sizeof(id), s);
	return s;
}

struct process *tracker__process(struct tracker *t, uint32_t tgid)
{
	struct process *p;

	HASH_FIND(hh, t->processes, &tgid, sizeof(tgid), p);
	return p;
}

struct process *tracker__next_process(struct tracker *t, struct process *after)
{
	return after ? after->next : t->oldest;
}

struct space *tracker__next_space(struct tracker *t, struct space *after)
{
	return after ? after->hh.next : t->spaces;
}

size_t tracker__live_processes(const struct tracker *t)
{
	return HASH_COUNT(t->processes);
}

const struct tracker_totals *tracker__totals(const struct tracker *t)
{
	return &t->totals;
}

const struct backings *tracker__backings(const struct tracker *t)
{
	return t->backings;
}

void tracker__tell_process(const struct tracker *t, enum process_what what, const struct process *p,
			   uint64_t ts_ns)
{
	struct process_record rec = { ts_ns, what, p, p->space };

	if (t->observer && t->observer->process)
		t->observer->process(t->observer_ctx, &rec);
}

void tracker__usage(const struct tracker *t, const struct space *s, struct usage *ret)
{
	const struct region_totals *totals = region_map__totals(s->map);

	memset(ret, 0, sizeof(*ret));
	region_map__kind_bytes(s->map, t->backings, &s->layout, ret->kind);
	ret->total = totals->bytes;
	ret->accessible = totals->accessible;
	ret->locked = s->mm.locked_vm * REGION_PAGE;
}

bool tracker__next_ended(struct tracker *t, uint64_t *ret_space)
{
	if (!t->n_ended)
		return false;
	*ret_space = t->ended[--t->n_ended];
	return true;
}

int tracker__on_task(struct tracker *t, const struct mt_task *task, const char *comm)
{
	struct process *p = tracker__process(t, task->tgid);
	bool new = !p || (p->start_ns && p->start_ns != task->start_ns);
	struct space *s;

	/* First, for it may end the one that had the pid before, and its space. */
	p = process__get(t, task->tgid, task->start_ns, task->ts_ns, comm);
	s = p ? space__get(t, task->space, task->tgid, task->ts_ns) : NULL;
	if (!s)
		return -ENOMEM;
	if (!s->has_base || !s->layout.task_size) {
		s->layout = (struct layout){
			.start_brk = task->layout.start_brk,
			.brk = task->layout.brk,
			.start_stack = task->layout.start_stack,
			.task_size = task->layout.task_size,
		};
		s->mm = task->mm;
		s->lock_future = task->mm.def_flags & 0x2000; /* VM_LOCKED */
	}
	p->scan = t->scan;
	process__move(t, p, s);
	if (new) {
		p->found = true;
		tracker__tell_process(t, PROCESS_FOUND, p, task->ts_ns);
	}
	if (task->tid == task->tgid)
		process__set_comm(p, comm);
	return thread__add(t, task->tid, p, s, task->user_sp);
}

/* A child's first map: its parent's, if that is known for the moment of the copy. */
static int fork_map(struct tracker *t, const struct fork_event *ev, struct space *parent,
		    struct space *child)
{
	struct window w = {
		.enter_ns = ev->enter_ns,
		.exit_ns = ev->ts_ns,
		.start = 0,
		.end = UINT64_MAX,
		.tid = ev->tid,
		.copies = true,
	};
	struct region_map *map;
	bool known;

	if (t->truth || !parent || !parent->has_base)
		return 0;
	/* It was found and read before its birth reached us: that is newer. */
	if (child->has_base && child->base_begin_ns >= ev->ts_ns)
		return 0;
	map = call_model__fork(parent->map);
	if (!map)
		return -ENOMEM;
	region_map__free(child->map);
	child->map = map;
	child->grown = parent->grown;
	child->lineage = parent->lineage;
	child->copied_ns = ev->ts_ns;
	parent->has_copies = true;
	t->totals.bases++;
	known = parent->exact && (t->ordered ? order__knows(parent, ev->seq) :
					       ev->ts_ns >= parent->base_end_ns);
	space__exact(t, child, !child->has_base, ev->ts_ns);
	if (!known)
		space__uncertain(t, child, "its parent's map was not known", ev->ts_ns);
	else
		space__check_totals(t, child, &ev->mm, ev->ts_ns);
	return t->ordered ? 0 : space__window(t, parent, &w);
}

int tracker__copy_map(struct tracker *t, const struct fork_event *ev)
{
	struct space *parent = ev->space ? tracker__space(t, ev->space) : NULL;
	struct space *child = tracker__space(t, ev->child_space);
	struct process *p = tracker__process(t, ev->child_tgid);
	static const struct base_span nothing;
	int err;

	if (!child)
		return 0;
	err = fork_map(t, ev, parent, child);
	if (parent)
		origins__of_fork(t, parent, child, ev->ts_ns);
	if (p && p->space == child->id)
		process__note_start(t, p, child);
	if (t->ordered && !err && child->copied_ns == ev->ts_ns)
		order__begin(t, child, &nothing);
	else if (t->ordered && !child->has_base)
		order__broken(t, child); /* nothing to wait for */
	return err;
}

/* Who lives, and where; *ret_copies: the child has a space of its own, without a map. */
static int fork_lives(struct tracker *t, const struct fork_event *ev, bool *ret_copies)
{
	struct process *p = ev->thread ? tracker__process(t, ev->child_tgid) : NULL;
	struct space *child;
	bool new = !p;
	int err;

	t->totals.lives++;
	if (process__has_left(tracker__process(t, ev->child_tgid), ev->child_space))
		return 0;
	/* First, for it may end the one that had the pid before, and its space. */
	if (!p)
		p = process__get(t, ev->child_tgid, ev->child_start_ns, ev->ts_ns, ev->comm);
	child = p ? space__get(t, ev->child_space, ev->child_tgid, ev->ts_ns) : NULL;
	if (!child)
		return -ENOMEM;
	if (new)
		p->parent = ev->tgid;
	if (p->space != child->id) {
		process__move(t, p, child);
		if (new)
			tracker__tell_process(t, PROCESS_FORK, p, ev->ts_ns);
	}
	err = thread__add(t, ev->child_tid, p, child, 0);
	if (ev->thread)
		thread__note_stack(t, ev->child_tid, child, ev->child_sp);
	/* A snapshot that is younger than the fork knows more than the parent's map. */
	if (err || ev->shared || (child->has_base && ev->ts_ns <= child->base_begin_ns))
		return err;
	child->layout = ev->layout;
	child->mm = ev->mm;
	*ret_copies = true;
	return 0;
}

int tracker__on_fork(struct tracker *t, const struct fork_event *ev)
{
	bool copies = false;
	int err = fork_lives(t, ev, &copies), copy_err = 0;

	if (t->ordered && ev->seq)
		copy_err = order__on_fork(t, ev, copies);
	else if (copies)
		copy_err = tracker__copy_map(t, ev);
	return err ? err : copy_err;
}

int tracker__on_exec(struct tracker *t, const struct exec_event *ev)
{
	struct process *p;
	struct space *s;

	t->totals.lives++;
	p = process__get(t, ev->tgid, ev->start_ns, ev->ts_ns, ev->comm);
	if (!p)
		return -ENOMEM;
	if (ev->space && process__has_left(p, ev->space))
		return 0;
	s = tracker__space(t, p->space);
	if (s)
		order__leave(t, s, p->tgid);
	process__set_comm(p, ev->comm);
	p->last_ns = ev->ts_ns;
	if (!ev->space) {
		/* A vfork child that is not followed leaves our sight here. */
		process__end(t, p, ev->ts_ns, 0);
		return 0;
	}
	/* First: a record may name one space twice, and then it is not to go. */
	if (ev->old_space != p->space)
		space__end_unused(t, ev->old_space);
	s = space__get(t, ev->space, ev->tgid, ev->ts_ns);
	if (!s)
		return -ENOMEM;
	process__move(t, p, s);
	process__drop_sites(p);
	suspicions__drop(&p->suspicions);
	s->born = CAUSE_EXEC;
	s->layout = ev->layout;
	s->mm = ev->mm;
	memset(&p->at_start, 0, sizeof(p->at_start));
	p->told_heap = p->told_other = p->told_locked = 0;
	limits__forget(p);
	tracker__tell_process(t, PROCESS_EXEC, p, ev->ts_ns);
	return thread__add(t, ev->tid, p, s, 0);
}

void tracker__finish(struct tracker *t, uint64_t ts_ns)
{
	struct process *p, *tmp;
	struct space *s;

	tracker__expire(t, UINT64_MAX);
	HASH_ITER(hh, t->processes, p, tmp) {
		s = tracker__space(t, p->space);
		p->last_ns = ts_ns;
		if (s) {
			tracker__usage(t, s, &p->at_end);
			process__note_heap(t, p, s, ts_ns);
			process__note_sites(t, p, s, true);
		}
	}
}

int tracker__apply_exit(struct tracker *t, const struct exit_event *ev)
{
	struct process *p = tracker__process(t, ev->tgid);

	if (p) {
		thread__note_end(t, ev->tid, p, ev->ts_ns);
		thread__del(t, ev->tid, p, tracker__space(t, p->space));
	}
	return 0;
}

int tracker__on_exit(struct tracker *t, const struct exit_event *ev)
{
	struct process *p = tracker__process(t, ev->tgid);
	struct space *s = p ? tracker__space(t, p->space) : NULL;

	t->totals.lives++;
	/* Of one that had the pid before: its end comes by another ring, and too late. */
	if (p && ev->group && process__has_left(p, ev->space))
		return 0;
	if (!p) {
		if (ev->group)
			space__end_unused(t, ev->space);
		return 0;
	}
	if (!ev->group)
		return s ? order__on_exit(t, s, ev) : tracker__apply_exit(t, ev);
	if (s)
		order__leave(t, s, p->tgid);
	process__end(t, p, ev->ts_ns, ev->status);
	return 0;
}

static void sweep_backings(struct tracker *t)
{
	const struct region *r;
	struct region_iter it;
	struct thread *th, *th_tmp;
	struct space *s, *tmp;
	size_t i;

	if (!backings__should_sweep(t->backings))
		return;
	HASH_ITER(hh, t->spaces, s, tmp) {
		for (r = region_iter__init(&it, s->map, 0); r; r = region_iter__next(&it))
			backings__mark(t->backings, r->backing);
		for (i = 0; i < s->walk_n; i++)
			backings__mark(t->backings, s->walk[i].backing);
	}
	HASH_ITER(hh, t->threads, th, th_tmp)
		backings__mark(t->backings, th->was_backing);
	backings__sweep(t->backings);
}

/*
 * What a call of another thread must not overlap. The old break was read at
 * entry, without a lock: any two calls of brk that overlap may mean anything.
 */
static size_t call_windows(const struct call *c, struct range ret_ranges[2])
{
	size_t n = call__ranges(c, ret_ranges);
	uint64_t end = n ? ret_ranges[0].end : 0;

	if (!call__mutates(c))
		return 0;
	if (c->id != MT_CALL_BRK)
		return n;
	if (end < c->args[0])
		end = c->args[0];
	ret_ranges[0] = (struct range){ c->args[2] < end ? c->args[2] : 0, end + REGION_PAGE };
	return 1;
}

/* A snapshot has the regions, but not what names them: brk and prctl(PR_SET_MM). */
void space__note_layout(struct space *s, const struct call *c)
{
	if (call__failed(c))
		return;
	if (c->has_layout)
		s->layout = c->layout;
	if (c->id != MT_CALL_BRK)
		return;
	s->layout.brk = (uint64_t)c->ret;
	if (c->args[2])
		s->layout.start_brk = c->args[2];
}

int space__apply_call(struct tracker *t, struct space *s, const struct call *c, bool strict,
		      struct change *change)
{
	struct model_space model = space__model(t, s);
	int err = call_model__apply(&model, c, strict, change);

	s->lock_future = model.lock_future;
	s->lock_on_fault = model.lock_on_fault;
	if (err) {
		space__uncertain(t, s, "out of memory", c->exit_ns);
		return err;
	}
	if (change->kind == CHANGE_UNKNOWN)
		space__uncertain(t, s, change->why, c->exit_ns);
	/* With one thread nothing else can be under way: the sums must agree now. */
	if (strict && s->exact && s->threads == 1 && c->target == c->space)
		space__check_totals(t, s, &c->mm, c->exit_ns);
	return 0;
}

/* Brings the map up to date with a call; *change says what it did. */
static int apply(struct tracker *t, struct space *s, const struct call *c, struct change *change)
{
	struct range ranges[2] = {};
	size_t n, i;
	int err;

	n = call__ranges(c, ranges);
	change->start = n ? ranges[0].start : 0;
	change->end = n ? ranges[0].end : 0;
	if (t->ordered)
		return order__apply(t, s, c, change);
	n = call_windows(c, ranges);
	for (i = 0; i < n; i++) {
		struct window w = {
			.enter_ns = c->enter_ns,
			.exit_ns = c->exit_ns,
			.start = ranges[i].start,
			.end = ranges[i].end,
			.tid = c->tid,
		};

		err = space__window(t, s, &w);
		if (err)
			return err;
	}
	/* The snapshot was taken later and has it already. */
	if (!s->has_base || c->exit_ns <= s->base_begin_ns) {
		space__note_layout(s, c);
		return 0;
	}
	return space__apply_call(t, s, c, c->enter_ns >= s->base_end_ns && s->exact, change);
}

static void count_call(struct process *p, const struct call *c, const struct change *change)
{
	struct call_stats *st = &p->calls[c->id];

	st->count++;
	st->ns += c->enter_ns && c->exit_ns > c->enter_ns ? c->exit_ns - c->enter_ns : 0;
	/* A call that failed may have done a part of its work. */
	p->mapped += change->mapped;
	p->unmapped += change->unmapped;
	p->committed += change->committed;
	p->uncommitted += change->uncommitted;
	if (call__refused(c)) {
		st->errors++;
		return;
	}
	/* mlockall and its like act on everything: that is no size. */
	if (change->end - change->start < SPACE_BYTES_MAX)
		st->bytes += change->end - change->start;
	if (c->id == MT_CALL_BRK && change->kind == CHANGE_APPLIED) {
		p->brk_grown += change->mapped;
		p->brk_shrunk += change->unmapped;
	}
	if ((c->id == MT_CALL_MPROTECT || c->id == MT_CALL_PKEY_MPROTECT) &&
	    change->kind == CHANGE_APPLIED)
		p->protections++;
}

const struct region *space__describe(const struct tracker *t, const struct space *s, uint64_t start,
				     uint64_t end, struct call_record *rec)
{
	struct region_iter at;
	const struct region *r = region_iter__init(&at, s->map, start);

	if (!r || r->start >= end)
		return NULL;
	rec->region_name = region__name(r, t->backings, &s->layout);
	if (!*rec->region_name)
		rec->region_name = "[anon]";
	rec->kind = region__kind(&at, t->backings, &s->layout);
	return r;
}

int tracker__on_call(struct tracker *t, const struct call *c)
{
	return t->ordered ? order__on_call(t, c) : tracker__apply_call(t, c);
}

int tracker__apply_call(struct tracker *t, const struct call *c)
{
	struct space *caller = NULL, *s;
	struct call_record rec = { .call = c, .kind = KIND_ANONYMOUS };
	struct range ranges[2];
	struct change change;
	struct process *p;
	int err = 0;

	t->totals.calls++;
	p = process__get(t, c->tgid, 0, c->exit_ns, c->comm);
	if (p && c->space && !process__has_left(p, c->space))
		caller = space__get(t, c->space, c->tgid, c->exit_ns);
	if (!p || (c->space && !caller && !process__has_left(p, c->space)))
		return -ENOMEM;
	/* Its fork or exec was lost. */
	if (caller)
		process__move(t, p, caller);
	if (caller && !thread__is_known(t, c->tid, p)) {
		/* Its birth was lost, and what it did was not compared with others' calls. */
		if (!t->ordered)
			space__uncertain(t, caller, "a thread that was not known", c->exit_ns);
		err = thread__add(t, c->tid, p, caller, 0);
		if (err)
			return err;
	}
	/* Looked up now: the process may have been the last of another space. */
	s = c->target == c->space ? caller : tracker__space(t, c->target);
	rec.space = s ? s : caller;
	p->last_ns = c->exit_ns;
	if (caller && !c->uncounted)
		caller->delivered++;
	if (s && !t->truth && t->observer && call__ranges(c, ranges))
		space__describe(t, s, ranges[0].start, ranges[0].end, &rec);
	change__init(&change);
	if (s && t->truth)
		truth__take_change(t, s, &rec, &change);
	else if (s)
		err = apply(t, s, c, &change);
	if (s && t->observer && !rec.region_name)
		space__describe(t, s, change.start, change.end, &rec);
	/* process_madvise sends the counters of its caller. */
	if (s && s == caller)
		s->mm = c->mm;
	rec.change = &change;
	if (s)
		origins__of_call(t, s, &rec);
	count_call(p, c, &change);
	if (s)
		process__note_peak(p, s);
	rec.process = p;
	rec.limit = call__refused(c) ? limit__of_call(t, c, &rec.limit_bytes) : LIMIT_NONE;
	if (t->observer && t->observer->call)
		t->observer->call(t->observer_ctx, &rec);
	if (s)
		findings__of_call(t, p, s, &rec);
	sweep_backings(t);
	return err;
}
