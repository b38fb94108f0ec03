// SPDX-License-Identifier: GPL-2.0
/* Sorting by number: what comes out is in order, whole, and stable. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "util/sort.h"

#define ITEMS 3000

struct item {
	uint64_t number;
	uint32_t was; /* its place before */
	char more[5]; /* a size that no power of two divides */
};

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 32 | *seed << 32;
}

/* Each item once: all are in order of number, and of place where numbers are equal. */
static void assert_sorted(const struct item *items, const uint64_t *numbers, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		assert_in_range(items[i].was, 0, n - 1);
		assert_true(items[i].number == numbers[items[i].was]);
		assert_int_equal(items[i].more[0], (char)items[i].was);
		if (i)
			assert_true(items[i - 1].number < items[i].number ||
				    (items[i - 1].number == items[i].number &&
				     items[i - 1].was < items[i].was));
	}
}

static void sort_masked(size_t n, uint64_t mask, uint64_t seed)
{
	struct item *items = calloc(n + 1, sizeof(*items));
	uint64_t *numbers = calloc(n + 1, sizeof(*numbers));
	size_t i;

	assert_non_null(items);
	assert_non_null(numbers);
	for (i = 0; i < n; i++) {
		numbers[i] = next_random(&seed) & mask;
		items[i].number = numbers[i];
		items[i].was = (uint32_t)i;
		items[i].more[0] = (char)i;
	}
	assert_int_equal(sort__by_number(items, n, sizeof(*items)), 0);
	assert_sorted(items, numbers, n);
	free(items);
	free(numbers);
}

static void random_numbers(void **state)
{
	/* Of one byte, of an odd and an even number of them, with bytes that all share. */
	static const uint64_t masks[] = { ~0ull, 0xff, 0xffff, 0xffffff, 0x7f00ff00ff0001ull,
					  0xff00000000000000ull, 7, 0 };
	static const size_t sizes[] = { 0, 1, 2, 3, 255, 256, 257, ITEMS };
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
			sort_masked(sizes[k], masks[i], i * 100 + k);
	}
}

static void backwards(void **state)
{
	struct item items[ITEMS];
	uint64_t numbers[ITEMS];
	size_t i;

	(void)state;
	memset(items, 0, sizeof(items));
	for (i = 0; i < ITEMS; i++) {
		numbers[i] = items[i].number = 0x7f0000000000ull - i * 4096;
		items[i].was = (uint32_t)i;
		items[i].more[0] = (char)i;
	}
	assert_int_equal(sort__by_number(items, ITEMS, sizeof(items[0])), 0);
	assert_sorted(items, numbers, ITEMS);
	/* What is in order already stays. */
	assert_int_equal(sort__by_number(items, ITEMS, sizeof(items[0])), 0);
	assert_sorted(items, numbers, ITEMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_numbers),
		cmocka_unit_test(backwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
