// SPDX-License-Identifier: GPL-2.0
/*
 * Stacks that are mapped yet though their threads have ended. glibc keeps those of
 * joined and detached threads for new ones, at most 40 MiB of them
 * (nptl/nptl-stack.c, __nptl_stack_cache_maxsize); what is beyond belongs to
 * threads that nobody has joined. Knows stacks by their shape alone.
 */
#include "tracker_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

#define KEPT_MAX 4096 /* of a space; what is more is not counted */
#define CACHED_MAX (40ull << 20)
#define STACK_MAX (1ull << 30)
#define SETTLE_NS 3000000000ull /* a detached thread's, and one that is about to be joined */

struct kept_stack {
	uint64_t start, end, ts_ns;
};

/* By address, disjoint. */
struct kept_stacks {
	struct kept_stack *list;
	size_t n, room;
};

/* The first that ends above addr. */
static size_t position(const struct kept_stacks *all, uint64_t addr)
{
	size_t lo = 0, hi = all->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (all->list[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void take_out(struct kept_stacks *all, size_t at)
{
	all->n--;
	memmove(all->list + at, all->list + at + 1, (all->n - at) * sizeof(*all->list));
}

/* The region around sp, when it is private memory for nothing but data. */
static const struct region *stack_at(const struct space *s, uint64_t sp)
{
	const struct region *r = region_map__find(s->map, sp);

	if (!r || r->start > sp || r->backing != BACKING_ANON || r->flags & REGION_SHARED ||
	    (r->flags & REGION_RWX) != (REGION_READ | REGION_WRITE) || region__len(r) > STACK_MAX)
		return NULL;
	return r;
}

/*
 * What pthread_create(3) makes is above a guard. A stack in memory of the program's own
 * (pthread_attr_setstack(3), Go) has other neighbours, and is none of libc's. The guard
 * is one with what is being reserved below it, for the next thread's stack or an arena,
 * until part of that becomes accessible.
 */
static bool has_guard(const struct space *s, const struct region *stack)
{
	const struct region *guard = region_map__before(s->map, stack->start);

	return guard && guard->end == stack->start && !(guard->flags & REGION_RWX) &&
	       guard->backing == BACKING_ANON && region__len(guard) <= REGION_GUARD_MAX;
}

void kept_stacks__of_birth(struct space *s, uint64_t sp)
{
	size_t at;

	if (!s || !s->kept_stacks || !sp)
		return;
	/* It has got one that was kept. */
	at = position(s->kept_stacks, sp);
	if (at < s->kept_stacks->n && s->kept_stacks->list[at].start <= sp)
		take_out(s->kept_stacks, at);
}

static bool make_room(struct kept_stacks *all)
{
	size_t room = all->room ? 2 * all->room : 8;
	struct kept_stack *list;

	if (all->n < all->room)
		return true;
	if (all->n == KEPT_MAX)
		return false;
	list = realloc(all->list, room * sizeof(*list));
	if (!list)
		return false;
	all->list = list;
	all->room = room;
	return true;
}

void kept_stacks__of_end(struct space *s, uint64_t sp, uint64_t ts_ns)
{
	const struct region *r = s && sp ? stack_at(s, sp) : NULL;
	struct kept_stacks *all;
	size_t at;

	if (!r)
		return;
	if (!s->kept_stacks)
		s->kept_stacks = calloc(1, sizeof(*s->kept_stacks));
	all = s->kept_stacks;
	if (!all)
		return;
	at = position(all, r->start);
	/* Known, as it was or as more or less than it is now. */
	if (at < all->n && all->list[at].start < r->end) {
		all->list[at].ts_ns = ts_ns;
		return;
	}
	if (!make_room(all))
		return;
	memmove(all->list + at + 1, all->list + at, (all->n - at) * sizeof(*all->list));
	all->list[at] = (struct kept_stack){ r->start, r->end, ts_ns };
	all->n++;
}

/* Those that are there still, of threads that ended a while ago; the others are forgotten. */
static uint64_t count(struct space *s, uint64_t ts_ns, uint64_t *ret_bytes)
{
	struct kept_stacks *all = s->kept_stacks;
	const struct region *r;
	uint64_t n = 0;
	size_t i = 0;

	*ret_bytes = 0;
	while (i < all->n) {
		r = stack_at(s, all->list[i].start);
		if (!r || r->start != all->list[i].start || r->end != all->list[i].end) {
			take_out(all, i);
			continue;
		}
		if (ts_ns > all->list[i].ts_ns + SETTLE_NS && has_guard(s, r)) {
			n++;
			*ret_bytes += region__len(r);
		}
		i++;
	}
	return n;
}

/* Those that threads have again, though their birth came before the end of the last one. */
static void take_out_used(struct tracker *t, struct space *s)
{
	struct thread *th, *tmp;
	struct process *p;

	HASH_ITER(hh, t->threads, th, tmp) {
		p = tracker__process(t, th->tgid);
		if (p && p->space == s->id)
			kept_stacks__of_birth(s, th->stack_sp);
	}
}

/* Told when there is more than libc keeps, and again when that has doubled. */
void kept_stacks__sample(struct tracker *t, struct space *s, uint64_t ts_ns)
{
	struct finding f = { .kind = FINDING_STACK, .severity = SEVERITY_WARNING };
	char bytes[HUMAN_SIZE_ROOM];
	struct suspicions *told;
	struct process *p;
	uint64_t n;

	if (!s->kept_stacks || !s->kept_stacks->n || !s->exact)
		return;
	p = tracker__process(t, s->tgid);
	n = count(s, ts_ns, &f.bytes);
	if (!p)
		return;
	if (f.bytes > CACHED_MAX) {
		take_out_used(t, s);
		n = count(s, ts_ns, &f.bytes);
	}
	told = &p->suspicions;
	told->stacks = f.bytes > CACHED_MAX ? n : 0;
	told->stack_bytes = f.bytes;
	if (!told->stacks || f.bytes / 2 < told->stacks_told)
		return;
	told->stacks_told = f.bytes;
	snprintf(f.text, sizeof(f.text),
		 "%llu stacks of threads that have ended are kept, %s: glibc caches at most 40M, "
		 "so threads were not joined",
		 (unsigned long long)n, human_size(f.bytes, bytes));
	finding__tell_of_space(t, p, s, &f, ts_ns);
}

void kept_stacks__free(struct space *s)
{
	if (s->kept_stacks)
		free(s->kept_stacks->list);
	free(s->kept_stacks);
	s->kept_stacks = NULL;
}
