// SPDX-License-Identifier: GPL-2.0
/* See stack_budget.h. */
#include "stack_budget.h"

#define NS_PER_S 1000000000ull
#define AVERAGE_OVER 64

static uint64_t rate_of(const struct stack_budget *b)
{
	uint64_t rate;

	if (!b->each_ns)
		return STACK_BUDGET_RATE_MAX;
	rate = NS_PER_S / STACK_BUDGET_CPU_PARTS / b->each_ns;
	if (rate < STACK_BUDGET_RATE_MIN)
		return STACK_BUDGET_RATE_MIN;
	return rate < STACK_BUDGET_RATE_MAX ? rate : STACK_BUDGET_RATE_MAX;
}

void stack_budget__spent(struct stack_budget *b, uint64_t ns)
{
	/* Opening a large file takes long, once: one of them must not count for all that come. */
	if (b->each_ns && ns > b->each_ns * AVERAGE_OVER)
		ns = b->each_ns * AVERAGE_OVER;
	b->each_ns = b->each_ns ? (b->each_ns * (AVERAGE_OVER - 1) + ns) / AVERAGE_OVER : ns;
}

int64_t stack_budget__refill(struct stack_budget *b, int64_t left, uint64_t now_ns)
{
	uint64_t each = NS_PER_S / rate_of(b), passed, n;
	int64_t room = STACK_BUDGET_BURST - left;

	/* The first gets all there can be: programs begin with what is worth knowing. */
	passed = b->last_ns && now_ns > b->last_ns ? now_ns - b->last_ns + b->owed_ns : 0;
	n = b->last_ns ? passed / each : STACK_BUDGET_BURST;
	if (b->last_ns)
		b->owed_ns = passed % each;
	b->last_ns = now_ns;
	if (room <= 0)
		return 0;
	return n < (uint64_t)room ? (int64_t)n : room;
}
