/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of functions that each Go program carries for its own tracebacks: strip(1) and
 * the linker's -s leave it where it is. Go's src/runtime/symtab.go has its layout, which
 * has been the same since 1.18. Knows nothing of lines, or of how to unwind.
 */
#ifndef MEMTRACE_INPUT_STACK_GO_H
#define MEMTRACE_INPUT_STACK_GO_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "stack_bytes.h"

struct go_functions {
	uint64_t n, text; /* text: the address that those of functions are counted from */
	struct bytes table, names;
	size_t bytes; /* what libelf keeps for it */
};

struct go_function {
	uint64_t addr, size;
	uint32_t name; /* where among the names, each of which has its end */
};

/* False: the file has none, or one that is not understood. What it has stays the file's. */
bool go_functions__open(Elf *elf, struct go_functions *ret);

/* The i-th of n, by address. False: it is broken. */
bool go_functions__get(const struct go_functions *g, uint64_t i, struct go_function *ret);

#endif
