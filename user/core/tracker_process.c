// SPDX-License-Identifier: GPL-2.0
/*
 * Processes and their threads: who lives, which space they use, what is kept of
 * them once they have ended. Knows nothing of calls and events.
 */
#include "tracker_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ended processes that are still known by name; the others are summed up. */
#define ENDED_MAX 4096

static int hand_on(struct tracker *t, uint64_t space)
{
	if (t->n_ended == t->ended_size) {
		size_t size = t->ended_size ? 2 * t->ended_size : 64;
		uint64_t *grown = realloc(t->ended, size * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->ended = grown;
		t->ended_size = size;
	}
	t->ended[t->n_ended++] = space;
	return 0;
}

/* Spaces that nobody uses any more: their map goes, their id is handed on. */
static void space_unused(struct tracker *t, struct space *s)
{
	/* Without memory to hand the id on, the space just stays. */
	if (hand_on(t, s->id))
		return;
	s->ended = true;
	space__free(t, s);
}

void space__end_unused(struct tracker *t, uint64_t space)
{
	struct space *s = tracker__space(t, space);

	if (s && !s->users)
		order__leave(t, s, 0);
	/* What has waited may have been the last of it, or have brought it back to life. */
	s = tracker__space(t, space);
	if (s && !s->users)
		space_unused(t, s);
	else if (space && !s)
		hand_on(t, space);
}

bool thread__is_known(const struct tracker *t, uint32_t tid, const struct process *p)
{
	struct thread *th;

	HASH_FIND(hh, t->threads, &tid, sizeof(tid), th);
	return th && th->tgid == p->tgid;
}

int thread__add(struct tracker *t, uint32_t tid, struct process *p, struct space *s,
		uint64_t user_sp)
{
	struct thread *th;

	HASH_FIND(hh, t->threads, &tid, sizeof(tid), th);
	if (th && th->tgid == p->tgid) {
		th->scan = t->scan;
		return 0;
	}
	if (th) {
		/* The end of the thread that had this id before was lost. */
		struct process *before = tracker__process(t, th->tgid);

		if (before)
			thread__del(t, tid, before, tracker__space(t, before->space));
	}
	th = calloc(1, sizeof(*th));
	if (!th)
		return -ENOMEM;
	th->tid = tid;
	th->tgid = p->tgid;
	th->user_sp = user_sp;
	th->stack_sp = tid != p->tgid ? user_sp : 0;
	th->scan = t->scan;
	HASH_ADD(hh, t->threads, tid, sizeof(th->tid), th);
	if (!th->hh.tbl) {
		free(th);
		return -ENOMEM;
	}
	p->threads++;
	if (s)
		s->threads++;
	t->totals.threads++;
	return 0;
}

void thread__note_stack(struct tracker *t, uint32_t tid, struct space *s, uint64_t sp)
{
	struct thread *th;

	HASH_FIND(hh, t->threads, &tid, sizeof(tid), th);
	if (th)
		th->stack_sp = sp;
	kept_stacks__of_birth(s, sp);
}

void thread__note_end(struct tracker *t, uint32_t tid, const struct process *p, uint64_t ts_ns)
{
	struct thread *th;

	HASH_FIND(hh, t->threads, &tid, sizeof(tid), th);
	if (th && th->tgid == p->tgid)
		kept_stacks__of_end(tracker__space(t, p->space), th->stack_sp, ts_ns);
}

void thread__del(struct tracker *t, uint32_t tid, struct process *p, struct space *s)
{
	struct thread *th;

	HASH_FIND(hh, t->threads, &tid, sizeof(tid), th);
	if (!th || th->tgid != p->tgid)
		return;
	HASH_DEL(t->threads, th);
	free(th);
	p->threads--;
	if (s && s->threads)
		s->threads--;
}

/* All threads of a process: it execed or ended, and some exits may have been lost. */
static void threads_del(struct tracker *t, struct process *p, struct space *s)
{
	struct thread *th, *tmp;

	thread__del(t, p->tgid, p, s);
	if (!p->threads)
		return;
	HASH_ITER(hh, t->threads, th, tmp) {
		if (th->tgid == p->tgid)
			thread__del(t, th->tid, p, s);
	}
}

/* The one that ended first is summed up and forgotten. */
static void forget_first_ended(struct tracker *t)
{
	struct process *p = t->first_ended;
	int i;

	t->first_ended = p->next_ended;
	for (i = 0; i < MT_CALL_NR; i++) {
		t->totals.other[i].count += p->calls[i].count;
		t->totals.other[i].errors += p->calls[i].errors;
		t->totals.other[i].bytes += p->calls[i].bytes;
		t->totals.other[i].ns += p->calls[i].ns;
	}
	site_sums__add(&t->totals.other_sites, &p->site_sums);
	t->totals.forgotten++;
	t->ended_processes--;
	if (p->prev)
		p->prev->next = p->next;
	else
		t->oldest = p->next;
	if (p->next)
		p->next->prev = p->prev;
	else
		t->newest = p->prev;
	prot_sums__fini(&p->prot);
	process__drop_sites(p);
	suspicions__drop(&p->suspicions);
	free(p);
}

/* In an order of their own: who looks for one need not pass those that live. */
static void keep_ended(struct tracker *t, struct process *p)
{
	if (t->ended_processes)
		t->last_ended->next_ended = p;
	else
		t->first_ended = p;
	t->last_ended = p;
	if (++t->ended_processes > ENDED_MAX)
		forget_first_ended(t);
}

void process__set_comm(struct process *p, const char *comm)
{
	snprintf(p->comm, sizeof(p->comm), "%s", comm);
}

static struct process *process_new(struct tracker *t, uint32_t tgid, uint64_t start_ns,
				   uint64_t ts_ns, const char *comm)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->tgid = tgid;
	p->start_ns = start_ns;
	p->first_ns = p->last_ns = ts_ns;
	process__set_comm(p, comm);
	HASH_ADD(hh, t->processes, tgid, sizeof(p->tgid), p);
	if (!p->hh.tbl) {
		free(p);
		return NULL;
	}
	p->prev = t->newest;
	if (t->newest)
		t->newest->next = p;
	else
		t->oldest = p;
	t->newest = p;
	t->totals.processes++;
	return p;
}

void process__note_peak(struct process *p, const struct space *s)
{
	const struct region_totals *totals = region_map__totals(s->map);
	uint64_t heap = s->layout.brk - s->layout.start_brk, locked = s->mm.locked_vm * REGION_PAGE;

	if (totals->bytes > p->peak.total)
		p->peak.total = totals->bytes;
	if (totals->accessible > p->peak.accessible) {
		p->peak.accessible = totals->accessible;
		if (s->origins)
			memcpy(p->heap_peak, origins__committed(s->origins), sizeof(p->heap_peak));
	}
	if (locked > p->peak.locked)
		p->peak.locked = locked;
	if (s->layout.brk > s->layout.start_brk && heap > p->peak.kind[KIND_HEAP])
		p->peak.kind[KIND_HEAP] = heap;
}

void process__note_start(const struct tracker *t, struct process *p, const struct space *s)
{
	tracker__usage(t, s, &p->at_start);
	p->told_heap = p->at_start.kind[KIND_HEAP];
	p->told_other = p->at_start.accessible - p->told_heap;
	p->told_locked = p->at_start.locked;
	if (s->origins)
		origins__heap(s->origins, &p->heap_start);
	process__note_peak(p, s);
}

void process__leave(struct tracker *t, struct process *p)
{
	struct space *s = tracker__space(t, p->space);

	if (s) {
		tracker__usage(t, s, &p->at_end);
		process__note_peak(p, s);
		process__note_heap(t, p, s, p->last_ns);
		/* Who shares it still has made all of it from now on, and notes it in the end. */
		if (s->users <= 1)
			process__note_sites(t, p, s, p->ended || s->inherited);
	}
	threads_del(t, p, s);
	p->space = 0;
	if (!s)
		return;
	if (s->users)
		s->users--;
	if (!s->users) {
		space_unused(t, s);
	} else if (s->tgid == p->tgid) {
		struct process *other, *tmp;

		HASH_ITER(hh, t->processes, other, tmp) {
			if (other != p && other->space == s->id)
				s->tgid = other->tgid;
		}
		s->inherited |= p->ended;
	}
}

void process__end(struct tracker *t, struct process *p, uint64_t ts_ns, int status)
{
	p->last_ns = ts_ns;
	p->ended = true;
	p->status = status;
	tracker__tell_process(t, PROCESS_EXIT, p, ts_ns);
	process__leave(t, p);
	HASH_DEL(t->processes, p);
	keep_ended(t, p);
}

/* The live process with this identity; one that had the pid before has ended. */
struct process *process__get(struct tracker *t, uint32_t tgid, uint64_t start_ns, uint64_t ts_ns,
			     const char *comm)
{
	struct process *p = tracker__process(t, tgid);

	if (p && start_ns && p->start_ns && p->start_ns != start_ns) {
		p->end_lost = true;
		process__end(t, p, ts_ns, 0);
		p = NULL;
	}
	if (p && !p->start_ns)
		p->start_ns = start_ns;
	return p ? p : process_new(t, tgid, start_ns, ts_ns, comm);
}

void process__move(struct tracker *t, struct process *p, struct space *s)
{
	if (p->space >= s->id)
		return;
	process__leave(t, p);
	p->space = s->id;
	s->users++;
}

bool process__has_left(const struct process *p, uint64_t space)
{
	return p && p->space > space;
}

void tracker__scan_begin(struct tracker *t)
{
	t->scan++;
}

void tracker__scan_end(struct tracker *t, uint64_t ts_ns)
{
	struct process *p, *p_tmp;
	struct thread *th, *th_tmp;

	HASH_ITER(hh, t->processes, p, p_tmp) {
		if (p->scan == t->scan)
			continue;
		p->end_lost = true;
		process__end(t, p, ts_ns, 0);
	}
	HASH_ITER(hh, t->threads, th, th_tmp) {
		p = tracker__process(t, th->tgid);
		if (p && th->scan != t->scan)
			thread__del(t, th->tid, p, tracker__space(t, p->space));
	}
}
