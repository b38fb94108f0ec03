/* SPDX-License-Identifier: GPL-2.0 */
/* What is suspected, as fields of a finding and of a process in the summary. Knows no other. */
#ifndef MEMTRACE_OUTPUT_JSON_SUSPECTS_H
#define MEMTRACE_OUTPUT_JSON_SUSPECTS_H

#include "json_writer.h"
#include "sink.h"

/* The evidence of a finding of kind leak. */
void json_suspects__leak(struct json *j, const struct sink *s, const struct leak *leak);

/* What malloc's heaps have, as it was last looked at for p. */
void json_suspects__malloc(struct json *j, const struct sink *s, enum json_field_id id,
			   const struct process *p);

/* Of process_sum. */
void json_suspects__process(struct json *j, const struct sink *s, const struct process *p);

#endif
