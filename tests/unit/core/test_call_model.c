/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The call model, case by case: a map, a call, the map and the change that
 * are expected. A map is drawn with one character a page, from PAGE(0):
 *
 *	.  nothing		w  anonymous rw-	n  anonymous ---
 *	r  anonymous r--	x  anonymous r-x	X  anonymous rwx
 *	l  w, locked		d  w, DONTFORK		s  w, sealed
 *	g  w, grows down	N  w, NORESERVE		o  w, "[anon:one]"
 *	f  a file r-x, f's offset is its page	F  the same, 8 pages on
 *	m  shared memory rw-, as f	v, V  two SysV segments, as f
 *	k  w, MAP_STACK		z  shadow stack		L  f, locked
 *	M  m, 4 pages back	P  m, 2 pages on	G  f, rw-, grows down
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/call_model.h"

#define BASE 0x10000ULL
#define PAGE(n) (BASE + (uint64_t)(n)*REGION_PAGE)
#define LEN(n) ((uint64_t)(n)*REGION_PAGE)
#define PICTURE 40

#define RW (REGION_READ | REGION_WRITE)
#define RX (REGION_READ | REGION_EXEC)

static const struct {
	char letter;
	uint32_t flags;
	const char *name; /* NULL: anonymous */
	uint64_t shift;	  /* pages */
} letters[] = {
	{ 'w', RW, NULL, 0 },
	{ 'n', 0, NULL, 0 },
	{ 'r', REGION_READ, NULL, 0 },
	{ 'x', RX, NULL, 0 },
	{ 'X', REGION_RWX, NULL, 0 },
	{ 'l', RW | REGION_LOCKED, NULL, 0 },
	{ 'd', RW | REGION_DONTFORK, NULL, 0 },
	{ 's', RW | REGION_SEALED, NULL, 0 },
	{ 'g', RW | REGION_GROWSDOWN, NULL, 0 },
	{ 'N', RW | REGION_NORESERVE, NULL, 0 },
	{ 'k', RW | REGION_STACK, NULL, 0 },
	{ 'z', RW | REGION_SHADOW_STACK, NULL, 0 },
	{ 'o', RW, "[anon:one]", 0 },
	{ 'f', RX | REGION_OFFSET, "/file", 0 },
	{ 'F', RX | REGION_OFFSET, "/file", 8 },
	{ 'L', RX | REGION_OFFSET | REGION_LOCKED, "/file", 0 },
	{ 'G', RW | REGION_OFFSET | REGION_GROWSDOWN, "/file", 0 },
	{ 'm', RW | REGION_SHARED | REGION_OFFSET, "/memfd:m (deleted)", 0 },
	{ 'M', RW | REGION_SHARED | REGION_OFFSET, "/memfd:m (deleted)", -4ULL },
	{ 'P', RW | REGION_SHARED | REGION_OFFSET, "/memfd:m (deleted)", 2 },
	{ 'v', RW | REGION_SHARED | REGION_OFFSET, "/SYSV00000000 (deleted)", 0 },
	{ 'V', RW | REGION_SHARED | REGION_OFFSET, "/SYSV00000001 (deleted)", 0 },
};
#define LETTERS (sizeof(letters) / sizeof(letters[0]))

static size_t index_of(char letter)
{
	size_t i = 0;

	while (i < LETTERS && letters[i].letter != letter)
		i++;
	assert_true(i < LETTERS);
	return i;
}

/* The region of n pages that a letter stands for, as the kernel reports it. */
static struct raw_region raw_of(char letter, size_t page, size_t n)
{
	size_t i = index_of(letter);
	struct raw_region raw = { .anonymous = !letters[i].name };

	raw.region.start = PAGE(page);
	raw.region.end = PAGE(page + n);
	raw.region.flags = letters[i].flags;
	raw.backing.name = letters[i].name ? letters[i].name : "";
	raw.backing.has_contents = letters[i].flags & REGION_OFFSET;
	raw.backing.ino = raw.backing.has_contents ? 40 + raw.backing.name[1] : 0;
	if (raw.backing.has_contents)
		raw.region.offset = LEN(page + letters[i].shift);
	return raw;
}

static void draw(struct model_space *space, const char *picture)
{
	struct region r;

	for (size_t i = 0; picture[i]; i++) {
		if (picture[i] == '.')
			continue;
		struct raw_region raw = raw_of(picture[i], i, 1);

		assert_int_equal(raw_region__intern(&raw, space->backings, &r), 0);
		assert_int_equal(region_map__replace(space->map, r.start, r.end, &r, 1), 0);
	}
}

/* '?' for what no letter stands for. */
static char letter_at(const struct model_space *space, size_t page)
{
	const struct region *r = region_map__find(space->map, PAGE(page));

	if (!r || r->start > PAGE(page))
		return '.';
	for (size_t i = 0; i < LETTERS; i++) {
		struct raw_region raw = raw_of(letters[i].letter, page, 1);
		struct region want;
		uint64_t offset = r->flags & REGION_OFFSET ? PAGE(page) - r->start + r->offset : 0;

		assert_int_equal(raw_region__intern(&raw, space->backings, &want), 0);
		if (want.flags == r->flags && want.backing == r->backing && want.offset == offset)
			return letters[i].letter;
	}
	return '?';
}

enum { KERNEL_SILENT = 0, KERNEL_NOTHING = 1 };

struct test {
	const char *name, *before;
	enum mt_call_id id;
	uint64_t args[6];
	int64_t ret;
	/* What the kernel has at the address acted on: a letter, where, how long. */
	char kernel;
	size_t kernel_page, kernel_pages;
	const char *after;
	enum change_kind kind;
	bool torn; /* not strict */
	/* pages */
	uint64_t mapped, unmapped, committed, uncommitted;
	bool lock_future, read_implies_exec;
	uint64_t locked_vm, stack_vm;
	const char *set_name;
};

#define OK(n) ((int64_t)PAGE(n))
#define ANON_FIXED 0x32
#define APPLIED CHANGE_APPLIED
#define NONE CHANGE_NONE
#define UNKNOWN CHANGE_UNKNOWN

#define MMAP(page, n, prot, flags)                        \
	MT_CALL_MMAP,                                     \
	{                                                 \
		PAGE(page), LEN(n), prot, flags, ~0ULL, 0 \
	}
#define MPROTECT(page, n, prot)          \
	MT_CALL_MPROTECT,                \
	{                                \
		PAGE(page), LEN(n), prot \
	}
#define MREMAP(from, old, new, flags, to)                       \
	MT_CALL_MREMAP,                                         \
	{                                                       \
		PAGE(from), LEN(old), LEN(new), flags, PAGE(to) \
	}
#define CALL2(id, page, n)         \
	MT_CALL_##id,              \
	{                          \
		PAGE(page), LEN(n) \
	}
#define BRK(want, old)             \
	MT_CALL_BRK,               \
	{                          \
		want, old, PAGE(0) \
	}
#define NAME(page, n)                             \
	MT_CALL_PRCTL,                            \
	{                                         \
		0x53564d41, 0, PAGE(page), LEN(n) \
	}

#include "call_model_cases.h"

static void call_of(const struct test *t, struct call *c)
{
	memset(c, 0, sizeof(*c));
	c->id = t->id;
	memcpy(c->args, t->args, sizeof(c->args));
	c->ret = t->ret;
	c->no_region = t->kernel == KERNEL_NOTHING;
	c->has_region = t->kernel > KERNEL_NOTHING;
	if (c->has_region)
		c->region = raw_of(t->kernel, t->kernel_page, t->kernel_pages);
	c->read_implies_exec = t->read_implies_exec;
	c->mm.total_vm = 1;
	c->mm.locked_vm = t->locked_vm;
	c->mm.stack_vm = t->stack_vm;
	c->has_name = t->set_name;
	if (t->set_name)
		strcpy(c->name, t->set_name);
}

static bool change_agrees(const struct test *t, const struct change *got)
{
	return got->kind == t->kind && got->mapped == LEN(t->mapped) &&
	       got->unmapped == LEN(t->unmapped) && got->committed == LEN(t->committed) &&
	       got->uncommitted == LEN(t->uncommitted);
}

static bool run(const struct test *t)
{
	static struct call c;
	struct layout layout = { 0 };
	struct model_space space = { region_map__new(), backings__new(), &layout, t->lock_future,
				     false };
	char after[PICTURE + 1] = "";
	struct change change;
	bool ok;

	draw(&space, t->before);
	call_of(t, &c);
	assert_int_equal(call_model__apply(&space, &c, !t->torn, &change), 0);
	for (size_t i = 0; i < strlen(t->before); i++)
		after[i] = letter_at(&space, i);
	ok = !strcmp(after, t->after) && change_agrees(t, &change) &&
	     !region_map__check(space.map) && (change.kind == CHANGE_NONE || call__mutates(&c));
	if (!ok) {
		print_error(
			"%s\n before   %s\n expected %s kind %d mapped %d -%d committed %d -%d\n",
			t->name, t->before, t->after, t->kind, (int)t->mapped, (int)t->unmapped,
			(int)t->committed, (int)t->uncommitted);
		print_error(" got      %s kind %d mapped %d -%d committed %d -%d %s\n", after,
			    change.kind, (int)(change.mapped >> 12), (int)(change.unmapped >> 12),
			    (int)(change.committed >> 12), (int)(change.uncommitted >> 12),
			    change.kind == CHANGE_UNKNOWN ? change.why : "");
	}
	region_map__free(space.map);
	backings__free(space.backings);
	return ok;
}

static void test_calls(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		failed += !run(&tests[i]);
	assert_int_equal(failed, 0);
}

/* What a change says of its range besides bytes. */
static void test_change_describes_its_range(void **state)
{
	static struct call c;
	struct layout layout = { 0 };
	struct model_space space = { region_map__new(), backings__new(), &layout, false, false };
	struct change change;

	(void)state;
	draw(&space, "wwrr....");
	c.id = MT_CALL_MPROTECT;
	c.args[0] = PAGE(0);
	c.args[1] = LEN(4) - 5;
	c.args[2] = 5;
	assert_int_equal(call_model__apply(&space, &c, true, &change), 0);
	assert_int_equal(change.start, PAGE(0));
	assert_int_equal(change.end, PAGE(4));
	assert_int_equal(change.old_flags, RW);
	assert_int_equal(change.new_flags, RX);
	assert_true(change.mixed);
	assert_int_equal(change.wx, CHANGE_W_TO_X);

	c.id = MT_CALL_MREMAP;
	c.args[3] = 1;
	c.args[2] = LEN(4);
	c.ret = OK(4);
	c.has_region = true;
	c.region = raw_of('x', 4, 4);
	assert_int_equal(call_model__apply(&space, &c, true, &change), 0);
	assert_int_equal(change.kind, CHANGE_APPLIED);
	assert_int_equal(change.start, PAGE(4));
	assert_int_equal(change.end, PAGE(8));
	assert_int_equal(change.moved_from, PAGE(0));
	assert_int_equal(change.old_flags, RX); /* of what moved */
	assert_int_equal(change.new_flags, RX);
	region_map__free(space.map);
	backings__free(space.backings);
}

static void test_mlockall_future(void **state)
{
	static const struct {
		enum mt_call_id id;
		uint64_t flags;
		bool future, on_fault;
	} steps[] = {
		{ MT_CALL_MLOCKALL, 2, true, false }, { MT_CALL_MLOCKALL, 1, false, false },
		{ MT_CALL_MLOCKALL, 6, true, true },  { MT_CALL_MUNLOCKALL, 0, false, false },
		{ MT_CALL_MLOCKALL, 3, true, false },
	};
	static struct call c;
	struct layout layout = { 0 };
	struct model_space space = { region_map__new(), backings__new(), &layout, false, false };
	struct change change;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		c.id = steps[i].id;
		c.args[0] = steps[i].flags;
		assert_int_equal(call_model__apply(&space, &c, true, &change), 0);
		assert_int_equal(space.lock_future, steps[i].future);
		assert_int_equal(space.lock_on_fault, steps[i].on_fault);
	}
	region_map__free(space.map);
	backings__free(space.backings);
}

static void test_layout(void **state)
{
	static struct call c;
	struct layout layout = { 1, PAGE(1), 3, 4 }, other = { 5, 6, 7, 8 };
	struct model_space space = { region_map__new(), backings__new(), &layout, false, false };
	struct change change;

	(void)state;
	/* A break that was not in the call is that of the layout. */
	c.id = MT_CALL_BRK;
	c.args[0] = PAGE(3);
	c.args[2] = PAGE(0);
	c.ret = OK(3);
	assert_int_equal(call_model__apply(&space, &c, true, &change), 0);
	assert_int_equal(change.kind, CHANGE_APPLIED);
	assert_int_equal(change.start, PAGE(1));
	assert_int_equal(change.mapped, LEN(2));
	assert_int_equal(layout.brk, PAGE(3));
	assert_int_equal(layout.start_brk, PAGE(0));
	c.id = MT_CALL_PRCTL;
	c.args[0] = 35;
	c.ret = 0;
	c.has_layout = true;
	c.layout = other;
	assert_int_equal(call_model__apply(&space, &c, true, &change), 0);
	assert_memory_equal(&layout, &other, sizeof(layout));
	region_map__free(space.map);
	backings__free(space.backings);
}

static void test_fork(void **state)
{
	struct layout layout = { 0 };
	struct model_space space = { region_map__new(), backings__new(), &layout, false, false };
	struct model_space child = space;
	const char *parent = "wldL.ffdm", *want = "ww.f.ff.m";

	(void)state;
	draw(&space, parent);
	child.map = call_model__fork(space.map);
	assert_non_null(child.map);
	for (size_t i = 0; want[i]; i++) {
		if (letter_at(&child, i) != want[i])
			print_error("page %zu: expected %c, got %c\n", i, want[i],
				    letter_at(&child, i));
		assert_int_equal(letter_at(&child, i), want[i]);
	}
	assert_null(region_map__check(child.map));
	region_map__free(child.map);
	region_map__free(space.map);
	backings__free(space.backings);
}

static void test_grow_down(void **state)
{
	static const struct {
		const char *before;
		size_t start, end;
		const char *after;
		int ret;
	} cases[] = {
		{ "....ggg", 2, 7, "..ggggg", 0 },	 { "....ggg", 5, 7, "....ggg", 0 },
		{ "....ggg", 4, 7, "....ggg", 0 },	 { "....www", 2, 7, "....www", -ENOENT },
		{ "......w", 2, 6, "......w", -ENOENT }, { "..gg..w", 1, 5, ".ggg..w", 0 },
		{ "w......", 2, 2, "w......", -ENOENT }, { "....GG.", 2, 6, "..GGGG.", 0 },
	};
	struct layout layout = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model_space space = { region_map__new(), backings__new(), &layout, false,
					     false };
		char after[PICTURE + 1] = "";
		int ret;

		draw(&space, cases[i].before);
		ret = call_model__grow_down(space.map, PAGE(cases[i].start), PAGE(cases[i].end));
		for (size_t p = 0; cases[i].before[p]; p++)
			after[p] = letter_at(&space, p);
		if (ret != cases[i].ret || strcmp(after, cases[i].after))
			print_error("case %zu: expected %s %d, got %s %d\n", i, cases[i].after,
				    cases[i].ret, after, ret);
		assert_int_equal(ret, cases[i].ret);
		assert_string_equal(after, cases[i].after);
		region_map__free(space.map);
		backings__free(space.backings);
	}
}

static void test_ranges(void **state)
{
	static const struct {
		enum mt_call_id id;
		uint64_t args[5];
		int64_t ret;
		size_t n;
		struct range want[2];
	} cases[] = {
		{ MT_CALL_MUNMAP, { 0x1000, 1 }, 0, 1, { { 0x1000, 0x2000 } } },
		{ MT_CALL_MLOCK, { 0x1fff, 2 }, 0, 1, { { 0x1000, 0x3000 } } },
		{ MT_CALL_MPROTECT, { 0x1000, ~0ULL, 0 }, -ENOMEM, 1, { { 0x1000, 1ULL << 57 } } },
		{ MT_CALL_MUNMAP, { ~0ULL - 4095, 8192 }, -EINVAL, 0, { { 0, 0 } } },
		{ MT_CALL_MMAP, { 0, 5, 3, 0x22 }, 0x7000, 1, { { 0x7000, 0x8000 } } },
		{ MT_CALL_MMAP, { 0x3000, 5, 3, 0x22 }, -ENOMEM, 0, { { 0, 0 } } },
		{ MT_CALL_MMAP, { 0x3000, 5, 3, 0x32 }, -ENOMEM, 1, { { 0x3000, 0x4000 } } },
		{ MT_CALL_MREMAP,
		  { 0x1000, 0x1000, 0x3000, 1 },
		  0x9000,
		  2,
		  { { 0x1000, 0x4000 }, { 0x9000, 0xc000 } } },
		{ MT_CALL_MREMAP, { 0x1000, 0x1000, 0x3000, 1 }, 0x1000, 1,
		  { { 0x1000, 0x4000 } } },
		{ MT_CALL_MREMAP,
		  { 0x1000, 0x1000, 0x1000, 3, 0x9000 },
		  -EFAULT,
		  2,
		  { { 0x1000, 0x2000 }, { 0x9000, 0xa000 } } },
		{ MT_CALL_BRK, { 0x5001, 0x2001 }, 0x5001, 1, { { 0x3000, 0x6000 } } },
		{ MT_CALL_BRK, { 0x2001, 0x5001 }, 0x2001, 1, { { 0x3000, 0x6000 } } },
		{ MT_CALL_BRK, { 0 }, 0x5001, 0, { { 0, 0 } } },
		{ MT_CALL_MLOCKALL, { 1 }, 0, 1, { { 0, ~0ULL } } },
		{ MT_CALL_SHMDT, { 0x4000 }, 0, 1, { { 0x4000, ~0ULL } } },
		{ MT_CALL_PRCTL, { 0x53564d41, 0, 0x4000, 9 }, 0, 1, { { 0x4000, 0x5000 } } },
		{ MT_CALL_PRCTL, { 15, 0, 0x4000, 9 }, 0, 0, { { 0, 0 } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct call c;
		struct range got[2] = { { 0, 0 }, { 0, 0 } };
		size_t n;

		memset(&c, 0, sizeof(c));
		c.id = cases[i].id;
		memcpy(c.args, cases[i].args, sizeof(cases[i].args));
		c.ret = cases[i].ret;
		n = call__ranges(&c, got);
		if (n != cases[i].n || (n && memcmp(got, cases[i].want, n * sizeof(got[0]))))
			print_error("case %zu, %s: expected %zu, got %zu: [%llx, %llx)\n", i,
				    call__name(c.id), cases[i].n, n,
				    (unsigned long long)got[0].start,
				    (unsigned long long)got[0].end);
		assert_int_equal(n, cases[i].n);
		if (n)
			assert_memory_equal(got, cases[i].want, n * sizeof(got[0]));
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(call__name(MT_CALL_MMAP), "mmap");
	assert_string_equal(call__name((enum mt_call_id)1000), "none");
	for (int id = 1; id < MT_CALL_NR; id++)
		assert_int_equal(call__by_name(call__name((enum mt_call_id)id)), id);
	assert_int_equal(call__by_name("none"), MT_CALL_NONE);
	assert_int_equal(call__by_name("open"), MT_CALL_NONE);
}

/* The kernel has one region where a part was made with MAP_STACK: it may move. */
static void test_moves_stack_part(void **state)
{
	static struct call c = { .id = MT_CALL_MREMAP, .has_region = true };
	struct layout layout = { 0 };
	struct model_space space = { region_map__new(), backings__new(), &layout, false, false };
	struct region stack = { .start = PAGE(1), .end = PAGE(2), .flags = RW | REGION_STACK };
	struct change change;

	(void)state;
	draw(&space, "www.....");
	assert_int_equal(region_map__replace(space.map, PAGE(1), PAGE(2), &stack, 1), 0);
	c.args[0] = PAGE(0);
	c.args[1] = LEN(3);
	c.args[2] = LEN(4);
	c.args[3] = 1;
	c.ret = OK(4);
	c.region = raw_of('w', 4, 4);
	assert_int_equal(call_model__apply(&space, &c, true, &change), 0);
	assert_int_equal(change.kind, CHANGE_APPLIED);
	assert_int_equal(change.mapped, LEN(4));
	assert_int_equal(change.unmapped, LEN(3));
	region_map__free(space.map);
	backings__free(space.backings);
}

int main(void)
{
	const struct CMUnitTest unit[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_moves_stack_part),
		cmocka_unit_test(test_change_describes_its_range),
		cmocka_unit_test(test_mlockall_future),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_grow_down),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(unit, NULL, NULL);
}
