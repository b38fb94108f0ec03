// SPDX-License-Identifier: GPL-2.0
/* What the tracker suspects: sites that rise, stacks that stay, files and cgroups. */
#include "tracker_fixture.h"

#define S 1000000000ull
#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)
#define FAR 0x100000000ull
#define FULL ((uint64_t)~0)

/* mmap by that stack, or munmap, of bytes at addr, with the counters that the kernel has then. */
static void map(struct fixture *f, uint32_t stack, uint64_t addr, uint64_t bytes, bool more,
		uint64_t ts)
{
	struct call c = fixture__call(SPACE, TGID, TGID, more ? MMAP(0, 1, 'w') : MUNMAP(0, 1),
				      ts, ts + 1);
	const struct region_totals *is = region_map__totals(tracker__space(f->t, SPACE)->map);
	uint64_t pages = bytes / REGION_PAGE;

	c.args[0] = addr;
	c.args[1] = bytes;
	c.ret = more ? (int64_t)addr : 0;
	c.stack = stack;
	c.for_bytes = bytes;
	c.for_calls = 1;
	c.mm.total_vm = is->bytes / REGION_PAGE + (more ? pages : -pages);
	c.mm.data_vm = is->data / REGION_PAGE + (more ? pages : -pages);
	assert_int_equal(tracker__on_call(f->t, &c), 0);
}

/* Samples; the last finding of that kind stays in *last. */
static void sample(struct fixture *f, uint64_t ts, struct finding *last)
{
	unsigned int before = f->told.findings[FINDING_LEAK];

	tracker__sample(f->t, ts);
	if (f->told.findings[FINDING_LEAK] > before)
		*last = f->told.finding;
}

/* One site leaks 256K a second, another has what it needs in the third second. */
static void one_site_leaks(void **state)
{
	const struct leak *leak;
	struct finding last = { 0 };
	struct process *p;
	struct fixture f;
	uint64_t t;

	fixture__open_with(&f, "w");
	for (t = 1; t <= 100; t++) {
		/* To 30 s, and not any more. */
		if (t <= 30)
			map(&f, 1, FAR + t * MB(1), KB(256), true, t * S);
		if (t <= 3)
			map(&f, 2, 16 * FAR + t * MB(1), KB(512), true, t * S + S / 2);
		sample(&f, t * S + S / 2 + 10, &last);
		if (t == 9)
			assert_int_equal(f.told.findings[FINDING_LEAK], 0);
		if (t == 12)
			assert_int_equal(f.told.findings[FINDING_LEAK], 1);
	}
	/* Again when it had doubled, which it did after 12 s to 24. */
	assert_int_equal(f.told.findings[FINDING_LEAK], 2);
	assert_true(strstr(last.text, "needed memory, and what is kept of it rises by 25"));
	assert_true(strstr(last.text, "K/s: from 256K to 5."));
	assert_true(strstr(last.text, "samples; confidence low"));
	assert_null(strstr(last.text, "leak"));
	assert_int_equal(last.severity, SEVERITY_INFO);
	assert_null(last.call);
	p = tracker__process(f.t, TGID);
	assert_int_equal(p->findings[FINDING_LEAK], 2);
	tracker__finish(f.t, 101 * S);
	/* It has stopped: withdrawn. */
	assert_int_equal(p->suspicions.n_leaks, 1);
	leak = &p->suspicions.leaks[0];
	assert_false(leak->stands);
	assert_false(leak->whole);
	assert_int_equal(leak->site.stack, 1);
	assert_int_equal(leak->trend.confidence, CONFIDENCE_LOW);
	fixture__close(&f);
}

/* Each time another site needs it, and it stays: told as a whole, once that is no accident. */
static void all_leak(void **state)
{
	struct finding last = { 0 };
	struct fixture f;
	uint64_t t;

	fixture__open_with(&f, "w");
	for (t = 1; t <= 120; t++) {
		map(&f, (uint32_t)t, FAR + t * MB(1), KB(128), true, t * S);
		sample(&f, t * S + 10, &last);
		if (t < 60)
			assert_int_equal(f.told.findings[FINDING_LEAK], 0);
	}
	assert_int_equal(f.told.findings[FINDING_LEAK], 1);
	assert_int_equal(last.severity, SEVERITY_WARNING);
	assert_true(strstr(last.text, "all that is kept, by no one site, rises by 12"));
	assert_true(strstr(last.text, "confidence medium"));
	tracker__finish(f.t, 121 * S);
	assert_int_equal(tracker__process(f.t, TGID)->suspicions.n_leaks, 1);
	assert_true(tracker__process(f.t, TGID)->suspicions.leaks[0].whole);
	assert_true(tracker__process(f.t, TGID)->suspicions.leaks[0].stands);
	fixture__close(&f);
}

/* What comes and goes, and what is not exact, is no suspicion. */
static void a_saw_is_none(void **state)
{
	struct fixture f;
	uint64_t t;

	fixture__open_with(&f, "w");
	for (t = 1; t <= 120; t++) {
		map(&f, 1, FAR + t % 10 * MB(1), MB(1), true, t * S);
		if (t % 10 == 9)
			map(&f, 1, FAR, MB(10), false, t * S + 5);
		tracker__sample(f.t, t * S + 10);
	}
	assert_int_equal(f.told.findings[FINDING_LEAK], 0);
	tracker__finish(f.t, 121 * S);
	assert_int_equal(tracker__process(f.t, TGID)->suspicions.n_leaks, 0);
	fixture__close(&f);
}

/* Inaccessible memory comes, or goes. */
static void reserve(struct fixture *f, uint64_t addr, uint64_t bytes, bool more, uint64_t ts)
{
	struct call c = fixture__call(SPACE, TGID, TGID, more ? MMAP(0, 1, 'n') : MUNMAP(0, 1),
				      ts, ts + 1);
	const struct region_totals *is = region_map__totals(tracker__space(f->t, SPACE)->map);
	uint64_t pages = bytes / REGION_PAGE;

	c.args[0] = addr;
	c.args[1] = bytes;
	c.ret = more ? (int64_t)addr : 0;
	c.mm.total_vm = is->bytes / REGION_PAGE + (more ? pages : -pages);
	c.mm.data_vm = is->data / REGION_PAGE;
	assert_int_equal(tracker__on_call(f->t, &c), 0);
}

/* A guard and a stack of 16 MiB, as pthread_create(3) makes them. */
#define STACK(n) (FAR + (uint64_t)(n)*MB(32))
static void make_stack(struct fixture *f, uint32_t n, uint64_t ts)
{
	map(f, TGID, STACK(n), MB(16), true, ts);
	reserve(f, STACK(n) - REGION_PAGE, REGION_PAGE, true, ts + 2);
}

static void begin_thread(struct fixture *f, uint32_t tid, uint64_t sp, uint64_t ts)
{
	struct fork_event ev = fixture__fork(SPACE, SPACE, TGID, ts, "w");

	ev.child_tid = tid;
	ev.thread = true;
	ev.child_start_ns = 0;
	ev.child_sp = sp;
	assert_int_equal(tracker__on_fork(f->t, &ev), 0);
}

static void end_thread(struct fixture *f, uint32_t tid, uint64_t ts)
{
	struct exit_event ev = { .ts_ns = ts, .tgid = TGID, .tid = tid, .space = SPACE };

	assert_int_equal(tracker__on_exit(f->t, &ev), 0);
}

static void stacks_stay(void **state)
{
	const struct suspicions *told;
	struct fixture f;
	uint32_t i;

	fixture__open_with(&f, "w");
	for (i = 1; i <= 4; i++) {
		make_stack(&f, i, i * S);
		begin_thread(&f, i, STACK(i) + MB(16) - 2000, i * S + 10);
	}
	for (i = 1; i <= 2; i++)
		end_thread(&f, i, 10 * S);
	told = &tracker__process(f.t, TGID)->suspicions;
	/* 32 MiB may be libc's cache; of 48 it is 3 s before that is told. */
	tracker__sample(f.t, 20 * S);
	assert_int_equal(f.told.findings[FINDING_STACK], 0);
	end_thread(&f, 3, 20 * S);
	tracker__sample(f.t, 21 * S);
	assert_int_equal(f.told.findings[FINDING_STACK], 0);
	tracker__sample(f.t, 24 * S);
	assert_int_equal(f.told.findings[FINDING_STACK], 1);
	assert_string_equal(f.told.finding.text,
			    "3 stacks of threads that have ended are kept, 48M: glibc caches at most "
			    "40M, so threads were not joined");
	assert_int_equal(f.told.finding.bytes, MB(48));
	assert_int_equal(told->stacks, 3);
	/* Once, though there is more. */
	end_thread(&f, 4, 24 * S);
	tracker__sample(f.t, 30 * S);
	assert_int_equal(f.told.findings[FINDING_STACK], 1);
	assert_int_equal(told->stacks, 4);
	/* One is unmapped, one is used again: 32 MiB are left. */
	map(&f, TGID, STACK(2), MB(16), false, 31 * S);
	begin_thread(&f, 9, STACK(1) + MB(16) - 3000, 32 * S);
	tracker__sample(f.t, 40 * S);
	assert_int_equal(told->stacks, 0);
	fixture__close(&f);
}

/* While memory is being reserved right below a guard, both are one region. */
static void guards_grow(void **state)
{
	const uint64_t below = STACK(2) - REGION_PAGE - MB(8);
	const struct suspicions *told;
	struct fixture f;
	uint32_t i;

	fixture__open_with(&f, "w");
	for (i = 1; i <= 3; i++) {
		make_stack(&f, i, i * S);
		begin_thread(&f, i, STACK(i) + MB(16) - 2000, i * S + 10);
	}
	told = &tracker__process(f.t, TGID)->suspicions;
	reserve(&f, below, MB(8), true, 9 * S);
	for (i = 1; i <= 3; i++)
		end_thread(&f, i, 10 * S);
	tracker__sample(f.t, 20 * S);
	assert_int_equal(told->stacks, 0);
	reserve(&f, below, MB(8), false, 21 * S);
	tracker__sample(f.t, 30 * S);
	assert_int_equal(told->stacks, 3);
	fixture__close(&f);
}

/* Threads that run on memory of the program's own: it has other neighbours. */
static void not_each_is_a_stack(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "w");
	map(&f, TGID, FAR, MB(64), true, S);
	begin_thread(&f, 1, FAR + MB(1), S + 10);
	begin_thread(&f, 2, 0, S + 10);
	end_thread(&f, 1, 2 * S);
	end_thread(&f, 2, 2 * S);
	tracker__sample(f.t, 10 * S);
	assert_int_equal(f.told.findings[FINDING_STACK], 0);
	assert_int_equal(tracker__process(f.t, TGID)->suspicions.stack_bytes, 0);
	fixture__close(&f);
}

static void files_are_gone(void **state)
{
	const struct region *r;
	const struct deleted_file *file;
	struct process *p;
	struct fixture f;

	fixture__open_with(&f, "wff.F");
	p = tracker__process(f.t, TGID);
	r = region_map__find(tracker__space(f.t, SPACE)->map, PAGE(1));
	assert_true(region__may_be_gone(r, backings__get(tracker__backings(f.t), r->backing)));
	for (int i = 0; i < 3; i++)
		tracker__on_deleted(f.t, p, r->backing, 50);
	assert_int_equal(f.told.findings[FINDING_DELETED], 1);
	assert_int_equal(f.told.finding.severity, SEVERITY_WARNING);
	assert_string_equal(f.told.finding.region_name, "/file");
	assert_int_equal(f.told.finding.bytes, LEN(3));
	assert_int_equal(f.told.finding.start, PAGE(1));
	assert_int_equal(f.told.finding.end, PAGE(3));
	assert_int_equal(p->suspicions.n_deleted, 1);
	file = &p->suspicions.deleted[0];
	assert_string_equal(file->name, "/file");
	assert_true(file->image);
	fixture__close(&f);
}

static void names_that_are_no_files(void **state)
{
	static const struct {
		const char *name;
		bool file;
	} names[] = {
		{ "/lib/a.so", true },	     { "/lib/a.so (deleted)", true },
		{ "/memfd:x (deleted)", false }, { "/dev/zero (deleted)", false },
		{ "/SYSV00000000 (deleted)", false }, { "/dev/shm/x (deleted)", false },
		{ "/drm mm object (deleted)", false }, { "/dmabuf:", false },
		{ "/anon_hugepage (deleted)", false }, { "anon_inode:[perf_event]", false },
		{ "[vdso]", false },
	};
	struct region r = { .backing = 1 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct backing b = { .name = names[i].name, .has_contents = true };

		if (region__may_be_gone(&r, &b) != names[i].file)
			fail_msg("%s: expected %d", names[i].name, names[i].file);
	}
	r.backing = BACKING_ANON;
	assert_false(region__may_be_gone(&r, &(struct backing){ .name = "/x" }));
}

/* At 80% and 95%, once for a cgroup, with the time that is left. */
static void cgroups_fill(void **state)
{
	struct fixture f;
	struct process *p;
	uint64_t t;

	fixture__open_with(&f, "w");
	p = tracker__process(f.t, TGID);
	for (t = 0; t <= 40; t += 10) {
		struct cgroup_memory m = { 5, MB(60) + t * MB(1), MB(100) };

		tracker__on_cgroup(f.t, p, &m, (t + 1) * S);
		if (t == 10)
			assert_int_equal(f.told.findings[FINDING_NEAR], 0);
		if (t != 20)
			continue;
		assert_int_equal(f.told.findings[FINDING_NEAR], 1);
		assert_int_equal(f.told.finding.severity, SEVERITY_WARNING);
		assert_string_equal(f.told.finding.text,
				    "80M anonymous and shared in the cgroup: 80% of memory.max, "
				    "100M, reached in 20.0 s at this rate (1M/s)");
		assert_int_equal(f.told.finding.left_ns / S, 20);
	}
	assert_int_equal(f.told.findings[FINDING_NEAR], 2);
	assert_int_equal(f.told.finding.severity, SEVERITY_CRITICAL);
	/* Another one is news. More than there is room for: the oldest makes room. */
	for (t = 100; t < 1000; t++)
		tracker__on_cgroup(f.t, p, &(struct cgroup_memory){ t, 90, 100 }, t * S);
	assert_int_equal(f.told.findings[FINDING_NEAR], 2 + 900);
	tracker__on_cgroup(f.t, p, &(struct cgroup_memory){ t - 1, 90, 100 }, t * S);
	tracker__on_cgroup(f.t, p, &(struct cgroup_memory){ t, 90, FULL }, t * S);
	assert_int_equal(f.told.findings[FINDING_NEAR], 2 + 900);
	fixture__close(&f);
}

/* Told when it matters, and again when that is twice as much; a new program has none. */
static void freed_and_kept(void **state)
{
	static const struct {
		uint64_t kept;
		bool told;
	} looks[] = { { KB(1000), false }, { MB(2), true },   { MB(3), false }, { MB(4), true },
		      { KB(100), false },  { MB(7), false }, { MB(8), true } };
	struct malloc_sum sum = { .heaps = 1, .total = MB(8), .counted = MB(8) };
	struct exec_event exec = { .ts_ns = 99, .tgid = TGID, .tid = TGID, .old_tid = TGID,
				   .space = SPACE + 1, .old_space = SPACE };
	struct process *p;
	struct fixture f;

	fixture__open_with(&f, "w");
	p = tracker__process(f.t, TGID);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		unsigned int before = f.told.findings[FINDING_FREE];

		sum.kept = sum.free = looks[i].kept;
		tracker__on_malloc(f.t, p, &sum, 10 + i);
		assert_int_equal(f.told.findings[FINDING_FREE] - before, looks[i].told);
		assert_int_equal(p->suspicions.malloc.kept, looks[i].kept);
		assert_int_equal(p->suspicions.malloc_ns, 10 + i);
	}
	assert_int_equal(f.told.finding.severity, SEVERITY_INFO);
	assert_int_equal(f.told.finding.bytes, MB(8));
	assert_non_null(strstr(f.told.finding.text, "at least 8M of 8M in malloc's heaps"));
	assert_int_equal(tracker__on_exec(f.t, &exec), 0);
	assert_int_equal(p->suspicions.malloc_ns, 0);
	assert_int_equal(p->suspicions.malloc_told, 0);
	fixture__close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_and_kept),
		cmocka_unit_test(one_site_leaks),
		cmocka_unit_test(all_leak),
		cmocka_unit_test(a_saw_is_none),
		cmocka_unit_test(stacks_stay),
		cmocka_unit_test(guards_grow),
		cmocka_unit_test(not_each_is_a_stack),
		cmocka_unit_test(files_are_gone),
		cmocka_unit_test(names_that_are_no_files),
		cmocka_unit_test(cgroups_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
