/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of backings: equal ones share an index, indexes stay until a sweep,
 * and a sweep keeps the table small. The source is included, not linked, so
 * that its memory (and that of the hash inside it) can be made to run out.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scarce.h"
#include "core/backing.c"
#undef malloc
#undef calloc
#undef realloc

static const struct backing libc = { 4711, 8, 1, "/usr/lib/libc.so.6", true, 0 };

/* Each differs from libc in one thing, but for the last. */
static const struct {
	const char *what;
	struct backing backing;
	bool same;
} others[] = {
	{ "inode", { 4712, 8, 1, "/usr/lib/libc.so.6", true, 0 }, false },
	{ "device, major", { 4711, 9, 1, "/usr/lib/libc.so.6", true, 0 }, false },
	{ "device, minor", { 4711, 8, 2, "/usr/lib/libc.so.6", true, 0 }, false },
	{ "name", { 4711, 8, 1, "/usr/lib/libc.so.6 (deleted)", true, 0 }, false },
	{ "name, shorter", { 4711, 8, 1, "/usr/lib/libc.so.", true, 0 }, false },
	{ "no name", { 4711, 8, 1, "", true, 0 }, false },
	{ "contents", { 4711, 8, 1, "/usr/lib/libc.so.6", false, 0 }, false },
	{ "page size", { 4711, 8, 1, "/usr/lib/libc.so.6", true, 21 }, false },
	{ "nothing", { 4711, 8, 1, "/usr/lib/libc.so.6", true, 0 }, true },
};

static struct backings *new_backings(void)
{
	struct backings *b = backings__new();

	assert_non_null(b);
	return b;
}

static uint32_t intern(struct backings *b, const struct backing *want)
{
	uint32_t index = UINT32_MAX;

	assert_int_equal(backings__intern(b, want, &index), 0);
	return index;
}

static uint32_t intern_nth(struct backings *b, unsigned int i)
{
	struct backing backing = libc;
	char name[32];

	snprintf(name, sizeof(name), "/tmp/file%u", i);
	backing.name = name; /* on the stack: the table must keep a copy */
	backing.ino = i;
	return intern(b, &backing);
}

static void assert_is(const struct backing *got, const struct backing *want)
{
	assert_string_equal(got->name, want->name);
	assert_ptr_not_equal(got->name, want->name);
	assert_int_equal(got->ino, want->ino);
	assert_int_equal(got->dev_major, want->dev_major);
	assert_int_equal(got->dev_minor, want->dev_minor);
	assert_int_equal(got->has_contents, want->has_contents);
	assert_int_equal(got->page_shift, want->page_shift);
}

static void equal_ones_share_an_index(void **state)
{
	struct backings *b = new_backings();
	uint32_t first = intern(b, &libc), index;
	size_t i, bad = 0;

	assert_int_not_equal(first, BACKING_ANON);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		index = intern(b, &others[i].backing);
		if ((index == first) != others[i].same) {
			print_error("%s: expected %s index, got %u beside %u\n", others[i].what,
				    others[i].same ? "the same" : "another", index, first);
			bad++;
		}
		assert_is(backings__get(b, index), &others[i].backing);
	}
	assert_int_equal(bad, 0);
	assert_is(backings__get(b, first), &libc);
	assert_int_equal(backings__count(b), sizeof(others) / sizeof(others[0]));
	backings__free(b);
}

/* The hash tells most apart before this is asked: here it must by itself. */
static void compares_all_that_counts(void **state)
{
	size_t i, bad = 0;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (backing__same(&libc, &others[i].backing) != others[i].same) {
			print_error("%s: expected %s\n", others[i].what,
				    others[i].same ? "the same" : "another");
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

static void unknown_indexes_are_nothing(void **state)
{
	static const uint32_t indexes[] = { BACKING_ANON, 1, 2, 1000, UINT32_MAX };
	struct backings *b = new_backings();
	size_t i;

	for (i = 0; i < 2 * sizeof(indexes) / sizeof(indexes[0]); i++) {
		const struct backing *got = backings__get(b, indexes[i / 2]);

		assert_string_equal(got->name, "");
		assert_false(got->has_contents);
		backings__mark(b, indexes[i / 2]);
	}
	backings__sweep(b);
	assert_int_equal(backings__count(b), 0);
	backings__free(b);
	backings__free(NULL);
}

static void a_sweep_frees_what_is_not_marked(void **state)
{
	struct backings *b = new_backings();
	uint32_t index[10], i, again;

	for (i = 0; i < 10; i++)
		index[i] = intern_nth(b, i);
	for (i = 0; i < 10; i += 3)
		backings__mark(b, index[i]);
	backings__sweep(b);
	assert_int_equal(backings__count(b), 4);
	for (i = 0; i < 10; i++)
		assert_int_equal(backings__get(b, index[i])->ino, i % 3 ? 0 : i);
	/* Equal ones are still found, and slots that became free are used first. */
	assert_int_equal(intern_nth(b, 3), index[3]);
	for (i = 0; i < 6; i++) {
		again = intern_nth(b, 100 + i);
		assert_in_range(again, index[1], index[8]);
		assert_int_not_equal(again % 3, index[0] % 3);
	}
	assert_int_equal(intern_nth(b, 200), index[9] + 1);
	/* Marks do not outlive the sweep that they were made for. */
	backings__sweep(b);
	assert_int_equal(backings__count(b), 0);
	backings__free(b);
}

/* A program that maps new files for ever, ten of them at a time. */
static void stays_bounded(void **state)
{
	struct backings *b = new_backings();
	uint32_t live[10] = { 0 }, biggest = 0;
	size_t most = 0, sweeps = 0;
	unsigned int i, j;

	for (i = 0; i < 100000; i++) {
		live[i % 10] = intern_nth(b, i);
		if (live[i % 10] > biggest)
			biggest = live[i % 10];
		if (backings__count(b) > most)
			most = backings__count(b);
		if (!backings__should_sweep(b))
			continue;
		for (j = 0; j < 10; j++)
			backings__mark(b, live[j]);
		backings__sweep(b);
		assert_false(backings__should_sweep(b));
		assert_int_equal(backings__count(b), 10);
		sweeps++;
	}
	print_message("at most %zu backings (limit 256), index %u, in %zu sweeps\n", most, biggest,
		      sweeps);
	assert_true(most <= 256);
	assert_true(biggest <= 256);
	assert_true(sweeps > 100 && sweeps < 1000);
	backings__free(b);
}

/* With many in use, the next sweep waits until they have doubled. */
static void sweeps_are_rare_when_much_is_in_use(void **state)
{
	struct backings *b = new_backings();
	uint32_t i, cap;

	for (i = 0; i < 5000; i++)
		backings__mark(b, intern_nth(b, i));
	backings__sweep(b);
	assert_int_equal(backings__count(b), 5000);
	for (; i < 9999; i++) {
		intern_nth(b, i);
		assert_false(backings__should_sweep(b));
	}
	intern_nth(b, i);
	assert_true(backings__should_sweep(b));
	cap = b->cap_slots;
	backings__sweep(b);
	assert_int_equal(backings__count(b), 0);
	print_message("room for %u, then %u\n", cap, b->cap_slots);
	assert_true(b->cap_slots <= 64);
	assert_int_equal(intern(b, &libc), 1);
	backings__free(b);
}

static void is_as_it_was_without_memory(void **state)
{
	static const unsigned int have[] = { 0, 1, 62, 63, 64, 127, 300 };
	size_t i, j, failures = 0;
	long fails;
	int err;

	scarce_left = 0;
	assert_null(backings__new());
	scarce_left = -1;
	for (i = 0; i < sizeof(have) / sizeof(have[0]); i++) {
		err = -ENOMEM;
		for (fails = 0; err == -ENOMEM; fails++) {
			struct backings *b = new_backings();
			uint32_t index = 77;

			for (j = 0; j < have[i]; j++)
				intern_nth(b, (unsigned int)j);
			scarce_left = fails;
			err = backings__intern(b, &libc, &index);
			scarce_left = -1;
			assert_int_equal(backings__count(b), have[i] + !err);
			if (err) {
				failures++;
				assert_int_equal(err, -ENOMEM);
				assert_int_equal(index, 77);
			}
			for (j = 0; j < have[i]; j++)
				assert_int_equal(intern_nth(b, (unsigned int)j), j + 1);
			assert_int_equal(intern(b, &libc), have[i] + 1);
			backings__free(b);
		}
		assert_int_equal(err, 0);
	}
	print_message("%zu failures\n", failures);
	assert_true(failures >= 2 * sizeof(have) / sizeof(have[0]) - 2);
}

/* All in one bucket would take minutes. */
static void many_are_spread(void **state)
{
	struct backings *b = new_backings();
	unsigned int i, longest = 0;

	for (i = 0; i < 65536; i++)
		intern_nth(b, i);
	for (i = 0; i < b->by_value->hh.tbl->num_buckets; i++) {
		if (b->by_value->hh.tbl->buckets[i].count > longest)
			longest = b->by_value->hh.tbl->buckets[i].count;
	}
	print_message("the longest chain of %zu in %u buckets: %u (at most 40)\n",
		      backings__count(b), b->by_value->hh.tbl->num_buckets, longest);
	assert_in_range(longest, 1, 40);
	backings__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_ones_share_an_index),
		cmocka_unit_test(compares_all_that_counts),
		cmocka_unit_test(unknown_indexes_are_nothing),
		cmocka_unit_test(a_sweep_frees_what_is_not_marked),
		cmocka_unit_test(stays_bounded),
		cmocka_unit_test(sweeps_are_rare_when_much_is_in_use),
		cmocka_unit_test(is_as_it_was_without_memory),
		cmocka_unit_test(many_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
