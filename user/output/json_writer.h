/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes JSON records straight into the unit of a struct writer: no allocation,
 * no tree. Takes fields by their number in the table (json_fields.h) and so can
 * emit no other; that a field belongs to the open object is asserted.
 */
#ifndef MEMTRACE_OUTPUT_JSON_WRITER_H
#define MEMTRACE_OUTPUT_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include "json_fields.h"
#include "writer.h"

#define JSON_DEPTH 10

/* The caller owns it, on the stack; the fields are json_writer.c's. */
struct json {
	struct writer *out;
	char *start, *p, *end; /* room reserved in the unit; NULL: it became too large */
	unsigned int depth;
	struct {
		enum json_record record;
		bool array, comma;
	} level[JSON_DEPTH];
};

/* Begins a unit that is one record: {"type":"NAME". End ends both. */
void json__begin(struct json *j, struct writer *out, bool important, enum json_record record,
		 enum json_field_id type);
void json__end(struct json *j);

/* JSON_INTEGER; JSON_HEX and JSON_DECIMAL; JSON_BOOLEAN; JSON_STRING. */
void json__u64(struct json *j, enum json_field_id id, uint64_t value);
void json__i64(struct json *j, enum json_field_id id, int64_t value);
void json__hex(struct json *j, enum json_field_id id, uint64_t value);
void json__decimal(struct json *j, enum json_field_id id, uint64_t value);
void json__bool(struct json *j, enum json_field_id id, bool value);

/* text is UTF-8 (escape.h); quotes, backslashes and control bytes are escaped here. */
void json__string(struct json *j, enum json_field_id id, const char *text);

/* An object of the given record as a field, or as the next item of an array. */
void json__open(struct json *j, enum json_field_id id, enum json_record record);
void json__open_array(struct json *j, enum json_field_id id, enum json_record items);
void json__open_item(struct json *j);
void json__close(struct json *j);

/* Of a field in capitals: under the name given, which is one of the closed list. */
void json__named_u64(struct json *j, enum json_field_id id, const char *name, uint64_t value);
void json__named_open(struct json *j, enum json_field_id id, const char *name,
		      enum json_record record);

#endif
