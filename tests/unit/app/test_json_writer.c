// SPDX-License-Identifier: GPL-2.0
/* The streaming JSON writer by itself: numbers and strings at their edges, room that ends. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <json-c/json.h>

#include "output/json_writer.h"
#include "output_fixture.h"

static void expect(struct json_object *record, const char *key, const char *want)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(record, key, &value));
	assert_string_equal(json_object_get_string(value), want);
}

/* Numbers and strings at their edges, straight from the writer. */
static void values(void **state)
{
	struct json_object *record, *value;
	struct capture c;
	struct json j;
	char text[256], *got;
	size_t n = 0;

	(void)state;
	for (int b = 1; b < 128; b++)
		text[n++] = b;
	text[n] = '\0';
	capture__init(&c);
	json__begin(&j, c.out, true, JSON_RECORD_call, JSON_call_type);
	json__string(&j, JSON_call_comm, text);
	json__i64(&j, JSON_call_ret, INT64_MIN);
	json__u64(&j, JSON_call_length, UINT64_MAX);
	json__hex(&j, JSON_call_addr, UINT64_MAX);
	json__hex(&j, JSON_call_offset, 0);
	json__hex(&j, JSON_call_vec, 0x10);
	json__decimal(&j, JSON_call_space, UINT64_MAX);
	json__end(&j);
	got = capture__take(&c);
	assert_non_null(strstr(got, "\"length\":18446744073709551615,"));
	for (const char *p = got; p[1]; p++) /* json-c would take them as they are */
		assert_true((unsigned char)*p >= 0x20);
	record = json_tokener_parse(got);
	assert_non_null(record);
	expect(record, "comm", text);
	assert_true(json_object_object_get_ex(record, "ret", &value));
	assert_true(json_object_get_int64(value) == INT64_MIN);
	expect(record, "addr", "0xffffffffffffffff");
	expect(record, "offset", "0x0");
	expect(record, "vec", "0x10");
	expect(record, "space", "18446744073709551615");
	json_object_put(record);
	free(got);
}

/* A record larger than the queue is dropped whole, wherever the room ends. */
static void too_large(void **state)
{
	struct capture c;
	struct json j;
	char *got;

	(void)state;
	capture__init(&c);
	writer__close(c.out, 1000);
	c.out = writer__new(c.fd, 4096);
	assert_non_null(c.out);
	for (int n = 0; n < 400; n += 7) {
		json__begin(&j, c.out, false, JSON_RECORD_map, JSON_map_type);
		json__open_array(&j, JSON_map_regions, JSON_RECORD_region);
		for (int i = 0; i < n; i++) {
			json__open_item(&j);
			json__string(&j, JSON_region_path, "/some/path/of/a/library.so");
			json__close(&j);
		}
		json__close(&j);
		json__end(&j);
	}
	assert_true(writer__dropped(c.out) > 0);
	got = capture__take(&c);
	for (char *line = got, *end; *line; line = end + 1) {
		struct json_object *record;

		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		record = json_tokener_parse(line);
		assert_non_null(record);
		json_object_put(record);
	}
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
