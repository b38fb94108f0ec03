/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks that were read before the record of their call: kept by cookie, the
 * newest of them. Knows neither rings nor symbols.
 */
#ifndef MEMTRACE_INPUT_STACK_JOIN_H
#define MEMTRACE_INPUT_STACK_JOIN_H

#include <stddef.h>
#include <stdint.h>
#include "memtrace/event.h"

#define STACK_JOIN_MAX 2048
#define STACK_JOIN_BYTES (16u << 20)

/* The record when it is one, whole and within bounds; else NULL. */
const struct mt_stack *stack_record(const void *data, size_t len);

struct stack_join;

/* NULL without memory. */
struct stack_join *stack_join__new(void);
void stack_join__free(struct stack_join *j);

/* Copies it; the oldest make room. Returns 0 or -ENOMEM: it is given up then, and counted. */
int stack_join__put(struct stack_join *j, const struct mt_stack *st);

/* Takes it out: for free(3). NULL when it is not there. */
struct mt_stack *stack_join__take(struct stack_join *j, uint64_t cookie);

/* Those that made room, and those for which there was no memory. */
uint64_t stack_join__given_up(const struct stack_join *j);

#endif
