/* SPDX-License-Identifier: GPL-2.0 */
/* Stacks, and who made a region, as parts of JSON records. */
#ifndef MEMTRACE_OUTPUT_JSON_STACK_H
#define MEMTRACE_OUTPUT_JSON_STACK_H

#include "json_writer.h"
#include "sink.h"

/* An array of frames. Returns the stack; NULL where there is none, and nothing is written. */
const struct stack *json_stack__write(struct json *j, enum json_field_id field,
				      const struct stacks *stacks, uint32_t id);

/* Of a region of space. *left: parts that may be told yet; it becomes less. */
void json_history__write(struct json *j, const struct sink *s, const struct space *space,
			 const struct region *r, size_t *left);

#endif
