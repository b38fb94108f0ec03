/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What backs regions: a table that gives each (device, inode, name) a small
 * number, so that regions stay small and compare fast. Index 0 is "nothing".
 */
#ifndef MEMTRACE_CORE_BACKING_H
#define MEMTRACE_CORE_BACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKING_ANON 0u

struct backing {
	uint64_t ino;
	uint32_t dev_major, dev_minor;
	const char *name;     /* as /proc/PID/maps prints it, escaped once; never NULL */
	bool has_contents;    /* a file: offsets count, and are printed */
	uint32_t page_shift;  /* of hugetlbfs; 0 otherwise */
};

struct backings;

/* NULL without memory. */
struct backings *backings__new(void);
void backings__free(struct backings *b);

/*
 * Puts the index of an equal backing, made if need be, into *ret_index. The
 * name is copied. Returns 0 or -ENOMEM.
 */
int backings__intern(struct backings *b, const struct backing *want, uint32_t *ret_index);

/* Valid until the next sweep; index 0 gives an empty name and no contents. */
const struct backing *backings__get(const struct backings *b, uint32_t index);

size_t backings__count(const struct backings *b);

/*
 * Frees what is not marked, so that a program that maps new files for ever
 * does not make memtrace grow. True when it is worth while: the table has
 * doubled since the last sweep. Mark everything in use, then sweep.
 */
bool backings__should_sweep(const struct backings *b);
void backings__mark(struct backings *b, uint32_t index);
void backings__sweep(struct backings *b);

#endif
