// SPDX-License-Identifier: GPL-2.0
/* Which sites are told, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/sites.h"

static void add(struct intern *sites, uint32_t stack, enum region_kind kind, uint64_t bytes,
		uint64_t peak, uint64_t kept)
{
	struct cause cause = { .what = 1, .stack = stack, .comm = "c" };
	struct site_sample none = { 0 };
	uint32_t site = sites__of(sites, &cause, kind);

	sites__grew(sites, site, &cause, kind, bytes, &none, 5);
	site__keep(intern__at(sites, site), peak, true);
	site__keep(intern__at(sites, site), peak - kept, false);
}

static void order(void **state)
{
	static const uint32_t expected[] = { 3, 2, 4, 1 }, expected_of_two[] = { 3, 4 };
	struct intern sites;
	struct site top[8];
	size_t n, i;

	sites__init(&sites);
	add(&sites, 1, KIND_FILE_PRIVATE, 900, 900, 900);
	add(&sites, 2, KIND_ANONYMOUS, 50, 10, 10);
	add(&sites, 3, KIND_HEAP, 40, 20, 20);
	add(&sites, 4, KIND_ANONYMOUS, 5000, 1000, 0);
	n = sites__top(&sites, top, 8);
	assert_int_equal(n, 4);
	for (i = 0; i < n; i++)
		assert_int_equal(top[i].stack, expected[i]);
	assert_int_equal(sites__highest(top, n)->stack, 4);
	/* Who needed most at a time is told, though nothing of it is kept. */
	n = sites__top(&sites, top, 2);
	assert_int_equal(n, 2);
	for (i = 0; i < n; i++)
		assert_int_equal(top[i].stack, expected_of_two[i]);
	assert_null(sites__highest(top, 0));
	intern__fini(&sites);
}

static void add_sample(struct intern *sites, uint32_t stack, uint64_t bytes, uint64_t for_bytes)
{
	struct cause cause = { .what = 1, .stack = stack, .comm = "c" };
	struct site_sample sample = { .asked = bytes, .bytes = for_bytes, .calls = 2 };

	sites__grew(sites, sites__of(sites, &cause, KIND_ANONYMOUS), &cause, KIND_ANONYMOUS, bytes,
		    &sample, 5);
}

/* One that was sampled while samples stood for little may have missed where they stood for much. */
static void errors(void **state)
{
	struct intern sites;
	struct site top[8];
	size_t n, i;

	sites__init(&sites);
	add(&sites, 1, KIND_ANONYMOUS, 9000, 9000, 9000);
	add_sample(&sites, 2, 100, 500);
	add_sample(&sites, 3, 100, 100);
	add_sample(&sites, 4, 100, 8100);
	n = sites__top(&sites, top, 8);
	assert_int_equal(n, 4);
	for (i = 0; i < n; i++) {
		static const uint64_t expected[] = {
			[1] = 0,
			[2] = 2 * 447 + 3 * 8100, /* 2 sqrt(500 * 400) + ... */
			[3] = 0,
			[4] = 2 * 8049 + 3 * 8100,
		};

		assert_in_range(site__error(&top[i]), expected[top[i].stack],
				expected[top[i].stack] + 2);
	}
	intern__fini(&sites);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
