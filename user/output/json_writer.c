// SPDX-License-Identifier: GPL-2.0
/*
 * The streaming JSON writer; see json_writer.h. Owns the syntax (RFC 8259).
 * Must not know what any field means.
 */
#include "json_writer.h"

#include <assert.h>
#include <string.h>

#define CHUNK 2048 /* reserved at a time */
#define NUMBER_ROOM 24

/*
 * Keys with their comma, quotes and colon, as they are written. All of KEY_ROOM
 * is copied: a copy of fixed size is two instructions, and keys are most of what
 * a record takes.
 */
#define KEY_ROOM 32
struct json_key {
	char text[KEY_ROOM - 1];
	unsigned char len;
};

static const struct json_key keys[JSON_FIELD_NR] = {
#define X(record, field, type, text) { ",\"" #field "\":", sizeof(",\"" #field "\":") - 1 },
	JSON_FIELDS(X)
#undef X
};

static const unsigned char types[JSON_FIELD_NR] = {
#define X(record, field, type, text) type,
	JSON_FIELDS(X)
#undef X
};

/* Room for len bytes at j->p. False: the unit is too large and will be dropped. */
static bool json__need(struct json *j, size_t len)
{
	if (!j->p)
		return false;
	if ((size_t)(j->end - j->p) >= len)
		return true;
	writer__advance(j->out, j->p - j->start);
	if (len < CHUNK)
		len = CHUNK;
	j->start = j->p = writer__reserve(j->out, len);
	j->end = j->p ? j->p + len : NULL;
	return j->p != NULL;
}

static void put(struct json *j, const char *data, size_t len)
{
	memcpy(j->p, data, len);
	j->p += len;
}

/* Decimal digits at p; returns where they end. */
static char *put_decimal(char *p, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = '0' + v % 10;
		v /= 10;
	} while (v);
	memcpy(p, digits + n, sizeof(digits) - n);
	return p + sizeof(digits) - n;
}

static char *put_hex(char *p, uint64_t v)
{
	unsigned int shift = v ? (63 - __builtin_clzll(v)) & ~3u : 0;

	*p++ = '0';
	*p++ = 'x';
	for (;; shift -= 4) {
		*p++ = "0123456789abcdef"[v >> shift & 15];
		if (!shift)
			return p;
	}
}

static void json__check(const struct json *j, enum json_field_id id, enum json_field_type type)
{
	assert(json_field__record(id) == j->level[j->depth].record);
	assert(!j->level[j->depth].array);
	assert(types[id] == type);
	(void)j, (void)id, (void)type;
}

/* A comma where needed and the key, with room for len bytes after it. */
static bool json__key(struct json *j, enum json_field_id id, enum json_field_type type, size_t len)
{
	bool comma = j->level[j->depth].comma;

	json__check(j, id, type);
	if (!json__need(j, KEY_ROOM + len))
		return false;
	memcpy(j->p, keys[id].text + !comma, sizeof(keys[id].text) - 1);
	j->p += keys[id].len - !comma;
	j->level[j->depth].comma = true;
	return true;
}

static bool json__named_key(struct json *j, enum json_field_id id, const char *name,
			    enum json_field_type type, size_t len)
{
	size_t name_len = strlen(name);

	json__check(j, id, type);
	if (!json__need(j, name_len + len + 4))
		return false;
	if (j->level[j->depth].comma)
		*j->p++ = ',';
	j->level[j->depth].comma = true;
	*j->p++ = '"';
	put(j, name, name_len);
	*j->p++ = '"';
	*j->p++ = ':';
	return true;
}

void json__u64(struct json *j, enum json_field_id id, uint64_t value)
{
	if (json__key(j, id, JSON_INTEGER, NUMBER_ROOM))
		j->p = put_decimal(j->p, value);
}

void json__i64(struct json *j, enum json_field_id id, int64_t value)
{
	if (!json__key(j, id, JSON_INTEGER, NUMBER_ROOM))
		return;
	if (value < 0)
		*j->p++ = '-';
	j->p = put_decimal(j->p, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void json__hex(struct json *j, enum json_field_id id, uint64_t value)
{
	if (!json__key(j, id, JSON_HEX, NUMBER_ROOM))
		return;
	*j->p++ = '"';
	j->p = put_hex(j->p, value);
	*j->p++ = '"';
}

void json__decimal(struct json *j, enum json_field_id id, uint64_t value)
{
	if (!json__key(j, id, JSON_DECIMAL, NUMBER_ROOM))
		return;
	*j->p++ = '"';
	j->p = put_decimal(j->p, value);
	*j->p++ = '"';
}

void json__bool(struct json *j, enum json_field_id id, bool value)
{
	if (!json__key(j, id, JSON_BOOLEAN, 5))
		return;
	if (value)
		put(j, "true", 4);
	else
		put(j, "false", 5);
}

/* RFC 8259 section 7: quotes, backslashes and what is below U+0020. */
static char *put_escaped(char *p, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];

		if (c == '"' || c == '\\') {
			*p++ = '\\';
			*p++ = c;
		} else if (c < 0x20) {
			memcpy(p, "\\u00", 4);
			p += 4;
			*p++ = '0' + (c >> 4);
			*p++ = "0123456789abcdef"[c & 15];
		} else {
			*p++ = c;
		}
	}
	return p;
}

void json__string(struct json *j, enum json_field_id id, const char *text)
{
	size_t len = strlen(text);

	if (!json__key(j, id, JSON_STRING, 6 * len + 2))
		return;
	*j->p++ = '"';
	j->p = put_escaped(j->p, text, len);
	*j->p++ = '"';
}

static void json__push(struct json *j, enum json_record record, bool array)
{
	assert(j->depth + 1 < JSON_DEPTH);
	j->depth++;
	j->level[j->depth].record = record;
	j->level[j->depth].array = array;
	j->level[j->depth].comma = false;
	if (j->p)
		*j->p++ = array ? '[' : '{';
}

void json__open(struct json *j, enum json_field_id id, enum json_record record)
{
	json__key(j, id, JSON_OBJECT, 1);
	json__push(j, record, false);
}

void json__open_array(struct json *j, enum json_field_id id, enum json_record items)
{
	json__key(j, id, JSON_ARRAY, 1);
	json__push(j, items, true);
}

void json__open_item(struct json *j)
{
	assert(j->level[j->depth].array);
	if (json__need(j, 2) && j->level[j->depth].comma)
		*j->p++ = ',';
	j->level[j->depth].comma = true;
	json__push(j, j->level[j->depth].record, false);
}

void json__close(struct json *j)
{
	assert(j->depth > 0);
	if (json__need(j, 1))
		*j->p++ = j->level[j->depth].array ? ']' : '}';
	j->depth--;
}

void json__named_u64(struct json *j, enum json_field_id id, const char *name, uint64_t value)
{
	if (json__named_key(j, id, name, JSON_INTEGER, NUMBER_ROOM))
		j->p = put_decimal(j->p, value);
}

void json__named_open(struct json *j, enum json_field_id id, const char *name,
		      enum json_record record)
{
	json__named_key(j, id, name, JSON_OBJECT, 1);
	json__push(j, record, false);
}

void json__begin(struct json *j, struct writer *out, bool important, enum json_record record,
		 enum json_field_id type)
{
	writer__begin(out, important);
	j->out = out;
	j->depth = 0;
	j->level[0].record = record;
	j->level[0].array = j->level[0].comma = false;
	j->start = j->p = writer__reserve(out, CHUNK);
	j->end = j->p ? j->p + CHUNK : NULL;
	if (j->p)
		*j->p++ = '{';
	json__string(j, type, json_record__name(record));
}

void json__end(struct json *j)
{
	assert(j->depth == 0);
	if (json__need(j, 2)) {
		*j->p++ = '}';
		*j->p++ = '\n';
		writer__advance(j->out, j->p - j->start);
	}
	writer__end(j->out);
}
