/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a profile numbers: strings, and the files that code is in, each with the
 * range of addresses that it has in the profile. Knows nothing of how it is written.
 */
#ifndef MEMTRACE_OUTPUT_PPROF_TABLE_H
#define MEMTRACE_OUTPUT_PPROF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/stacks.h"

struct pprof_string {
	int64_t number; /* from 1 on: "" is 0 */
	bool is_function; /* a function of that name has been written */
	bool is_location; /* and a location that is nothing but that name */
};

struct pprof_file {
	uint64_t number; /* from 1 on */
	const char *name, *build_id;
	uint64_t last;	     /* the highest offset of code that is known */
	uint64_t start, end; /* addresses; 0, 0: there was no room for it */
	bool has_functions;
};

struct pprof_table;

/* NULL without memory. */
struct pprof_table *pprof_table__new(void);
void pprof_table__free(struct pprof_table *t);

/* NULL without memory. *ret_new: it was not there before. */
struct pprof_string *pprof_table__string(struct pprof_table *t, const char *text, bool *ret_new);

/* Of every frame, before addresses are asked for. 0 or -ENOMEM. */
int pprof_table__note(struct pprof_table *t, uint32_t id, const struct frame *frame);
/* All files have been noted: each gets its addresses. */
void pprof_table__lay_out(struct pprof_table *t);

size_t pprof_table__files(const struct pprof_table *t);
const struct pprof_file *pprof_table__file(const struct pprof_table *t, size_t number);
/* Of a frame that was noted; NULL: no file backs it. */
const struct pprof_file *pprof_table__file_of(const struct pprof_table *t, uint32_t id);
/* True the first time for each frame that was noted. */
bool pprof_table__is_new(struct pprof_table *t, uint32_t id);

#endif
