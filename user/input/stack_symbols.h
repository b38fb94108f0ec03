/* SPDX-License-Identifier: GPL-2.0 */
/* The functions of one ELF file by address, and its build id. Knows no processes. */
#ifndef MEMTRACE_INPUT_STACK_SYMBOLS_H
#define MEMTRACE_INPUT_STACK_SYMBOLS_H

#include <gelf.h>
#include <stddef.h>
#include <stdint.h>

struct stack_symbols;

/*
 * Those of the file's own table, else of Go's, else those that others link to. Names
 * stay the file's. NULL when there are none, or no memory.
 */
struct stack_symbols *stack_symbols__read(Elf *elf);
void stack_symbols__free(struct stack_symbols *s); /* NULL is allowed */

/* How much memory they take, with what libelf keeps for them. */
size_t stack_symbols__footprint(const struct stack_symbols *s);

/* The name of what is at that address, as the file has it; NULL: none is known. */
const char *stack_symbols__find(const struct stack_symbols *s, uint64_t addr);

/* In hex; "" when there is none. */
#define STACK_BUILD_ID_LEN 129
void stack_build_id(Elf *elf, char ret[STACK_BUILD_ID_LEN]);

#endif
