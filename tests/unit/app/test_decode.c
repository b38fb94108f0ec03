/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire format, decoded: records put together by hand, and what a real
 * tracker makes of them. Records that are cut short or lie are refused and
 * counted. Names of regions are test_decode_names.c's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode_fixture.h"

/* ---------------------------------------------------------------- each type */

static void a_call(void **state)
{
	struct fixture f;
	struct record rec;
	struct mt_call *c = record__call(&rec, MT_CALL_READ_EXEC);

	c->e.lost = 3;
	c->e.tid = 101;
	c->args[5] = 55;
	c->mm.map_count = 9;
	memcpy(c->e.comm, "a\033\\b", 4);
	fixture__open(&f);
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_int_equal(f.call.id, MT_CALL_MMAP);
	assert_int_equal(f.call.tgid, TGID);
	assert_int_equal(f.call.tid, 101);
	assert_string_equal(f.call.comm, "a\\033\\134b");
	assert_int_equal(f.call.space, SPACE);
	assert_int_equal(f.call.target, SPACE);
	assert_int_equal(f.call.enter_ns, 40);
	assert_int_equal(f.call.exit_ns, 50);
	assert_memory_equal(f.call.args, c->args, sizeof(c->args));
	assert_int_equal(f.call.ret, PAGE(0));
	assert_memory_equal(&f.call.mm, &c->mm, sizeof(c->mm));
	assert_true(f.call.read_implies_exec);
	assert_false(f.call.has_limits || f.call.has_layout || f.call.has_name ||
		     f.call.has_region || f.call.no_region);
	/* The space was not there yet to lose anything; now it is. */
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_int_equal(f.lost, 3);
	assert_string_equal(tracker__space(f.t, SPACE)->why, "not read yet");
	fixture__close(&f);
}

static void a_comm_without_an_end(void **state)
{
	struct fixture f;
	struct record rec;

	memset(record__call(&rec, 0)->e.comm, '\377', MT_COMM_LEN);
	fixture__open(&f);
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_int_equal(strlen(f.call.comm), MT_COMM_LEN * 4);
	fixture__close(&f);
}

static void fork_exec_walk_and_exit(void **state)
{
	struct fixture f;
	struct record rec;
	struct process *p;
	struct mt_exec *exec = record__init(&rec, MT_EVENT_EXEC, 0, sizeof(*exec));
	struct mt_fork *fork;
	struct mt_exit *exit;

	fixture__open(&f);
	exec->start_ns = 5;
	exec->mm.total_vm = 3;
	exec->layout.start_brk = exec->layout.brk = PAGE(2);
	exec->layout.task_size = 1ULL << 47;
	assert_int_equal(decode_record(&f, &rec), 0);
	record__walk(&rec, 0, 2);
	record__region(&rec, 0, 2, MT_NAME_PATH, "prog\0bin\0usr", 13)->ino = 9;
	record__region(&rec, 4, 1, MT_NAME_NONE, "", 0);
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_true(tracker__space(f.t, SPACE)->exact);
	assert_int_equal(tracker__space(f.t, SPACE)->layout.brk, PAGE(2));
	assert_string_equal(backing_at(&f, 0)->name, "/usr/bin/prog");
	assert_string_equal(tracker__process(f.t, TGID)->comm, "prog");
	fork = record__init(&rec, MT_EVENT_FORK, 0, sizeof(*fork));
	fork->enter_ns = 45;
	fork->e.ts_ns = 60;
	fork->child_space = 8;
	fork->child_tgid = fork->child_tid = 200;
	fork->child_start_ns = 60;
	fork->mm.total_vm = 3;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_true(tracker__space(f.t, 8)->exact);
	fork->e.flags = MT_FORK_THREAD | MT_FORK_SHARED;
	fork->child_space = SPACE;
	fork->child_tgid = TGID;
	fork->child_tid = 101;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_int_equal(tracker__space(f.t, SPACE)->threads, 2);
	assert_int_equal(tracker__process(f.t, TGID)->threads, 2);
	exit = record__init(&rec, MT_EVENT_EXIT, 0, sizeof(*exit));
	exit->e.tid = 101;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_int_equal(tracker__process(f.t, TGID)->threads, 1);
	p = tracker__process(f.t, TGID);
	exit->e.tid = TGID;
	exit->e.flags = MT_EXIT_GROUP;
	exit->exit_code = 0xabcd0b00; /* wait(2) gives 16 bits */
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_true(p->ended);
	assert_int_equal(p->status, 0x0b00);
	assert_int_equal(tracker__totals(f.t)->lives, 6);
	fixture__close(&f);
}

/* A parent that is not in scope; and one whose walk failed. */
static void flags_of_fork_and_walk(void **state)
{
	struct fixture f;
	struct record rec;
	struct mt_fork *fork = record__init(&rec, MT_EVENT_FORK, MT_FORK_NO_BASE, sizeof(*fork));

	fixture__open(&f);
	fork->e.space = 0;
	fork->child_space = SPACE;
	fork->child_tgid = fork->child_tid = 200;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_false(tracker__space(f.t, SPACE)->has_base);
	assert_int_equal(tracker__process(f.t, 200)->parent, TGID);
	record__walk(&rec, 0, 1)->e.flags |= MT_REGIONS_BAD;
	record__region(&rec, 0, 2, MT_NAME_NONE, "", 0);
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_false(tracker__space(f.t, SPACE)->has_base);
	fixture__close(&f);
}

/* ---------------------------------------------------------------- tails */

static void each_combination_of_tails(void **state)
{
	static const struct mt_limits limits = { 1, 2, 3, 4 };
	static const struct mt_layout layout = { 5, 6, 7, 8 };
	static const char name[MT_NAME_LEN] = "a name\n";

	for (uint16_t flags = 0; flags < 16; flags++) {
		struct fixture f;
		struct record rec;

		record__call(&rec, flags | MT_CALL_NO_REGION);
		if (flags & MT_CALL_LIMITS)
			record__put(&rec, &limits, sizeof(limits));
		if (flags & MT_CALL_LAYOUT)
			record__put(&rec, &layout, sizeof(layout));
		if (flags & MT_CALL_NAME)
			record__put(&rec, name, sizeof(name));
		if (flags & MT_CALL_REGION)
			record__region(&rec, 4, 3, MT_NAME_PATH, "x\0y", 4)->ino = 77;
		fixture__open(&f);
		assert_int_equal(decode_record(&f, &rec), 0);
		assert_int_equal(f.call.has_limits, !!(flags & MT_CALL_LIMITS));
		assert_int_equal(f.call.has_layout, !!(flags & MT_CALL_LAYOUT));
		assert_int_equal(f.call.has_name, !!(flags & MT_CALL_NAME));
		assert_int_equal(f.call.has_region, !!(flags & MT_CALL_REGION));
		assert_true(f.call.no_region);
		if (flags & MT_CALL_LIMITS)
			assert_memory_equal(&f.call.limits, &limits, sizeof(limits));
		if (flags & MT_CALL_LAYOUT) {
			assert_int_equal(f.call.layout.start_brk, 5);
			assert_int_equal(f.call.layout.brk, 6);
			assert_int_equal(f.call.layout.start_stack, 7);
			assert_int_equal(f.call.layout.task_size, 8);
		}
		if (flags & MT_CALL_NAME)
			assert_string_equal(f.call.name, "a name\\012");
		if (flags & MT_CALL_REGION) {
			assert_int_equal(f.call.region.region.start, PAGE(4));
			assert_int_equal(f.call.region.region.end, PAGE(7));
			assert_int_equal(f.call.region.backing.ino, 77);
		}
		/* One byte less, and something is missing. */
		assert_int_equal(decode_bytes(&f, rec.data, rec.len - 1), -EBADMSG);
		fixture__close(&f);
	}
}

static void a_name_that_is_taken_off(void **state)
{
	struct fixture f;
	struct record rec;

	record__call(&rec, MT_CALL_NAME | MT_CALL_NAME_NULL);
	memset(record__put(&rec, NULL, MT_NAME_LEN), 'x', MT_NAME_LEN);
	fixture__open(&f);
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_true(f.call.has_name);
	assert_string_equal(f.call.name, "");
	/* Not NULL, and without an end. */
	((struct mt_call *)rec.data)->e.flags = MT_CALL_NAME;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_int_equal(strlen(f.call.name), MT_NAME_LEN);
	fixture__close(&f);
}

/* ---------------------------------------------------------------- walks */

/* What has a time keeps it, however late it is read. */
static void the_time_of_a_walk(void **state)
{
	struct fixture f;
	struct record rec;

	fixture__open(&f);
	decoder__set_time(f.d, 1000000);
	record__walk(&rec, 0, 1);
	record__region(&rec, 0, 1, MT_NAME_NONE, "", 0);
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_int_equal(tracker__space(f.t, SPACE)->base_begin_ns, 50);
	fixture__close(&f);
}

/* Regions that overlap, as a walk without the lock may find them while sections go by. */
static void walks_that_are_torn(void **state)
{
	static const struct {
		uint16_t flags;
		bool refused;
	} cases[] = {
		{ 0, true },
		{ MT_REGIONS_LAST, true },
		{ MT_REGIONS_LAST | MT_REGIONS_STALE, true },
		/* The last of them stood still, and all is torn none the less. */
		{ MT_REGIONS_UNLOCKED | MT_REGIONS_LAST, true },
		{ MT_REGIONS_UNLOCKED, false },
		{ MT_REGIONS_UNLOCKED | MT_REGIONS_LAST | MT_REGIONS_STALE, false },
	};
	struct fixture f;
	struct record rec;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture__open(&f);
		record__walk(&rec, 0, 2)->e.flags = cases[i].flags;
		record__region(&rec, 0, 3, MT_NAME_NONE, "", 0);
		record__region(&rec, 2, 1, MT_NAME_NONE, "", 0);
		assert_int_equal(decode_record(&f, &rec), cases[i].refused ? -EBADMSG : 0);
		assert_int_equal(decoder__malformed(f.d)[MT_EVENT_REGIONS], cases[i].refused);
		if (!cases[i].refused)
			assert_false(tracker__space(f.t, SPACE)->has_base);
		/* The next one is believed. */
		record__walk(&rec, 0, 1)->e.flags |= cases[i].flags & MT_REGIONS_UNLOCKED;
		record__region(&rec, 0, 1, MT_NAME_NONE, "", 0);
		assert_int_equal(decode_record(&f, &rec), 0);
		assert_true(tracker__space(f.t, SPACE)->has_base);
		fixture__close(&f);
	}
}

static void flags_of_regions(void **state)
{
	static const struct {
		uint64_t vm;
		uint32_t want;
	} flags[] = {
		{ 0, 0 },
		{ 0x1, REGION_READ },
		{ 0x2, REGION_WRITE },
		{ 0x4, REGION_EXEC },
		{ 0x8, 0 }, /* VM_SHARED alone is not what maps print */
		{ 0x80, REGION_SHARED },
		{ 0x100, REGION_GROWSDOWN },
		{ 0x2000, REGION_LOCKED },
		{ 0x20000, REGION_DONTFORK },
		{ 0x200000, REGION_NORESERVE },
		{ 0x400000, REGION_HUGETLB },
		{ 1ULL << 42, REGION_SEALED },
		{ 1ULL << 63, REGION_SEALED }, /* until 6.17 */
#if defined(__x86_64__)
		{ 1ULL << 37, REGION_SHADOW_STACK },
#endif
		{ ~0ULL & ~0x7ULL & ~(1ULL << 37),
		  REGION_SHARED | REGION_GROWSDOWN | REGION_LOCKED | REGION_DONTFORK |
			  REGION_NORESERVE | REGION_HUGETLB | REGION_SEALED },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct fixture f;
		struct record rec;

		record__walk(&rec, 0, 1);
		record__region(&rec, 0, 1, MT_NAME_NONE, "", 0)->vm_flags = flags[i].vm;
		fixture__open(&f);
		assert_int_equal(decode_record(&f, &rec), 0);
		if (region_at(&f, 0)->flags != flags[i].want)
			fail_msg("%llx: expected %x, got %x", (unsigned long long)flags[i].vm,
				 flags[i].want, region_at(&f, 0)->flags);
		fixture__close(&f);
	}
}

/* ---------------------------------------------------------------- refused */

static size_t whole_record(enum mt_event_type type, struct record *rec)
{
	struct mt_section *section;
	switch (type) {
	case MT_EVENT_CALL:
		record__call(rec, 0xf);
		record__put(rec, NULL, sizeof(struct mt_limits) + sizeof(struct mt_layout));
		record__put(rec, NULL, MT_NAME_LEN);
		record__region(rec, 0, 1, MT_NAME_PATH, "a\0bc\0def", 9);
		break;
	case MT_EVENT_FORK:
		((struct mt_fork *)record__init(rec, type, 0, sizeof(struct mt_fork)))
			->child_space = 8;
		break;
	case MT_EVENT_EXEC:
		record__init(rec, type, 0, sizeof(struct mt_exec));
		break;
	case MT_EVENT_EXIT:
		record__init(rec, type, MT_EXIT_GROUP, sizeof(struct mt_exit));
		break;
	case MT_EVENT_AUDIT:
		record__init(rec, type, 0, sizeof(struct mt_audit));
		break;
	case MT_EVENT_SECTION:
		section = record__init(rec, MT_EVENT_SECTION, 0, sizeof(*section));
		section->hi = PAGE(3);
		section->count = 3;
		record__region(rec, 0, 1, MT_NAME_PATH, "a\0bc\0def", 9);
		record__region(rec, 1, 1, MT_NAME_SAME, "", 0);
		record__region(rec, 2, 1, MT_NAME_LITERAL, "[x]", 3);
		break;
	default:
		record__walk(rec, 0, 3);
		record__region(rec, 0, 1, MT_NAME_PATH, "a\0bc\0def", 9);
		record__region(rec, 1, 1, MT_NAME_SAME, "", 0);
		record__region(rec, 2, 1, MT_NAME_LITERAL, "[x]", 3);
	}
	return rec->len;
}

static void records_cut_at_every_byte(void **state)
{
	for (enum mt_event_type type = MT_EVENT_CALL; type < MT_EVENT_NR; type++) {
		struct fixture f;
		struct record rec;
		size_t len = whole_record(type, &rec), refused = 0;

		fixture__open(&f);
		for (size_t cut = 0; cut < len; cut++) {
			if (decode_bytes(&f, rec.data, cut) != -EBADMSG)
				fail_msg("type %d cut at %zu of %zu was not refused", type, cut,
					 len);
			refused++;
		}
		assert_int_equal(decoder__malformed(f.d)[0], sizeof(struct mt_event));
		assert_int_equal(decoder__malformed(f.d)[type], refused - sizeof(struct mt_event));
		/* Nothing of them was believed. */
		assert_int_equal(tracker__totals(f.t)->calls + tracker__totals(f.t)->lives +
					 tracker__totals(f.t)->sections, 0);
		assert_int_equal(decode_record(&f, &rec), 0);
		fixture__close(&f);
	}
}

static const struct {
	const char *what;
	enum mt_event_type type; /* of the whole record that is then spoilt */
	size_t at;
	uint64_t value;
	size_t size;
	unsigned int counted; /* as malformed of this type */
} spoilt[] = {
#define CALL(field) MT_EVENT_CALL, offsetof(struct mt_call, field)
#define CALL_REGION(field)                                                                \
	MT_EVENT_CALL, sizeof(struct mt_call) + sizeof(struct mt_limits) +                \
			       sizeof(struct mt_layout) + MT_NAME_LEN +                   \
			       offsetof(struct mt_region, field)
#define WALK(field) MT_EVENT_REGIONS, offsetof(struct mt_regions, field)
#define WALK_REGION(field) \
	MT_EVENT_REGIONS, sizeof(struct mt_regions) + offsetof(struct mt_region, field)
	{ "type 0", CALL(e.type), 0, 2, 0 },
	{ "a type that is not there", CALL(e.type), MT_EVENT_NR, 2, 0 },
	{ "the last type", CALL(e.type), 0xffff, 2, 0 },
	{ "call 0", CALL(call), 0, 4, MT_EVENT_CALL },
	{ "a call that is not there", CALL(call), MT_CALL_NR, 4, MT_EVENT_CALL },
	{ "a negative call", CALL(call), 0xffffffff, 4, MT_EVENT_CALL },
	{ "a name longer than the record", CALL_REGION(name_len), 0xffff, 2, MT_EVENT_CALL },
	{ "one byte too long, padded", CALL_REGION(name_len), 17, 2, MT_EVENT_CALL },
	{ "a class that is not there", CALL_REGION(name_class), MT_NAME_NR, 1, MT_EVENT_CALL },
	{ "an empty region", CALL_REGION(end), PAGE(0), 8, MT_EVENT_CALL },
	{ "a region upside down", CALL_REGION(start), PAGE(9), 8, MT_EVENT_CALL },
	{ "a start between pages", CALL_REGION(start), PAGE(0) + 1, 8, MT_EVENT_CALL },
	{ "an end between pages", CALL_REGION(end), PAGE(1) - 1, 8, MT_EVENT_CALL },
	{ "one region more than there are", WALK(count), 4, 4, MT_EVENT_REGIONS },
	{ "far more regions", WALK(count), 0xffffffff, 4, MT_EVENT_REGIONS },
	{ "a walk's name longer than it", WALK_REGION(name_len), 0xfff0, 2, MT_EVENT_REGIONS },
	{ "a class of 255", WALK_REGION(name_class), 255, 1, MT_EVENT_REGIONS },
	{ "regions that overlap", WALK_REGION(end), PAGE(2), 8, MT_EVENT_REGIONS },
};

static void what_lies_is_refused(void **state)
{
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		struct fixture f;
		struct record rec;
		int err;

		whole_record(spoilt[i].type, &rec);
		memcpy(rec.data + spoilt[i].at, &spoilt[i].value, spoilt[i].size);
		fixture__open(&f);
		err = decode_record(&f, &rec);
		if (err != -EBADMSG)
			fail_msg("%s: expected %d, got %d", spoilt[i].what, -EBADMSG, err);
		for (unsigned int type = 0; type < MT_EVENT_NR; type++)
			assert_int_equal(decoder__malformed(f.d)[type], type == spoilt[i].counted);
		assert_null(tracker__space(f.t, SPACE));
		fixture__close(&f);
	}
}

/* Values that a kernel would not send, but which break nothing. */
static void what_is_strange_is_survived(void **state)
{
	static const struct {
		const char *what;
		enum mt_event_type type;
		size_t at;
		uint64_t value;
		size_t size;
	} strange[] = {
		{ "pages of 2^200", CALL_REGION(page_shift), 200, 4 },
		{ "an offset that wraps", CALL_REGION(pgoff), ~0ULL, 8 },
		{ "all flags", CALL_REGION(vm_flags), ~0ULL, 8 },
		{ "a region to the top", CALL_REGION(end), ~0ULL << 12, 8 },
		{ "an end before the beginning", CALL(e.ts_ns), 0, 8 },
		{ "no space", CALL(e.space), 0, 8 },
		{ "another target", CALL(target), 4711, 8 },
		{ "an address of ~0", CALL(ret), ~0ULL << 12, 8 },
		{ "a length of ~0", CALL(args[1]), ~0ULL, 8 },
		{ "a walk to the top", WALK_REGION(start), 0, 8 },
		{ "no regions at all", WALK(count), 0, 4 },
		{ "a walk that begins at its end", WALK(first), 0xffffffff, 4 },
		{ "flags that are not there", WALK(e.flags), 0xffff, 2 },
		{ "a fork into space 0", MT_EVENT_FORK, offsetof(struct mt_fork, child_space), 0, 8 },
		{ "a fork into itself", MT_EVENT_FORK, offsetof(struct mt_fork, child_space), SPACE,
		  8 },
		{ "an exec of nobody", MT_EVENT_EXEC, offsetof(struct mt_exec, e.tgid), 0, 4 },
	};

	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		struct fixture f;
		struct record rec;

		print_message("%s\n", strange[i].what);
		fixture__open(&f);
		for (enum mt_event_type type = MT_EVENT_CALL; type < MT_EVENT_NR; type++) {
			whole_record(MT_EVENT_REGIONS, &rec);
			assert_int_equal(decode_record(&f, &rec), 0);
			whole_record(strange[i].type, &rec);
			memcpy(rec.data + strange[i].at, &strange[i].value, strange[i].size);
			assert_int_equal(decode_record(&f, &rec), 0);
			whole_record(type, &rec);
			assert_int_equal(decode_record(&f, &rec), 0);
		}
		for (struct space *s = tracker__next_space(f.t, NULL); s;
		     s = tracker__next_space(f.t, s))
			assert_null(region_map__check(s->map));
		fixture__close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call),
		cmocka_unit_test(a_comm_without_an_end),
		cmocka_unit_test(fork_exec_walk_and_exit),
		cmocka_unit_test(flags_of_fork_and_walk),
		cmocka_unit_test(each_combination_of_tails),
		cmocka_unit_test(a_name_that_is_taken_off),
		cmocka_unit_test(the_time_of_a_walk),
		cmocka_unit_test(walks_that_are_torn),
		cmocka_unit_test(flags_of_regions),
		cmocka_unit_test(records_cut_at_every_byte),
		cmocka_unit_test(what_lies_is_refused),
		cmocka_unit_test(what_is_strange_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
