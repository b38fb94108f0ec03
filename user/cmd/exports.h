/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files of --folded and --pprof: made ready before anything is traced, written
 * when all is known, and in their place at once or not at all. Knows no format.
 */
#ifndef MEMTRACE_CMD_EXPORTS_H
#define MEMTRACE_CMD_EXPORTS_H

#include <stdbool.h>
#include "core/ledger.h"
#include "options.h"
#include "output/sink.h"

struct export_file {
	const char *path; /* NULL: not asked for */
	char *own_path;	  /* path, when it is ours */
	char *temporary;  /* becomes path; NULL: path itself is written, being no plain file */
	bool appends;	  /* to our own output, by whatever name: nothing there is cut off */
	int fd;
};

struct exports {
	struct export_file allocated, kept, pprof;
	struct ledger *ledger; /* NULL: nothing is to be exported */
};

/* 0 or -errno; what is wrong has been told. exports__close() in any case. */
int exports__open(struct exports *e, const struct trace_options *opts);

/* PRIVILEGE_ bits that putting the files in their places takes: directories of other users. */
unsigned int exports__privileges(const struct exports *e);

/* Writes all that were asked for. The first -errno; each error has been told. */
int exports__write(struct exports *e, const struct summary *sum, const struct start_info *start);

/* What was not written is as it was before. */
void exports__close(struct exports *e);

#endif
