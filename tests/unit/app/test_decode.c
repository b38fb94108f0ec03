/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire format, decoded: records put together by hand, and what a real
 * tracker makes of them. Records that are cut short or lie are refused and
 * counted. Each is copied to where it ends at the end of its memory.
 */
/* ceiling: one hostile record after another, over one builder. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "input/decode.h"

#define PAGE(n) (0x10000ULL + (uint64_t)(n)*REGION_PAGE)
#define SPACE 7
#define TGID 100

struct record {
	_Alignas(8) char data[32768];
	size_t len;
};

struct fixture {
	struct tracker *t;
	struct decoder *d;
	struct call call; /* the last that the tracker was given */
	unsigned int calls;
	uint64_t lost;
};

static void on_call(void *ctx, const struct call_record *rec)
{
	struct fixture *f = ctx;

	f->call = *rec->call;
	f->calls++;
}

static void on_lost(void *ctx, const struct lost_record *rec)
{
	((struct fixture *)ctx)->lost += rec->count;
}

static void fixture__open(struct fixture *f)
{
	static const struct observer observer = { .call = on_call, .lost = on_lost };

	memset(f, 0, sizeof(*f));
	f->t = tracker__new(&observer, f);
	f->d = decoder__new(f->t);
	assert_non_null(f->d);
}

static void fixture__close(struct fixture *f)
{
	decoder__free(f->d);
	tracker__free(f->t);
}

static int decode(struct fixture *f, const void *data, size_t len)
{
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, data, len);
	err = decoder__record(f->d, copy, len);
	free(copy);
	return err;
}

static int decode_record(struct fixture *f, const struct record *rec)
{
	return decode(f, rec->data, rec->len);
}

/* ---------------------------------------------------------------- putting together */

static void *record__put(struct record *rec, const void *data, size_t len)
{
	void *at = rec->data + rec->len;

	assert_true(rec->len + len <= sizeof(rec->data));
	if (data)
		memcpy(at, data, len);
	else
		memset(at, 0, len);
	rec->len += len;
	return at;
}

/* A whole record of the type, size bytes of it. */
static void *record__init(struct record *rec, enum mt_event_type type, uint16_t flags, size_t size)
{
	struct mt_event *e;

	rec->len = 0;
	e = record__put(rec, NULL, size);
	e->type = type;
	e->flags = flags;
	e->space = SPACE;
	e->ts_ns = 50;
	e->tgid = e->tid = TGID;
	memcpy(e->comm, "prog", 4);
	return e;
}

static struct mt_call *record__call(struct record *rec, uint16_t flags)
{
	struct mt_call *c = record__init(rec, MT_EVENT_CALL, flags, sizeof(*c));

	c->call = MT_CALL_MMAP;
	c->enter_ns = 40;
	c->args[0] = PAGE(0);
	c->args[1] = 2 * REGION_PAGE;
	c->args[2] = 3;
	c->args[3] = 0x32; /* MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED */
	c->ret = (int64_t)PAGE(0);
	c->target = SPACE;
	c->mm.total_vm = 2;
	return c;
}

static struct mt_region *record__region(struct record *rec, uint64_t page, uint64_t pages,
					enum mt_name_class class, const char *name, size_t name_len)
{
	struct mt_region *r = record__put(rec, NULL, sizeof(*r));

	r->start = PAGE(page);
	r->end = PAGE(page + pages);
	r->vm_flags = 1;
	r->name_class = (uint8_t)class;
	r->name_len = (uint16_t)name_len;
	record__put(rec, name, name_len);
	record__put(rec, NULL, (8 - name_len % 8) % 8);
	return r;
}

static struct mt_regions *record__walk(struct record *rec, uint32_t first, uint32_t count)
{
	struct mt_regions *w = record__init(rec, MT_EVENT_REGIONS, MT_REGIONS_LAST, sizeof(*w));

	w->first = first;
	w->count = count;
	return w;
}

static const struct region *region_at(const struct fixture *f, uint64_t page)
{
	const struct space *s = tracker__space(f->t, SPACE);
	const struct region *r;

	assert_non_null(s);
	assert_null(region_map__check(s->map));
	r = region_map__find(s->map, PAGE(page));
	return r && r->start <= PAGE(page) ? r : NULL;
}

static const struct backing *backing_at(const struct fixture *f, uint64_t page)
{
	const struct region *r = region_at(f, page);

	assert_non_null(r);
	return backings__get(tracker__backings(f->t), r->backing);
}

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
		assert_int_equal(decode(&f, rec.data, rec.len - 1), -EBADMSG);
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

/* ---------------------------------------------------------------- names and flags */

#define NAME(text) text, sizeof(text)
static const struct {
	const char *what;
	enum mt_name_class class;
	uint8_t flags;
	uint64_t ino;
	const char *raw;
	size_t len;
	const char *want;
	bool contents;
} names[] = {
	{ "none", MT_NAME_NONE, 0, 0, NAME(""), "", false },
	{ "a path", MT_NAME_PATH, 0, 5, NAME("libc.so.6\0lib\0usr"), "/usr/lib/libc.so.6", true },
	{ "the root", MT_NAME_PATH, 0, 5, "", 0, "/", true },
	{ "deleted", MT_NAME_PATH, MT_NAME_DELETED, 5, NAME("f\0tmp"), "/tmp/f (deleted)", true },
	{ "no NUL at its end", MT_NAME_PATH, 0, 5, "f\0tmp", 5, "/tmp/f", true },
	{ "a line in a path", MT_NAME_PATH, 0, 5, NAME("a\nb\0tmp"), "/tmp/a\\012b", true },
	{ "a backslash in a path", MT_NAME_PATH, 0, 5, NAME("a\\b"), "/a\\b", true },
	{ "empty components", MT_NAME_PATH, 0, 5, NAME("a\0\0b"), "/b//a", true },
	{ "memfd", MT_NAME_PSEUDO, 0, 5, NAME("memfd:x"), "/memfd:x (deleted)", true },
	{ "anon inode", MT_NAME_ANON_INODE, 0, 5, NAME("[perf_event]"),
	  "anon_inode:[perf_event]", true },
	{ "literal", MT_NAME_LITERAL, 0, 0, NAME("[vdso]"), "[vdso]", false },
	{ "anonymous", MT_NAME_ANON_VMA, 0, 0, NAME("heap"), "[anon:heap]", false },
	{ "anonymous and shared", MT_NAME_ANON_VMA, 0, 5, NAME("heap"), "[anon:heap]", true },
	{ "as before, but nothing was", MT_NAME_SAME, 0, 0, NAME(""), "", false },
	{ "nameless file", MT_NAME_NONE, 0, 5, NAME(""), "", true },
};

static void names_of_every_class(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct mt_region *r;
		struct fixture f;
		struct record rec;

		record__walk(&rec, 0, 1);
		r = record__region(&rec, 1, 1, names[i].class, names[i].raw, names[i].len);
		r->name_flags = names[i].flags;
		r->ino = names[i].ino;
		r->dev = names[i].ino ? 8 << 20 | 3 : 0;
		r->pgoff = 3;
		fixture__open(&f);
		assert_int_equal(decode_record(&f, &rec), 0);
		if (strcmp(backing_at(&f, 1)->name, names[i].want))
			fail_msg("%s: expected \"%s\", got \"%s\"", names[i].what, names[i].want,
				 backing_at(&f, 1)->name);
		assert_int_equal(backing_at(&f, 1)->has_contents, names[i].contents);
		assert_int_equal(backing_at(&f, 1)->ino, names[i].ino);
		assert_int_equal(backing_at(&f, 1)->dev_major, names[i].ino ? 8 : 0);
		assert_int_equal(backing_at(&f, 1)->dev_minor, names[i].ino ? 3 : 0);
		assert_int_equal(region_at(&f, 1)->offset, names[i].contents ? 3 * REGION_PAGE : 0);
		fixture__close(&f);
	}
}

static void the_same_name_as_before(void **state)
{
	struct fixture f;
	struct record rec;

	record__walk(&rec, 0, 4);
	record__region(&rec, 0, 1, MT_NAME_PATH, "a", 2)->ino = 1;
	record__region(&rec, 2, 1, MT_NAME_SAME, "", 0)->ino = 1;
	record__region(&rec, 4, 1, MT_NAME_SAME, "", 0)->ino = 1;
	record__region(&rec, 6, 1, MT_NAME_NONE, "", 0);
	fixture__open(&f);
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "/a");
	assert_string_equal(backing_at(&f, 4)->name, "/a");
	assert_int_equal(region_at(&f, 2)->backing, region_at(&f, 0)->backing);
	assert_int_equal(region_at(&f, 6)->backing, BACKING_ANON);
	/* In another record nothing came before. */
	record__walk(&rec, 0, 1);
	record__region(&rec, 2, 1, MT_NAME_SAME, "", 0)->ino = 1;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "");
	fixture__close(&f);
}

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

static void a_name_by_its_number(void **state)
{
	struct mt_region *r;
	struct fixture f;
	struct record rec;

	fixture__open(&f);
	record__walk(&rec, 0, 1);
	r = record__region(&rec, 0, 1, MT_NAME_PATH, "a", 2);
	r->ino = 1;
	r->file = 9;
	assert_int_equal(decode_record(&f, &rec), 0);
	record__walk(&rec, 0, 2);
	record__region(&rec, 2, 1, MT_NAME_KNOWN, "", 0)->file = 9;
	record__region(&rec, 4, 1, MT_NAME_SAME, "", 0)->ino = 1;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "/a");
	assert_string_equal(backing_at(&f, 4)->name, "/a");
	/* The newest counts. */
	record__walk(&rec, 0, 2);
	r = record__region(&rec, 0, 1, MT_NAME_PATH, "b", 2);
	r->file = 9;
	record__region(&rec, 2, 1, MT_NAME_KNOWN, "", 0)->file = 9;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "/b");
	/* One that has not come: what it was in is not believed, the map stays as it is. */
	record__walk(&rec, 0, 1);
	record__region(&rec, 6, 1, MT_NAME_KNOWN, "", 0)->file = 10;
	assert_int_equal(decode_record(&f, &rec), 0);
	assert_string_equal(backing_at(&f, 2)->name, "/b");
	fixture__close(&f);
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

/* As long as a name can be: one component, many of one byte, and all to be escaped. */
static void long_paths(void **state)
{
	static const struct {
		size_t each;
		char byte;
	} shapes[] = { { 1, 'x' }, { 1, '\033' }, { 255, 'x' }, { 255, '\377' }, { 4095, 'x' } };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		static char raw[MT_PATH_LEN], want[MT_PATH_LEN * 4 + 1];
		struct fixture f;
		struct record rec;
		size_t parts, len = 0;

		memset(raw, shapes[i].byte, sizeof(raw));
		for (size_t at = shapes[i].each; at < sizeof(raw); at += shapes[i].each + 1)
			raw[at] = 0;
		parts = MT_PATH_LEN / (shapes[i].each + 1);
		for (size_t part = 0; part < parts; part++) {
			want[len++] = '/';
			for (size_t j = 0; j < shapes[i].each; j++)
				len += (size_t)sprintf(want + len, shapes[i].byte == 'x' ? "x" :
							"\\%03o", (unsigned char)shapes[i].byte);
		}
		record__walk(&rec, 0, 1);
		record__region(&rec, 0, 1, MT_NAME_PATH, raw, parts * (shapes[i].each + 1));
		fixture__open(&f);
		assert_int_equal(decode_record(&f, &rec), 0);
		assert_string_equal(backing_at(&f, 0)->name, want);
		fixture__close(&f);
	}
}

/* A record as full of names as can be: every one of them is there. */
static void many_names(void **state)
{
	uint32_t count = 200;
	struct fixture f;
	struct record rec;
	char name[64];

	record__walk(&rec, 0, count);
	for (uint32_t i = 0; i < count; i++) {
		memset(name, '\001', sizeof(name));
		name[0] = (char)('!' + i % 90);
		name[1] = (char)('!' + i / 90);
		record__region(&rec, i, 1, MT_NAME_LITERAL, name, 30);
	}
	fixture__open(&f);
	assert_int_equal(decode_record(&f, &rec), 0);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(strlen(backing_at(&f, i)->name), 2 + 28 * 4);
		assert_int_equal(backing_at(&f, i)->name[0], '!' + i % 90);
	}
	fixture__close(&f);
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
			if (decode(&f, rec.data, cut) != -EBADMSG)
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
		cmocka_unit_test(names_of_every_class),
		cmocka_unit_test(the_same_name_as_before),
		cmocka_unit_test(a_name_by_its_number),
		cmocka_unit_test(the_time_of_a_walk),
		cmocka_unit_test(flags_of_regions),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(many_names),
		cmocka_unit_test(records_cut_at_every_byte),
		cmocka_unit_test(what_lies_is_refused),
		cmocka_unit_test(what_is_strange_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
