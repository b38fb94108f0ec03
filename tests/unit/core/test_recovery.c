// SPDX-License-Identifier: GPL-2.0
/*
 * Tier truth: a loss at each position is noticed, nothing wrong is called
 * exact meanwhile, and audits fail where they must.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/tracker.h"

#define PID 100
#define SPACE 1
#define PAGE REGION_PAGE
#define FIRST 10 /* number of the first section */

/* What the tracker told of the space. */
struct told {
	unsigned int uncertain, exact, audits;
	const char *why;
};

static void on_state(void *ctx, const struct state_record *rec)
{
	struct told *told = ctx;

	told->uncertain += !rec->exact;
	told->exact += rec->exact;
}

static void on_audit(void *ctx, const struct audit_record *rec)
{
	struct told *told = ctx;

	told->audits++;
	told->why = rec->why;
}

static const struct observer observer = { .state = on_state, .audit = on_audit };

/*
 * A kernel of its own: n one-page regions from page 1 on, a page between each,
 * all readable. A section adds one. What it sends gets lost as a case says.
 */
struct kernel {
	struct tracker *t;
	struct told told;
	uint64_t seq;
	uint32_t n;
	struct raw_region regions[64];
};

static struct raw_region raw(uint32_t i)
{
	return (struct raw_region){
		.region = { .start = (2 * i + 1) * PAGE,
			    .end = (2 * i + 2) * PAGE,
			    .flags = REGION_READ },
		.backing = { .name = "" },
		.anonymous = true,
	};
}

static struct mt_counters kernel__counters(const struct kernel *k)
{
	return (struct mt_counters){ .total_vm = k->n, .map_count = k->n };
}

static uint64_t kernel__hash(const struct kernel *k)
{
	uint64_t hash = 0;
	uint32_t i;

	for (i = 0; i < k->n; i++)
		hash = mt_hash_region(hash, k->regions[i].region.start, k->regions[i].region.end,
				      MT_VM_READ, 0);
	return hash;
}

static void kernel__audit(struct kernel *k)
{
	struct audit_event ev = { .space = SPACE,
				  .seq = k->seq & MT_SEQ_MASK,
				  .hash = kernel__hash(k),
				  .mm = kernel__counters(k) };

	assert_int_equal(tracker__on_audit(k->t, &ev), 0);
}

/* A piece of a walk: regions [first, first + count). */
static void kernel__piece(struct kernel *k, uint32_t first, uint32_t count)
{
	struct walk_event ev = { .space = SPACE,
				 .ts_ns = 1,
				 .seq = k->seq & MT_SEQ_MASK,
				 .tgid = PID,
				 .first = first,
				 .count = count,
				 .last = first + count == k->n,
				 .mm = kernel__counters(k),
				 .regions = &k->regions[first] };

	assert_int_equal(tracker__on_walk(k->t, &ev), 0);
}

static void kernel__walk(struct kernel *k)
{
	kernel__piece(k, 0, k->n);
}

/* full: its regions are not sent, and a walk has to follow. */
static void kernel__section(struct kernel *k, bool full, bool lost)
{
	struct section_event ev = { .space = SPACE,
				    .seq = k->seq++ & MT_SEQ_MASK,
				    .tgid = PID,
				    .tid = PID,
				    .origin = MT_CALL_MMAP,
				    .full = full };

	k->regions[k->n] = raw(k->n);
	ev.lo = k->regions[k->n].region.start;
	ev.hi = k->regions[k->n].region.end;
	ev.regions = &k->regions[k->n++];
	ev.count = 1;
	ev.mm = kernel__counters(k);
	if (full)
		ev.lo = ev.hi = ev.count = 0;
	if (!lost)
		assert_int_equal(tracker__on_section(k->t, &ev), 0);
}

static const struct space *kernel__space(const struct kernel *k)
{
	return tracker__space(k->t, SPACE);
}

static void kernel__begin(struct kernel *k, uint64_t seq)
{
	struct exec_event exec = {
		.ts_ns = 1, .tgid = PID, .tid = PID, .space = SPACE, .comm = "x"
	};

	memset(k, 0, sizeof(*k));
	k->seq = seq;
	for (; k->n < 4; k->n++)
		k->regions[k->n] = raw(k->n);
	k->t = tracker__new(&observer, &k->told);
	assert_non_null(k->t);
	tracker__set_truth(k->t, true);
	assert_int_equal(tracker__on_exec(k->t, &exec), 0);
	kernel__walk(k);
	assert_true(kernel__space(k)->exact);
}

/* A map that is called exact is the kernel's; that is what all this is about. */
static void check(const struct kernel *k, const char *when, bool want_exact)
{
	const struct space *s = kernel__space(k);
	struct region_iter it;
	const struct region *r;
	uint32_t i = 0;

	if (s->exact != want_exact)
		fail_msg("%s: expected exact %d, got %d (%s)", when, want_exact, s->exact,
			 s->why ? s->why : "");
	if (!s->exact)
		return;
	for (r = region_iter__init(&it, s->map, 0); r; r = region_iter__next(&it), i++) {
		if (i >= k->n || r->start != k->regions[i].region.start)
			fail_msg("%s: region %u is not the kernel's", when, i);
	}
	if (i != k->n)
		fail_msg("%s: expected %u regions, got %u", when, k->n, i);
}

/* The next section tells. */
static void lost_section(void **state)
{
	struct kernel k;

	(void)state;
	kernel__begin(&k, FIRST);
	kernel__section(&k, false, true);
	kernel__section(&k, false, false);
	check(&k, "the section after it", false);
	assert_int_equal(tracker__totals(k.t)->missing, 1);
	assert_int_equal(k.told.uncertain, 1);
	kernel__section(&k, false, false);
	check(&k, "one more", false);
	assert_int_equal(tracker__totals(k.t)->missing, 1);
	kernel__walk(&k);
	check(&k, "a whole map", true);
	assert_int_equal(k.told.exact, 1);
	kernel__section(&k, false, false);
	check(&k, "and on", true);
	tracker__free(k.t);
}

/* Nothing comes any more: an audit, or the kernel's number, is asked for. */
static void lost_last_section(void **state)
{
	struct kernel k;
	int by_number;

	(void)state;
	for (by_number = 0; by_number < 2; by_number++) {
		kernel__begin(&k, FIRST);
		kernel__section(&k, false, true);
		kernel__section(&k, false, true);
		if (by_number)
			tracker__on_number(k.t, tracker__space(k.t, SPACE), k.seq, 1);
		else
			kernel__audit(&k);
		check(&k, by_number ? "its number" : "its audit", false);
		assert_int_equal(tracker__totals(k.t)->missing, 2);
		assert_int_equal(kernel__space(&k)->proofs, 0);
		kernel__walk(&k);
		check(&k, "a whole map", true);
		kernel__audit(&k);
		assert_int_equal(kernel__space(&k)->proofs, 1);
		tracker__free(k.t);
	}
}

/* The walk that tells of it makes up for it as well; but it is told of. */
static void lost_before_a_walk(void **state)
{
	struct kernel k;

	(void)state;
	kernel__begin(&k, FIRST);
	kernel__section(&k, false, true);
	kernel__walk(&k);
	check(&k, "a whole map", true);
	assert_int_equal(tracker__totals(k.t)->missing, 1);
	assert_int_equal(k.told.uncertain, 1);
	assert_int_equal(k.told.exact, 1);
	tracker__free(k.t);
}

/* Of a section that sends everything the head, or one piece or another. */
static void lost_piece(void **state)
{
	static const struct {
		const char *what;
		bool head, first, middle, last;
		bool exact;
	} cases[] = {
		{ "nothing lost", true, true, true, true, true },
		{ "no head", false, true, true, true, true },
		{ "no first piece", true, false, true, true, false },
		{ "no middle piece", true, true, false, true, false },
		{ "no last piece", true, true, true, false, false },
		{ "no piece", true, false, false, false, false },
	};
	struct kernel k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kernel__begin(&k, FIRST);
		kernel__section(&k, true, !cases[i].head);
		if (cases[i].head)
			check(&k, "only the head", false);
		if (cases[i].first)
			kernel__piece(&k, 0, 2);
		if (cases[i].middle)
			kernel__piece(&k, 2, 2);
		if (cases[i].last)
			kernel__piece(&k, 4, 1);
		check(&k, cases[i].what, cases[i].exact);
		/* Where nothing was lost there is nothing to tell of. */
		if (cases[i].head && cases[i].exact)
			assert_int_equal(k.told.uncertain, 0);
		kernel__section(&k, false, false);
		check(&k, cases[i].what, cases[i].exact);
		if (!cases[i].exact)
			assert_int_equal(k.told.uncertain, 1);
		kernel__walk(&k);
		check(&k, cases[i].what, true);
		tracker__free(k.t);
	}
}

/* Nothing comes after it: it is asked for when it is overdue. */
static void overdue(void **state)
{
	struct kernel k;

	(void)state;
	kernel__begin(&k, FIRST);
	kernel__section(&k, true, false);
	assert_int_equal(k.told.uncertain, 0);
	assert_ptr_equal(tracker__next_wanted(k.t, NULL, UINT64_MAX), kernel__space(&k));
	tracker__overdue(k.t, tracker__space(k.t, SPACE), 1);
	assert_int_equal(k.told.uncertain, 1);
	kernel__walk(&k);
	check(&k, "a whole map", true);
	tracker__free(k.t);
}

/* Two walks at once: pieces of different moments make no map. */
static void two_walks(void **state)
{
	struct kernel k;

	(void)state;
	kernel__begin(&k, FIRST);
	kernel__section(&k, false, true);
	kernel__piece(&k, 0, 2);
	kernel__section(&k, false, true);
	kernel__piece(&k, 2, k.n - 2);
	assert_int_equal(k.told.exact, 0);
	kernel__walk(&k);
	check(&k, "a whole map", true);
	tracker__free(k.t);
}

/* What comes twice, or late, changes nothing. */
static void again_and_late(void **state)
{
	struct section_event old = { .space = SPACE, .lo = PAGE, .hi = 9 * PAGE, .seq = FIRST };
	struct walk_event walk = {
		.space = SPACE, .seq = FIRST, .tgid = PID, .last = true, .count = 1
	};
	struct raw_region one = raw(0);
	struct kernel k;

	(void)state;
	walk.regions = &one;
	walk.mm = (struct mt_counters){ .total_vm = 1, .map_count = 1 };
	kernel__begin(&k, FIRST);
	kernel__section(&k, false, false);
	kernel__section(&k, false, false);
	assert_int_equal(tracker__on_section(k.t, &old), 0);
	check(&k, "a section again", true);
	assert_int_equal(tracker__on_walk(k.t, &walk), 0);
	check(&k, "a walk that is old", true);
	/* Not even when what made it old got lost. */
	kernel__section(&k, false, true);
	kernel__walk(&k);
	walk.seq = FIRST + 2;
	assert_int_equal(tracker__on_walk(k.t, &walk), 0);
	check(&k, "a walk that is old, after a walk", true);
	assert_int_equal(tracker__totals(k.t)->missing, 1);
	tracker__free(k.t);
}

/* Numbers begin again after 2^31. */
static void wrapped(void **state)
{
	struct kernel k;
	int i;

	(void)state;
	kernel__begin(&k, MT_SEQ_MASK - 1);
	for (i = 0; i < 4; i++) {
		kernel__section(&k, false, false);
		check(&k, "around the end of the numbers", true);
	}
	assert_int_equal(k.told.uncertain, 0);
	kernel__section(&k, false, true);
	kernel__section(&k, false, false);
	check(&k, "a loss after it", false);
	assert_int_equal(tracker__totals(k.t)->missing, 1);
	tracker__free(k.t);
	/* And one just there. */
	kernel__begin(&k, MT_SEQ_MASK);
	kernel__section(&k, false, true);
	kernel__section(&k, false, false);
	check(&k, "a loss just there", false);
	assert_int_equal(tracker__totals(k.t)->missing, 1);
	tracker__free(k.t);
}

/* An exec whose record got lost is known by the scan, and has no map until one is sent. */
static void lost_exec(void **state)
{
	struct mt_task task = { .space = SPACE + 1, .tgid = PID, .tid = PID, .ts_ns = 2 };
	struct exit_event exit = {
		.ts_ns = 3, .tgid = PID, .tid = PID, .space = SPACE + 1, .group = true
	};
	struct walk_event walk = { .space = SPACE + 1,
				   .seq = 5,
				   .tgid = PID,
				   .last = true,
				   .count = 1,
				   .mm = { .total_vm = 1, .map_count = 1 } };
	struct raw_region one = raw(0);
	struct kernel k;

	(void)state;
	walk.regions = &one;
	kernel__begin(&k, FIRST);
	/* Its map is nobody's yet. */
	assert_int_equal(tracker__on_walk(k.t, &walk), 0);
	assert_null(tracker__space(k.t, SPACE + 1));
	tracker__scan_begin(k.t);
	assert_int_equal(tracker__on_task(k.t, &task, "x"), 0);
	tracker__scan_end(k.t, 2);
	assert_null(tracker__space(k.t, SPACE));
	assert_false(tracker__space(k.t, SPACE + 1)->exact);
	assert_ptr_equal(tracker__next_wanted(k.t, NULL, UINT64_MAX),
			 tracker__space(k.t, SPACE + 1));
	assert_int_equal(tracker__on_walk(k.t, &walk), 0);
	assert_true(tracker__space(k.t, SPACE + 1)->exact);
	assert_int_equal(tracker__on_exit(k.t, &exit), 0);
	assert_null(tracker__space(k.t, SPACE + 1));
	tracker__free(k.t);
}

/* A downgraded section has the sizes that were before it: no more, no less. */
static void downgraded(void **state)
{
	static const struct {
		const char *what;
		uint64_t total_vm;
		bool exact;
	} cases[] = {
		{ "as before", 4, true },
		{ "taken off already", 3, false },
		{ "something else", 5, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct section_event ev = { .space = SPACE,
					    .lo = 7 * PAGE,
					    .hi = 8 * PAGE,
					    .seq = FIRST,
					    .downgraded = true };
		struct kernel k;

		kernel__begin(&k, FIRST);
		k.n = 3;
		k.seq++;
		ev.mm = (struct mt_counters){ .total_vm = cases[i].total_vm, .map_count = 3 };
		assert_int_equal(tracker__on_section(k.t, &ev), 0);
		check(&k, cases[i].what, cases[i].exact);
		tracker__free(k.t);
	}
}

/* A stack that grew in a fault: such a section is downgraded as well, and only adds. */
static void downgraded_growth(void **state)
{
	struct section_event ev = { .space = SPACE,
				    .lo = 9 * PAGE,
				    .hi = 10 * PAGE,
				    .seq = FIRST,
				    .origin = MT_ORIGIN_FAULT,
				    .count = 1,
				    .downgraded = true,
				    .comm = "x" };
	struct kernel k;

	(void)state;
	kernel__begin(&k, FIRST);
	k.regions[k.n] = raw(k.n);
	ev.regions = &k.regions[k.n++];
	k.seq++;
	ev.mm = kernel__counters(&k);
	assert_int_equal(tracker__on_section(k.t, &ev), 0);
	check(&k, "a stack that grew", true);
	tracker__free(k.t);
}

/* Each thing that an audit looks at, wrong by one. */
static void audits(void **state)
{
	static const struct {
		const char *what;
		struct mt_counters by;
		uint64_t hash;
		bool unsettled, bad, exact;
	} cases[] = {
		{ "all right", { 0 }, 0, false, false, true },
		{ "a hash", { 0 }, 1, false, false, false },
		{ "total_vm", { .total_vm = 1 }, 0, false, false, false },
		{ "total_vm, unsettled", { .total_vm = 1 }, 0, true, false, true },
		{ "data_vm", { .data_vm = 1 }, 0, false, false, false },
		{ "stack_vm", { .stack_vm = 1 }, 0, false, false, false },
		{ "map_count", { .map_count = 1 }, 0, false, false, false },
		{ "what a driver has locked", { .locked_vm = 1 }, 0, false, false, true },
		{ "a walk that failed", { 0 }, 0, false, true, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct audit_event ev = { .space = SPACE, .seq = FIRST };
		struct kernel k;

		kernel__begin(&k, FIRST);
		ev.hash = kernel__hash(&k) + cases[i].hash;
		ev.mm = kernel__counters(&k);
		ev.mm.total_vm += cases[i].by.total_vm;
		ev.mm.data_vm += cases[i].by.data_vm;
		ev.mm.stack_vm += cases[i].by.stack_vm;
		ev.mm.map_count += cases[i].by.map_count;
		ev.mm.locked_vm += cases[i].by.locked_vm;
		ev.unsettled = cases[i].unsettled;
		ev.bad = cases[i].bad;
		assert_int_equal(tracker__on_audit(k.t, &ev), 0);
		check(&k, cases[i].what, cases[i].exact);
		assert_int_equal(k.told.audits, !cases[i].exact);
		assert_int_equal(tracker__totals(k.t)->audit_failures, !cases[i].exact);
		tracker__free(k.t);
	}
}

/* Three in a row that a whole map does not put right, and nothing is believed any more. */
static void distrust(void **state)
{
	struct walk_event walk = {
		.space = SPACE, .tgid = PID, .seq = FIRST, .last = true, .count = 4
	};
	struct kernel k;
	int i;

	(void)state;
	kernel__begin(&k, FIRST);
	walk.regions = k.regions;
	walk.mm = kernel__counters(&k);
	walk.mm.total_vm++;
	for (i = 0; i < 2; i++) {
		assert_int_equal(tracker__on_walk(k.t, &walk), 0);
		check(&k, "a walk that contradicts itself", false);
	}
	assert_false(tracker__distrusted(k.t));
	/* One that does not: the others were accidents. */
	kernel__walk(&k);
	for (i = 0; i < 3; i++) {
		assert_false(tracker__distrusted(k.t));
		walk.bad = i == 1;
		assert_int_equal(tracker__on_walk(k.t, &walk), 0);
		check(&k, "a walk that contradicts itself", false);
	}
	assert_true(tracker__distrusted(k.t));
	/* What was walked while it changed is no evidence. */
	tracker__free(k.t);
	kernel__begin(&k, FIRST);
	walk.bad = walk.stale = true;
	for (i = 0; i < 3; i++)
		assert_int_equal(tracker__on_walk(k.t, &walk), 0);
	assert_false(tracker__distrusted(k.t));
	check(&k, "walks of what moved", true);
	tracker__free(k.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_section),
		cmocka_unit_test(lost_last_section),
		cmocka_unit_test(lost_before_a_walk),
		cmocka_unit_test(lost_piece),
		cmocka_unit_test(overdue),
		cmocka_unit_test(two_walks),
		cmocka_unit_test(again_and_late),
		cmocka_unit_test(wrapped),
		cmocka_unit_test(lost_exec),
		cmocka_unit_test(downgraded),
		cmocka_unit_test(downgraded_growth),
		cmocka_unit_test(audits),
		cmocka_unit_test(distrust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
