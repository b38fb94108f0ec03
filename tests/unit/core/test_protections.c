/* SPDX-License-Identifier: GPL-2.0 */
/* Changes of protection: classes, history in words, folding, and what rules allow. */
#include "tracker_fixture.h"

#include <sys/mman.h>

#include "core/allow.h"
#include "core/stacks.h"

static const struct {
	const char *what, *before, *told; /* told NULL: nothing */
	enum severity severity;
	struct act act;
} protections[] = {
	{ "rw to rwx", "www", "W+X: anonymous, was writable, now writable and executable at once",
	  SEVERITY_WARNING, { MT_CALL_MPROTECT, 0, 2, 'X' } },
	{ "mapped rwx", "", "W+X: anonymous, writable and executable at once",
	  SEVERITY_WARNING, { MT_CALL_MMAP, 4, 2, 'X' } },
	{ "rwx as it was", "XX", NULL,
	  SEVERITY_INFO, { MT_CALL_MPROTECT, 0, 2, 'X' } },
	{ "rx to rwx", "xx", "W+X: anonymous, now writable and executable at once",
	  SEVERITY_WARNING, { MT_CALL_MPROTECT, 0, 2, 'X' } },
	{ "rw to rx", "www", "W>X: anonymous, was writable, then executable",
	  SEVERITY_WARNING, { MT_CALL_MPROTECT, 0, 2, 'x' } },
	{ "rx to rw", "xx", "X>W: anonymous, was executable, now writable",
	  SEVERITY_INFO, { MT_CALL_MPROTECT, 1, 1, 'w' } },
	{ "a file's rx to rw", "ff", "X>W: file-private, was executable, now writable",
	  SEVERITY_WARNING, { MT_CALL_MPROTECT, 0, 2, 'w' } },
	{ "a file's rx to rwx", "ff", "W+X: text, now writable and executable at once",
	  SEVERITY_CRITICAL, { MT_CALL_MPROTECT, 0, 2, 'X' } },
	{ "a thread's stack", "s", "stack-exec: a thread's stack, now executable",
	  SEVERITY_CRITICAL, { MT_CALL_MPROTECT, 0, 1, 'X' } },
	{ "r to rx", "rr", NULL,
	  SEVERITY_INFO, { MT_CALL_MPROTECT, 0, 2, 'x' } },
	{ "r to rw", "rr", NULL,
	  SEVERITY_INFO, { MT_CALL_MPROTECT, 0, 2, 'w' } },
	{ "rw to nothing", "ww", NULL,
	  SEVERITY_INFO, { MT_CALL_MPROTECT, 0, 2, 'n' } },
	{ "rwx to rx", "XX", NULL,
	  SEVERITY_INFO, { MT_CALL_MPROTECT, 0, 2, 'x' } },
	{ "rwx to rw", "XX", NULL,
	  SEVERITY_INFO, { MT_CALL_MPROTECT, 0, 2, 'w' } },
	{ "unmapped", "XX", NULL,
	  SEVERITY_INFO, { MT_CALL_MUNMAP, 0, 2, '.' } },
	{ "mapped rx over rw", "ww", "W>X: anonymous, was writable, then executable",
	  SEVERITY_WARNING, { MT_CALL_MMAP, 0, 2, 'x' } },
};

static void classes(void **state)
{
	for (size_t i = 0; i < sizeof(protections) / sizeof(protections[0]); i++) {
		const struct act *act = &protections[i].act;
		struct fixture f;

		print_message("%s\n", protections[i].what);
		fixture__open_with(&f, protections[i].before);
		fixture__act(&f, TGID, act, 40, 41);
		if (!protections[i].told) {
			assert_int_equal(f.told.findings[FINDING_PROTECTION], 0);
		} else {
			assert_int_equal(f.told.findings[FINDING_PROTECTION], 1);
			assert_string_equal(f.told.finding.text, protections[i].told);
			assert_int_equal(f.told.finding.severity, protections[i].severity);
			assert_int_equal(f.told.finding.start, PAGE(act->page));
			assert_int_equal(f.told.finding.bytes, LEN(act->n));
			assert_int_equal(f.told.finding.count, 1);
			assert_int_equal(f.told.finding.tid, TGID);
			assert_int_equal(f.told.finding.ts_ns, 41);
			assert_non_null(f.told.finding.process);
			assert_non_null(f.told.finding.region_name);
		}
		fixture__close(&f);
	}
}

/* The permissions that are told are those of what is told of, not of the range's first. */
static void permissions_are_of_the_pages(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "rrw");
	fixture__act(&f, TGID, MPROTECT(0, 3, 'x'), 40, 41);
	assert_string_equal(f.told.finding.text, "W>X: anonymous, was writable, then executable");
	assert_int_equal(f.told.finding.start, PAGE(2));
	assert_int_equal(f.told.finding.bytes, LEN(1));
	assert_int_equal(f.told.finding.old_flags & REGION_RWX, REGION_READ | REGION_WRITE);
	assert_int_equal(f.told.finding.new_flags & REGION_RWX, REGION_READ | REGION_EXEC);
	fixture__close(&f);
}

#define MS(n) ((uint64_t)(n) * 1000000)

/* Steps of one page, each at its time in ms; then what the last one told. */
static const struct {
	const char *what, *before;
	struct {
		char how; /* m: mapped; p: protected; u: unmapped */
		char letter;
		uint64_t ms;
	} steps[5];
	const char *told;
} histories[] = {
	{ "mapped, written, made executable", "", { { 'm', 'w', 10 }, { 'p', 'x', 13 } },
	  "W>X: anonymous, writable for 3.0 ms, then executable" },
	{ "reserved first", "", { { 'm', 'n', 10 }, { 'p', 'w', 20 }, { 'p', 'x', 22 } },
	  "W>X: anonymous, made 12.0 ms ago, writable for 2.0 ms, then executable" },
	{ "read-only between", "", { { 'm', 'w', 10 }, { 'p', 'r', 14 }, { 'p', 'x', 21 } },
	  "W>X: anonymous, writable for 4.0 ms until 7.0 ms ago, then executable" },
	{ "no access between", "", { { 'm', 'w', 10 }, { 'p', 'n', 14 }, { 'p', 'x', 21 } },
	  "W>X: anonymous, writable for 4.0 ms until 7.0 ms ago, then executable" },
	{ "was there before", "w", { { 'p', 'r', 14 }, { 'p', 'x', 21 } },
	  "W>X: anonymous, writable until 7.0 ms ago, then executable" },
	{ "both at once, later", "", { { 'm', 'w', 10 }, { 'p', 'X', 21 } },
	  "W+X: anonymous, writable for 11.0 ms, now writable and executable at once" },
	{ "other memory since", "", { { 'm', 'w', 10 }, { 'u', '.', 11 }, { 'm', 'r', 12 }, { 'p', 'x', 21 } },
	  NULL },
	{ "never writable", "", { { 'm', 'r', 12 }, { 'p', 'x', 21 } }, NULL },
};

static void history_in_words(void **state)
{
	for (size_t i = 0; i < sizeof(histories) / sizeof(histories[0]); i++) {
		struct fixture f;

		print_message("%s\n", histories[i].what);
		fixture__open_with(&f, histories[i].before);
		for (size_t j = 0; histories[i].steps[j].how; j++) {
			char how = histories[i].steps[j].how;
			struct act act = { how == 'm' ? MT_CALL_MMAP :
					   how == 'u' ? MT_CALL_MUNMAP :
							MT_CALL_MPROTECT,
					   0, 1, histories[i].steps[j].letter };

			fixture__act(&f, TGID, &act, MS(histories[i].steps[j].ms) - 1,
				     MS(histories[i].steps[j].ms));
		}
		assert_int_equal(f.told.findings[FINDING_PROTECTION], histories[i].told != NULL);
		if (histories[i].told)
			assert_string_equal(f.told.finding.text, histories[i].told);
		fixture__close(&f);
	}
}

/* A base that is read again may hold other memory: what was known before is not. */
static void a_new_base_forgets(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "");
	fixture__act(&f, TGID, MMAP(0, 1, 'w'), 40, 41);
	fixture__act(&f, TGID, MPROTECT(0, 1, 'r'), 50, 51);
	tracker__all_uncertain(f.t, "a test", 60);
	fixture__base(&f, SPACE, "r", 70, 71);
	fixture__act(&f, TGID, MPROTECT(0, 1, 'x'), 80, 81);
	assert_int_equal(f.told.findings[FINDING_PROTECTION], 0);
	fixture__close(&f);
}

/* More ranges than are remembered: the oldest are forgotten, the others are right. */
static void what_is_remembered_is_bounded(void **state)
{
	struct writtens w = { .n = 0 };
	uint64_t i;

	for (i = 0; i < 100; i++) {
		struct change ch = {
			.kind = CHANGE_APPLIED,
			.n_transitions = 1,
			.transitions = { { PAGE(2 * i), PAGE(2 * i + 1), 0, REGION_WRITE,
					   TRANSITION_IS } },
		};

		writtens__update(&w, &ch, (struct writtens_origin){ .ts_ns = i + 1 });
	}
	assert_int_equal(w.n, WRITTEN_MAX);
	assert_null(writtens__find(&w, PAGE(0), PAGE(1)));
	assert_int_equal(writtens__find(&w, PAGE(198), PAGE(199))->made_ns, 100);
	assert_null(writtens__find(&w, PAGE(199), PAGE(200)));
}

/* A change in the middle parts a range in two; one that is not known forgets all. */
static void ranges_are_cut(void **state)
{
	struct writtens w = {
		.list = { { .start = PAGE(0), .end = PAGE(9), .made_ns = 5, .written = true,
			    .begin_ns = 6 } },
		.n = 1,
	};
	struct change gone = {
		.kind = CHANGE_APPLIED,
		.n_transitions = 1,
		.transitions = { { PAGE(3), PAGE(4), REGION_WRITE, 0, TRANSITION_WAS } },
	}, unknown = { .kind = CHANGE_UNKNOWN };
	struct writtens_origin by = { .ts_ns = 50 };

	writtens__update(&w, &gone, by);
	assert_int_equal(w.n, 2);
	assert_int_equal(writtens__find(&w, PAGE(2), PAGE(3))->made_ns, 5);
	assert_null(writtens__find(&w, PAGE(3), PAGE(4)));
	assert_int_equal(writtens__find(&w, PAGE(4), PAGE(5))->begin_ns, 6);
	writtens__update(&w, &unknown, by);
	assert_null(writtens__find(&w, 0, UINT64_MAX));
}

/* RELRO, and a guard below a stack: counted, and nothing is told. */
static void hardening_is_counted(void **state)
{
	struct fixture f;
	struct process *p;

	fixture__open_with(&f, "wwss.FF");
	p = tracker__process(f.t, TGID);
	fixture__act(&f, TGID, MPROTECT(5, 2, 'r'), 40, 41);
	assert_int_equal(p->prot.count[PROT_HARDENED], 1);
	/* No edge of a stack: an allocator's. */
	fixture__act(&f, TGID, MUNMAP(5, 2), 50, 51);
	fixture__act(&f, TGID, MPROTECT(0, 1, 'n'), 52, 53);
	assert_int_equal(p->prot.count[PROT_GUARD], 0);
	fixture__act(&f, TGID, MPROTECT(2, 1, 'n'), 54, 55);
	assert_int_equal(p->prot.count[PROT_GUARD], 1);
	assert_int_equal(f.told.findings[FINDING_PROTECTION], 0);
	fixture__close(&f);
}

/* The 1st, 10th, 100th and 1000th at one place; another place is news by itself. */
static void repeats_are_folded(void **state)
{
	struct fixture f;
	struct process *p;
	size_t order[PROT_SITES_MAX];

	fixture__open_with(&f, "ww");
	p = tracker__process(f.t, TGID);
	for (unsigned int i = 1; i <= 1000; i++) {
		uint64_t ts = 100 + (uint64_t)i * 10;

		fixture__act(&f, TGID, MPROTECT(0, 1, 'x'), ts, ts + 1);
		assert_int_equal(p->prot.count[PROT_W_TO_X], i);
		fixture__act(&f, TGID, MUNMAP(0, 1), ts + 2, ts + 3);
		fixture__act(&f, TGID, MMAP(0, 1, 'w'), ts + 4, ts + 5);
		if (i == 9)
			assert_int_equal(f.told.findings[FINDING_PROTECTION], 1);
		if (i == 10)
			assert_string_equal(f.told.finding.text,
					    "W>X: anonymous, writable for 6 ns, then executable; "
					    "10 times so far");
	}
	assert_int_equal(f.told.findings[FINDING_PROTECTION], 4);
	assert_int_equal(f.told.finding.count, 1000);
	assert_int_equal(p->findings[FINDING_PROTECTION], 1000);
	fixture__act(&f, TGID, MMAP(9, 1, 'X'), 20000, 20001);
	assert_int_equal(f.told.findings[FINDING_PROTECTION], 5);
	assert_int_equal(prot_sums__order(&p->prot, order), 2);
	assert_int_equal(p->prot.sites[order[0]].count, 1000);
	assert_int_equal(p->prot.sites[order[1]].class, PROT_W_AND_X);
	fixture__close(&f);
}

/* Each stack is a place of its own, until there is no room: then they are one. */
static void places_are_bounded(void **state)
{
	struct call c;
	struct fixture f;
	struct process *p;

	fixture__open_with(&f, "");
	p = tracker__process(f.t, TGID);
	for (uint32_t i = 1; i <= 100; i++) {
		c = fixture__call(SPACE, TGID, TGID, MMAP(0, 1, 'X'), 100 + i * 4, 101 + i * 4);
		c.stack = i;
		assert_int_equal(fixture__try(&f, &c), 0);
		fixture__act(&f, TGID, MUNMAP(0, 1), 102 + i * 4, 103 + i * 4);
	}
	assert_true(p->prot.n <= PROT_SITES_MAX);
	assert_int_equal(p->prot.count[PROT_W_AND_X], 100);
	assert_string_equal(p->prot.sites[p->prot.n - 1].name, "elsewhere");
	assert_int_equal(p->prot.sites[p->prot.n - 1].count, 100 - (p->prot.n - 1));
	fixture__close(&f);
}

/* ---------------------------------------------------------------- what is allowed */

static const struct {
	const char *what;
	struct allow_term terms[3];
	uint32_t stack;
	bool allowed;
} rules[] = {
	{ "its class", { { ALLOW_CLASS, (char *)"W>X" } }, 0, true },
	{ "any class", { { ALLOW_CLASS, (char *)"W*" } }, 0, true },
	{ "another class", { { ALLOW_CLASS, (char *)"W+X" } }, 0, false },
	{ "its thread", { { ALLOW_COMM, (char *)"call*" } }, 0, true },
	{ "its process", { { ALLOW_COMM, (char *)"leader" } }, 0, true },
	{ "another name", { { ALLOW_COMM, (char *)"call" } }, 0, false },
	{ "its path", { { ALLOW_PATH, (char *)"[[]anon]" } }, 0, true },
	{ "code that it has", { { ALLOW_PATH, (char *)"/f*" } }, 0, true },
	{ "code that it has not", { { ALLOW_PATH, (char *)"/usr/*.so" } }, 0, false },
	{ "its stack's module", { { ALLOW_PATH, (char *)"/usr/*/libjvm.so" } }, 1, true },
	{ "with a stack, that counts", { { ALLOW_PATH, (char *)"/f*" } }, 1, false },
	{ "a function", { { ALLOW_STACK, (char *)"v8::*" } }, 1, true },
	{ "no such function", { { ALLOW_STACK, (char *)"v9::*" } }, 1, false },
	{ "a function without a stack", { { ALLOW_STACK, (char *)"*" } }, 0, false },
	{ "all of them", { { ALLOW_CLASS, (char *)"W>X" }, { ALLOW_COMM, (char *)"called" } }, 0, true },
	{ "not all of them", { { ALLOW_PATH, (char *)"*" }, { ALLOW_COMM, (char *)"java" } }, 0, false },
	{ "a rule without terms", { { 0 } }, 0, false },
};

static struct stacks *two_frames(void)
{
	static const struct frame frames[] = {
		{ "mprotect", "/usr/lib/libc.so.6", "", 16 },
		{ "v8::internal::Heap::SetUp()", "/usr/lib/libjvm.so", "", 32 },
	};
	struct stacks *s = stacks__new();
	uint32_t ids[2], id;

	assert_non_null(s);
	for (int i = 0; i < 2; i++)
		assert_int_equal(stacks__add_frame(s, &frames[i], &ids[i]), 0);
	assert_int_equal(stacks__add(s, ids, 2, false, &id), 0);
	assert_int_equal(id, 1);
	return s;
}

static void what_is_allowed(void **state)
{
	struct stacks *stacks = two_frames();

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct allow_rule rule = { .text = (char *)rules[i].what };
		struct allow allow = { &rule, 1 };
		struct fixture f;
		struct call c;

		print_message("%s\n", rules[i].what);
		for (rule.n = 0; rule.n < 3 && rules[i].terms[rule.n].pattern; rule.n++)
			rule.terms[rule.n] = rules[i].terms[rule.n];
		fixture__open_with(&f, "w..f");
		tracker__set_allow(f.t, &allow);
		tracker__set_stacks(f.t, stacks);
		c = fixture__call(SPACE, TGID, TGID, MPROTECT(0, 1, 'x'), 40, 41);
		c.stack = rules[i].stack;
		assert_int_equal(fixture__try(&f, &c), 0);
		assert_int_equal(f.told.findings[FINDING_PROTECTION], !rules[i].allowed);
		assert_int_equal(rule.count, rules[i].allowed);
		assert_int_equal(tracker__process(f.t, TGID)->prot.allowed, rules[i].allowed);
		assert_int_equal(tracker__process(f.t, TGID)->prot.count[PROT_W_TO_X],
				 !rules[i].allowed);
		fixture__close(&f);
	}
	stacks__free(stacks);
}

static void classes_have_names(void **state)
{
	assert_string_equal(prot_class__name(PROT_W_TO_X), "W>X");
	assert_string_equal(prot_class__name(PROT_CLASS_NR), "?");
	assert_true(allow__class_exists("W>X"));
	assert_true(allow__class_exists("*-exec"));
	/* Makes no finding: a rule on it would be a mistake. */
	assert_false(allow__class_exists("guard"));
	assert_string_equal(severity__name(SEVERITY_CRITICAL), "critical");
	assert_string_equal(severity__name(SEVERITY_NR), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes),
		cmocka_unit_test(permissions_are_of_the_pages),
		cmocka_unit_test(history_in_words),
		cmocka_unit_test(a_new_base_forgets),
		cmocka_unit_test(what_is_remembered_is_bounded),
		cmocka_unit_test(ranges_are_cut),
		cmocka_unit_test(hardening_is_counted),
		cmocka_unit_test(repeats_are_folded),
		cmocka_unit_test(places_are_bounded),
		cmocka_unit_test(what_is_allowed),
		cmocka_unit_test(classes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
