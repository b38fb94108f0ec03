/* SPDX-License-Identifier: GPL-2.0 */
/* Limits that come near: which is told, when, in which words; and when limits are asked for. */
#include "tracker_fixture.h"

#define MB(n) ((uint64_t)(n) << 20)
#define PAGES(bytes) ((bytes) / REGION_PAGE)

/* A call after which the kernel counts so. */
static void count(struct fixture *f, struct mt_counters mm, uint64_t ts)
{
	struct call c = fixture__call(SPACE, TGID, TGID, MUNMAP(20, 1), ts, ts + 1);

	mm.total_vm = 1;
	c.mm = mm;
	assert_int_equal(tracker__on_call(f->t, &c), 0);
}

static const struct {
	const char *what;
	struct mt_counters mm;
	const char *told;
	enum severity severity;
} nears[] = {
	{ "regions at 79%", { .map_count = 799 }, NULL, 0 },
	{ "regions at 80%", { .map_count = 800 }, "800 regions: 80% of vm.max_map_count, 1000",
	  SEVERITY_WARNING },
	{ "regions at 97%", { .map_count = 970 }, "970 regions: 97% of vm.max_map_count, 1000",
	  SEVERITY_CRITICAL },
	{ "locked at 90%", { .locked_vm = PAGES(MB(9)) }, "9M locked: 90% of RLIMIT_MEMLOCK, 10M",
	  SEVERITY_WARNING },
	{ "locked at 95%", { .locked_vm = PAGES(MB(19) / 2) },
	  "9.5M locked: 95% of RLIMIT_MEMLOCK, 10M", SEVERITY_CRITICAL },
	{ "data at 80%", { .data_vm = PAGES(MB(80)) },
	  "80M of writable memory: 80% of RLIMIT_DATA, 100M", SEVERITY_WARNING },
	{ "data at 79%", { .data_vm = PAGES(MB(79)) }, NULL, 0 },
};

static void what_comes_near(void **state)
{
	static const struct mt_limits limits = {
		.as = UINT64_MAX, .data = MB(100), .memlock = MB(10), .stack = UINT64_MAX
	};

	for (size_t i = 0; i < sizeof(nears) / sizeof(nears[0]); i++) {
		struct fixture f;

		print_message("%s\n", nears[i].what);
		fixture__open_with(&f, "w");
		tracker__set_max_map_count(f.t, 1000);
		tracker__set_limits(f.t, tracker__process(f.t, TGID), &limits, 35);
		count(&f, nears[i].mm, 40);
		assert_int_equal(f.told.findings[FINDING_NEAR], nears[i].told != NULL);
		/* Once is enough. */
		count(&f, nears[i].mm, 50);
		assert_int_equal(f.told.findings[FINDING_NEAR], nears[i].told != NULL);
		if (nears[i].told) {
			assert_int_equal(f.told.finding.kind == FINDING_NEAR ||
						 f.told.finding.kind == FINDING_LOCKED, true);
			assert_int_equal(tracker__process(f.t, TGID)->findings[FINDING_NEAR], 1);
		}
		if (f.told.finding.kind == FINDING_NEAR) {
			assert_string_equal(f.told.finding.text, nears[i].told);
			assert_int_equal(f.told.finding.severity, nears[i].severity);
		}
		fixture__close(&f);
	}
}

/* At 80% and again at 95%; what falls and rises again is no news. */
static void twice_at_most(void **state)
{
	static const struct {
		uint32_t regions;
		unsigned int told;
	} steps[] = { { 700, 0 }, { 810, 1 }, { 900, 1 }, { 955, 2 }, { 10, 2 }, { 999, 2 } };
	struct fixture f;

	fixture__open_with(&f, "w");
	tracker__set_max_map_count(f.t, 1000);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		count(&f, (struct mt_counters){ .map_count = steps[i].regions }, 40 + 2 * i);
		if (f.told.findings[FINDING_NEAR] != steps[i].told)
			fail_msg("%u regions: expected %u, got %u", steps[i].regions, steps[i].told,
				 f.told.findings[FINDING_NEAR]);
	}
	fixture__close(&f);
}

/* Limits are asked for when 64 KiB are locked, and again when it is more than twice as much. */
static void asked_when_needed(void **state)
{
	static const struct {
		uint64_t locked;
		bool asked;
	} steps[] = {
		{ 60 << 10, false }, { 64 << 10, true }, { 100 << 10, false }, { 192 << 10, true },
		{ MB(1), true },
	};
	static const struct mt_limits limits = { .data = UINT64_MAX, .memlock = MB(1) };
	struct process *p;
	struct fixture f;

	fixture__open_with(&f, "w");
	assert_null(tracker__next_limits_wanted(f.t, NULL));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		count(&f, (struct mt_counters){ .locked_vm = PAGES(steps[i].locked) }, 40 + 2 * i);
		p = tracker__next_limits_wanted(f.t, NULL);
		if ((p != NULL) != steps[i].asked)
			fail_msg("%u locked: expected %d, got %d", (unsigned int)steps[i].locked,
				 steps[i].asked, p != NULL);
		if (!p)
			continue;
		assert_int_equal(p->tgid, TGID);
		assert_null(tracker__next_limits_wanted(f.t, p));
		/* They could not be read: nothing is told, and they are not asked for again. */
		tracker__set_limits(f.t, p, i < 4 ? NULL : &limits, 40 + 2 * i);
		assert_null(tracker__next_limits_wanted(f.t, NULL));
	}
	/* Told at once: no call may follow. */
	assert_int_equal(f.told.findings[FINDING_NEAR], 1);
	assert_string_equal(f.told.finding.text, "1M locked: 100% of RLIMIT_MEMLOCK, 1M");
	assert_null(f.told.finding.call);
	fixture__close(&f);
}

/* At the rate of now; what fell, or has just begun, tells none. */
static void time_left(void **state)
{
	static const struct {
		uint32_t before, now;
		uint64_t seconds;
		const char *told;
	} cases[] = {
		{ 700, 800, 10, "800 regions: 80% of vm.max_map_count, 1000, reached in 20.0 s at this "
				"rate (10.0/s)" },
		{ 400, 900, 10, "900 regions: 90% of vm.max_map_count, 1000, reached in 2.0 s at this "
				"rate (50.0/s)" },
		{ 799, 800, 10, "800 regions: 80% of vm.max_map_count, 1000, reached in 33.3 min at this "
				"rate (0.1/s)" },
		{ 700, 800, 0, "800 regions: 80% of vm.max_map_count, 1000" },
		{ 700, 1000, 10, "1000 regions: 100% of vm.max_map_count, 1000" },
	};
	static const uint64_t s = 1000000000;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		fixture__open_with(&f, "w");
		tracker__set_max_map_count(f.t, 1000);
		count(&f, (struct mt_counters){ .map_count = cases[i].before }, s);
		tracker__sample(f.t, s + 1);
		count(&f, (struct mt_counters){ .map_count = cases[i].now },
		      (1 + cases[i].seconds) * s + 2);
		assert_int_equal(f.told.findings[FINDING_NEAR], 1);
		assert_string_equal(f.told.finding.text, cases[i].told);
		assert_int_equal(f.told.finding.left_ns != 0, strstr(cases[i].told, "rate") != NULL);
		fixture__close(&f);
	}
}

/* A new program has limits and memory of its own. */
static void an_exec_begins_anew(void **state)
{
	struct exec_event exec = fixture__exec(SPACE + 1, TGID, 60, "w");
	struct fixture f;

	fixture__open_with(&f, "w");
	tracker__set_max_map_count(f.t, 1000);
	count(&f, (struct mt_counters){ .map_count = 990 }, 40);
	assert_int_equal(f.told.findings[FINDING_NEAR], 1);
	assert_int_equal(tracker__on_exec(f.t, &exec), 0);
	assert_int_equal(tracker__process(f.t, TGID)->near_told[0], 0);
	fixture__close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_near),
		cmocka_unit_test(twice_at_most),
		cmocka_unit_test(asked_when_needed),
		cmocka_unit_test(time_left),
		cmocka_unit_test(an_exec_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
