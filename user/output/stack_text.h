/* SPDX-License-Identifier: GPL-2.0 */
/* A stack for people: a line a frame, innermost first, much as strace -k has it. */
#ifndef MEMTRACE_OUTPUT_STACK_TEXT_H
#define MEMTRACE_OUTPUT_STACK_TEXT_H

#include "core/stacks.h"
#include "writer.h"

/*
 * Appends " > MODULE(FUNCTION) [OFFSET]" lines to the unit; nothing for id 0.
 * stacks may be NULL.
 */
void stack_text__write(struct writer *out, const struct stacks *stacks, uint32_t id);

#endif
