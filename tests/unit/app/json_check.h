/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads records back with json-c and holds each against the table of fields;
 * remembers which fields it has seen. For one test program: all of it is static.
 */
#ifndef MEMTRACE_TESTS_JSON_CHECK_H
#define MEMTRACE_TESTS_JSON_CHECK_H

#include <ctype.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "output/json_fields.h"
#include "output_fixture.h"

static bool field_seen[JSON_FIELD_NR];

/* A field in capitals stands for a name of a closed list. */
static bool is_placeholder(const char *name)
{
	return isupper((unsigned char)name[0]);
}

static bool closed_list_has(const char *placeholder, const char *name)
{
	static const char *const causes[] = {
#define X(id, cause, text) #cause,
		MT_LOSSES(X)
#undef X
	};

	if (!strcmp(placeholder, "CALL"))
		return call__by_name(name) != MT_CALL_NONE;
	for (int i = 0; !strcmp(placeholder, "KIND") && i < KIND_NR; i++)
		if (!strcmp(region_kind__name(i), name))
			return true;
	for (int i = 0; !strcmp(placeholder, "FINDING") && i < FINDING_NR; i++)
		if (!strcmp(finding_kind__name(i), name))
			return true;
	for (int i = 0; !strcmp(placeholder, "CLASS") && i < PROT_CLASS_NR; i++)
		if (!strcmp(name, prot_class__name(i)))
			return true;
	for (int i = 0; !strcmp(placeholder, "PART") && i < HEAP_PART_NR; i++)
		if (!strcmp(name, heap_part__name(i)))
			return true;
	for (int i = 0; !strcmp(placeholder, "CAUSE") && i < MT_LOSS_NR; i++)
		if (!strcmp(causes[i], name))
			return true;
	return false;
}

static const struct json_field *field_find(const char *record, const char *name, size_t *ret_id)
{
	const struct json_field *fields;
	size_t n;

	fields = json_fields(&n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].record, record))
			continue;
		if (!strcmp(fields[i].name, name) ||
		    (is_placeholder(fields[i].name) && closed_list_has(fields[i].name, name))) {
			*ret_id = i;
			return &fields[i];
		}
	}
	return NULL;
}

static bool value_has_type(enum json_field_type type, struct json_object *value)
{
	const char *s = json_object_get_string(value);
	bool string = json_object_is_type(value, json_type_string);

	switch (type) {
	case JSON_STRING:
		return string;
	case JSON_INTEGER:
		return json_object_is_type(value, json_type_int);
	case JSON_BOOLEAN:
		return json_object_is_type(value, json_type_boolean);
	case JSON_HEX:
		return string && !strncmp(s, "0x", 2) && s[2] &&
		       strspn(s + 2, "0123456789abcdef") == strlen(s + 2);
	case JSON_DECIMAL:
		return string && *s && strspn(s, "0123456789") == strlen(s);
	case JSON_OBJECT:
		return json_object_is_type(value, json_type_object);
	case JSON_ARRAY:
		return json_object_is_type(value, json_type_array);
	}
	return false;
}

static void check_object(const char *record, struct json_object *object)
{
	const struct json_field *field;
	char inner[64];
	size_t id = 0;

	json_object_object_foreach(object, key, value)
	{
		field = field_find(record, key, &id);
		if (!field)
			fail_msg("%s.%s is not in the table", record, key);
		if (!value_has_type(field->type, value))
			fail_msg("%s.%s: expected %s, got %s", record, key,
				 json_type__name(field->type), json_object_to_json_string(value));
		field_seen[id] = true;
		/* The text of an object begins with the name of its record. */
		snprintf(inner, sizeof(inner), "%.*s", (int)strcspn(field->text, ":;"),
			 field->text);
		if (field->type == JSON_OBJECT)
			check_object(inner, value);
		for (size_t i = 0; field->type == JSON_ARRAY && i < json_object_array_length(value);
		     i++)
			check_object(inner, json_object_array_get_idx(value, i));
	}
}

struct json_fixture {
	struct capture c;
	struct sink *sink;
	struct view view;
};

static void json__setup(struct json_fixture *f)
{
	capture__init(&f->c);
	f->sink = json_sink__new(f->c.out, &f->view, &sample_start);
	assert_non_null(f->sink);
}

/* Every line is a record of the table; they come in an array that the caller puts. */
static struct json_object *json__records(struct json_fixture *f)
{
	struct json_object *records = json_object_new_array();
	char *text, *line, *end;

	sink__free(f->sink);
	text = capture__take(&f->c);
	for (line = text; *line; line = end + 1) {
		enum json_tokener_error err;
		struct json_object *record;
		struct json_object *type;

		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		record = json_tokener_parse_verbose(line, &err);
		if (!record)
			fail_msg("%s: %s", json_tokener_error_desc(err), line);
		assert_true(json_object_object_get_ex(record, "type", &type));
		check_object(json_object_get_string(type), record);
		json_object_array_add(records, record);
	}
	free(text);
	return records;
}

static struct json_object *at(struct json_object *records, size_t i)
{
	struct json_object *record = json_object_array_get_idx(records, i);

	assert_non_null(record);
	return record;
}

/* path: keys with dots between. */
static struct json_object *get(struct json_object *record, const char *path)
{
	char key[64];
	size_t len;

	for (; record && *path; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		if (!json_object_object_get_ex(record, key, &record))
			return NULL;
	}
	return record;
}

static void expect(struct json_object *record, const char *path, const char *want)
{
	struct json_object *value = get(record, path);
	const char *got = value ? json_object_get_string(value) : "(absent)";

	if (strcmp(got, want ? want : "(absent)"))
		fail_msg("%s: expected %s, got %s in %s", path, want ? want : "(absent)", got,
			 json_object_to_json_string(record));
}

#endif
