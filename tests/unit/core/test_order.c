/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tier ordered: calls with numbers that come in another order, late, not at
 * all, or with a base in between. Pictures are the fixture's.
 */
#include "tracker_fixture.h"

#define OTHER 101 /* a second thread of TGID */
#define CHILD 8	  /* space of a process of that number times 100 */

static void open_at(struct fixture *f, const char *picture, uint64_t seq)
{
	fixture__open(f);
	tracker__set_ordered(f->t);
	fixture__task(f, SPACE, TGID, TGID, 10);
	fixture__task(f, SPACE, TGID, OTHER, 10);
	fixture__base_numbered(f, SPACE, picture, seq, seq);
}

/* All calls overlap in time: only their numbers tell their order. */
static void call(struct fixture *f, uint64_t space, uint32_t tid, const struct act *act,
		 uint64_t seq)
{
	struct call c =
		fixture__call(space, space == CHILD ? CHILD * 100 : TGID, tid, act, 100, 200);

	c.seq = seq;
	if (space == CHILD)
		c.mm = fixture__counters("rw");
	assert_int_equal(tracker__on_call(f->t, &c), 0);
}

static void section(struct fixture *f, uint64_t seq, uint32_t origin)
{
	struct section_event ev = { .space = SPACE, .ts_ns = 150, .seq = seq, .origin = origin };

	assert_int_equal(tracker__on_section(f->t, &ev), 0);
}

static void numbers_decide(void **state)
{
	struct fixture f;

	open_at(&f, "ww", 4);
	call(&f, SPACE, OTHER, MMAP(0, 2, 'r'), 6);
	call(&f, SPACE, OTHER, MPROTECT(0, 1, 'n'), 7);
	/* Nothing is told before its turn. */
	fixture__assert_exact(&f, SPACE, "ww");
	assert_int_equal(f.told.calls, 0);
	call(&f, SPACE, TGID, MUNMAP(0, 2), 5);
	fixture__assert_exact(&f, SPACE, "nr");
	assert_int_equal(f.told.calls, 3);
	assert_int_equal(tracker__totals(f.t)->conflicts, 0);
	fixture__close(&f);
}

/* What took no lock has no number: it changes nothing, and stays behind its thread's others. */
static void without_a_number(void **state)
{
	struct fixture f;
	struct call c = fixture__call(SPACE, TGID, OTHER, MPROTECT(0, 1, 'n'), 100, 200);

	open_at(&f, "ww", 0);
	call(&f, SPACE, OTHER, MMAP(2, 1, 'w'), 2);
	c.ret = -22;
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	assert_int_equal(f.told.calls, 0);
	call(&f, SPACE, TGID, MUNMAP(0, 1), 1);
	assert_int_equal(f.told.calls, 3);
	fixture__assert_exact(&f, SPACE, ".ww");
	/* It worked, so that it must have had a section: that was missed. */
	c.ret = 0;
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	fixture__assert_uncertain(&f, SPACE, "without its section");
	fixture__close(&f);
}

static void others_change_the_space(void **state)
{
	static const struct {
		uint32_t origin;
		const char *why; /* NULL: neutral */
	} rows[] = {
		{ MT_ORIGIN_CLONE, NULL },
		{ MT_ORIGIN_FAULT, NULL },
		{ MT_CALL_PRCTL, NULL },
		{ MT_ORIGIN_SYSCALL, "not followed" },
		{ MT_ORIGIN_COMPAT, "32-bit" },
		{ MT_ORIGIN_KERNEL, "io_uring" },
		{ MT_ORIGIN_OTHER_TASK, "another process" },
		{ 1000, "unknown" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		open_at(&f, "ww", 0);
		printf("origin %u\n", rows[i].origin);
		/* In its turn, not when it comes. */
		section(&f, 2, rows[i].origin);
		fixture__assert_exact(&f, SPACE, "ww");
		call(&f, SPACE, TGID, MUNMAP(0, 1), 1);
		if (rows[i].why)
			fixture__assert_uncertain(&f, SPACE, rows[i].why);
		else
			fixture__assert_exact(&f, SPACE, ".w");
		/* Numbers go on; a base that has the section ends the doubt. */
		call(&f, SPACE, TGID, MUNMAP(1, 1), 3);
		fixture__base_numbered(&f, SPACE, "r", 3, 3);
		call(&f, SPACE, TGID, MMAP(1, 1, 'w'), 4);
		fixture__assert_exact(&f, SPACE, "rw");
		fixture__close(&f);
	}
}

/* A base was read while section 6 may have been half done. */
static void base_in_between(void **state)
{
	struct fixture f;

	open_at(&f, "ww", 0);
	call(&f, SPACE, OTHER, MMAP(2, 1, 'w'), 3);
	call(&f, SPACE, OTHER, MUNMAP(2, 1), 5);
	call(&f, SPACE, OTHER, MMAP(3, 1, 'w'), 7);
	fixture__assert_exact(&f, SPACE, "ww");
	fixture__base_numbered(&f, SPACE, "nnr", 4, 6);
	/* 3 is in it and only told; 5 came over it; 6 is awaited. */
	fixture__assert_exact(&f, SPACE, "nn");
	assert_int_equal(f.told.calls, 2);
	call(&f, SPACE, TGID, MUNMAP(0, 1), 2); /* in it as well */
	fixture__assert_exact(&f, SPACE, "nn");
	call(&f, SPACE, TGID, MPROTECT(0, 1, 'r'), 6);
	fixture__assert_exact(&f, SPACE, "rn.w");
	assert_int_equal(f.told.calls, 5);
	fixture__close(&f);
}

/* Section 2 was applied to the map that this one takes the place of. */
static void base_too_old(void **state)
{
	struct fixture f;

	open_at(&f, "ww", 0);
	call(&f, SPACE, TGID, MUNMAP(0, 1), 1);
	call(&f, SPACE, TGID, MUNMAP(1, 1), 2);
	fixture__base_numbered(&f, SPACE, ".w", 1, 1);
	fixture__assert_uncertain(&f, SPACE, "is missing");
	fixture__close(&f);
}

static void loss(void **state)
{
	struct fixture f;

	open_at(&f, "ww", 0);
	call(&f, SPACE, OTHER, MUNMAP(1, 1), 2);
	tracker__on_lost(f.t, SPACE, 1, 300);
	/* What waited is told, and the doubt ends with a base. */
	assert_int_equal(f.told.calls, 1);
	fixture__assert_uncertain(&f, SPACE, "lost");
	call(&f, SPACE, OTHER, MUNMAP(0, 1), 9);
	assert_int_equal(f.told.calls, 2);
	fixture__base_numbered(&f, SPACE, "r", 9, 9);
	fixture__assert_exact(&f, SPACE, "r");
	call(&f, SPACE, OTHER, MMAP(1, 1, 'w'), 11);
	fixture__assert_exact(&f, SPACE, "r");
	call(&f, SPACE, OTHER, MUNMAP(0, 1), 10);
	fixture__assert_exact(&f, SPACE, ".w");
	fixture__close(&f);
}

static void a_number_that_never_comes(void **state)
{
	struct fixture f;

	open_at(&f, "ww", 0);
	call(&f, SPACE, OTHER, MUNMAP(1, 1), 2);
	tracker__expire(f.t, 199);
	fixture__assert_exact(&f, SPACE, "ww");
	tracker__expire(f.t, 200);
	fixture__assert_uncertain(&f, SPACE, "did not come");
	assert_int_equal(f.told.calls, 1);
	fixture__close(&f);
}

static void overflow(void **state)
{
	struct fixture f;
	uint64_t seq;

	open_at(&f, "ww", 0);
	for (seq = 2; seq < 100000 && tracker__space(f.t, SPACE)->exact; seq++)
		call(&f, SPACE, OTHER, seq % 2 ? MMAP(1, 1, 'w') : MUNMAP(1, 1), seq);
	printf("bounded at %u\n", (unsigned int)seq);
	assert_in_range(seq, 10000, 70000);
	fixture__assert_uncertain(&f, SPACE, "too many calls waited");
	/* All that waited was told, and nothing waits any more. */
	assert_int_equal(f.told.calls, seq - 2);
	call(&f, SPACE, TGID, MUNMAP(0, 1), 1);
	assert_int_equal(f.told.calls, seq - 1);
	fixture__close(&f);
}

static void far_ahead(void **state)
{
	struct fixture f;

	open_at(&f, "ww", 0);
	call(&f, SPACE, OTHER, MUNMAP(1, 1), 1ull << 60);
	fixture__assert_uncertain(&f, SPACE, "too many calls waited");
	fixture__close(&f);
}

static void one_number_twice(void **state)
{
	for (uint64_t seq = 1; seq <= 2; seq++) {
		struct fixture f;

		open_at(&f, "ww", 0);
		call(&f, SPACE, TGID, MUNMAP(1, 1), seq);
		call(&f, SPACE, OTHER, MUNMAP(0, 1), seq);
		fixture__assert_uncertain(&f, SPACE, "one number");
		assert_int_equal(f.told.calls, 2);
		fixture__close(&f);
	}
}

/* The copy is of the moment of its number, and the child's calls wait for it. */
static void fork_in_order(void **state)
{
	struct fixture f;
	struct fork_event fork = fixture__fork(SPACE, CHILD, CHILD * 100, 200, "rww");

	open_at(&f, "www", 0);
	fork.seq = 2;
	call(&f, SPACE, OTHER, MUNMAP(1, 1), 3);
	assert_int_equal(tracker__on_fork(f.t, &fork), 0);
	call(&f, CHILD, CHILD * 100, MUNMAP(2, 1), 1);
	assert_int_equal(f.told.calls, 0);
	call(&f, SPACE, TGID, MPROTECT(0, 1, 'r'), 1);
	fixture__assert_exact(&f, SPACE, "r.w");
	fixture__assert_exact(&f, CHILD, "rw");
	assert_int_equal(f.told.calls, 3);
	fixture__close(&f);
}

/* The child has lost a call before its map is there. Found by prop_tracker, seed 1051599. */
static void fork_and_loss(void **state)
{
	struct fixture f;
	struct fork_event fork = fixture__fork(SPACE, CHILD, CHILD * 100, 200, "rww");

	open_at(&f, "www", 0);
	fork.seq = 2;
	assert_int_equal(tracker__on_fork(f.t, &fork), 0);
	call(&f, CHILD, CHILD * 100, MUNMAP(2, 1), 2);
	tracker__on_lost(f.t, CHILD, 1, 300);
	call(&f, SPACE, TGID, MPROTECT(0, 1, 'r'), 1);
	fixture__assert_exact(&f, SPACE, "rww");
	fixture__assert_uncertain(&f, CHILD, "");
	fixture__close(&f);
}

/* A region is looked at after the lock was dropped: section 2 was there before. */
static void region_seen_late(void **state)
{
	for (uint32_t later = 0; later < 2; later++) {
		struct fixture f;
		struct call c = fixture__call(SPACE, TGID, TGID, MMAP(2, 2, 'w'), 100, 200);

		open_at(&f, "ww", 0);
		c.seq = 1;
		c.args[3] &= ~0x20ul; /* of a file */
		c.has_region = true;
		c.region.anonymous = true;
		c.region.region =
			(struct region){ PAGE(2), PAGE(4), 0, REGION_READ | REGION_WRITE, 0 };
		c.seen_after = 1;
		assert_int_equal(tracker__on_call(f.t, &c), 0);
		fixture__assert_exact(&f, SPACE, "wwww");
		/* Elsewhere it does not matter, nor when it came after the look. */
		call(&f, SPACE, OTHER, later ? MUNMAP(0, 1) : MUNMAP(2, 1), 2);
		call(&f, SPACE, OTHER, MUNMAP(3, 1), 3);
		if (later)
			fixture__assert_exact(&f, SPACE, ".ww");
		else
			fixture__assert_uncertain(&f, SPACE, "before it was looked at");
		assert_int_equal(tracker__totals(f.t)->conflicts, !later);
		fixture__close(&f);
	}
}

/* What its threads did last is told before a process ends, and no thread comes back to life. */
static void ends_while_it_waits(void **state)
{
	struct exit_event ev = { .ts_ns = 210, .tgid = TGID, .tid = OTHER, .space = SPACE };
	struct fixture f;

	open_at(&f, "ww", 0);
	call(&f, SPACE, OTHER, MUNMAP(1, 1), 2);
	assert_int_equal(tracker__on_exit(f.t, &ev), 0);
	assert_int_equal(tracker__space(f.t, SPACE)->threads, 2);
	call(&f, SPACE, TGID, MUNMAP(0, 1), 1);
	assert_int_equal(tracker__space(f.t, SPACE)->threads, 1);
	call(&f, SPACE, TGID, MMAP(0, 1, 'w'), 4);
	ev.tid = TGID;
	ev.group = true;
	assert_int_equal(tracker__on_exit(f.t, &ev), 0);
	assert_int_equal(f.told.calls, 3);
	assert_int_equal(tracker__process(f.t, TGID) == NULL, true);
	assert_int_equal(tracker__live_processes(f.t), 0);
	fixture__close(&f);
}

static void execs_while_it_waits(void **state)
{
	struct exec_event ev = fixture__exec(CHILD, TGID, 210, "w");
	struct fixture f;

	open_at(&f, "ww", 0);
	ev.old_space = SPACE;
	call(&f, SPACE, OTHER, MUNMAP(1, 1), 2);
	assert_int_equal(tracker__on_exec(f.t, &ev), 0);
	assert_int_equal(f.told.calls, 1);
	assert_null(tracker__space(f.t, SPACE));
	fixture__close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_decide),
		cmocka_unit_test(without_a_number),
		cmocka_unit_test(others_change_the_space),
		cmocka_unit_test(base_in_between),
		cmocka_unit_test(base_too_old),
		cmocka_unit_test(loss),
		cmocka_unit_test(a_number_that_never_comes),
		cmocka_unit_test(overflow),
		cmocka_unit_test(far_ahead),
		cmocka_unit_test(one_number_twice),
		cmocka_unit_test(fork_in_order),
		cmocka_unit_test(fork_and_loss),
		cmocka_unit_test(region_seen_late),
		cmocka_unit_test(ends_while_it_waits),
		cmocka_unit_test(execs_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
