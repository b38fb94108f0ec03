/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a stack goes on where code has switched to another one. Go does, whenever it
 * asks for memory: its runtime has a stack for each thread, and goroutines have theirs.
 */
#ifndef MEMTRACE_INPUT_STACK_CHAIN_H
#define MEMTRACE_INPUT_STACK_CHAIN_H

#include <stdbool.h>
#include <stdint.h>
#include "memtrace/event.h"

/* What a function of that name calls runs on another stack (Go's src/runtime/asm_*.s). */
bool stack_chain__switches(const char *function);

/*
 * Whether st->chain, of a whole record, is what comes after such a function; pc: where
 * what runs on the new stack returns to, in it. Its caller is missing, for it keeps no
 * frame pointer itself: the chain begins with where that one returns to.
 */
bool stack_chain__follows(const struct mt_stack *st, uint64_t pc);

#endif
