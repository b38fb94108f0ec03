/* SPDX-License-Identifier: GPL-2.0 */
/* What is suspected of a process, in the closing report. Knows no other part of it. */
#ifndef MEMTRACE_OUTPUT_REPORT_SUSPECTS_H
#define MEMTRACE_OUTPUT_REPORT_SUSPECTS_H

#include "core/stacks.h"
#include "core/tracker.h"
#include "report_line.h"

/* At most a few lines; none when nothing is suspected. stacks may be NULL. */
void report_suspects__process(struct report_line *l, const struct process *p,
			      const struct stacks *stacks);
/* So many lines. */
size_t report_suspects__lines(const struct process *p);

/* Of many processes, those few lines that are most worth a look. */
void report_suspects__all(struct report_line *l, struct tracker *t);
/* So many lines. */
size_t report_suspects__lines_of_all(struct tracker *t);

#endif
