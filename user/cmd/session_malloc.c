// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that programs have freed and malloc(3) keeps. Owns of whom that is asked, which
 * is who was named and never every process of the machine, and for how long.
 */
#include "session_private.h"

#include <errno.h>
#include <stdlib.h>

#include "input/proc_malloc.h"

#define LITTLE (1ull << 20)
#define PROCESS_NS (50 * NS_PER_MS) /* for some 100 MiB of small chunks */

/* So little is not worth to be asked for: arenas that are not known as such are anonymous. */
static bool is_little(const struct heap *heap)
{
	return heap->part[HEAP_BREAK].committed + heap->part[HEAP_ARENA].committed +
		       heap->part[HEAP_ANONYMOUS].committed <
	       LITTLE;
}

/* Where the break is: it may have been moved since the last event that has come. */
static bool layout_now(struct session *s, const struct space *space, struct layout *ret)
{
	struct still still;

	if (!session__ask_space(s, space, 0, &still))
		return false;
	*ret = space->layout;
	ret->start_brk = still.task.layout.start_brk;
	ret->brk = still.task.layout.brk;
	return true;
}

static void look_at(struct session *s, struct process *p, uint64_t ns)
{
	const struct space *space = p->ended ? NULL : tracker__space(s->tracker, p->space);
	struct malloc_heap *heaps;
	struct malloc_sum sum;
	struct layout layout;
	struct heap heap;
	uint64_t now;
	size_t n;
	int err;

	/* tracker__heap(): a child of vfork(2) has nothing of its own. */
	if (!space || space__is_32bit(space) || !tracker__heap(s->tracker, p, &heap) ||
	    is_little(&heap) || !layout_now(s, space, &layout))
		return;
	heaps = calloc(PROC_MALLOC_HEAPS, sizeof(*heaps));
	if (!heaps)
		return;
	n = malloc_heaps__of(space->map, tracker__backings(s->tracker), &layout, heaps,
			     PROC_MALLOC_HEAPS);
	/* What is read is as old as that: the program may end before the read does. */
	now = session__now();
	err = proc_malloc__read((pid_t)p->tgid, heaps, n, ns, &sum);
	free(heaps);
	if (!err)
		tracker__on_malloc(s->tracker, p, &sum, now);
	/* Somebody does not want to be read: nobody is asked again. */
	s->malloc_stuck |= err == -ETIMEDOUT;
}

void session__look_at_malloc(struct session *s, uint64_t budget_ns)
{
	uint64_t end_ns = session__now() + budget_ns, now;
	struct process *p;

	s->malloc_ns = end_ns - budget_ns;
	/* Where there was no time for all, this look goes on with those. */
	p = tracker__process(s->tracker, s->malloc_first);
	if (!p)
		p = tracker__next_process(s->tracker, NULL);
	s->malloc_first = 0;
	for (; p && !s->scope.all && !s->malloc_stuck; p = tracker__next_process(s->tracker, p)) {
		now = session__now();
		if (now >= end_ns) {
			s->malloc_first = p->tgid;
			return;
		}
		look_at(s, p, end_ns - now < PROCESS_NS ? end_ns - now : PROCESS_NS);
	}
}
