/* SPDX-License-Identifier: GPL-2.0 */
/* What is told of calls: growth, limits, failures, locks; and sums. */
#include "tracker_fixture.h"

#include <errno.h>
#include <sys/mman.h>

#define MB(n) ((uint64_t)(n) << 20)
#define FAR(n) (0x7f0000000000ULL + MB(n))

static const uint64_t no_limit = UINT64_MAX;

/* A large anonymous mapping, or with prot 0 a reservation. */
static struct call large(uint64_t addr, uint64_t len, int prot, uint64_t enter)
{
	struct call c = fixture__call(SPACE, TGID, TGID, MMAP(0, 0, 'w'), enter, enter + 1);

	c.args[0] = addr;
	c.args[1] = len;
	c.args[2] = (uint64_t)prot;
	c.ret = (int64_t)addr;
	return c;
}

static void deliver(struct fixture *f, struct call c)
{
	const struct space *s = tracker__space(f->t, SPACE);

	/* What the audit compares is not what these tests are about. */
	if (!c.mm.total_vm)
		c.mm.total_vm = (region_map__totals(s->map)->bytes +
				 (c.id == MT_CALL_MMAP && !call__failed(&c) ? c.args[1] : 0)) /
				REGION_PAGE;
	assert_int_equal(tracker__on_call(f->t, &c), 0);
}

/* ---------------------------------------------------------------- growth */

static void growth_is_told_in_steps(void **state)
{
	static const struct {
		uint64_t mb; /* more, accessible */
		bool told;
	} steps[] = {
		{ 1, true },  /* 1 */
		{ 1, true },  /* 2 */
		{ 1, true },  /* 3 */
		{ 1, true },  /* 4 */
		{ 1, true },  /* 5: a quarter of 4 */
		{ 1, false }, /* 6: less than a quarter of 5 */
		{ 1, true },  /* 7 */
		{ 93, true }, /* 100 */
		{ 24, false }, { 1, true }, /* 125 */
	};
	unsigned int told = 0;
	struct fixture f;
	uint64_t at = 0;

	fixture__open_with(&f, "");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		deliver(&f, large(FAR(at), MB(steps[i].mb), PROT_READ | PROT_WRITE, 40 + i * 2));
		at += steps[i].mb;
		told += steps[i].told;
		if (f.told.findings[FINDING_GROWTH] != told)
			fail_msg("at %u MB: expected %u, got %u", (unsigned int)at, told,
				 f.told.findings[FINDING_GROWTH]);
	}
	assert_string_equal(f.told.finding.text,
			    "mapped and accessible memory grew by 25M to 125M");
	assert_int_equal(f.told.finding.bytes, MB(25));
	/* What cannot be accessed has not grown. */
	deliver(&f, large(FAR(1000), MB(500), PROT_NONE, 90));
	assert_int_equal(f.told.findings[FINDING_GROWTH], told);
	fixture__close(&f);
}

static struct call brk_to(uint64_t old, uint64_t new, int64_t ret, uint64_t enter)
{
	struct call c = large(FAR(0) + new, 0, 0, enter);

	c.id = MT_CALL_BRK;
	c.args[1] = FAR(0) + old;
	c.args[2] = FAR(0);
	c.ret = (int64_t)FAR(0) + ret;
	return c;
}

static void the_heap_grows_and_shrinks(void **state)
{
	struct fixture f;
	struct usage usage;
	struct process *p;
	struct call c;

	fixture__open_with(&f, "");
	p = tracker__process(f.t, TGID);
	c = brk_to(0, MB(3), (int64_t)MB(3), 40);
	c.mm.total_vm = MB(3) / REGION_PAGE;
	deliver(&f, c);
	assert_string_equal(f.told.finding.text, "heap (brk) grew by 3M to 3M");
	assert_int_equal(f.told.findings[FINDING_GROWTH], 1);
	assert_int_equal(f.told.finding.region_kind, KIND_HEAP);
	c = brk_to(MB(3), MB(1), (int64_t)MB(1), 50);
	c.mm.total_vm = MB(1) / REGION_PAGE;
	deliver(&f, c);
	/* Up again, not over what was told. */
	c = brk_to(MB(1), MB(3), (int64_t)MB(3), 60);
	c.mm.total_vm = MB(3) / REGION_PAGE;
	deliver(&f, c);
	assert_int_equal(f.told.findings[FINDING_GROWTH], 1);
	assert_int_equal(p->brk_grown, MB(5));
	assert_int_equal(p->brk_shrunk, MB(2));
	assert_int_equal(p->peak.kind[KIND_HEAP], MB(3));
	tracker__usage(f.t, tracker__space(f.t, SPACE), &usage);
	assert_int_equal(usage.kind[KIND_HEAP], MB(3));
	/* Refused: brk says where the break stays. */
	c = brk_to(MB(3), MB(9), (int64_t)MB(3), 70);
	c.mm.total_vm = MB(3) / REGION_PAGE;
	deliver(&f, c);
	assert_int_equal(f.told.findings[FINDING_FAILURE], 1);
	assert_string_equal(f.told.finding.text, "brk of 6M failed: the break stays");
	assert_int_equal(p->calls[MT_CALL_BRK].errors, 1);
	/* brk(0) asks, and is not refused. */
	c = brk_to(MB(3), MB(3), (int64_t)MB(3), 80);
	c.args[0] = 0;
	deliver(&f, c);
	assert_int_equal(f.told.findings[FINDING_FAILURE], 1);
	assert_int_equal(p->calls[MT_CALL_BRK].errors, 1);
	fixture__close(&f);
}

/* ---------------------------------------------------------------- limits */

static const struct {
	const char *what;
	enum mt_call_id id;
	uint64_t len;
	int64_t ret;
	struct mt_limits limits; /* 0: none */
	struct mt_counters mm;	 /* pages */
	enum limit want;
	const char *text;
} limits[] = {
	{ "address space", MT_CALL_MMAP, MB(2), -ENOMEM, { .as = MB(5) }, { .total_vm = 1024 },
	  LIMIT_AS, "mmap of 2M failed at RLIMIT_AS, 5M" },
	{ "just within it", MT_CALL_MMAP, MB(1), -ENOMEM, { .as = MB(5) }, { .total_vm = 1024 },
	  LIMIT_NONE, "mmap of 1M failed: ENOMEM" },
	{ "data", MT_CALL_MMAP, MB(2), -ENOMEM, { .as = MB(99), .data = MB(3) },
	  { .total_vm = 1024, .data_vm = 512 }, LIMIT_DATA, "mmap of 2M failed at RLIMIT_DATA, 3M" },
	{ "more than any limit", MT_CALL_MMAP, 1ULL << 63, -ENOMEM, { .as = MB(5) },
	  { .total_vm = 1 }, LIMIT_AS, "mmap of 8E failed at RLIMIT_AS, 5M" },
	{ "locked", MT_CALL_MLOCK, MB(2), -ENOMEM, { .memlock = MB(1) }, { .locked_vm = 0 },
	  LIMIT_MEMLOCK, "mlock of 2M failed at RLIMIT_MEMLOCK, 1M" },
	{ "locked, nothing left", MT_CALL_MLOCK2, 4096, -ENOMEM, { .memlock = MB(1) },
	  { .locked_vm = 256 }, LIMIT_MEMLOCK, "mlock2 of 4K failed at RLIMIT_MEMLOCK, 1M" },
	{ "locked, over a gap", MT_CALL_MLOCK, 4096, -ENOMEM, { .memlock = MB(1) }, { 0 },
	  LIMIT_NONE, "mlock of 4K failed: ENOMEM" },
	{ "locked by mmap", MT_CALL_MMAP, MB(2), -EAGAIN, { .memlock = MB(1) }, { 0 },
	  LIMIT_MEMLOCK, "mmap of 2M failed at RLIMIT_MEMLOCK, 1M" },
	{ "all locked", MT_CALL_MLOCKALL, 0, -ENOMEM, { .memlock = MB(1) }, { .total_vm = 1024 },
	  LIMIT_MEMLOCK, "mlockall failed at RLIMIT_MEMLOCK, 1M" },
	{ "map count", MT_CALL_MPROTECT, 4096, -ENOMEM, { .as = MB(99) }, { .map_count = 999 },
	  LIMIT_MAP_COUNT, "mprotect failed at vm.max_map_count, 1000" },
	{ "map count, far away", MT_CALL_MPROTECT, 4096, -ENOMEM, { .as = MB(99) },
	  { .map_count = 900 }, LIMIT_NONE, "mprotect failed: ENOMEM" },
	{ "another error", MT_CALL_MMAP, MB(2), -EINVAL, { .as = MB(1) }, { .total_vm = 1024 },
	  LIMIT_NONE, "mmap of 2M failed: EINVAL" },
	{ "not allowed", MT_CALL_MPROTECT, 4096, -EPERM, { .as = 1 }, { .total_vm = 9 },
	  LIMIT_NONE, "mprotect failed: EPERM" },
	{ "an error without a name", MT_CALL_MPROTECT, 4096, -4000, { .as = 1 }, { 0 }, LIMIT_NONE,
	  "mprotect failed: unknown error" },
};

static void limits_are_named(void **state)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct call c = large(FAR(0), limits[i].len, PROT_READ, 40);
		enum finding_kind kind;
		struct fixture f;

		print_message("%s\n", limits[i].what);
		fixture__open_with(&f, "w");
		tracker__set_max_map_count(f.t, 1000);
		c.id = limits[i].id;
		c.args[3] = MAP_PRIVATE | MAP_ANONYMOUS;
		c.ret = limits[i].ret;
		c.mm = limits[i].mm;
		c.has_limits = true;
		c.limits = (struct mt_limits){ no_limit, no_limit, no_limit, no_limit };
		c.limits.as = limits[i].limits.as ? limits[i].limits.as : no_limit;
		c.limits.data = limits[i].limits.data ? limits[i].limits.data : no_limit;
		c.limits.memlock = limits[i].limits.memlock ? limits[i].limits.memlock : no_limit;
		assert_int_equal(tracker__on_call(f.t, &c), 0);
		kind = limits[i].want == LIMIT_NONE ? FINDING_FAILURE : FINDING_LIMIT;
		assert_string_equal(f.told.finding.text, limits[i].text);
		assert_int_equal(f.told.limit, limits[i].want);
		assert_int_equal(f.told.finding.kind, kind);
		assert_int_equal(f.told.findings[kind], 1);
		/* Without limits in the record nothing is guessed. */
		c.has_limits = false;
		c.enter_ns = c.exit_ns = 50;
		assert_int_equal(tracker__on_call(f.t, &c), 0);
		assert_int_equal(f.told.limit, LIMIT_NONE);
		fixture__close(&f);
	}
}

/* brk at a limit: no errno, the limits tell. */
static void a_break_at_its_limit(void **state)
{
	struct call c = brk_to(0, MB(9), 0, 40);
	struct fixture f;

	fixture__open_with(&f, "w");
	c.has_limits = true;
	c.limits = (struct mt_limits){ no_limit, MB(4), no_limit, no_limit };
	c.mm.total_vm = c.mm.data_vm = 1;
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	assert_string_equal(f.told.finding.text, "brk of 9M failed at RLIMIT_DATA, 4M");
	assert_int_equal(f.told.limit, LIMIT_DATA);
	fixture__close(&f);
}

static void repeats_are_folded(void **state)
{
	struct call c = large(FAR(0), MB(1), PROT_READ, 40);
	static const unsigned int news[] = { 1, 10, 100, 1000 };
	unsigned int told = 0;
	struct fixture f;

	fixture__open_with(&f, "w");
	c.ret = -EINVAL;
	c.args[3] = 0;
	for (unsigned int i = 1; i <= 1000; i++) {
		c.mm.total_vm = 1;
		assert_int_equal(tracker__on_call(f.t, &c), 0);
		told += i == news[told];
		if (f.told.findings[FINDING_FAILURE] != told)
			fail_msg("after %u: expected %u, got %u", i, told,
				 f.told.findings[FINDING_FAILURE]);
	}
	assert_int_equal(tracker__process(f.t, TGID)->findings[FINDING_FAILURE], 1000);
	fixture__close(&f);
}

/* ---------------------------------------------------------------- locks and sums */

static void locked_memory_is_told(void **state)
{
	static const struct {
		uint64_t pages;
		bool told;
	} steps[] = { { 0, false }, { 100, true },  { 110, false }, { 125, true },
		      { 50, false }, { 126, false }, { 200, true } };
	struct call c = fixture__call(SPACE, TGID, TGID, MUNMAP(0, 1), 40, 41);
	unsigned int told = 0;
	struct fixture f;

	fixture__open_with(&f, "w");
	c.id = MT_CALL_MLOCK;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		c.mm = (struct mt_counters){ .total_vm = 1, .locked_vm = steps[i].pages };
		assert_int_equal(tracker__on_call(f.t, &c), 0);
		told += steps[i].told;
		if (f.told.findings[FINDING_LOCKED] != told)
			fail_msg("row %zu: expected %u, got %u", i, told,
				 f.told.findings[FINDING_LOCKED]);
	}
	assert_string_equal(f.told.finding.text, "800K locked now");
	assert_int_equal(tracker__process(f.t, TGID)->peak.locked, LEN(200));
	fixture__close(&f);
}

static void start_peak_and_end(void **state)
{
	struct fixture f;
	struct process *p;

	fixture__open_with(&f, "wwn");
	p = tracker__process(f.t, TGID);
	assert_int_equal(p->at_start.total, LEN(3));
	assert_int_equal(p->at_start.accessible, LEN(2));
	assert_int_equal(p->at_start.kind[KIND_RESERVED] + p->at_start.kind[KIND_ANONYMOUS] +
				 p->at_start.kind[KIND_GUARD], LEN(3));
	fixture__act(&f, TGID, MMAP(8, 4, 'w'), 40, 41);
	fixture__act(&f, TGID, MUNMAP(8, 4), 50, 51);
	assert_int_equal(p->peak.total, LEN(7));
	assert_int_equal(p->peak.accessible, LEN(6));
	/* A base that is read again does not change what it started with. */
	tracker__all_uncertain(f.t, "a test", 60);
	fixture__base(&f, SPACE, "wwwww", 70, 71);
	assert_int_equal(p->at_start.total, LEN(3));
	tracker__finish(f.t, 99);
	assert_int_equal(p->at_end.total, LEN(5));
	assert_int_equal(p->last_ns, 99);
	assert_false(p->ended);
	fixture__close(&f);
}

/* Nobody listens: nothing is told, all is counted. */
static void without_an_observer(void **state)
{
	struct tracker *t = tracker__new(NULL, NULL);
	struct call c = fixture__call(SPACE, TGID, TGID, MMAP(0, 300, 'X'), 40, 41);
	struct exit_event gone = { .ts_ns = 80, .tgid = TGID, .tid = TGID, .space = SPACE,
				   .group = true };

	assert_non_null(t);
	assert_int_equal(tracker__on_call(t, &c), 0);
	tracker__on_lost(t, SPACE, 1, 50);
	assert_int_equal(tracker__base(t, SPACE, NULL, 0, 60, 61), 0);
	c.enter_ns = 70;
	c.exit_ns = 71;
	c.mm.total_vm = 300;
	assert_int_equal(tracker__on_call(t, &c), 0);
	assert_int_equal(tracker__process(t, TGID)->findings[FINDING_PROTECTION], 1);
	assert_int_equal(tracker__process(t, TGID)->findings[FINDING_GROWTH], 1);
	assert_int_equal(tracker__on_exit(t, &gone), 0);
	tracker__finish(t, 90);
	tracker__free(t);
	tracker__free(NULL);
}

static void kinds_have_names(void **state)
{
	for (int kind = 0; kind < FINDING_NR; kind++)
		assert_true(strlen(finding_kind__name((enum finding_kind)kind)) > 3);
	assert_string_equal(finding_kind__name(FINDING_NR), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growth_is_told_in_steps),
		cmocka_unit_test(the_heap_grows_and_shrinks),
		cmocka_unit_test(limits_are_named),
		cmocka_unit_test(a_break_at_its_limit),
		cmocka_unit_test(repeats_are_folded),
		cmocka_unit_test(locked_memory_is_told),
		cmocka_unit_test(start_peak_and_end),
		cmocka_unit_test(without_an_observer),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
