// SPDX-License-Identifier: GPL-2.0
/* Tier truth: write sections make the map, numbers tell order and loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/tracker.h"

#define PID 100
#define SPACE 1
#define PAGE REGION_PAGE

/* The calls that the tracker told of. */
struct told {
	struct change change;
	char what[16]; /* call__what() */
	unsigned int calls;
};

static void on_call(void *ctx, const struct call_record *rec)
{
	struct told *told = ctx;

	told->change = *rec->change;
	snprintf(told->what, sizeof(told->what), "%s", call__what(rec->call));
	told->calls++;
}

static const struct observer observer = { .call = on_call };

static struct raw_region raw(uint64_t start_page, uint64_t end_page, uint32_t flags)
{
	return (struct raw_region){
		.region = { .start = start_page * PAGE, .end = end_page * PAGE, .flags = flags },
		.backing = { .name = "" },
		.anonymous = true,
	};
}

static struct mt_counters counters(uint64_t pages, uint32_t regions)
{
	return (struct mt_counters){ .total_vm = pages, .map_count = regions };
}

/* A process that execed, with regions [1, 3) r and [3, 4) r, the next section being 10. */
static struct tracker *begin(struct told *told)
{
	const struct raw_region base[] = { raw(1, 3, REGION_READ), raw(3, 4, REGION_READ) };
	struct exec_event exec = {
		.ts_ns = 1, .tgid = PID, .tid = PID, .space = SPACE, .comm = "x"
	};
	struct walk_event walk = { .space = SPACE,
				   .ts_ns = 1,
				   .seq = 10,
				   .tgid = PID,
				   .count = 2,
				   .last = true,
				   .regions = base };
	struct tracker *t;

	memset(told, 0, sizeof(*told));
	t = tracker__new(&observer, told);
	assert_non_null(t);
	tracker__set_truth(t, true);
	exec.mm = walk.mm = counters(3, 2);
	assert_int_equal(tracker__on_exec(t, &exec), 0);
	assert_false(tracker__space(t, SPACE)->exact);
	assert_int_equal(tracker__on_walk(t, &walk), 0);
	assert_true(tracker__space(t, SPACE)->exact);
	return t;
}

static struct section_event section(uint64_t seq, uint64_t lo, uint64_t hi,
				    const struct raw_region *regions, uint32_t n,
				    struct mt_counters mm)
{
	return (struct section_event){ .space = SPACE,
				       .ts_ns = seq,
				       .lo = lo * PAGE,
				       .hi = hi * PAGE,
				       .seq = seq,
				       .tgid = PID,
				       .tid = PID,
				       .origin = MT_CALL_MPROTECT,
				       .count = n,
				       .mm = mm,
				       .regions = regions };
}

static size_t count(struct tracker *t)
{
	return region_map__totals(tracker__space(t, SPACE)->map)->regions;
}

/* What the kernel keeps apart stays apart, however alike it is. */
static void boundaries(void **state)
{
	struct told told;
	struct tracker *t = begin(&told);

	(void)state;
	assert_int_equal(count(t), 2);
	tracker__free(t);
}

/*
 *	before  [r r][r]      mprotect(2, 1, rw)
 *	after   [r][rw][r]
 */
static void applied(void **state)
{
	const struct raw_region now[] = { raw(1, 2, REGION_READ),
					  raw(2, 3, REGION_READ | REGION_WRITE),
					  raw(3, 4, REGION_READ) };
	struct call call = { .id = MT_CALL_MPROTECT,
			     .tgid = PID,
			     .tid = PID,
			     .space = SPACE,
			     .target = SPACE,
			     .args = { 2 * PAGE, PAGE, 3 } };
	struct section_event ev;
	struct told told;
	struct tracker *t = begin(&told);

	(void)state;
	ev = section(10, 2, 3, now, 3, counters(3, 3));
	ev.mm.data_vm = 1;
	assert_int_equal(tracker__on_section(t, &ev), 0);
	assert_true(tracker__space(t, SPACE)->exact);
	assert_int_equal(count(t), 3);
	assert_int_equal(tracker__totals(t)->audits, 2);
	/* The call that made it explains it. */
	assert_int_equal(tracker__on_call(t, &call), 0);
	assert_int_equal(told.change.kind, CHANGE_APPLIED);
	assert_int_equal(told.change.old_flags & REGION_RWX, REGION_READ);
	assert_int_equal(told.change.new_flags & REGION_RWX, REGION_READ | REGION_WRITE);
	assert_int_equal(told.change.mapped, 0);
	/* And only it. */
	assert_int_equal(tracker__on_call(t, &call), 0);
	assert_int_equal(told.change.last, 0);
	assert_int_equal(told.change.old_flags, told.change.new_flags);
	tracker__free(t);
}

static void unmapped(void **state)
{
	const struct raw_region now[] = { raw(3, 4, REGION_READ) };
	struct call call = { .id = MT_CALL_MUNMAP,
			     .tgid = PID,
			     .tid = PID,
			     .space = SPACE,
			     .target = SPACE,
			     .args = { PAGE, 2 * PAGE } };
	struct section_event ev;
	struct told told;
	struct tracker *t = begin(&told);

	(void)state;
	ev = section(10, 1, 3, now, 1, counters(1, 1));
	assert_int_equal(tracker__on_section(t, &ev), 0);
	assert_int_equal(tracker__on_call(t, &call), 0);
	assert_int_equal(told.change.unmapped, 2 * PAGE);
	assert_int_equal(told.change.uncommitted, 2 * PAGE);
	assert_int_equal(count(t), 1);
	tracker__free(t);
}

static void uncertain(void **state)
{
	const struct raw_region now[] = { raw(1, 3, REGION_READ), raw(3, 4, REGION_READ) };
	const struct {
		const char *what;
		uint64_t seq;
		bool bad, exact;
		struct mt_counters mm;
	} cases[] = {
		{ "the next section", 10, false, true, counters(3, 2) },
		{ "one that the base has already", 9, false, true, counters(7, 7) },
		{ "one is missing", 11, false, false, counters(3, 2) },
		{ "a walk that failed", 10, true, false, counters(3, 2) },
		{ "another number of regions", 10, false, false, counters(3, 3) },
		{ "another size", 10, false, false, counters(4, 2) },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct section_event ev = section(cases[i].seq, 1, 2, now, 2, cases[i].mm);
		struct told told;
		struct tracker *t = begin(&told);

		ev.bad = cases[i].bad;
		assert_int_equal(tracker__on_section(t, &ev), 0);
		if (tracker__space(t, SPACE)->exact != cases[i].exact)
			fail_msg("%s: expected exact %d, got %d", cases[i].what, cases[i].exact,
				 tracker__space(t, SPACE)->exact);
		tracker__free(t);
	}
}

/* After a loss a whole walk makes it exact again, if no section went by meanwhile. */
static void recovered(void **state)
{
	const struct raw_region now[] = { raw(5, 6, REGION_READ) };
	struct section_event lost = section(12, 0, 0, NULL, 0, counters(1, 1));
	struct walk_event walk = { .space = SPACE,
				   .ts_ns = 2,
				   .seq = 12,
				   .tgid = PID,
				   .count = 1,
				   .last = true,
				   .mm = counters(1, 1),
				   .regions = now };
	struct told told;
	struct tracker *t = begin(&told);

	(void)state;
	assert_int_equal(tracker__on_section(t, &lost), 0);
	assert_false(tracker__space(t, SPACE)->exact);
	/* Section 12 is not in this walk: it is too old. */
	assert_int_equal(tracker__on_walk(t, &walk), 0);
	assert_false(tracker__space(t, SPACE)->exact);
	walk.seq = 13;
	assert_int_equal(tracker__on_walk(t, &walk), 0);
	assert_true(tracker__space(t, SPACE)->exact);
	assert_int_equal(tracker__totals(t)->resyncs, 1);
	assert_int_equal(count(t), 1);
	tracker__free(t);
}

/* exit_mmap() of a space whose last process has ended makes no new space. */
static void after_the_end(void **state)
{
	struct exit_event exit = {
		.ts_ns = 2, .tgid = PID, .tid = PID, .space = SPACE, .group = true
	};
	struct section_event ev = section(10, 0, 0, NULL, 0, counters(0, 0));
	struct told told;
	struct tracker *t = begin(&told);

	(void)state;
	assert_int_equal(tracker__on_exit(t, &exit), 0);
	assert_int_equal(tracker__on_section(t, &ev), 0);
	assert_null(tracker__space(t, SPACE));
	tracker__free(t);
}

/* A stack that grows by a fault; a loss of nothing is told of nobody. */
static void by_no_call(void **state)
{
	const struct raw_region grown[] = { raw(0, 3, REGION_READ) };
	struct section_event ev = section(10, 0, 1, grown, 1, counters(4, 2));
	struct told told;
	struct tracker *t = begin(&told);

	(void)state;
	ev.origin = MT_ORIGIN_FAULT;
	ev.comm = "x";
	assert_int_equal(tracker__on_section(t, &ev), 0);
	assert_true(tracker__space(t, SPACE)->exact);
	assert_int_equal(told.calls, 1);
	assert_string_equal(told.what, "fault");
	assert_int_equal(told.change.mapped, PAGE);
	ev.seq = 11;
	assert_int_equal(tracker__on_section(t, &ev), 0);
	assert_int_equal(told.calls, 1);
	tracker__free(t);
}

/* Where nobody knows what a system call does, all is walked: what is other is told. */
static void by_a_walk(void **state)
{
	const struct raw_region now[] = { raw(1, 3, REGION_READ | REGION_WRITE),
					  raw(3, 4, REGION_READ), raw(7, 9, REGION_READ) };
	struct walk_event walk = { .space = SPACE,
				   .ts_ns = 2,
				   .seq = 11,
				   .tgid = PID,
				   .count = 3,
				   .last = true,
				   .regions = now };
	struct section_event ev = section(10, 0, 0, NULL, 0, counters(5, 3));
	struct told told;
	struct tracker *t = begin(&told);

	(void)state;
	ev.origin = MT_ORIGIN_SYSCALL;
	ev.full = true;
	assert_int_equal(tracker__on_section(t, &ev), 0);
	assert_int_equal(told.calls, 0);
	assert_int_equal(tracker__on_walk(t, &walk), 0);
	assert_int_equal(told.calls, 2);
	assert_string_equal(told.what, "syscall");
	assert_int_equal(told.change.start, 7 * PAGE);
	assert_int_equal(told.change.end, 9 * PAGE);
	assert_int_equal(told.change.mapped, 2 * PAGE);
	/* The same again, by a walk that was asked for: it is nobody's doing. */
	walk.seq = 12;
	assert_int_equal(tracker__on_walk(t, &walk), 0);
	assert_int_equal(told.calls, 2);
	tracker__free(t);
}

/* The kernel counts locked pages in an int, region by region (mm/mlock.c, mlock_fixup()). */
static void locked_beyond_count(void **state)
{
	static const struct {
		uint64_t pages, counted;
		bool exact;
	} cases[] = {
		{ 1ull << 30, 1ull << 30, true },
		{ 1ull << 30, 0, false },
		{ 1ull << 32, 0, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct raw_region one = raw(1, 1 + cases[i].pages, REGION_READ | REGION_LOCKED);
		struct walk_event walk = { .space = SPACE, .seq = 10, .tgid = PID, .count = 1 };
		struct told told;
		struct tracker *t = begin(&told);

		walk.last = true;
		walk.regions = &one;
		walk.mm = counters(cases[i].pages, 1);
		walk.mm.locked_vm = cases[i].counted;
		assert_int_equal(tracker__on_walk(t, &walk), 0);
		if (tracker__space(t, SPACE)->exact != cases[i].exact)
			fail_msg("%lu pages locked, %lu counted: expected the map %s, got the other",
				 (unsigned long)cases[i].pages, (unsigned long)cases[i].counted,
				 cases[i].exact ? "exact" : "uncertain");
		tracker__free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locked_beyond_count),
		cmocka_unit_test(boundaries), cmocka_unit_test(applied),
		cmocka_unit_test(unmapped),   cmocka_unit_test(uncertain),
		cmocka_unit_test(recovered),  cmocka_unit_test(after_the_end),
		cmocka_unit_test(by_no_call), cmocka_unit_test(by_a_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
