/* SPDX-License-Identifier: GPL-2.0 */
/* The fields of the closing record in JSON, but for what every record begins with. */
#ifndef MEMTRACE_OUTPUT_JSON_SUMMARY_H
#define MEMTRACE_OUTPUT_JSON_SUMMARY_H

#include "json_writer.h"
#include "sink.h"

#define JSON_PROCESSES_MAX 1000 /* in a summary */

/* Into the open record; top is room for the processes that are told one by one. */
void json_summary__write(struct json *j, const struct sink *s, const struct summary *sum,
			 const struct process *top[JSON_PROCESSES_MAX]);

#endif
