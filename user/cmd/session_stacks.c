// SPDX-License-Identifier: GPL-2.0
/* See session_stacks.h. */
#include "session_stacks.h"

#include <stdlib.h>

#include "input/stack_budget.h"
#include "input/stack_join.h"
#include "input/stack_unwind.h"
#include "session_private.h"

#define BUSY_NS_MAX 1000000000ull

struct session_stacks {
	struct stacks *all;
	struct unwinder *unwinder;
	struct stack_join *join;
	struct stack_budget budgets[LIVE_STACK_NR];
	uint64_t unwound, cut, ns;
	uint64_t busy_ns, busy_at; /* see is_busy() */
	/* The one that is looked for. */
	struct session *session;
	uint64_t cookie;
	uint32_t found;
	bool done;
};

struct session_stacks *session_stacks__new(void)
{
	struct session_stacks *ss = calloc(1, sizeof(*ss));

	if (!ss)
		return NULL;
	ss->all = stacks__new();
	ss->unwinder = ss->all ? unwinder__new(ss->all) : NULL;
	ss->join = stack_join__new();
	if (ss->unwinder && ss->join)
		return ss;
	session_stacks__free(ss);
	return NULL;
}

void session_stacks__free(struct session_stacks *ss)
{
	if (!ss)
		return;
	unwinder__free(ss->unwinder);
	stack_join__free(ss->join);
	stacks__free(ss->all);
	free(ss);
}

const struct stacks *session_stacks__all(const struct session_stacks *ss)
{
	return ss ? ss->all : NULL;
}

/*
 * Files of strangers take as long as they like to be read, up to a second for each
 * stack. Unwinding gets half of the time at most: the other half is for the events
 * of all processes. What it does not get to counts as lost.
 */
static bool is_busy(struct session_stacks *ss, uint64_t now)
{
	uint64_t off = (now - ss->busy_at) / 2;

	ss->busy_ns -= off < ss->busy_ns ? off : ss->busy_ns;
	ss->busy_at = now;
	return ss->busy_ns > BUSY_NS_MAX;
}

static uint32_t unwind(struct session_stacks *ss, const struct mt_stack *st)
{
	struct session *s = ss->session;
	struct space *space = tracker__space(s->tracker, st->space);
	uint64_t begin = session__now(), took;
	uint32_t id;
	int i;

	if (!space || is_busy(ss, begin))
		return 0;
	id = unwinder__stack(ss->unwinder, st, space->map, tracker__backings(s->tracker), begin);
	took = session__now() - begin;
	ss->busy_ns += took;
	for (i = 0; i < LIVE_STACK_NR; i++)
		stack_budget__spent(&ss->budgets[i], took);
	if (!id)
		return 0;
	ss->unwound++;
	ss->cut += stacks__stack(ss->all, id)->cut;
	ss->ns += took;
	return id;
}

static void on_stack(void *ctx, const void *data, size_t len)
{
	const struct mt_stack *st = stack_record(data, len);
	struct session_stacks *ss = ctx;

	if (!st)
		return;
	if (st->cookie != ss->cookie) {
		stack_join__put(ss->join, st);
		return;
	}
	ss->found = unwind(ss, st);
	ss->done = true;
}

/*
 * Called as a call comes: all that its space did before has been applied, so
 * that the map is what the stack is to be read by. Its stack was sent before it.
 */
static uint32_t stack_of_call(void *ctx, uint64_t cookie)
{
	struct session *s = ctx;
	struct session_stacks *ss = s->stacks;
	struct mt_stack *st = stack_join__take(ss->join, cookie);

	ss->session = s;
	if (st) {
		ss->found = unwind(ss, st);
		free(st);
		return ss->found;
	}
	ss->cookie = cookie;
	ss->found = 0;
	ss->done = false;
	while (!ss->done && live__consume_stacks(s->live, 1, on_stack, ss) == 1)
		;
	ss->cookie = 0;
	return ss->found;
}

void session_stacks__begin(struct session *s)
{
	if (!s->stacks)
		return;
	decoder__set_stacks(s->decoder, stack_of_call, s);
	tracker__set_stacks(s->tracker, s->stacks->all);
	session_stacks__pump(s, session__now());
}

void session_stacks__pump(struct session *s, uint64_t now_ns)
{
	struct session_stacks *ss = s->stacks;
	int size;

	if (!ss)
		return;
	ss->session = s;
	/* Calls that were lost never ask for theirs. */
	while (live__stacks_crowded(s->live) && live__consume_stacks(s->live, 1, on_stack, ss) == 1)
		;
	for (size = 0; size < LIVE_STACK_NR; size++)
		live__add_stack_tokens(s->live, size,
				       stack_budget__refill(&ss->budgets[size],
							    live__stack_tokens(s->live, size),
							    now_ns));
}

void session_stacks__forget(struct session *s, uint64_t space)
{
	if (s->stacks)
		unwinder__forget(s->stacks->unwinder, space);
}

void session_stacks__sum_up(struct session *s, struct summary *sum)
{
	const struct session_stacks *ss = s->stacks;
	struct mt_stats st;

	if (!ss)
		return;
	session__stats(s, &st);
	sum->stacks = (struct stacks_summary){
		.on = true,
		.why_not = live__has_stacks(s->live) ? NULL : STACKS_WHY_NOT,
		.asked = st.stacks_asked,
		.unwound = ss->unwound,
		.cut = ss->cut,
		.lost = st.stacks_lost + st.stacks_taken - ss->unwound,
		.bytes_asked = st.stacks_bytes_asked,
		.bytes_taken = st.stacks_bytes_taken,
		.each_ns = ss->unwound ? ss->ns / ss->unwound : 0,
	};
}
