// SPDX-License-Identifier: GPL-2.0
/* What the tests of user/output share; see output_fixture.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "output_fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const struct start_info sample_start = {
	.mono_ns = MONO_NS,
	.wall_ns = WALL_NS,
	.version = "0.1.0",
	.kernel = "6.18.0",
	.boot_id = "8a1d1a2e-0000-4000-8000-000000000000",
	.tier = "calls",
	.command_line = "memtrace -v -p 2623",
};

void capture__init(struct capture *c)
{
	c->fd = memfd_create("capture", MFD_CLOEXEC);
	assert_true(c->fd >= 0);
	c->out = writer__new(c->fd, 64 << 20);
	assert_non_null(c->out);
}

char *capture__take(struct capture *c)
{
	off_t len;
	char *text;

	assert_int_equal(writer__close(c->out, 5000), 0);
	len = lseek(c->fd, 0, SEEK_END);
	text = malloc(len + 1);
	assert_non_null(text);
	assert_int_equal(pread(c->fd, text, len, 0), len);
	text[len] = '\0';
	close(c->fd);
	return text;
}

void sample__init(struct sample *s, enum mt_call_id id)
{
	memset(s, 0, sizeof(*s));
	s->process.tgid = SAMPLE_TGID;
	s->process.parent = 1;
	s->process.start_ns = 42;
	s->process.space = SAMPLE_SPACE;
	strcpy(s->process.comm, "redis-server");
	s->space.id = SAMPLE_SPACE;
	s->space.tgid = SAMPLE_TGID;
	s->space.exact = true;
	s->call.id = id;
	s->call.tgid = SAMPLE_TGID;
	s->call.tid = SAMPLE_TID;
	s->call.space = s->call.target = SAMPLE_SPACE;
	s->call.exit_ns = MONO_NS + 1000000000;
	s->call.enter_ns = s->call.exit_ns - 1500;
	strcpy(s->call.comm, "io_thd_1");
	s->change.kind = CHANGE_APPLIED;
	s->rec.call = &s->call;
	s->rec.change = &s->change;
	s->rec.process = &s->process;
	s->rec.space = &s->space;
	s->rec.region_name = "[anon]";
	s->rec.kind = KIND_ANONYMOUS;
}

struct view view_all(void)
{
	struct view view = { .verbose = true };

	memset(view.calls, true, sizeof(view.calls));
	memset(view.findings, true, sizeof(view.findings));
	return view;
}

struct tracker *sample_tracker(size_t n)
{
	struct tracker *t = tracker__new(NULL, NULL);

	assert_non_null(t);
	for (size_t i = 0; i < n; i++) {
		struct mt_task task = {
			.space = 5000 + i,
			.start_ns = 42 + i,
			.tgid = 1000 + i,
			.tid = 1000 + i,
			.ts_ns = MONO_NS,
		};

		assert_int_equal(tracker__on_task(t, &task, "work"), 0);
	}
	return t;
}

struct summary sample_summary(struct tracker *t, uint64_t n)
{
	return (struct summary){
		.tier = "calls",
		.duration_ns = 2500000000,
		.seen = n,
		.delivered = n,
		.totals = tracker__totals(t),
		.tracker = t,
	};
}

struct stacks *sample_stacks(void)
{
	const struct frame frames[] = {
		{ .function = "a<b>()", .module = "/bin/x", .build_id = "ab12", .offset = 0x10 },
		{ .function = "", .module = "", .build_id = "", .offset = 0x20 },
	};
	struct stacks *stacks = stacks__new();
	uint32_t ids[2], id;

	assert_non_null(stacks);
	assert_int_equal(stacks__add_frame(stacks, &frames[0], &ids[0]), 0);
	assert_int_equal(stacks__add_frame(stacks, &frames[1], &ids[1]), 0);
	assert_int_equal(stacks__add(stacks, ids, 2, true, &id), 0);
	assert_int_equal(id, 1);
	return stacks;
}

static uint32_t add_frame(struct stacks *stacks, const char *function, const char *module)
{
	struct frame f = { .function = function, .module = module, .build_id = "", .offset = 16 };
	uint32_t id;

	assert_int_equal(stacks__add_frame(stacks, &f, &id), 0);
	return id;
}

struct stacks *sample_sites(struct tracker *t, struct process *p)
{
	struct stacks *stacks = stacks__new();
	uint32_t frames[4], id;

	assert_non_null(stacks);
	frames[0] = add_frame(stacks, "malloc", "/lib/libc.so.6");
	frames[1] = add_frame(stacks, "operator new", "/lib/libstdc++.so.6");
	frames[2] = add_frame(stacks, "", "/opt/app");
	frames[3] = add_frame(stacks, "main", "/opt/app");
	assert_int_equal(stacks__add(stacks, frames, 4, false, &id), 0);
	p->sites = calloc(2, sizeof(*p->sites));
	assert_non_null(p->sites);
	p->n_sites = 2;
	p->site_sums = (struct site_sums){ 8 << 20, 12, 4 << 20 };
	p->sites[0] = (struct site){ .stack = id, .bytes = 6 << 20, .own = 6 << 20, .calls = 9,
				     .kept_own = 3 << 20, .peak_own = 4 << 20,
				     .doubt = 1024. * 1024 * 64 * 64, .widest = 64 << 10 };
	p->sites[1] = (struct site){ .what = MT_CALL_MMAP, .kind = KIND_ANONYMOUS, .comm = "io",
				     .bytes = 1 << 20, .own = 1 << 20, .calls = 1,
				     .peak_own = 1 << 20 };
	tracker__set_stacks(t, stacks);
	return stacks;
}

void sample_heap(struct process *p)
{
	struct heap_state *part = p->heap_end.part;

	p->heap_start.part[HEAP_ARENA].committed = 132 << 10;
	part[HEAP_ARENA] = (struct heap_state){
		.reserved = (64 << 20) - (132 << 10), .committed = 132 << 10, .peak = 264 << 10,
		.resident = 128 << 10,
	};
	part[HEAP_BREAK] = (struct heap_state){
		.committed = 132 << 10, .peak = 264 << 10, .returned = 132 << 10,
		.resident = 100 << 10,
	};
	part[HEAP_LARGE] = (struct heap_state){
		.committed = 1 << 20, .peak = 4 << 20, .returned = 3 << 20, .resident = 1 << 20,
	};
	part[HEAP_ALLOCATOR] = (struct heap_state){
		.reserved = 1 << 30, .committed = 2 << 20, .peak = 8 << 20, .returned = 6 << 20,
		.resident = 1 << 20,
	};
	part[HEAP_STACK] = (struct heap_state){ .committed = 132 << 10, .peak = 132 << 10 };
	p->heap_end.allocators = 1u << HEAP_ALLOCATOR_JEMALLOC;
	p->heap_end.has_resident = true;
	p->heap_peak[HEAP_BREAK] = 264 << 10;
}

size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void act(struct space *s, uint64_t page, uint64_t pages, uint32_t flags,
		struct origin_act act)
{
	struct region r = { .start = page * 4096, .end = (page + pages) * 4096, .flags = flags };

	assert_int_equal(region_map__replace(s->map, r.start, r.end, &r, 1), 0);
	act.start = r.start;
	act.end = r.end;
	assert_int_equal(origins__apply(s->origins, s->map, &act), 0);
}

#define MADE_BY(call, thread, name, second, ...)                                        \
	(struct origin_act){ .cause = { .what = call, .tid = thread, .comm = name,      \
					##__VA_ARGS__ },                                 \
			     .ts_ns = MONO_NS + second * 1000000000ull,                  \
			     .creates = (uint32_t)(call) == MT_CALL_MMAP }

void sample_history(struct space *s)
{
	struct origin_act gave_back = MADE_BY(MT_CALL_MADVISE, 8, "io", 4);
	uint32_t i;

	s->map = region_map__new();
	s->origins = origins__new();
	assert_non_null(s->map);
	assert_non_null(s->origins);
	act(s, 16, 4, REGION_READ | REGION_WRITE, MADE_BY(CAUSE_FOUND, 0, "", 0));
	act(s, 20, 2, REGION_READ | REGION_WRITE, MADE_BY(MT_CALL_MMAP, 7, "io", 1, .stack = 1));
	act(s, 22, 2, REGION_READ | REGION_WRITE, MADE_BY(MT_CALL_MMAP, 7, "io", 2, .stack = 1));
	act(s, 23, 1, REGION_READ, MADE_BY(MT_ORIGIN_SYSCALL, 8, "io", 3, .nr = 333));
	gave_back.returns = true;
	act(s, 23, 1, REGION_READ, gave_back);
	for (i = 0; i < 70; i++)
		act(s, 32 + i, 1, REGION_READ, MADE_BY(MT_CALL_MMAP, 100 + i, "w", 4));
}

void sample_history__free(struct space *s)
{
	region_map__free(s->map);
	origins__free(s->origins);
}

void sample_needs(struct process *p)
{
	struct suspicions *to = &p->suspicions;

	p->sites = calloc(2, sizeof(*p->sites));
	assert_non_null(p->sites);
	p->n_sites = 2;
	p->sites[0] = (struct site){ .what = MT_CALL_BRK, .kind = KIND_HEAP, .comm = "t",
				     .bytes = 30, .own = 30, .calls = 3, .kept_own = 20,
				     .peak_own = 25, .first_ns = MONO_NS + 5,
				     .last_ns = MONO_NS + 6 };
	/* Half of its bytes were sampled, so twice as much is kept. */
	p->sites[1] = (struct site){ .stack = 7, .bytes = 40, .own = 20, .kept_own = 10,
				     .doubt = 900, .widest = 30 };
	to->leaks = calloc(2, sizeof(*to->leaks));
	to->deleted = calloc(1, sizeof(*to->deleted));
	assert_true(to->leaks && to->deleted);
	to->n_leaks = 2;
	to->leaks[0] = (struct leak){ .site = { .stack = 7 }, .trend = { CONFIDENCE_HIGH, 1, 8 },
				      .stands = true };
	to->leaks[1].whole = true;
	to->n_deleted = 1;
	to->deleted[0] = (struct deleted_file){ .image = true, .bytes = 4096, .name = "/lib/a.so" };
	to->stacks = 12;
	to->stack_bytes = 96 << 20;
	to->malloc = (struct malloc_sum){ 2, 100, 90, 80, 70, 60, 50, 40, 30, 20, false };
	to->malloc_ns = MONO_NS + 7;
}
