/* SPDX-License-Identifier: GPL-2.0 */
/* The verbs' run functions and what they share: exit statuses, version. */
#ifndef MEMTRACE_CMD_CMD_H
#define MEMTRACE_CMD_CMD_H

#include "options.h"

#ifndef MEMTRACE_VERSION /* the Makefile says it */
#define MEMTRACE_VERSION "0.1.0"
#endif

/*
 * Exit statuses. trace of a COMMAND passes its status through, 128 and
 * the signal when it was killed, as sh(1) and env(1) do.
 */
enum exit_status {
	STATUS_OK = 0,
	STATUS_OUTPUT = 1,	  /* output could not be written */
	STATUS_USAGE = 2,
	STATUS_DIFFERS = 3,	  /* --verify: a map was wrong */
	STATUS_CANNOT_TRACE = 4,
	STATUS_OURS = 125,	  /* with COMMAND: what failed is ours */
	STATUS_NOT_EXECUTABLE = 126,
	STATUS_NOT_FOUND = 127,
};

/* Each does one verb and returns the exit status. */
int cmd_trace(const struct trace_options *opts);
int cmd_maps(const struct trace_options *opts);
int cmd_top(const struct trace_options *opts);
int cmd_features(const struct trace_options *opts);
int cmd_docs(const struct trace_options *opts);

/* What `memtrace docs` prints, for tests as well. */
void docs__man(FILE *out);
void docs__bash_completion(FILE *out);
void docs__options(FILE *out);

#endif
