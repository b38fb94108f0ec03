// SPDX-License-Identifier: GPL-2.0
/*
 * Names of regions, decoded: of each class, the same as before, known by a
 * number, as long and as many as a record can hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "decode_fixture.h"
#include "input/names.h"

#define NAME(text) text, sizeof(text)
static const struct {
	const char *what;
	enum mt_name_class class;
	uint8_t flags;
	uint64_t ino;
	const char *raw;
	size_t len;
	const char *want;
	bool contents;
} names[] = {
	{ "none", MT_NAME_NONE, 0, 0, NAME(""), "", false },
	{ "a path", MT_NAME_PATH, 0, 5, NAME("libc.so.6\0lib\0usr"), "/usr/lib/libc.so.6", true },
	{ "the root", MT_NAME_PATH, 0, 5, "", 0, "/", true },
	{ "deleted", MT_NAME_PATH, MT_NAME_DELETED, 5, NAME("f\0tmp"), "/tmp/f (deleted)", true },
	{ "no NUL at its end", MT_NAME_PATH, 0, 5, "f\0tmp", 5, "/tmp/f", true },
	{ "a line in a path", MT_NAME_PATH, 0, 5, NAME("a\nb\0tmp"), "/tmp/a\\012b", true },
	{ "a backslash in a path", MT_NAME_PATH, 0, 5, NAME("a\\b"), "/a\\b", true },
	{ "empty components", MT_NAME_PATH, 0, 5, NAME("a\0\0b"), "/b//a", true },
	{ "memfd", MT_NAME_PSEUDO, 0, 5, NAME("memfd:x"), "/memfd:x (deleted)", true },
	{ "anon inode", MT_NAME_ANON_INODE, 0, 5, NAME("[perf_event]"),
	  "anon_inode:[perf_event]", true },
	{ "literal", MT_NAME_LITERAL, 0, 0, NAME("[vdso]"), "[vdso]", false },
	{ "anonymous", MT_NAME_ANON_VMA, 0, 0, NAME("heap"), "[anon:heap]", false },
	{ "anonymous and shared", MT_NAME_ANON_VMA, 0, 5, NAME("heap"), "[anon:heap]", true },
	{ "as before, but nothing was", MT_NAME_SAME, 0, 0, NAME(""), "", false },
	{ "nameless file", MT_NAME_NONE, 0, 5, NAME(""), "", true },
};

static void names_of_every_class(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct mt_region *r;
		struct fixture f;
		struct record rec;

		record__walk(&rec, 0, 1);
		r = record__region(&rec, 1, 1, names[i].class, names[i].raw, names[i].len);
		r->name_flags = names[i].flags;
		r->ino = names[i].ino;
		r->dev = names[i].ino ? 8 << 20 | 3 : 0;
		r->pgoff = 3;
		fixture__open(&f);
		assert_int_equal(decode_record(&f, &rec), 0);
		if (strcmp(backing_at(&f, 1)->name, names[i].want))
			fail_msg("%s: expected \"%s\", got \"%s\"", names[i].what, names[i].want,
				 backing_at(&f, 1)->name);
		assert_int_equal(backing_at(&f, 1)->has_contents, names[i].contents);
		assert_int_equal(backing_at(&f, 1)->ino, names[i].ino);
		assert_int_equal(backing_at(&f, 1)->dev_major, names[i].ino ? 8 : 0);
		assert_int_equal(backing_at(&f, 1)->dev_minor, names[i].ino ? 3 : 0);
		assert_int_equal(region_at(&f, 1)->offset, names[i].contents ? 3 * REGION_PAGE : 0);
		fixture__close(&f);
	}
}

static void the_same_name_as_before(void **state)
{
	struct fixture f;
	struct record rec;

	record__walk(&rec, 0, 4);
	record__region(&rec, 0, 1, MT_NAME_PATH, "a", 2)->ino = 1;
	record__region(&rec, 2, 1, MT_NAME_SAME, "", 0)->ino = 1;
	record__region(&rec, 4, 1, MT_NAME_SAME, "", 0)->ino = 1;
	record__region(&rec, 6, 1, MT_NAME_NONE, "", 0);
	fixture__open(&f);
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "/a");
	assert_string_equal(backing_at(&f, 4)->name, "/a");
	assert_int_equal(region_at(&f, 2)->backing, region_at(&f, 0)->backing);
	assert_int_equal(region_at(&f, 6)->backing, BACKING_ANON);
	/* In another record nothing came before. */
	record__walk(&rec, 0, 1);
	record__region(&rec, 2, 1, MT_NAME_SAME, "", 0)->ino = 1;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "");
	fixture__close(&f);
}

static void a_name_by_its_number(void **state)
{
	struct mt_region *r;
	struct fixture f;
	struct record rec;

	fixture__open(&f);
	record__walk(&rec, 0, 1);
	r = record__region(&rec, 0, 1, MT_NAME_PATH, "a", 2);
	r->ino = 1;
	r->file = 9;
	assert_int_equal(decode_record(&f, &rec), 0);
	record__walk(&rec, 0, 2);
	record__region(&rec, 2, 1, MT_NAME_KNOWN, "", 0)->file = 9;
	record__region(&rec, 4, 1, MT_NAME_SAME, "", 0)->ino = 1;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "/a");
	assert_string_equal(backing_at(&f, 4)->name, "/a");
	/* The newest counts. */
	record__walk(&rec, 0, 2);
	r = record__region(&rec, 0, 1, MT_NAME_PATH, "b", 2);
	r->file = 9;
	record__region(&rec, 2, 1, MT_NAME_KNOWN, "", 0)->file = 9;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "/b");
	/* One that has not come: what it was in is not believed, the map stays as it is. */
	record__walk(&rec, 0, 1);
	record__region(&rec, 6, 1, MT_NAME_KNOWN, "", 0)->file = 10;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "/b");
	fixture__close(&f);
}

/* As long as a name can be: one component, many of one byte, and all to be escaped. */
static void long_paths(void **state)
{
	static const struct {
		size_t each;
		char byte;
	} shapes[] = { { 1, 'x' }, { 1, '\033' }, { 255, 'x' }, { 255, '\377' }, { 4095, 'x' } };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		static char raw[MT_PATH_LEN], want[MT_PATH_LEN * 4 + 1];
		struct fixture f;
		struct record rec;
		size_t parts, len = 0;

		memset(raw, shapes[i].byte, sizeof(raw));
		for (size_t at = shapes[i].each; at < sizeof(raw); at += shapes[i].each + 1)
			raw[at] = 0;
		parts = MT_PATH_LEN / (shapes[i].each + 1);
		for (size_t part = 0; part < parts; part++) {
			want[len++] = '/';
			for (size_t j = 0; j < shapes[i].each; j++)
				len += (size_t)sprintf(want + len, shapes[i].byte == 'x' ? "x" :
							"\\%03o", (unsigned char)shapes[i].byte);
		}
		record__walk(&rec, 0, 1);
		record__region(&rec, 0, 1, MT_NAME_PATH, raw, parts * (shapes[i].each + 1));
		fixture__open(&f);
		assert_int_equal(decode_record(&f, &rec), 0);
		assert_string_equal(backing_at(&f, 0)->name, want);
		fixture__close(&f);
	}
}

/* A record as full of names as can be: every one of them is there. */
/* The newest, and what is asked for, however many come. */
static void names_that_stay(void **state)
{
	struct names *n = names__new();
	uint32_t i;

	(void)state;
	assert_non_null(n);
	for (i = 1; i <= 4 * NAMES_MAX; i++) {
		assert_int_equal(names__put(n, i, i == 7 ? "seven" : "other"), 0);
		names__trim(n);
		if (i >= 7 && i % (NAMES_MAX / 2) == 0)
			assert_string_equal(names__get(n, 7), "seven");
	}
	assert_null(names__get(n, 8));
	assert_null(names__get(n, 3 * NAMES_MAX));
	assert_non_null(names__get(n, 3 * NAMES_MAX + 2));
	assert_non_null(names__get(n, 4 * NAMES_MAX));
	/* Not for ever: it was asked for once more. */
	for (i = 1; i <= 2 * NAMES_MAX; i++) {
		assert_int_equal(names__put(n, 5 * NAMES_MAX + i, "more"), 0);
		names__trim(n);
	}
	assert_null(names__get(n, 7));
	names__free(n);
}

static void many_names(void **state)
{
	uint32_t count = 200;
	struct fixture f;
	struct record rec;
	char name[64];

	record__walk(&rec, 0, count);
	for (uint32_t i = 0; i < count; i++) {
		memset(name, '\001', sizeof(name));
		name[0] = (char)('!' + i % 90);
		name[1] = (char)('!' + i / 90);
		record__region(&rec, i, 1, MT_NAME_LITERAL, name, 30);
	}
	fixture__open(&f);
	assert_int_equal(decode_record(&f, &rec), 0);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(strlen(backing_at(&f, i)->name), 2 + 28 * 4);
		assert_int_equal(backing_at(&f, i)->name[0], '!' + i % 90);
	}
	fixture__close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_every_class),
		cmocka_unit_test(the_same_name_as_before),
		cmocka_unit_test(a_name_by_its_number),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(names_that_stay),
		cmocka_unit_test(many_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
