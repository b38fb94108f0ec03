/* SPDX-License-Identifier: GPL-2.0 */
/* What memory is for, in JSON: the objects that samples and the summary share. */
#ifndef MEMTRACE_OUTPUT_JSON_HEAP_H
#define MEMTRACE_OUTPUT_JSON_HEAP_H

#include "json_writer.h"
#include "sink.h"

/* An object "parts": those of which there is, or was, anything. */
void json_heap__parts(struct json *j, enum json_field_id id, const struct heap *heap);

/* The same of what was committed alone. */
void json_heap__committed(struct json *j, enum json_field_id id,
			  const uint64_t committed[HEAP_PART_NR]);

/* The fields of a record "sample" that follow the process. */
void json_heap__sample(struct json *j, const struct sink *s, const struct sample_record *rec);

#endif
