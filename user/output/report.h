/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The closing report in plain words, for people: a block of lines for each of a
 * few processes, a table for many, then the integrity line. Knows nothing of
 * the lines that came before it.
 */
#ifndef MEMTRACE_OUTPUT_REPORT_H
#define MEMTRACE_OUTPUT_REPORT_H

#include "sink.h"

/*
 * What failed, with its limit: counted as calls pass, for the tracker's sums do
 * not keep errors apart. Bounded: what finds no place is counted in others.
 */
#define REPORT_FAILURES 64
struct report_failure {
	uint32_t tgid;
	uint64_t start_ns; /* of the process: pids are reused */
	enum mt_call_id call;
	int err;
	enum limit limit;
	uint64_t limit_bytes, count;
};

struct report_failures {
	struct report_failure list[REPORT_FAILURES];
	size_t n;
	uint64_t others;
};

void report_failures__add(struct report_failures *f, const struct call_record *rec);

/* Writes the report, one unit. */
void report__write(struct writer *out, const struct summary *sum,
		   const struct report_failures *failures, bool colour);

#endif
