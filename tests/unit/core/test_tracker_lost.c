/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracker under events that come late, twice or never: who has which space,
 * and which spaces are let go of. Nothing is read from a kernel here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/tracker.h"

#define PID 100
#define CHILD 101
#define PAGE REGION_PAGE
#define BASE 0x10000000ull

static struct tracker *tracker;

static int begin(void **state)
{
	(void)state;
	tracker = tracker__new(NULL, NULL);
	return tracker ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	tracker__free(tracker);
	return 0;
}

static void found(uint64_t space, uint32_t tgid, uint32_t tid)
{
	struct mt_task task = {
		.space = space,
		.tgid = tgid,
		.tid = tid,
		.start_ns = 7,
		.layout = { .task_size = 1ull << 47 },
	};

	assert_int_equal(tracker__on_task(tracker, &task, "found"), 0);
}

static void forked(uint64_t space, uint64_t child_space, uint32_t child, uint64_t ts_ns)
{
	struct fork_event ev = {
		.ts_ns = ts_ns,
		.enter_ns = ts_ns - 1,
		.tgid = PID,
		.tid = PID,
		.child_tgid = child_space == space ? PID : child,
		.child_tid = child,
		.space = space,
		.child_space = child_space,
		.child_start_ns = 7,
		.thread = child_space == space,
		.shared = child_space == space,
		.mm.total_vm = 1,
	};

	assert_int_equal(tracker__on_fork(tracker, &ev), 0);
}

static void execed(uint64_t old_space, uint64_t space, uint64_t ts_ns)
{
	struct exec_event ev = {
		.ts_ns = ts_ns,
		.start_ns = 7,
		.tgid = PID,
		.tid = PID,
		.old_tid = PID,
		.old_space = old_space,
		.space = space,
	};

	assert_int_equal(tracker__on_exec(tracker, &ev), 0);
}

static void ended(uint64_t space, uint32_t tgid, uint32_t tid)
{
	struct exit_event ev = { .ts_ns = 900, .tgid = tgid, .tid = tid, .space = space };

	ev.group = tid == tgid;
	assert_int_equal(tracker__on_exit(tracker, &ev), 0);
}

/* One page at addr, with these flags: all that the space has. */
static void snapshot(uint64_t space, uint64_t addr, uint32_t flags, uint64_t ts_ns)
{
	struct raw_region r = { .region = { .start = addr, .end = addr + PAGE, .flags = flags } };

	r.anonymous = true;
	r.backing.name = "";
	assert_int_equal(tracker__base(tracker, space, &r, 1, ts_ns, ts_ns), 0);
}

static void protects(uint64_t space, uint32_t tid, int prot, uint64_t enter_ns, uint64_t exit_ns)
{
	struct call c = {
		.id = MT_CALL_MPROTECT,
		.tgid = PID,
		.tid = tid,
		.space = space,
		.target = space,
		.enter_ns = enter_ns,
		.exit_ns = exit_ns,
		.args = { BASE, PAGE, (uint64_t)prot },
		.mm = { .total_vm = 1, .data_vm = prot & 2 ? 1 : 0, .map_count = 1 },
	};

	assert_int_equal(tracker__on_call(tracker, &c), 0);
}

static void walked(uint64_t space)
{
	struct raw_region r = { .region = { BASE, BASE + PAGE, 0, REGION_READ, 0 } };
	struct walk_event ev = { .space = space, .tgid = PID, .count = 1, .last = true };

	r.anonymous = true;
	r.backing.name = "";
	ev.regions = &r;
	assert_int_equal(tracker__on_walk(tracker, &ev), 0);
}

static uint64_t space_of(uint32_t tgid)
{
	struct process *p = tracker__process(tracker, tgid);

	return p ? p->space : 0;
}

/* The ids of all spaces that are let go of, as a sum. */
static uint64_t let_go(void)
{
	uint64_t id, sum = 0;

	while (tracker__next_ended(tracker, &id))
		sum += id;
	return sum;
}

/* -p of a process that execs while the scan runs: the scan has its new space already. */
static void exec_after_scan(void **state)
{
	(void)state;
	found(1, PID, PID);
	execed(0, 1, 10);
	assert_int_equal(let_go(), 0);
	assert_int_equal(space_of(PID), 1);
}

/* A scan sees what is later than the events still in the ring. */
static void old_events_after_scan(void **state)
{
	(void)state;
	found(1, PID, PID);
	found(3, PID, PID);
	assert_int_equal(let_go(), 1);
	protects(1, PID, 1, 5, 6);
	execed(1, 2, 10);
	walked(2);
	assert_int_equal(space_of(PID), 3);
	assert_null(tracker__space(tracker, 1));
	assert_null(tracker__space(tracker, 2));
	execed(2, 3, 20);
	assert_int_equal(space_of(PID), 3);
	assert_int_equal(let_go(), 2);
}

/* Whichever event of the new space comes first tells that the exec was lost. */
static void lost_exec(void **state)
{
	(void)state;
	found(1, PID, PID);
	walked(2);
	assert_int_equal(space_of(PID), 2);
	assert_int_equal(let_go(), 1);
	protects(3, PID, 1, 5, 6);
	assert_int_equal(space_of(PID), 3);
	assert_int_equal(let_go(), 2);
}

/* All of it was lost but its end: the kernel's table is to be told even so. */
static void lost_fork(void **state)
{
	(void)state;
	found(1, PID, PID);
	ended(2, CHILD, CHILD);
	assert_int_equal(let_go(), 2);
	execed(1, 4, 10);
	assert_int_equal(let_go(), 1);
	assert_int_equal(space_of(PID), 4);
}

static void lost_exit(void **state)
{
	(void)state;
	found(1, PID, PID);
	forked(1, 2, CHILD, 10);
	forked(1, 1, CHILD + 1, 11);
	assert_int_equal(tracker__live_processes(tracker), 2);
	assert_int_equal(tracker__space(tracker, 1)->threads, 2);
	tracker__scan_begin(tracker);
	found(1, PID, PID);
	tracker__scan_end(tracker, 20);
	assert_int_equal(tracker__live_processes(tracker), 1);
	assert_int_equal(tracker__space(tracker, 1)->threads, 1);
	assert_int_equal(let_go(), 2);
}

/* A thread's id is used again by another process, and its end was lost. */
static void lost_thread_exit(void **state)
{
	(void)state;
	found(1, PID, PID);
	forked(1, 1, CHILD, 10);
	forked(1, 2, CHILD, 20);
	assert_int_equal(tracker__space(tracker, 1)->threads, 1);
	assert_int_equal(tracker__space(tracker, 2)->threads, 1);
}

/* The child was read after its fork, and the fork comes later: the reading stays. */
static void fork_after_base(void **state)
{
	const struct region *r;

	(void)state;
	found(1, PID, PID);
	found(2, CHILD, CHILD);
	snapshot(1, BASE, REGION_READ, 5);
	snapshot(2, BASE + 64 * PAGE, REGION_READ, 20);
	forked(1, 2, CHILD, 10);
	r = region_map__find(tracker__space(tracker, 2)->map, 0);
	assert_non_null(r);
	assert_int_equal(r->start, BASE + 64 * PAGE);
	assert_true(tracker__space(tracker, 2)->exact);
}

/*
 * PID    |------- mprotect(RW) ------|
 * other     |-- mprotect(R) --| exit
 * Which of them was last? By the time that the first is told, one thread is left.
 */
static void overlap_with_ended(void **state)
{
	(void)state;
	found(1, PID, PID);
	forked(1, 1, CHILD, 10);
	snapshot(1, BASE, REGION_READ, 20);
	protects(1, CHILD, 1, 40, 50);
	ended(1, PID, CHILD);
	assert_true(tracker__space(tracker, 1)->exact);
	protects(1, PID, 3, 30, 60);
	assert_false(tracker__space(tracker, 1)->exact);
}

/* As many pages as before, but some are not writable any more: int $0x80 is not seen. */
static void unseen_protection(void **state)
{
	struct mt_counters mm = { .total_vm = 1, .data_vm = 1, .map_count = 1 };

	(void)state;
	found(1, PID, PID);
	snapshot(1, BASE, REGION_READ | REGION_WRITE, 5);
	assert_true(tracker__audit(tracker, tracker__space(tracker, 1), &mm, 10));
	mm.data_vm = 0;
	assert_false(tracker__audit(tracker, tracker__space(tracker, 1), &mm, 20));
	assert_false(tracker__space(tracker, 1)->exact);
	/* A region that grows down, which the snapshot could not tell: no ground for doubt. */
	snapshot(1, BASE, REGION_READ | REGION_WRITE, 30);
	mm.stack_vm = 1;
	assert_true(tracker__audit(tracker, tracker__space(tracker, 1), &mm, 40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(exec_after_scan, begin, end),
		cmocka_unit_test_setup_teardown(old_events_after_scan, begin, end),
		cmocka_unit_test_setup_teardown(lost_exec, begin, end),
		cmocka_unit_test_setup_teardown(lost_fork, begin, end),
		cmocka_unit_test_setup_teardown(lost_exit, begin, end),
		cmocka_unit_test_setup_teardown(lost_thread_exit, begin, end),
		cmocka_unit_test_setup_teardown(fork_after_base, begin, end),
		cmocka_unit_test_setup_teardown(overlap_with_ended, begin, end),
		cmocka_unit_test_setup_teardown(unseen_protection, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
