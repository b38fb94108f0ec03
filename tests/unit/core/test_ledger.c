// SPDX-License-Identifier: GPL-2.0
/* The ledger: every site of every process, and sums that hold where there is no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/ledger.h"

/* n sites of `each` bytes, half of which are kept, without stacks. */
static void make_sites(struct intern *sites, uint32_t n, uint64_t each)
{
	struct site_sample none = { 0 };
	struct cause cause = { .what = 1 };
	uint32_t i, site;

	sites__init(sites);
	for (i = 0; i < n; i++) {
		cause.nr = (int32_t)i;
		site = sites__of(sites, &cause, KIND_ANONYMOUS);
		sites__grew(sites, site, &cause, KIND_ANONYMOUS, each, &none, 5);
		site__keep(intern__at(sites, site), each / 2, true);
	}
}

static struct site_sums sums_of(const struct ledger *l)
{
	struct site_sums all = { 0 };
	size_t i;

	for (i = 0; i < ledger__rows(l); i++)
		site_sums__add(&all, &ledger__row(l, i)->sums);
	for (i = 0; i < ledger__processes(l); i++)
		site_sums__add(&all, &ledger__process(l, i)->rest);
	return all;
}

static void all_sites_of_all_processes(void **state)
{
	struct ledger *l = ledger__new();
	const struct ledger_row *row;
	struct intern sites;

	assert_non_null(l);
	make_sites(&sites, 3, 8192);
	ledger__note(l, 7, "one", &sites);
	ledger__note(l, 8, "two", &sites);
	intern__fini(&sites);
	assert_int_equal(ledger__rows(l), 6);
	assert_int_equal(ledger__processes(l), 3);
	row = ledger__row(l, 3);
	assert_string_equal(ledger__process(l, row->process)->comm, "two");
	assert_int_equal(ledger__process(l, row->process)->tgid, 8);
	assert_int_equal(row->sums.bytes, 8192);
	assert_int_equal(row->sums.kept, 4096);
	assert_int_equal(row->sums.calls, 1);
	assert_int_equal(sums_of(l).bytes, 6 * 8192);
	ledger__free(l);
}

/* Each process brings as many as a space has: rows run out, then processes. */
static void bounds(void **state)
{
	struct ledger *l = ledger__new();
	struct intern sites;
	uint64_t n, bytes;
	uint32_t i;

	assert_non_null(l);
	make_sites(&sites, SITES_MAX + 5, 4096);
	for (i = 1; i <= 10; i++)
		ledger__note(l, i, "much", &sites);
	intern__fini(&sites);
	assert_int_equal(ledger__rows(l), LEDGER_ROWS_MAX);
	n = 10ull * (SITES_MAX + 5);
	bytes = n * 4096;
	assert_int_equal(sums_of(l).calls, n);
	assert_int_equal(sums_of(l).bytes, bytes);
	/* The last of them has no row at all, and a name. */
	assert_int_equal(ledger__process(l, 10)->rest.bytes, 4096ull * (SITES_MAX + 5));
	assert_string_equal(ledger__process(l, 10)->comm, "much");

	make_sites(&sites, 2, 4096);
	for (i = 0; i < LEDGER_PROCESSES_MAX; i++)
		ledger__note(l, 100 + i, "many", &sites);
	intern__fini(&sites);
	assert_int_equal(ledger__processes(l), LEDGER_PROCESSES_MAX);
	assert_int_equal(ledger__process(l, 0)->tgid, 0);
	assert_int_equal(ledger__process(l, 0)->rest.bytes, 11 * 2 * 4096);
	bytes += LEDGER_PROCESSES_MAX * 2ull * 4096;
	assert_int_equal(sums_of(l).bytes, bytes);
	ledger__free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sites_of_all_processes),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
