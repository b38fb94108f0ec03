/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many stacks may be taken: so many that unwinding them takes a small part
 * of one CPU. Pure arithmetic; who calls has the clock and the tokens.
 */
#ifndef MEMTRACE_INPUT_STACK_BUDGET_H
#define MEMTRACE_INPUT_STACK_BUDGET_H

#include <stdint.h>
#include "memtrace/event.h"

/* Of each sort: of calls that ask for little, and of those that ask for much. */
#define STACK_BUDGET_CPU_PARTS 20 /* unwinding gets this part of a CPU for each sort */
#define STACK_BUDGET_RATE_MIN 200 /* a second */
#define STACK_BUDGET_RATE_MAX 8000
#define STACK_BUDGET_BURST MT_STACK_TOKENS

struct stack_budget {
	uint64_t last_ns; /* of the last refill; 0: there was none */
	uint64_t owed_ns; /* time that was not worth a whole token yet */
	uint64_t each_ns; /* what unwinding one takes, on average; 0: not known yet */
};

/* One more was unwound. */
void stack_budget__spent(struct stack_budget *b, uint64_t ns);

/* How many tokens to add to those left, which may be below 0. */
int64_t stack_budget__refill(struct stack_budget *b, int64_t left, uint64_t now_ns);

#endif
