/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What makes a map uncertain, and what does not: calls whose order is not
 * known, what was lost, counters that disagree. tests/property/prop_tracker.c
 * looks for what is missing here.
 */
#include "tracker_fixture.h"

#define MS 1000000ull

/* Threads 100, 101 and 102 of SPACE, which has been read. */
static void open_threads(struct fixture *f, const char *picture)
{
	fixture__open(f);
	fixture__task(f, SPACE, TGID, TGID, 10);
	fixture__task(f, SPACE, TGID, 101, 11);
	fixture__task(f, SPACE, TGID, 102, 12);
	fixture__base(f, SPACE, picture, 20, 30);
}

/* ---------------------------------------------------------------- two calls */

/* The order in the table is the order in which the records come. */
static const struct {
	const char *what;
	struct {
		uint32_t tid;
		struct act act;
		uint64_t enter, exit;
	} calls[2];
	bool exact;
} pairs[] = {
	{ "at the same time, the same pages",
	  { { 100, { MT_CALL_MPROTECT, 0, 4, 'r' }, 40, 50 },
	    { 101, { MT_CALL_MPROTECT, 2, 4, 'x' }, 45, 55 } }, false },
	{ "one within the other",
	  { { 100, { MT_CALL_MPROTECT, 0, 4, 'r' }, 45, 50 },
	    { 101, { MT_CALL_MPROTECT, 2, 4, 'x' }, 40, 55 } }, false },
	{ "the same thread",
	  { { 100, { MT_CALL_MPROTECT, 0, 4, 'r' }, 40, 50 },
	    { 100, { MT_CALL_MPROTECT, 2, 4, 'x' }, 45, 55 } }, true },
	{ "pages that touch",
	  { { 100, { MT_CALL_MPROTECT, 0, 4, 'r' }, 40, 50 },
	    { 101, { MT_CALL_MPROTECT, 4, 4, 'x' }, 45, 55 } }, true },
	{ "times that touch",
	  { { 100, { MT_CALL_MPROTECT, 0, 4, 'r' }, 40, 45 },
	    { 101, { MT_CALL_MPROTECT, 0, 4, 'x' }, 45, 55 } }, true },
	{ "one after the other, and told the wrong way round",
	  { { 101, { MT_CALL_MPROTECT, 0, 4, 'x' }, 45, 55 },
	    { 100, { MT_CALL_MPROTECT, 0, 4, 'r' }, 40, 44 } }, false },
	{ "and by a second",
	  { { 101, { MT_CALL_MPROTECT, 0, 4, 'x' }, 45 + 1000 * MS, 55 + 1000 * MS },
	    { 100, { MT_CALL_MPROTECT, 0, 4, 'r' }, 40, 44 } }, false },
	{ "one of them only asks",
	  { { 100, { MT_CALL_MINCORE, 0, 4, '.' }, 40, 50 },
	    { 101, { MT_CALL_MPROTECT, 0, 4, 'x' }, 45, 55 } }, true },
	{ "one of them takes all there is",
	  { { 100, { MT_CALL_MUNLOCKALL, 0, 0, '.' }, 40, 50 },
	    { 101, { MT_CALL_MPROTECT, 0, 4, 'x' }, 45, 55 } }, false },
	{ "one of them began before we did",
	  { { 100, { MT_CALL_MPROTECT, 0, 4, 'x' }, 45, 55 },
	    { 101, { MT_CALL_MPROTECT, 6, 1, 'x' }, 0, 65 } }, false },
};

static void two_calls(void **state)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct fixture f;

		print_message("%s\n", pairs[i].what);
		open_threads(&f, "wwwwwwww");
		for (int j = 0; j < 2; j++)
			fixture__act(&f, pairs[i].calls[j].tid, &pairs[i].calls[j].act,
				     pairs[i].calls[j].enter, pairs[i].calls[j].exit);
		if (fixture__space(&f, SPACE)->exact != pairs[i].exact)
			fail_msg("%s: expected %s", pairs[i].what,
				 pairs[i].exact ? "exact" : "uncertain");
		/* Either way the map has the call that came last. */
		assert_null(region_map__check(fixture__space(&f, SPACE)->map));
		fixture__close(&f);
	}
}

static struct call brk_call(uint32_t tid, uint64_t old, uint64_t new, uint64_t enter, uint64_t exit)
{
	struct call c = fixture__call(SPACE, TGID, tid, MUNMAP(0, 0), enter, exit);

	c.id = MT_CALL_BRK;
	c.args[0] = PAGE(new);
	c.args[1] = PAGE(old);
	c.args[2] = PAGE(0);
	c.ret = (int64_t)PAGE(new);
	return c;
}

/* The old break is read before the lock is taken: pages 4 and 5 came back, unseen. */
static const struct {
	const char *what;
	uint64_t old[2], new[2];
} breaks[] = {
	{ "down, and up from where it was", { 6, 6 }, { 4, 8 } },
	{ "down, and to where it was", { 6, 6 }, { 4, 6 } },
	{ "up twice", { 6, 6 }, { 7, 8 } },
};

static void two_breaks(void **state)
{
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
		struct call a = brk_call(TGID, breaks[i].old[0], breaks[i].new[0], 40, 50);
		struct call b = brk_call(101, breaks[i].old[1], breaks[i].new[1], 45, 55);
		struct fixture f;

		print_message("%s\n", breaks[i].what);
		open_threads(&f, "wwwwww");
		assert_int_equal(tracker__on_call(f.t, &a), 0);
		fixture__assert_exact(&f, SPACE, breaks[i].new[0] == 4 ? "wwww" : "wwwwwww");
		assert_int_equal(tracker__on_call(f.t, &b), 0);
		fixture__assert_uncertain(&f, SPACE, "overlapped");
		fixture__close(&f);
	}
}

/* The thread is gone, its call is not: another may have begun before it ended. */
static void a_thread_that_is_gone(void **state)
{
	struct exit_event ev = { .ts_ns = 56, .tgid = TGID, .tid = 101, .space = SPACE };
	struct fixture f;

	fixture__open(&f);
	fixture__task(&f, SPACE, TGID, TGID, 10);
	fixture__task(&f, SPACE, TGID, 101, 11);
	fixture__base(&f, SPACE, "wwww", 20, 30);
	fixture__act(&f, 101, MPROTECT(0, 4, 'x'), 45, 55);
	assert_int_equal(tracker__on_exit(f.t, &ev), 0);
	assert_int_equal(fixture__space(&f, SPACE)->threads, 1);
	fixture__act(&f, TGID, MPROTECT(0, 4, 'r'), 50, 60);
	fixture__assert_uncertain(&f, SPACE, "overlapped");
	fixture__close(&f);
}

/* ---------------------------------------------------------------- many calls */

/* n short calls of 101 while one of 100 lasts, on other pages; then its record. */
static void during_one_call(struct fixture *f, unsigned int n)
{
	open_threads(f, "wwwwwwww");
	for (unsigned int i = 0; i < n; i++)
		fixture__act(f, 101 + i % 2, MPROTECT(4, 1, 'w'), 100 + i * 4, 102 + i * 4);
	fixture__assert_exact(f, SPACE, "wwwwwwww");
	fixture__act(f, TGID, MPROTECT(0, 1, 'w'), 90, 100 + n * 4);
}

static void a_call_that_lasts(void **state)
{
	struct fixture f;

	during_one_call(&f, SPACE_WINDOWS);
	fixture__assert_exact(&f, SPACE, "wwwwwwww");
	fixture__close(&f);
	during_one_call(&f, SPACE_WINDOWS + 1);
	fixture__assert_uncertain(&f, SPACE, "longer than calls are remembered");
	fixture__close(&f);
}

/* Each page is another's; so many of them that all have been forgotten twice. */
static void many_calls_without_conflict(void **state)
{
	struct fixture f;

	open_threads(&f, "wwwwwwww");
	for (unsigned int i = 0; i < SPACE_WINDOWS * 3; i++)
		fixture__act(&f, 100 + i % 3, MPROTECT(i % 3, 1, 'w'), 100 + i * 4, 110 + i * 4);
	fixture__assert_exact(&f, SPACE, "wwwwwwww");
	assert_int_equal(tracker__totals(f.t)->conflicts, 0);
	fixture__close(&f);
}

/* The record of 102 is late, and ended long ago: what came before it may not have. */
static void a_late_record_hides_none(void **state)
{
	struct fixture f;

	open_threads(&f, "wwwwwwww");
	fixture__act(&f, 101, MPROTECT(0, 2, 'x'), 90 * MS, 100 * MS);
	fixture__act(&f, 102, MPROTECT(6, 1, 'w'), 40, 50);
	fixture__assert_exact(&f, SPACE, "xxwwwwww");
	fixture__act(&f, TGID, MPROTECT(0, 2, 'r'), 95 * MS, 105 * MS);
	fixture__assert_uncertain(&f, SPACE, "overlapped");
	fixture__close(&f);
}

/* ---------------------------------------------------------------- fork */

static void forks(struct fixture *f, uint64_t parent, uint64_t child, uint64_t enter, uint64_t ts)
{
	struct fork_event ev = fixture__fork(parent, child, (uint32_t)child * 100, ts,
					     fixture__picture(f, parent));

	ev.enter_ns = enter;
	ev.tid = 102;
	assert_int_equal(tracker__on_fork(f->t, &ev), 0);
}

/* Before or after the fork's record: the child alone cannot know. */
static const struct {
	const char *what;
	bool fork_first;
	uint64_t enter, exit; /* of the call; the fork lasted from 50 to 60 */
	bool child_exact;
} forks_and_calls[] = {
	{ "told before, overlaps", false, 45, 55, false },
	{ "told before, was over", false, 45, 50, true },
	{ "told after, overlaps", true, 55, 65, false },
	{ "told after, overlaps all of it", true, 45, 65, false },
	{ "told after, began after", true, 60, 65, true },
	{ "told after, was over before", true, 45, 49, false },
};

static void forks_while_another_calls(void **state)
{
	for (size_t i = 0; i < sizeof(forks_and_calls) / sizeof(forks_and_calls[0]); i++) {
		struct fixture f;

		print_message("%s\n", forks_and_calls[i].what);
		open_threads(&f, "wwww");
		if (forks_and_calls[i].fork_first)
			forks(&f, SPACE, 8, 50, 60);
		fixture__act(&f, TGID, MPROTECT(0, 1, 'x'), forks_and_calls[i].enter,
			     forks_and_calls[i].exit);
		if (!forks_and_calls[i].fork_first)
			forks(&f, SPACE, 8, 50, 60);
		fixture__assert_exact(&f, SPACE, "xwww");
		if (fixture__space(&f, 8)->exact != forks_and_calls[i].child_exact)
			fail_msg("expected the child %s",
				 forks_and_calls[i].child_exact ? "exact" : "uncertain");
		fixture__close(&f);
	}
}

/* The child forked before its parent's call was told, and is gone. */
static void copies_of_a_copy(void **state)
{
	struct exit_event gone = {
		.ts_ns = 80, .tgid = 800, .tid = 800, .space = 8, .group = true
	};
	struct fixture f;

	open_threads(&f, "wwww");
	forks(&f, SPACE, 6, 40, 44);
	forks(&f, SPACE, 8, 50, 60);
	forks(&f, 8, 9, 62, 64);
	forks(&f, 9, 10, 66, 68);
	forks(&f, 9, 11, 66, 69);
	fixture__base(&f, 11, "wwww", 70, 71);
	assert_int_equal(tracker__on_exit(f.t, &gone), 0);
	fixture__act(&f, TGID, MPROTECT(0, 1, 'x'), 55, 90);
	fixture__assert_exact(&f, SPACE, "xwww");
	fixture__assert_exact(&f, 6, "wwww"); /* copied before that */
	fixture__assert_uncertain(&f, 9, "while it was copied");
	fixture__assert_uncertain(&f, 10, "while it was copied");
	fixture__assert_exact(&f, 11, "wwww"); /* read since */
	fixture__close(&f);
}

static void two_forks_at_a_time(void **state)
{
	struct fork_event ev = fixture__fork(SPACE, 9, 900, 61, "wwww");
	struct fixture f;

	open_threads(&f, "wwww");
	forks(&f, SPACE, 8, 50, 60);
	ev.enter_ns = 50;
	ev.tid = 101;
	assert_int_equal(tracker__on_fork(f.t, &ev), 0);
	fixture__assert_exact(&f, 8, "wwww");
	fixture__assert_exact(&f, 9, "wwww");
	fixture__close(&f);
}

/* ---------------------------------------------------------------- lost */

static const struct {
	const char *what;
	uint32_t counts[3]; /* as three records told */
	uint64_t lost;
	unsigned int events;
} losses[] = {
	{ "none", { 0, 0, 0 }, 0, 0 },
	{ "one", { 0, 1, 1 }, 1, 1 },
	{ "more and more", { 1, 5, 6 }, 6, 3 },
	{ "out of order", { 5, 4, 5 }, 5, 1 },
	{ "wraps", { 0x7fffffff, 0xfffffffe, 4 }, 0x100000004ull, 3 },
};

static void losses_are_told_once(void **state)
{
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		struct fixture f;

		print_message("%s\n", losses[i].what);
		fixture__open_with(&f, "ww");
		fixture__task(&f, 8, 200, 200, 10);
		fixture__base(&f, 8, "ww", 20, 30);
		for (int j = 0; j < 3; j++)
			tracker__on_lost(f.t, SPACE, losses[i].counts[j], 40);
		assert_int_equal(f.told.lost, losses[i].lost);
		assert_int_equal(f.told.lost_events, losses[i].events);
		if (losses[i].events)
			fixture__assert_uncertain(&f, SPACE, "events were lost");
		else
			fixture__assert_exact(&f, SPACE, "ww");
		/* Exactly that space. */
		fixture__assert_exact(&f, 8, "ww");
		tracker__on_lost(f.t, 0, 7, 50);
		tracker__on_lost(f.t, 99, 7, 50);
		fixture__assert_exact(&f, 8, "ww");
		fixture__close(&f);
	}
}

/*
 * A call that was under way when another was lost is carried out over a base
 * that has both: whether it came first, nobody knows.
 */
static void what_was_under_way_when_something_was_lost(void **state)
{
	struct fixture f;

	open_threads(&f, "wwww");
	tracker__on_lost(f.t, SPACE, 1, 100);
	fixture__base(&f, SPACE, "xxww", 5 * MS, 6 * MS);
	fixture__act(&f, TGID, MPROTECT(0, 1, 'r'), 6 * MS, 7 * MS);
	fixture__assert_exact(&f, SPACE, "rxww");
	fixture__act(&f, 101, MPROTECT(1, 1, 'r'), 90, 8 * MS);
	fixture__assert_uncertain(&f, SPACE, "not seen may have overlapped");
	fixture__close(&f);
}

/* What was lost may be the birth of a thread: its first call may be told after a fork. */
static void a_birth_may_have_been_lost(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "wwww");
	tracker__on_lost(f.t, SPACE, 1, 100);
	fixture__base(&f, SPACE, "wwww", 5 * MS, 6 * MS);
	forks(&f, SPACE, 8, 7 * MS, 8 * MS);
	fixture__assert_exact(&f, 8, "wwww");
	fixture__act(&f, 101, MPROTECT(0, 1, 'x'), 5 * MS + 10, 9 * MS);
	fixture__assert_uncertain(&f, 8, "while it was copied");
	fixture__assert_uncertain(&f, SPACE, "a thread that was not known");
	fixture__close(&f);
}

/* The lost call may have been under way when the child was made. */
static void a_loss_is_the_copies_too(void **state)
{
	struct fixture f;

	open_threads(&f, "wwww");
	forks(&f, SPACE, 8, 50, 60);
	forks(&f, 8, 9, 62, 64);
	tracker__on_lost(f.t, 8, 1, 65); /* a single thread's own is no one else's */
	fixture__assert_exact(&f, 9, "wwww");
	tracker__on_lost(f.t, SPACE, 1, 100);
	fixture__assert_uncertain(&f, 8, "lost");
	fixture__assert_uncertain(&f, 9, "while it was copied");
	fixture__close(&f);
}

static void everything_is_uncertain(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww");
	fixture__task(&f, 8, 200, 200, 10);
	tracker__all_uncertain(f.t, "a test", 40);
	fixture__assert_uncertain(&f, SPACE, "a test");
	fixture__assert_uncertain(&f, 8, "not read yet");
	fixture__base(&f, SPACE, "ww", 50, 60);
	fixture__base(&f, 8, "w", 50, 60);
	tracker__all_uncertain(f.t, "again", 70);
	fixture__assert_uncertain(&f, 8, "again");
	assert_int_equal(f.told.uncertain, 3);
	fixture__close(&f);
}

/* ---------------------------------------------------------------- counters */

/* A map, the kernel's counters as another map has them, and what comes of it. */
static const struct {
	const char *what, *map, *kernel, *want; /* want NULL: uncertain */
	uint64_t grown;
} audits[] = {
	{ "agrees", "ww..ww", "ww..ww", "ww..ww", 0 },
	{ "one more", "ww..ww", "www.ww", NULL, 0 },
	{ "one less", "ww..ww", "w...ww", NULL, 0 },
	{ "the only stack grew", "ww....gg", "ww..gggg", "ww..gggg", 0 },
	{ "one of two stacks grew", "ww..gg..gg", "ww.ggg..gg", "ww..gg..gg", LEN(1) },
	{ "a stack, and more than that", "ww....gg", "ww.wgggg", NULL, 0 },
	{ "a stack shrank", "ww....gg", "ww.....g", NULL, 0 },
	{ "no stack is there to grow", "ww....ww", "ww...gww", NULL, 0 },
};

static void counters_are_compared(void **state)
{
	for (size_t i = 0; i < sizeof(audits) / sizeof(audits[0]); i++) {
		struct mt_counters mm = fixture__counters(audits[i].kernel);
		struct fixture f;
		bool agrees;

		print_message("%s\n", audits[i].what);
		fixture__open_with(&f, audits[i].map);
		agrees = tracker__audit(f.t, tracker__space(f.t, SPACE), &mm, 40);
		assert_true(agrees == !!audits[i].want);
		if (audits[i].want)
			fixture__assert_exact(&f, SPACE, audits[i].want);
		else
			fixture__assert_uncertain(&f, SPACE, "counters disagree");
		assert_int_equal(fixture__space(&f, SPACE)->grown, audits[i].grown);
		assert_int_equal(tracker__totals(f.t)->audits, 1);
		assert_int_equal(tracker__totals(f.t)->audit_failures, !agrees);
		/* A second look finds the same. */
		assert_true(tracker__audit(f.t, tracker__space(f.t, SPACE), &mm, 41) == agrees);
		fixture__close(&f);
	}
}

/* Which of several grew is asked of the kernel, and then it is in the map. */
static void several_that_grow_are_asked_for(void **state)
{
	struct mt_lookup found[] = {
		{ PAGE(6) - 1, PAGE(4), PAGE(6) },  /* as it was */
		{ PAGE(12) - 1, PAGE(8), PAGE(12) }, /* two pages lower */
		{ PAGE(12) - 1, PAGE(9), PAGE(12) }, /* no news */
		{ PAGE(20), 0, 0 },		    /* nothing there */
		{ PAGE(1), PAGE(0), PAGE(2) },	    /* does not grow */
	};
	struct mt_counters mm = fixture__counters("ww..gg..gggg");
	struct fixture f;
	struct space *s;
	uint64_t addrs[8];

	fixture__open_with(&f, "ww..gg....gg");
	s = tracker__space(f.t, SPACE);
	assert_true(tracker__audit(f.t, s, &mm, 40));
	assert_int_equal(s->grown, LEN(2));
	assert_int_equal(tracker__growing(s, addrs, 8), 2);
	assert_int_equal(addrs[0], PAGE(6) - 1);
	assert_int_equal(addrs[1], PAGE(12) - 1);
	assert_int_equal(tracker__growing(s, addrs, 1), 1);
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++)
		assert_int_equal(tracker__grown(s, &found[i]), 0);
	fixture__assert_exact(&f, SPACE, "ww..gg..gggg");
	assert_int_equal(s->grown, 0);
	assert_true(tracker__audit(f.t, s, &mm, 41));
	fixture__close(&f);
	fixture__open_with(&f, "ww");
	assert_int_equal(tracker__growing(tracker__space(f.t, SPACE), addrs, 8), 0);
	fixture__close(&f);
}

/* After each call of a single thread; of more, others may be under way. */
static void calls_are_audited_by_themselves(void **state)
{
	struct call c = fixture__call(SPACE, TGID, TGID, MMAP(2, 1, 'w'), 40, 41);
	struct fixture f;

	c.mm = fixture__counters("wwww");
	fixture__open_with(&f, "ww");
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	fixture__assert_uncertain(&f, SPACE, "counters disagree");
	assert_int_equal(tracker__totals(f.t)->audits, 1);
	/* While it is uncertain there is nothing to compare. */
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	assert_int_equal(tracker__totals(f.t)->audits, 1);
	fixture__close(&f);
	open_threads(&f, "ww");
	assert_int_equal(tracker__on_call(f.t, &c), 0);
	fixture__assert_exact(&f, SPACE, "www");
	assert_int_equal(tracker__totals(f.t)->audits, 0);
	fixture__close(&f);
}

static void an_audit_without_a_base_fails(void **state)
{
	struct mt_counters mm = { 0 };
	struct fixture f;

	fixture__open(&f);
	fixture__task(&f, SPACE, TGID, TGID, 10);
	assert_false(tracker__audit(f.t, tracker__space(f.t, SPACE), &mm, 40));
	fixture__close(&f);
}

/* ---------------------------------------------------------------- wanted */

static const struct {
	uint64_t uncertain_ns, read_ns, not_after_ns;
	bool wanted;
} wants[] = {
	{ 100, 50, 100, true },	 { 100, 50, 99, false }, { 100, 50, 1000, true },
	{ 60, 90, 100, true }, { 100, 100, 100, true }, { 100, 0, UINT64_MAX, true },
	{ 100, 120, 110, false }, { 100, 120, 120, true },
};

static void what_wants_a_base(void **state)
{
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct fixture f;
		struct space *s;

		fixture__open_with(&f, "ww");
		assert_null(tracker__next_wanted(f.t, NULL, UINT64_MAX));
		s = tracker__space(f.t, SPACE);
		tracker__all_uncertain(f.t, "a test", wants[i].uncertain_ns);
		s->last_base_ns = wants[i].read_ns; /* as one who tried and failed notes */
		s = tracker__next_wanted(f.t, NULL, wants[i].not_after_ns);
		if (!s != !wants[i].wanted)
			fail_msg("row %zu: expected %s", i, wants[i].wanted ? "wanted" : "not");
		if (s)
			assert_null(tracker__next_wanted(f.t, s, wants[i].not_after_ns));
		fixture__close(&f);
	}
}

static void all_that_want_a_base(void **state)
{
	struct space *s = NULL;
	struct fixture f;
	uint64_t sum = 0;

	fixture__open(&f);
	for (uint32_t id = 1; id <= 5; id++)
		fixture__task(&f, id, id, id, 10 * id);
	fixture__base(&f, 2, "w", 100, 101);
	while ((s = tracker__next_wanted(f.t, s, 40)))
		sum = sum * 10 + s->id;
	assert_int_equal(sum, 134); /* not 2, which was read; not 5, which is new */
	fixture__close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_calls),
		cmocka_unit_test(two_breaks),
		cmocka_unit_test(a_thread_that_is_gone),
		cmocka_unit_test(a_call_that_lasts),
		cmocka_unit_test(many_calls_without_conflict),
		cmocka_unit_test(a_late_record_hides_none),
		cmocka_unit_test(forks_while_another_calls),
		cmocka_unit_test(copies_of_a_copy),
		cmocka_unit_test(two_forks_at_a_time),
		cmocka_unit_test(losses_are_told_once),
		cmocka_unit_test(what_was_under_way_when_something_was_lost),
		cmocka_unit_test(a_birth_may_have_been_lost),
		cmocka_unit_test(a_loss_is_the_copies_too),
		cmocka_unit_test(everything_is_uncertain),
		cmocka_unit_test(counters_are_compared),
		cmocka_unit_test(several_that_grow_are_asked_for),
		cmocka_unit_test(calls_are_audited_by_themselves),
		cmocka_unit_test(an_audit_without_a_base_fails),
		cmocka_unit_test(what_wants_a_base),
		cmocka_unit_test(all_that_want_a_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
