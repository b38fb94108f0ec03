// SPDX-License-Identifier: GPL-2.0
/*
 * Processes, threads and spaces as the tracker sees them come and go: fork, exec
 * and exit, and what map each space has from then on.
 */
#include "tracker_fixture.h"

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

static void execs(struct fixture *f, uint64_t id, uint32_t tgid, uint64_t ts, const char *picture)
{
	struct exec_event ev = fixture__exec(id, tgid, ts, picture);

	assert_int_equal(tracker__on_exec(f->t, &ev), 0);
}

/* ---------------------------------------------------------------- fork */

static void fork_copies_the_map(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "wwd.l.ff");
	fork_into(&f, 8, 200, 40, "ww..w.ff");
	fixture__assert_exact(&f, 8, "ww..w.ff");
	fixture__assert_exact(&f, SPACE, "wwd.l.ff");
	fixture__assert_users(&f, 8, 1, 1);
	fixture__assert_users(&f, SPACE, 1, 1);
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
	assert_true(fixture__space(&f, 8)->has_base);
	/* The parent is not in scope at all. */
	ev.no_base = true;
	assert_int_equal(tracker__on_fork(f.t, &ev), 0);
	fixture__assert_uncertain(&f, 9, "not read yet");
	assert_false(fixture__space(&f, 9)->has_base);
	/* In scope, not read yet. */
	fixture__task(&f, 10, 400, 400, 50);
	ev = fixture__fork(10, 11, 500, 60, "ww");
	ev.tgid = ev.tid = 400;
	assert_int_equal(tracker__on_fork(f.t, &ev), 0);
	assert_false(fixture__space(&f, 11)->has_base);
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
	fixture__assert_users(&f, 8, 1, 1);
	assert_int_equal(f.told.process[PROCESS_FORK], 0);
	fixture__close(&f);
}

static void vfork_shares(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fork_into(&f, SPACE, 200, 40, "");
	fixture__assert_users(&f, SPACE, 2, 2);
	fixture__assert_exact(&f, SPACE, "ww");
	/* The child execs: the parent has its space for itself again. */
	execs(&f, 8, 200, 50, "x");
	fixture__assert_users(&f, SPACE, 1, 1);
	fixture__assert_users(&f, 8, 1, 1);
	fixture__assert_ended(&f, 0);
	fixture__close(&f);
}

/* The space lives as long as one of them; /proc is then read through another. */
static void a_shared_space_outlives_its_first_process(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fork_into(&f, SPACE, 200, 40, "");
	fixture__exits(&f, SPACE, TGID, TGID, true);
	fixture__assert_users(&f, SPACE, 1, 1);
	assert_int_equal(fixture__space(&f, SPACE)->tgid, 200);
	fixture__assert_ended(&f, 0);
	fixture__exits(&f, SPACE, 200, 200, true);
	fixture__assert_ended(&f, SPACE);
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
	fixture__assert_users(&f, SPACE, 1, 1);
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
	fixture__assert_ended(&f, SPACE);
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
			assert_false(fixture__space(&f, 8)->exact);
			assert_int_equal(fixture__space(&f, 8)->has_base, false);
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
	fixture__assert_users(&f, SPACE, 1, 3);
	fixture__exits(&f, SPACE, TGID, 102, false);
	ev.old_tid = 101;
	assert_int_equal(tracker__on_exec(f.t, &ev), 0);
	fixture__assert_users(&f, 8, 1, 1);
	assert_int_equal(tracker__process(f.t, TGID)->threads, 1);
	fixture__assert_ended(&f, SPACE);
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
	fixture__exits(&f, SPACE, TGID, 101, false);
	fixture__assert_users(&f, SPACE, 1, 1);
	fixture__exits(&f, SPACE, TGID, 101, false); /* once more: nobody */
	fixture__assert_users(&f, SPACE, 1, 1);
	thread_born(&f, 102, 50);
	fixture__exits(&f, SPACE, TGID, TGID, false); /* the leader, before the others */
	fixture__assert_users(&f, SPACE, 1, 1);
	fixture__exits(&f, SPACE, TGID, 102, true);
	fixture__assert_ended(&f, SPACE);
	assert_null(tracker__process(f.t, TGID));
	p = tracker__next_process(f.t, NULL);
	assert_true(p->ended);
	assert_int_equal(p->status, 0x100);
	assert_int_equal(p->at_end.total, LEN(3));
	assert_int_equal(p->last_ns, 900);
	assert_int_equal(tracker__live_processes(f.t), 0);
	fixture__exits(&f, SPACE, 4711, 4711, true); /* of whom we know nothing */
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
	fixture__assert_ended(&f, SPACE);
	fixture__assert_users(&f, 8, 1, 1);
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
	fixture__exits(&f, SPACE, TGID, TGID, true);
	assert_ptr_equal(tracker__process(f.t, TGID), p);
	fixture__assert_users(&f, 8, 1, 1);
	fixture__exits(&f, 8, TGID, TGID, true);
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
	fixture__assert_users(&f, SPACE, 1, 1);
	fixture__assert_users(&f, 8, 1, 2);
	fixture__close(&f);
}

static bool is_held(const struct fixture *f, uint32_t tgid)
{
	struct process *p = NULL;

	do
		p = tracker__next_process(f->t, p);
	while (p && p->tgid != tgid);
	return p;
}

/* However old they were: not those that live, nor who ended just now. */
static void who_ended_first_is_forgotten_first(void **state)
{
	const uint32_t last = 4096 + 3; /* of those that ended 4096 are known */
	struct fixture f;
	uint32_t i;

	fixture__open(&f);
	for (i = 1; i <= last; i++)
		fixture__task(&f, i, i, i, i);
	for (i = last; i > 3; i--)
		fixture__exits(&f, i, i, i, true);
	assert_int_equal(tracker__totals(f.t)->forgotten, 0);
	fixture__exits(&f, 3, 3, 3, true);
	assert_int_equal(tracker__totals(f.t)->forgotten, 1);
	assert_false(is_held(&f, last));
	assert_true(is_held(&f, last - 1));
	assert_true(is_held(&f, 3));
	fixture__exits(&f, 1, 1, 1, true);
	assert_int_equal(tracker__totals(f.t)->forgotten, 2);
	assert_false(is_held(&f, last - 1));
	assert_true(is_held(&f, last - 2));
	assert_true(is_held(&f, 1));
	assert_non_null(tracker__process(f.t, 2));
	fixture__close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(who_ended_first_is_forgotten_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
