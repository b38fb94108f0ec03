/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The closing report in plain words, for people: a block of lines for each of a
 * few processes, a table for many, then the integrity line. Knows nothing of
 * the lines that came before it.
 */
#ifndef MEMTRACE_OUTPUT_REPORT_H
#define MEMTRACE_OUTPUT_REPORT_H

#include "report_failures.h"
#include "sink.h"

/*
 * Writes the report, one unit. On a screen (view) that of one process has no more
 * lines and columns than fit; elsewhere nothing is cut.
 */
void report__write(struct writer *out, const struct summary *sum,
		   const struct report_failures *failures, const struct view *view);

/* Only how far it can be trusted. */
void report__write_integrity(struct writer *out, const struct summary *sum,
			     const struct view *view);

#endif
