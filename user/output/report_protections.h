/* SPDX-License-Identifier: GPL-2.0 */
/* What the closing report says of changes of protection. Knows no other part of it. */
#ifndef MEMTRACE_OUTPUT_REPORT_PROTECTIONS_H
#define MEMTRACE_OUTPUT_REPORT_PROTECTIONS_H

#include "core/allow.h"
#include "core/space.h"
#include "report_line.h"

/* A line, and at most max more on the places that are most worth a look. */
void report_protections__process(struct report_line *l, const struct process *p, size_t max);

/* A line on what the rules have allowed; none without rules. */
void report_protections__allowed(struct report_line *l, const struct allow *allow);

#endif
