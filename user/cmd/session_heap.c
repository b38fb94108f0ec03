// SPDX-License-Identifier: GPL-2.0
/*
 * What memory is for, over time: owns when /proc/PID/smaps and malloc's heaps are read, which
 * is once as a process is attached to, at each interval, and at the end; never for an event.
 */
#include "session_private.h"

#include <stdlib.h>

#include "input/proc_smaps.h"

/*
 * Reading smaps takes the kernel some 13 ms a GiB, and meanwhile nobody takes in what
 * comes: as long as a session may be left alone (session_wait.c). Once nothing comes
 * any more there is time.
 */
#define BUDGET_NS (40 * NS_PER_MS)
#define END_BUDGET_NS (250 * NS_PER_MS)
#define BUDGET_PART 10 /* and no more than a tenth of the time between two */

struct look {
	uint64_t end_ns;  /* of the time that there is */
	uint32_t skipped; /* the first process that found no time */
};

static struct look begin_look(uint64_t budget_ns)
{
	return (struct look){ .end_ns = session__now() + budget_ns };
}

/* Lays what is resident to heap, if it can be had, and there is time. */
static void read_resident(struct session *s, const struct process *p, struct look *look,
			  struct heap *heap)
{
	const struct space *space = tracker__space(s->tracker, p->space);
	struct resident *list = NULL;
	struct still still;
	size_t n = 0;
	int err;

	if (!space || session__now() >= look->end_ns) {
		look->skipped = look->skipped ? look->skipped : p->tgid;
		return;
	}
	err = proc_smaps__read((pid_t)p->tgid, &list, &n);
	/* A main thread that has ended shows nothing, though others go on: ask one of them. */
	if (!err && !n && session__ask_space(s, space, 0, &still))
		err = proc_smaps__read((pid_t)still.task.tid, &list, &n);
	if (!err && n)
		tracker__resident(s->tracker, p, list, n, heap);
	free(list);
}

void session__heap_start(struct session *s)
{
	struct look look = begin_look(BUDGET_NS);
	struct process *p = NULL;

	while ((p = tracker__next_process(s->tracker, p))) {
		if (!p->ended && p->found)
			read_resident(s, p, &look, &p->heap_start);
	}
	session__look_at_malloc(s, BUDGET_NS);
}

void session__heap_end(struct session *s)
{
	struct look look = begin_look(END_BUDGET_NS);
	struct process *p = NULL;

	while ((p = tracker__next_process(s->tracker, p))) {
		if (!p->ended)
			read_resident(s, p, &look, &p->heap_end);
	}
	s->malloc_first = 0;
	session__look_at_malloc(s, END_BUDGET_NS);
}

static void sample(struct session *s, const struct process *p, struct look *look, bool read)
{
	struct heap heap;
	struct sample_record rec = {
		.process = p,
		.space = tracker__space(s->tracker, p->space),
		.heap = &heap,
	};

	if (p->ended || !tracker__heap(s->tracker, p, &heap))
		return;
	if (read)
		read_resident(s, p, look, &heap);
	rec.ts_ns = session__now();
	rec.malloc = p->suspicions.malloc_ns >= s->malloc_ns;
	s->sink->ops->sample(s->sink, &rec);
}

void session__sample(struct session *s, uint64_t now)
{
	uint64_t budget = s->sample_ns / BUDGET_PART;
	const struct process *p = NULL;
	struct look look;
	bool read;

	if (!s->sample_ns || now < s->sample_next_ns)
		return;
	s->sample_next_ns += s->sample_ns;
	if (s->sample_next_ns <= now)
		s->sample_next_ns = now + s->sample_ns;
	budget = budget < BUDGET_NS ? budget : BUDGET_NS;
	session__look_at_malloc(s, budget);
	/* What has come by now is in it. */
	session__drain(s);
	/* Where there was no time for all, this look goes on with those. */
	read = !tracker__process(s->tracker, s->sample_first);
	look = begin_look(budget);
	while ((p = tracker__next_process(s->tracker, (struct process *)p))) {
		read |= p->tgid == s->sample_first;
		sample(s, p, &look, read);
	}
	s->sample_first = look.skipped;
}
