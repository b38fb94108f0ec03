/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracker: processes, threads and spaces as they come and go, and what map
 * each space has from then on. Windows of calls are test_windows.c's.
 */
/* ceiling: one table of events after another, over one fixture. */
#include "tracker_fixture.h"

static const struct space *space(const struct fixture *f, uint64_t id)
{
	return tracker__space(f->t, id);
}

static void assert_users(const struct fixture *f, uint64_t id, uint32_t users, uint32_t threads)
{
	assert_non_null(space(f, id));
	if (space(f, id)->users != users || space(f, id)->threads != threads)
		fail_msg("space %llu: expected %u users and %u threads, got %u and %u",
			 (unsigned long long)id, users, threads, space(f, id)->users,
			 space(f, id)->threads);
}

static void fork_into(struct fixture *f, uint64_t child_space, uint32_t child, uint64_t ts,
		      const char *picture)
{
	struct fork_event ev = fixture__fork(SPACE, child_space, child, ts, picture);

	assert_int_equal(tracker__on_fork(f->t, &ev), 0);
}

static void thread_born(struct fixture *f, uint32_t tid, uint64_t ts)
{
	struct fork_event ev = fixture__fork(SPACE, SPACE, tid, ts, "");

	ev.thread = true;
	ev.child_tgid = TGID;
	ev.child_start_ns = TGID;
	assert_int_equal(tracker__on_fork(f->t, &ev), 0);
}

static void exits(struct fixture *f, uint64_t id, uint32_t tgid, uint32_t tid, bool group)
{
	struct exit_event ev = { .ts_ns = 900, .tgid = tgid, .tid = tid, .space = id,
				 .group = group, .status = 0x100 };

	assert_int_equal(tracker__on_exit(f->t, &ev), 0);
}

static void execs(struct fixture *f, uint64_t id, uint32_t tgid, uint64_t ts, const char *picture)
{
	struct exec_event ev = fixture__exec(id, tgid, ts, picture);

	assert_int_equal(tracker__on_exec(f->t, &ev), 0);
}

/* Exactly these ids were handed on, the last first, two digits each. */
static void assert_ended(struct fixture *f, uint64_t want)
{
	uint64_t got = 0, id;

	while (tracker__next_ended(f->t, &id)) {
		assert_null(space(f, id));
		got = got * 100 + id;
	}
	assert_int_equal(got, want);
}

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
	assert_users(&f, SPACE, 1, 3);
	assert_users(&f, 8, 1, 1);
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
	assert_users(&f, SPACE, 2, 2);
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
	assert_false(space(&f, SPACE)->exact);
	fixture__base(&f, SPACE, "....ww", 90, 91);
	fixture__assert_exact(&f, SPACE, "....ww");
	assert_int_equal(space(&f, SPACE)->resyncs, 1);
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
	tracker__usage(f.t, space(&f, SPACE), &usage);
	assert_int_equal(usage.kind[KIND_HEAP], LEN(4));
	fixture__close(&f);
}

static void a_base_of_an_unknown_space_is_nothing(void **state)
{
	struct fixture f;

	fixture__open(&f);
	fixture__base(&f, 99, "ww", 20, 30);
	assert_null(space(&f, 99));
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

/* ---------------------------------------------------------------- fork */

static void fork_copies_the_map(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "wwd.l.ff");
	fork_into(&f, 8, 200, 40, "ww..w.ff");
	fixture__assert_exact(&f, 8, "ww..w.ff");
	fixture__assert_exact(&f, SPACE, "wwd.l.ff");
	assert_users(&f, 8, 1, 1);
	assert_users(&f, SPACE, 1, 1);
	assert_int_equal(tracker__process(f.t, 200)->parent, TGID);
	assert_int_equal(f.told.process[PROCESS_FORK], 1);
	/* From here on they go their own ways. */
	fixture__act(&f, TGID, MUNMAP(0, 1), 50, 51);
	fixture__assert_exact(&f, 8, "ww..w.ff");
	fixture__assert_exact(&f, SPACE, ".wd.l.ff");
	fixture__close(&f);
}

/* No snapshot shows DONTFORK: the child's counters tell that something is amiss. */
static void fork_without_what_was_not_known_is_noticed(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "www");
	fork_into(&f, 8, 200, 40, "w.w");
	fixture__assert_uncertain(&f, 8, "counters disagree");
	fixture__assert_exact(&f, SPACE, "www");
	fixture__close(&f);
}

static void fork_of_what_is_not_known(void **state)
{
	struct fork_event ev = fixture__fork(0, 9, 300, 40, "ww");
	struct fixture f;

	fixture__open_with(&f, "ww");
	tracker__all_uncertain(f.t, "a test", 35);
	fork_into(&f, 8, 200, 40, "ww");
	fixture__assert_uncertain(&f, 8, "its parent's map was not known");
	assert_true(space(&f, 8)->has_base);
	/* The parent is not in scope at all. */
	ev.no_base = true;
	assert_int_equal(tracker__on_fork(f.t, &ev), 0);
	fixture__assert_uncertain(&f, 9, "not read yet");
	assert_false(space(&f, 9)->has_base);
	/* In scope, not read yet. */
	fixture__task(&f, 10, 400, 400, 50);
	ev = fixture__fork(10, 11, 500, 60, "ww");
	ev.tgid = ev.tid = 400;
	assert_int_equal(tracker__on_fork(f.t, &ev), 0);
	assert_false(space(&f, 11)->has_base);
	fixture__close(&f);
}

/* The parent was read after the copy: what it has now may be newer. */
static void fork_before_the_parent_was_read(void **state)
{
	struct fixture f;

	fixture__open(&f);
	fixture__task(&f, SPACE, TGID, TGID, 10);
	fixture__base(&f, SPACE, "ww", 50, 60);
	fork_into(&f, 8, 200, 59, "ww");
	fixture__assert_uncertain(&f, 8, "its parent's map was not known");
	fork_into(&f, 9, 300, 60, "ww");
	fixture__assert_exact(&f, 9, "ww");
	fixture__close(&f);
}

/* The scan found the child and it was read before the record of its birth came. */
static void a_childs_own_base_is_kept(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fixture__task(&f, 8, 200, 200, 50);
	fixture__base(&f, 8, "ww.w", 60, 70);
	fork_into(&f, 8, 200, 40, "ww");
	fixture__assert_exact(&f, 8, "ww.w");
	assert_users(&f, 8, 1, 1);
	assert_int_equal(f.told.process[PROCESS_FORK], 0);
	fixture__close(&f);
}

static void vfork_shares(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fork_into(&f, SPACE, 200, 40, "");
	assert_users(&f, SPACE, 2, 2);
	fixture__assert_exact(&f, SPACE, "ww");
	/* The child execs: the parent has its space for itself again. */
	execs(&f, 8, 200, 50, "x");
	assert_users(&f, SPACE, 1, 1);
	assert_users(&f, 8, 1, 1);
	assert_ended(&f, 0);
	fixture__close(&f);
}

/* The space lives as long as one of them; /proc is then read through another. */
static void a_shared_space_outlives_its_first_process(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fork_into(&f, SPACE, 200, 40, "");
	exits(&f, SPACE, TGID, TGID, true);
	assert_users(&f, SPACE, 1, 1);
	assert_int_equal(space(&f, SPACE)->tgid, 200);
	assert_ended(&f, 0);
	exits(&f, SPACE, 200, 200, true);
	assert_ended(&f, SPACE);
	fixture__close(&f);
}

/* A vfork child whose exec is not followed leaves. */
static void exec_out_of_scope(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fork_into(&f, SPACE, 200, 40, "");
	execs(&f, 0, 200, 50, "");
	assert_null(tracker__process(f.t, 200));
	assert_users(&f, SPACE, 1, 1);
	assert_int_equal(f.told.process[PROCESS_EXIT], 1);
	fixture__close(&f);
}

/* ---------------------------------------------------------------- exec */

static void exec_with_a_walk_in_pieces(void **state)
{
	struct fixture f;
	uint32_t n;

	fixture__open_with(&f, "wwww");
	execs(&f, 8, TGID, 40, "xx..ww..g");
	assert_ended(&f, SPACE);
	fixture__assert_uncertain(&f, 8, "not read yet");
	n = fixture__walk(&f, 8, 41, "xx", 0, false, false);
	n = fixture__walk(&f, 8, 41, "....ww", n, false, false);
	fixture__assert_uncertain(&f, 8, "not read yet");
	fixture__walk(&f, 8, 41, "........g", n, true, false);
	fixture__assert_exact(&f, 8, "xx..ww..g");
	assert_int_equal(f.told.process[PROCESS_EXEC], 1);
	assert_string_equal(tracker__process(f.t, TGID)->comm, "execed");
	/* What it starts with is what this program starts with. */
	assert_int_equal(tracker__process(f.t, TGID)->at_start.total, LEN(5));
	assert_int_equal(tracker__totals(f.t)->audits, 1);
	fixture__close(&f);
}

enum { LAST = 1, BAD = 2 };
static const struct {
	const char *what;
	struct {
		uint32_t first;
		const char *picture;
		int flags;
	} pieces[4];
	const char *want; /* NULL: it never becomes a map */
} walks[] = {
	{ "one piece", { { 0, "xw", LAST } }, "xw" },
	{ "the first is missing", { { 1, ".w", LAST } }, NULL },
	{ "one in the middle is missing", { { 0, "x", 0 }, { 2, "..w", LAST } }, NULL },
	{ "the last is missing", { { 0, "x", 0 }, { 1, ".w", 0 } }, NULL },
	{ "twice the same", { { 0, "x", 0 }, { 1, ".w", 0 }, { 1, ".w", LAST } }, NULL },
	{ "the wrong way round", { { 1, ".w", LAST }, { 0, "x", 0 } }, NULL },
	{ "it failed", { { 0, "x", 0 }, { 1, ".w", LAST | BAD } }, NULL },
	{ "begun again", { { 0, "xxx", 0 }, { 0, "x", 0 }, { 1, ".w", LAST } }, "xw" },
	{ "empty", { { 0, "", LAST } }, "" },
	{ "regions out of order", { { 0, ".w", 0 }, { 1, "x", LAST } }, NULL },
};

static void walks_that_are_not_whole(void **state)
{
	for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
		struct fixture f;

		print_message("%s\n", walks[i].what);
		fixture__open(&f);
		execs(&f, 8, TGID, 40, walks[i].want ? walks[i].want : "");
		for (size_t j = 0; j < 4 && walks[i].pieces[j].picture; j++) {
			struct raw_region raw[3] = { 0 };
			struct walk_event ev = {
				.space = 8, .ts_ns = 41, .tgid = TGID, .regions = raw,
				.first = walks[i].pieces[j].first,
				.last = walks[i].pieces[j].flags & LAST,
				.bad = walks[i].pieces[j].flags & BAD,
			};
			const char *picture = walks[i].pieces[j].picture;

			for (size_t k = 0; picture[k]; k++) {
				if (picture[k] == '.')
					continue;
				raw[ev.count].anonymous = true;
				raw[ev.count++].region = (struct region){
					PAGE(k), PAGE(k + 1), 0,
					picture[k] == 'x' ? REGION_READ | REGION_EXEC :
							    REGION_READ | REGION_WRITE, 0
				};
			}
			assert_int_equal(tracker__on_walk(f.t, &ev), 0);
		}
		if (walks[i].want) {
			fixture__assert_exact(&f, 8, walks[i].want);
		} else {
			assert_false(space(&f, 8)->exact);
			assert_int_equal(space(&f, 8)->has_base, false);
		}
		fixture__close(&f);
	}
}

static void exec_by_another_thread_than_the_leader(void **state)
{
	struct exec_event ev = fixture__exec(8, TGID, 50, "x");
	struct fixture f;

	fixture__open_with(&f, "ww");
	thread_born(&f, 101, 40);
	thread_born(&f, 102, 41);
	assert_users(&f, SPACE, 1, 3);
	exits(&f, SPACE, TGID, 102, false);
	ev.old_tid = 101;
	assert_int_equal(tracker__on_exec(f.t, &ev), 0);
	assert_users(&f, 8, 1, 1);
	assert_int_equal(tracker__process(f.t, TGID)->threads, 1);
	assert_ended(&f, SPACE);
	fixture__walk(&f, 8, 51, "x", 0, true, false);
	fixture__assert_exact(&f, 8, "x");
	fixture__close(&f);
}

/* ---------------------------------------------------------------- exit */

static void threads_and_groups_exit(void **state)
{
	struct fixture f;
	struct process *p;

	fixture__open_with(&f, "ww.w");
	thread_born(&f, 101, 40);
	exits(&f, SPACE, TGID, 101, false);
	assert_users(&f, SPACE, 1, 1);
	exits(&f, SPACE, TGID, 101, false); /* once more: nobody */
	assert_users(&f, SPACE, 1, 1);
	thread_born(&f, 102, 50);
	exits(&f, SPACE, TGID, TGID, false); /* the leader, before the others */
	assert_users(&f, SPACE, 1, 1);
	exits(&f, SPACE, TGID, 102, true);
	assert_ended(&f, SPACE);
	assert_null(tracker__process(f.t, TGID));
	p = tracker__next_process(f.t, NULL);
	assert_true(p->ended);
	assert_int_equal(p->status, 0x100);
	assert_int_equal(p->at_end.total, LEN(3));
	assert_int_equal(p->last_ns, 900);
	assert_int_equal(tracker__live_processes(f.t), 0);
	exits(&f, SPACE, 4711, 4711, true); /* of whom we know nothing */
	fixture__close(&f);
}

static void a_pid_is_used_again(void **state)
{
	struct mt_task task = { .space = 8, .start_ns = 5000, .tgid = TGID, .tid = TGID,
				.ts_ns = 50 };
	struct fixture f;
	struct process *p;

	fixture__open_with(&f, "ww");
	thread_born(&f, 101, 40);
	/* The exit was lost; the same number, another start. */
	assert_int_equal(tracker__on_task(f.t, &task, "again"), 0);
	assert_ended(&f, SPACE);
	assert_users(&f, 8, 1, 1);
	p = tracker__next_process(f.t, NULL);
	assert_true(p->ended);
	p = tracker__next_process(f.t, p);
	assert_false(p->ended);
	assert_ptr_equal(p, tracker__process(f.t, TGID));
	assert_int_equal(p->start_ns, 5000);
	assert_null(tracker__next_process(f.t, p));
	assert_int_equal(f.told.process[PROCESS_FOUND], 2);
	assert_int_equal(f.told.process[PROCESS_EXIT], 1);
	/* It was not lost, but came by another ring: it is not the new one's end. */
	exits(&f, SPACE, TGID, TGID, true);
	assert_ptr_equal(tracker__process(f.t, TGID), p);
	assert_users(&f, 8, 1, 1);
	exits(&f, 8, TGID, TGID, true);
	assert_null(tracker__process(f.t, TGID));
	fixture__close(&f);
}

/* The exit of 101 was lost, and another process has a thread of that number now. */
static void a_tid_is_used_again(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	thread_born(&f, 101, 40);
	fixture__task(&f, 8, 200, 200, 50);
	fixture__task(&f, 8, 200, 101, 51);
	assert_users(&f, SPACE, 1, 1);
	assert_users(&f, 8, 1, 2);
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
	assert_users(&f, 9, 1, 1);
	assert_int_equal(tracker__process(f.t, 300)->calls[MT_CALL_MMAP].count, 1);
	assert_string_equal(tracker__process(f.t, 300)->comm, "called");
	assert_int_equal(space(&f, 9)->delivered, 1);
	/* Nothing else is touched; and it goes as others do. */
	fixture__assert_exact(&f, SPACE, "ww");
	exits(&f, 9, 300, 301, true);
	assert_ended(&f, 9);
	fixture__close(&f);
}

/* Its clone was lost: what it did so far was not compared with the others' calls. */
static void a_thread_that_was_not_known(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fixture__act(&f, 101, MMAP(4, 1, 'w'), 40, 41);
	fixture__assert_uncertain(&f, SPACE, "a thread that was not known");
	assert_users(&f, SPACE, 1, 2);
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
	assert_ended(&f, SPACE);
	assert_users(&f, 8, 1, 1);
	assert_int_equal(tracker__process(f.t, TGID)->space, 8);
	exits(&f, 8, TGID, TGID, true);
	assert_ended(&f, 8);
	fixture__close(&f);
}

/* Its exec was lost, but not the walk, and then it ends without a call. */
static void a_walk_of_nobody_is_not_kept_for_ever(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fixture__walk(&f, 8, 40, "xw", 0, true, false);
	assert_false(space(&f, 8)->exact); /* with what to compare it was lost */
	exits(&f, 8, TGID, TGID, true);
	assert_ended(&f, 8 * 100 + SPACE);
	fixture__close(&f);
}

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
	assert_int_equal(space(&f, SPACE)->delivered, 4);
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
		exits(&f, 1000 + i, 1000 + i, 1000 + i, true);
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
	assert_ptr_equal(tracker__next_space(f.t, NULL), space(&f, SPACE));
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
		cmocka_unit_test(fork_copies_the_map),
		cmocka_unit_test(fork_without_what_was_not_known_is_noticed),
		cmocka_unit_test(fork_of_what_is_not_known),
		cmocka_unit_test(fork_before_the_parent_was_read),
		cmocka_unit_test(a_childs_own_base_is_kept),
		cmocka_unit_test(vfork_shares),
		cmocka_unit_test(a_shared_space_outlives_its_first_process),
		cmocka_unit_test(exec_out_of_scope),
		cmocka_unit_test(exec_with_a_walk_in_pieces),
		cmocka_unit_test(walks_that_are_not_whole),
		cmocka_unit_test(exec_by_another_thread_than_the_leader),
		cmocka_unit_test(threads_and_groups_exit),
		cmocka_unit_test(a_pid_is_used_again),
		cmocka_unit_test(a_tid_is_used_again),
		cmocka_unit_test(a_call_of_nobody_we_know),
		cmocka_unit_test(a_thread_that_was_not_known),
		cmocka_unit_test(a_process_that_has_moved),
		cmocka_unit_test(a_walk_of_nobody_is_not_kept_for_ever),
		cmocka_unit_test(calls_are_counted),
		cmocka_unit_test(ended_processes_are_summed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
