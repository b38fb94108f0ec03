/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One mapped ELF file: how to unwind through its code and what its functions
 * are called, each address once. Knows nothing of where it is mapped.
 */
#ifndef MEMTRACE_INPUT_STACK_MODULE_H
#define MEMTRACE_INPUT_STACK_MODULE_H

#include <stdbool.h>
#include <stdint.h>
#include "core/stacks.h"
#include "stack_cfi.h"

struct module;

/* What is known of one address of code. */
struct place {
	uint32_t frame;	     /* of struct stacks; 0: there is no room for more */
	struct cfi_row *row; /* NULL: nothing is known of how to go on */
	bool switches;	     /* stacks: see stack_chain.h */
};

/*
 * Takes over the descriptor, or -1: then there is nothing to know but name and
 * offsets. name is copied. NULL without memory.
 */
struct module *module__new(int fd, const char *name);
void module__free(struct module *m);

/* It is what that descriptor is of, as far as size and time of change tell. */
bool module__is(const struct module *m, int fd);

/* Its tables were read already: that takes long, once. */
bool module__is_read(const struct module *m);

/* How much memory it takes, roughly. */
size_t module__footprint(const struct module *m);

/*
 * offset: in the file. call: it is a return address, and what matters is the
 * call before it. Valid until the next one. NULL without memory.
 */
const struct place *module__place(struct module *m, uint64_t offset, bool call,
				  struct stacks *stacks);

#endif
