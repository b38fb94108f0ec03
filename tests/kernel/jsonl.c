/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON Lines as they are being written: one record after the other, and the
 * fields in them. Knows nothing of what a record means but for the summary.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void jsonl__open(struct jsonl *j, const char *path)
{
	*j = (struct jsonl){ 0 };
	snprintf(j->path, sizeof(j->path), "%s", path);
}

void jsonl__close(struct jsonl *j)
{
	free(j->buffer);
	j->buffer = NULL;
}

/* The next line of the buffer, NUL-terminated, or NULL when there is no whole one. */
static char *next_line(struct jsonl *j)
{
	char *line, *end;

	if (!j->buffer)
		return NULL;
	line = j->buffer + j->next;
	end = memchr(line, '\n', j->len - j->next);
	if (!end)
		return NULL;
	*end = 0;
	j->next += end + 1 - line;
	j->offset += end + 1 - line;
	return line;
}

struct json_object *jsonl__next(struct jsonl *j)
{
	struct json_object *record;
	char *line = next_line(j);

	if (!line) {
		free(j->buffer);
		j->next = j->len = 0;
		j->buffer = file__read(j->path, j->offset, &j->len);
		line = next_line(j);
	}
	if (!line)
		return NULL;
	record = json_tokener_parse(line);
	if (!record || !json_object_is_type(record, json_type_object)) {
		j->malformed = true;
		json_object_put(record);
		return json_object_new_object();
	}
	return record;
}

struct json_object *json__get(struct json_object *o, const char *field)
{
	struct json_object *value = NULL;

	if (o && json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, field, &value);
	return value;
}

const char *json__text(struct json_object *o, const char *field)
{
	struct json_object *value = json__get(o, field);

	return value && json_object_is_type(value, json_type_string) ?
		       json_object_get_string(value) :
		       "";
}

int64_t json__int(struct json_object *o, const char *field)
{
	struct json_object *value = json__get(o, field);

	return value && json_object_is_type(value, json_type_int) ? json_object_get_int64(value) :
								    -1;
}

bool json__bool(struct json_object *o, const char *field)
{
	return json_object_get_boolean(json__get(o, field));
}

bool json__u64(struct json_object *value, uint64_t *ret_value)
{
	const char *text;
	char *end;

	if (value && json_object_is_type(value, json_type_int)) {
		/* Above INT64_MAX get_int64 stays there; below 0 get_uint64 stays at 0. */
		*ret_value = json_object_get_int64(value);
		if (*ret_value == INT64_MAX)
			*ret_value = json_object_get_uint64(value);
		return true;
	}
	if (!value || !json_object_is_type(value, json_type_string))
		return false;
	text = json_object_get_string(value);
	*ret_value = text[0] == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	return end != text && *end == 0;
}

/* "lost" is a number, or an object whose "total" is. */
static int64_t lost_of(struct json_object *summary)
{
	struct json_object *lost = json__get(summary, "lost");

	return lost && json_object_is_type(lost, json_type_object) ? json__int(lost, "total") :
								     json__int(summary, "lost");
}

bool totals__of(struct totals *t, struct json_object *summary)
{
	t->seen = json__int(summary, "seen");
	t->delivered = json__int(summary, "delivered");
	t->lost = lost_of(summary);
	t->missed = json__int(json__get(summary, "lost_by_cause"), "missed");
	t->resyncs = json__int(summary, "resyncs");
	snprintf(t->causes, sizeof(t->causes), "%s",
		 json_object_to_json_string(json__get(summary, "lost_by_cause")));
	return t->seen >= 0 && t->delivered >= 0 && t->lost >= 0 && t->resyncs >= 0;
}

void totals__check(const struct totals *t, struct verdict *v)
{
	if (t->seen != t->delivered + t->lost)
		verdict__fail(v, "seen %ld, but delivered %ld and lost %ld", (long)t->seen,
			      (long)t->delivered, (long)t->lost);
	v->skipped = t->lost > 0 && t->lost == t->missed;
	if (t->lost != 0)
		verdict__fail(v, "expected 0 lost, got %ld of %ld seen: %s", (long)t->lost,
			      (long)t->seen, t->causes);
}
