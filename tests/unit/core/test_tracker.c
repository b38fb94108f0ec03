/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracker: what it finds when it attaches, what it makes of what it has not
 * seen, and its sums. Forks, execs and exits are test_tracker_lives.c's, windows
 * of calls test_windows.c's.
 */
#include "tracker_fixture.h"

/* ---------------------------------------------------------------- attaching */

static void attach_scan_may_come_twice(void **state)
{
	struct fixture f;
	struct process *p;

	fixture__open(&f);
	for (int pass = 0; pass < 2; pass++) {
		fixture__task(&f, SPACE, TGID, TGID, 10);
		fixture__task(&f, SPACE, TGID, 101, 11);
		fixture__task(&f, SPACE, TGID, 102, 12);
		fixture__task(&f, 8, 200, 200, 13);
	}
	fixture__assert_users(&f, SPACE, 1, 3);
	fixture__assert_users(&f, 8, 1, 1);
	p = tracker__process(f.t, TGID);
	assert_true(p->found);
	assert_int_equal(p->threads, 3);
	assert_int_equal(f.told.process[PROCESS_FOUND], 2);
	assert_int_equal(tracker__totals(f.t)->threads, 4);
	assert_int_equal(tracker__live_processes(f.t), 2);
	assert_string_equal(p->comm, "leader");
	fixture__assert_uncertain(&f, SPACE, "not read yet");
	fixture__close(&f);
}

static void a_vfork_child_is_found_in_its_parents_space(void **state)
{
	struct fixture f;

	fixture__open(&f);
	fixture__task(&f, SPACE, TGID, TGID, 10);
	fixture__task(&f, SPACE, 200, 200, 11);
	fixture__assert_users(&f, SPACE, 2, 2);
	fixture__close(&f);
}

/* A base read from 50 to 60, and a call of about that time. */
static const struct {
	const char *what;
	struct act act;
	uint64_t enter, exit;
	const char *base, *want; /* want NULL: uncertain */
} overlaps[] = {
	{ "ended before the base", { MT_CALL_MUNMAP, 0, 2, '.' }, 40, 45, "wwww", "wwww" },
	{ "ended as it began", { MT_CALL_MUNMAP, 0, 2, '.' }, 40, 50, "wwww", "wwww" },
	{ "not seen by the base", { MT_CALL_MUNMAP, 0, 2, '.' }, 40, 55, "wwww", "..ww" },
	{ "half seen", { MT_CALL_MUNMAP, 0, 2, '.' }, 52, 58, ".www", "..ww" },
	{ "seen", { MT_CALL_MMAP, 0, 2, 'w' }, 52, 58, "wwww", "wwww" },
	{ "seen, and changed since", { MT_CALL_MPROTECT, 0, 4, 'r' }, 52, 70, "w..w", "r..r" },
	{ "over a gap, begun later", { MT_CALL_MPROTECT, 0, 4, 'r' }, 60, 70, "w..w", NULL },
	{ "over a gap, begun earlier", { MT_CALL_MPROTECT, 0, 4, 'r' }, 59, 70, "w..w", "r..r" },
};

static void calls_that_overlap_a_base(void **state)
{
	for (size_t i = 0; i < sizeof(overlaps) / sizeof(overlaps[0]); i++) {
		struct fixture f;

		print_message("%s\n", overlaps[i].what);
		fixture__open(&f);
		fixture__task(&f, SPACE, TGID, TGID, 10);
		fixture__base(&f, SPACE, overlaps[i].base, 50, 60);
		fixture__act(&f, TGID, &overlaps[i].act, overlaps[i].enter, overlaps[i].exit);
		if (overlaps[i].want)
			fixture__assert_exact(&f, SPACE, overlaps[i].want);
		else
			fixture__assert_uncertain(&f, SPACE, "gap");
		fixture__close(&f);
	}
}

/* What moves something cannot be done again over a base that may have it already. */
static void a_move_over_a_torn_base_is_not_trusted(void **state)
{
	struct call c = fixture__call(SPACE, TGID, TGID, MUNMAP(0, 2), 52, 58);
	struct fixture f;

	fixture__open(&f);
	fixture__task(&f, SPACE, TGID, TGID, 10);
	fixture__base(&f, SPACE, "ww..ww", 50, 60);
	c.id = MT_CALL_MREMAP;
	c.args[2] = LEN(2);
	c.args[3] = 3;
	c.args[4] = (uint64_t)(c.ret = (int64_t)PAGE(4));
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	assert_false(fixture__space(&f, SPACE)->exact);
	fixture__base(&f, SPACE, "....ww", 90, 91);
	fixture__assert_exact(&f, SPACE, "....ww");
	assert_int_equal(fixture__space(&f, SPACE)->resyncs, 1);
	assert_int_equal(tracker__totals(f.t)->resyncs, 1);
	assert_int_equal(tracker__totals(f.t)->bases, 1);
	assert_int_equal(f.told.uncertain, 1);
	assert_int_equal(f.told.exact, 1);
	fixture__close(&f);
}

/* The regions are in the snapshot; that they are the heap is not. */
static void the_break_is_kept_though_the_base_has_the_call(void **state)
{
	struct call c = fixture__call(SPACE, TGID, TGID, MUNMAP(0, 0), 40, 45);
	struct fixture f;
	struct usage usage;

	fixture__open(&f);
	fixture__task(&f, SPACE, TGID, TGID, 10);
	fixture__base(&f, SPACE, "wwww", 50, 60);
	c.id = MT_CALL_BRK;
	c.args[0] = PAGE(4);
	c.args[1] = c.args[2] = PAGE(0);
	c.ret = (int64_t)PAGE(4);
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	tracker__usage(f.t, fixture__space(&f, SPACE), &usage);
	assert_int_equal(usage.kind[KIND_HEAP], LEN(4));
	fixture__close(&f);
}

static void a_base_of_an_unknown_space_is_nothing(void **state)
{
	struct fixture f;

	fixture__open(&f);
	fixture__base(&f, 99, "ww", 20, 30);
	assert_null(fixture__space(&f, 99));
	fixture__close(&f);
}

/* The stack pointer of a thread that was found marks its stack, not the leader's. */
static void stack_pointers_mark_stacks(void **state)
{
	struct mt_task task = { .space = SPACE, .start_ns = TGID, .tgid = TGID, .ts_ns = 10 };
	struct fixture f;

	fixture__open(&f);
	task.tid = TGID;
	task.user_sp = PAGE(6) + 8;
	assert_int_equal(tracker__on_task(f.t, &task, "x"), 0);
	task.tid = 101;
	task.user_sp = PAGE(2) + 8;
	assert_int_equal(tracker__on_task(f.t, &task, "x"), 0);
	task.tid = 102;
	task.user_sp = PAGE(9); /* nothing is there */
	assert_int_equal(tracker__on_task(f.t, &task, "x"), 0);
	fixture__base(&f, SPACE, "n.w...w", 20, 30);
	fixture__assert_exact(&f, SPACE, "n.s...w");
	fixture__close(&f);
}

/* ---------------------------------------------------------------- what was not seen */

static void a_call_of_nobody_we_know(void **state)
{
	struct call c = fixture__call(9, 300, 301, MMAP(0, 1, 'w'), 40, 41);
	struct fixture f;

	fixture__open_with(&f, "ww");
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	fixture__assert_uncertain(&f, 9, "not read yet");
	fixture__assert_users(&f, 9, 1, 1);
	assert_int_equal(tracker__process(f.t, 300)->calls[MT_CALL_MMAP].count, 1);
	assert_string_equal(tracker__process(f.t, 300)->comm, "called");
	assert_int_equal(fixture__space(&f, 9)->delivered, 1);
	/* Nothing else is touched; and it goes as others do. */
	fixture__assert_exact(&f, SPACE, "ww");
	fixture__exits(&f, 9, 300, 301, true);
	fixture__assert_ended(&f, 9);
	fixture__close(&f);
}

/* Its clone was lost: what it did so far was not compared with the others' calls. */
static void a_thread_that_was_not_known(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fixture__act(&f, 101, MMAP(4, 1, 'w'), 40, 41);
	fixture__assert_uncertain(&f, SPACE, "a thread that was not known");
	fixture__assert_users(&f, SPACE, 1, 2);
	fixture__base(&f, SPACE, "ww..w", 50, 51);
	fixture__act(&f, 101, MMAP(5, 1, 'w'), 60, 61);
	fixture__assert_exact(&f, SPACE, "ww..ww");
	fixture__close(&f);
}

/* Its exec was lost: it has another space, and the old one is nobody's. */
static void a_process_that_has_moved(void **state)
{
	struct call c = fixture__call(8, TGID, TGID, MMAP(0, 1, 'w'), 40, 41);
	struct fixture f;

	fixture__open_with(&f, "ww");
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	fixture__assert_ended(&f, SPACE);
	fixture__assert_users(&f, 8, 1, 1);
	assert_int_equal(tracker__process(f.t, TGID)->space, 8);
	fixture__exits(&f, 8, TGID, TGID, true);
	fixture__assert_ended(&f, 8);
	fixture__close(&f);
}

/* Its exec was lost, but not the walk, and then it ends without a call. */
static void a_walk_of_nobody_is_not_kept_for_ever(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fixture__walk(&f, 8, 40, "xw", 0, true, false);
	assert_false(fixture__space(&f, 8)->exact); /* with what to compare it was lost */
	fixture__exits(&f, 8, TGID, TGID, true);
	fixture__assert_ended(&f, 8 * 100 + SPACE);
	fixture__close(&f);
}

/* ---------------------------------------------------------------- sums */

static void calls_are_counted(void **state)
{
	struct call c = fixture__call(SPACE, TGID, TGID, MMAP(4, 2, 'w'), 40, 47);
	struct fixture f;
	struct process *p;

	fixture__open_with(&f, "ww");
	assert_int_equal(fixture__try(&f, &c), 0);
	fixture__act(&f, TGID, MPROTECT(4, 1, 'n'), 50, 53);
	fixture__act(&f, TGID, MUNMAP(4, 2), 60, 61);
	c = fixture__call(SPACE, TGID, TGID, MPROTECT(9, 1, 'w'), 70, 71);
	c.ret = -12;
	assert_int_equal(fixture__try(&f, &c), 0);
	c.enter_ns = 0; /* began before we attached: no duration, and not in the kernel's count */
	c.uncounted = true;
	assert_int_equal(fixture__try(&f, &c), 0);
	p = tracker__process(f.t, TGID);
	assert_int_equal(p->calls[MT_CALL_MMAP].count, 1);
	assert_int_equal(p->calls[MT_CALL_MMAP].ns, 7);
	assert_int_equal(p->calls[MT_CALL_MMAP].bytes, LEN(2));
	assert_int_equal(p->calls[MT_CALL_MPROTECT].count, 3);
	assert_int_equal(p->calls[MT_CALL_MPROTECT].errors, 2);
	assert_int_equal(p->calls[MT_CALL_MPROTECT].ns, 4);
	assert_int_equal(p->calls[MT_CALL_MPROTECT].bytes, LEN(1));
	assert_int_equal(p->mapped, LEN(2));
	assert_int_equal(p->unmapped, LEN(2));
	assert_int_equal(p->committed, LEN(2));
	assert_int_equal(p->uncommitted, LEN(2)); /* one by mprotect, one by munmap */
	assert_int_equal(p->protections, 1);
	assert_int_equal(fixture__space(&f, SPACE)->delivered, 4);
	assert_int_equal(tracker__totals(f.t)->calls, 5);
	assert_int_equal(f.told.calls, 5);
	fixture__close(&f);
}

static void ended_processes_are_summed_up(void **state)
{
	const uint32_t processes = 5000, kept = 4096;
	size_t left = 0, alive = 0;
	struct process *p;
	struct fixture f;
	uint64_t id;

	fixture__open_with(&f, "ww"); /* the oldest of all, and it lives on */
	for (uint32_t i = 0; i < processes; i++) {
		struct call c = fixture__call(1000 + i, 1000 + i, 1000 + i, MMAP(0, 2, 'w'), 40,
					      43);

		if (i % 2) {
			c.ret = -12;
			c.args[3] &= ~(uint64_t)0x10;
		}
		assert_int_equal(tracker__on_call(f.t, &c), 0);
		fixture__exits(&f, 1000 + i, 1000 + i, 1000 + i, true);
		assert_true(tracker__next_ended(f.t, &id));
		assert_int_equal(id, 1000 + i);
	}
	for (p = tracker__next_process(f.t, NULL); p; p = tracker__next_process(f.t, p)) {
		left += p->ended;
		alive += !p->ended;
	}
	assert_int_equal(left, kept);
	assert_int_equal(alive, 1);
	assert_int_equal(tracker__totals(f.t)->forgotten, processes - kept);
	assert_int_equal(tracker__totals(f.t)->other[MT_CALL_MMAP].count, processes - kept);
	assert_int_equal(tracker__totals(f.t)->other[MT_CALL_MMAP].errors, (processes - kept) / 2);
	assert_int_equal(tracker__totals(f.t)->other[MT_CALL_MMAP].bytes,
			 (processes - kept) / 2 * LEN(2));
	assert_int_equal(tracker__totals(f.t)->other[MT_CALL_MMAP].ns, (processes - kept) * 3);
	assert_int_equal(tracker__totals(f.t)->processes, processes + 1);
	assert_ptr_equal(tracker__next_space(f.t, NULL), fixture__space(&f, SPACE));
	assert_null(tracker__next_space(f.t, tracker__next_space(f.t, NULL)));
	fixture__close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attach_scan_may_come_twice),
		cmocka_unit_test(a_vfork_child_is_found_in_its_parents_space),
		cmocka_unit_test(calls_that_overlap_a_base),
		cmocka_unit_test(a_move_over_a_torn_base_is_not_trusted),
		cmocka_unit_test(the_break_is_kept_though_the_base_has_the_call),
		cmocka_unit_test(a_base_of_an_unknown_space_is_nothing),
		cmocka_unit_test(stack_pointers_mark_stacks),
		cmocka_unit_test(a_call_of_nobody_we_know),
		cmocka_unit_test(a_thread_that_was_not_known),
		cmocka_unit_test(a_process_that_has_moved),
		cmocka_unit_test(a_walk_of_nobody_is_not_kept_for_ever),
		cmocka_unit_test(calls_are_counted),
		cmocka_unit_test(ended_processes_are_summed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
