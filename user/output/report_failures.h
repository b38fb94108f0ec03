/* SPDX-License-Identifier: GPL-2.0 */
/* What the closing report says of calls that failed. Knows no other part of it. */
#ifndef MEMTRACE_OUTPUT_REPORT_FAILURES_H
#define MEMTRACE_OUTPUT_REPORT_FAILURES_H

#include "core/observer.h"
#include "report_line.h"

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

/* How many there are of one process, or with p NULL of all. */
size_t report_failures__count(const struct report_failures *failures, const struct process *p);

/* At most max lines, of which the last may say how many more there were; p as before. */
void report_failures__write(struct report_line *l, const struct report_failures *failures,
			    const struct process *p, size_t max);

#endif
