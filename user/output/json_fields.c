// SPDX-License-Identifier: GPL-2.0
/* The table of JSON fields as data; see json_fields.h. */
#include "json_fields.h"

const struct json_field *json_fields(size_t *ret_n)
{
	static const struct json_field fields[] = {
#define X(record, field, type, text) { #record, #field, type, text },
		JSON_FIELDS(X)
#undef X
	};

	*ret_n = sizeof(fields) / sizeof(fields[0]);
	return fields;
}

enum json_record json_field__record(enum json_field_id id)
{
	static const unsigned char records[] = {
#define X(record, field, type, text) JSON_RECORD_##record,
		JSON_FIELDS(X)
#undef X
	};

	return records[id];
}

const char *json_type__name(enum json_field_type type)
{
	static const char *const names[] = {
		[JSON_STRING] = "string",
		[JSON_INTEGER] = "integer",
		[JSON_BOOLEAN] = "boolean",
		[JSON_HEX] = "hex string",
		[JSON_DECIMAL] = "decimal string",
		[JSON_OBJECT] = "object",
		[JSON_ARRAY] = "array",
	};

	return names[type];
}

const char *json_record__name(enum json_record record)
{
	static const char *const names[] = {
#define X(record, text) #record,
		JSON_RECORDS(X)
#undef X
	};

	return names[record];
}

const char *json_record__text(enum json_record record)
{
	static const char *const texts[] = {
#define X(record, text) text,
		JSON_RECORDS(X)
#undef X
	};

	return texts[record];
}
