/* SPDX-License-Identifier: GPL-2.0 */
/* What memory was for, in the closing report. Knows nothing of its other lines. */
#ifndef MEMTRACE_OUTPUT_REPORT_HEAP_H
#define MEMTRACE_OUTPUT_REPORT_HEAP_H

#include "sink.h"

/* A table of the largest parts of one process: a line of headings and at most four. */
void report_heap__process(struct writer *out, const struct process *p);

/* "12M resident, 1M returned; break 4M, arena 7M": the line of a sample. Returns buf. */
#define REPORT_HEAP_SAMPLE 256
const char *report_heap__sample(const struct heap *heap, char buf[REPORT_HEAP_SAMPLE]);

#endif
