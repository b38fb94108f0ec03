// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of memory: what allocators do to a map, step by step, and how much of each
 * part is reserved, committed, returned and resident after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/origins.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define RW (REGION_READ | REGION_WRITE)
#define RX (REGION_READ | REGION_EXEC)
#define NONE 0
#define PLAIN 0x22	       /* MAP_PRIVATE | MAP_ANONYMOUS */
#define NORESERVE (PLAIN | 0x4000)
#define MAP_STACK_FLAGS (PLAIN | 0x20000)

struct world {
	struct region_map *map;
	struct origins *origins;
	struct backings *backings;
	struct stacks *stacks;
	struct layout layout;
};

static void open_world(struct world *w)
{
	*w = (struct world){ .map = region_map__new(),
			     .origins = origins__new(),
			     .backings = backings__new(),
			     .stacks = stacks__new(),
			     .layout = { 0x10000000, 0x10000000, 0x7ffffffde000, 1ull << 47 } };
	assert_non_null(w->map);
	assert_non_null(w->origins);
	assert_non_null(w->backings);
	assert_non_null(w->stacks);
}

static void close_world(struct world *w)
{
	assert_null(origins__check(w->origins, w->map));
	region_map__free(w->map);
	origins__free(w->origins);
	backings__free(w->backings);
	stacks__free(w->stacks);
}

static void apply(struct world *w, struct origin_act act)
{
	struct heap_view view = { w->backings, &w->layout, w->stacks };

	act.view = &view;
	act.ts_ns = 1;
	assert_int_equal(origins__apply(w->origins, w->map, &act), 0);
	assert_null(origins__check(w->origins, w->map));
}

static void put(struct world *w, uint64_t start, uint64_t len, uint32_t flags, uint32_t backing)
{
	struct region r = { start, start + len, 0, flags, backing };

	assert_int_equal(region_map__replace(w->map, start, start + len, &r, 1), 0);
}

static uint32_t backing_of(struct world *w, const char *name)
{
	struct backing b = { .name = name, .has_contents = *name == '/', .ino = *name == '/' };
	uint32_t index;

	assert_int_equal(backings__intern(w->backings, &b, &index), 0);
	return index;
}

/* mmap(2): at NULL, unless what is there says that it was MAP_FIXED. */
static void do_mmap(struct world *w, uint64_t start, uint64_t len, uint32_t prot, uint64_t flags,
		    uint32_t stack)
{
	bool fixed = region_map__find(w->map, start) &&
		     region_map__find(w->map, start)->start < start + len;
	uint32_t more = flags & 0x4000 ? REGION_NORESERVE : 0;

	put(w, start, len, prot | more, BACKING_ANON);
	apply(w, (struct origin_act){ .cause = { .what = MT_CALL_MMAP, .stack = stack },
				      .start = start,
				      .end = start + len,
				      .creates = true,
				      .hints = heap__hints(fixed ? start : 0, len, prot, flags) });
}

static void do_munmap(struct world *w, uint64_t start, uint64_t len)
{
	assert_int_equal(region_map__replace(w->map, start, start + len, NULL, 0), 0);
	apply(w, (struct origin_act){ .cause = { .what = MT_CALL_MUNMAP },
				      .start = start,
				      .end = start + len });
}

static void do_mprotect(struct world *w, uint64_t start, uint64_t len, uint32_t prot,
			uint32_t stack)
{
	const struct region *r = region_map__find(w->map, start);

	put(w, start, len, (r->flags & REGION_NORESERVE) | prot, r->backing);
	apply(w, (struct origin_act){ .cause = { .what = MT_CALL_MPROTECT, .stack = stack },
				      .start = start,
				      .end = start + len });
}

static void do_madvise(struct world *w, uint64_t start, uint64_t len)
{
	apply(w, (struct origin_act){ .cause = { .what = MT_CALL_MADVISE },
				      .start = start,
				      .end = start + len,
				      .returns = true });
}

static void do_brk(struct world *w, uint64_t to)
{
	uint64_t from = w->layout.brk;

	w->layout.brk = to;
	if (to > from) {
		put(w, from, to - from, RW, BACKING_ANON);
		apply(w, (struct origin_act){ .cause = { .what = MT_CALL_BRK },
					      .start = from,
					      .end = to });
	} else {
		do_munmap(w, to, from - to);
	}
}

static void map_file(struct world *w, uint64_t start, uint64_t len, uint32_t prot,
		     const char *name)
{
	put(w, start, len, prot | REGION_OFFSET, backing_of(w, name));
	apply(w, (struct origin_act){ .cause = { .what = MT_CALL_MMAP },
				      .start = start,
				      .end = start + len,
				      .creates = true });
}

/* A stack of one frame in each function, given innermost first as "function module". */
static uint32_t stack_of(struct world *w, const char *const frames[][2], size_t n)
{
	uint32_t ids[8], id;

	for (size_t i = 0; i < n; i++) {
		struct frame f = { .function = frames[i][0], .module = frames[i][1], .build_id = "" };

		assert_int_equal(stacks__add_frame(w->stacks, &f, &ids[i]), 0);
	}
	assert_int_equal(stacks__add(w->stacks, ids, n, false, &id), 0);
	return id;
}

static void expect(const struct world *w, enum heap_part part, const struct heap_state *want)
{
	struct heap heap;
	const struct heap_state *got = &heap.part[part];

	origins__heap(w->origins, &heap);
	if (got->reserved == want->reserved && got->committed == want->committed &&
	    got->peak == want->peak && got->returned == want->returned)
		return;
	fail_msg("%s: expected reserved %lu committed %lu peak %lu returned %lu, "
		 "got %lu %lu %lu %lu", heap_part__name(part), want->reserved, want->committed,
		 want->peak, want->returned, got->reserved, got->committed, got->peak,
		 got->returned);
}
#define EXPECT(w, part, ...) expect(w, HEAP_##part, &(struct heap_state){ __VA_ARGS__ })

static void the_break(void **state)
{
	struct world w;

	open_world(&w);
	do_brk(&w, w.layout.brk + MIB);
	do_brk(&w, w.layout.brk + 132 * KIB);
	do_brk(&w, w.layout.brk - 256 * KIB);
	do_madvise(&w, w.layout.start_brk, 8 * KIB);
	EXPECT(&w, BREAK, .committed = MIB - 124 * KIB, .peak = MIB + 132 * KIB,
	       .returned = 264 * KIB);
	EXPECT(&w, ANONYMOUS, 0);
	close_world(&w);
}

/* malloc/arena.c: new_heap() maps twice as much, keeps what is aligned, and opens its head. */
static uint64_t new_arena(struct world *w, uint64_t at, uint64_t len)
{
	uint64_t aligned = (at + 64 * MIB - 1) & ~(64 * MIB - 1);

	do_mmap(w, at, 128 * MIB, NONE, NORESERVE, 0);
	if (aligned > at)
		do_munmap(w, at, aligned - at);
	do_munmap(w, aligned + 64 * MIB, at + 64 * MIB - aligned);
	do_mprotect(w, aligned, len, RW, 0);
	return aligned;
}

/* grow_heap() opens more, shrink_heap() advises away or, for heaps of setuid programs, closes. */
static void arenas(void **state)
{
	struct world w;
	uint64_t a, b;

	open_world(&w);
	a = new_arena(&w, 0x7f0001230000, 132 * KIB);
	b = new_arena(&w, 0x7f1000100000, 132 * KIB);
	EXPECT(&w, ARENA, .reserved = 128 * MIB - 264 * KIB, .committed = 264 * KIB,
	       .peak = 264 * KIB);
	EXPECT(&w, ANONYMOUS, 0);
	do_mprotect(&w, a + 132 * KIB, MIB, RW, 0);
	do_madvise(&w, a + 132 * KIB, 512 * KIB);
	do_mprotect(&w, b + 128 * KIB, 4 * KIB, NONE, 0);
	EXPECT(&w, ARENA, .reserved = 128 * MIB - 260 * KIB - MIB, .committed = MIB + 260 * KIB,
	       .peak = MIB + 264 * KIB, .returned = 516 * KIB);
	/* Full, it has no rest any more that would tell. */
	do_mprotect(&w, a + 132 * KIB + MIB, 63 * MIB - 132 * KIB, RW, 0);
	EXPECT(&w, ARENA, .reserved = 64 * MIB - 128 * KIB, .committed = 64 * MIB + 128 * KIB,
	       .peak = 64 * MIB + 128 * KIB, .returned = 516 * KIB);
	do_munmap(&w, a, 64 * MIB);
	EXPECT(&w, ARENA, .reserved = 64 * MIB - 128 * KIB, .committed = 128 * KIB,
	       .peak = 64 * MIB + 128 * KIB, .returned = 64 * MIB + 516 * KIB);
	EXPECT(&w, ANONYMOUS, 0);
	close_world(&w);
}

/* By their stack; by their shape; and what has neither is anonymous. */
static void large_blocks(void **state)
{
	static const char *const through_malloc[][2] = { { "mmap64", "/lib/libc.so.6" },
							 { "", "/lib/libc.so.6" },
							 { "malloc", "/lib/libc.so.6" },
							 { "leak", "/bin/x" } };
	static const char *const through_mmap[][2] = { { "mmap64", "/lib/libc.so.6" },
						       { "main", "/bin/x" } };
	uint64_t at = 0x7f0000000000;
	uint32_t stack, other;
	struct world w;

	open_world(&w);
	stack = stack_of(&w, through_malloc, 4);
	other = stack_of(&w, through_mmap, 2);
	do_mmap(&w, at, 200 * KIB, RW, PLAIN, stack);
	do_mmap(&w, at + MIB, 132 * KIB + 64 * KIB, RW, PLAIN, 0);
	EXPECT(&w, LARGE, .committed = 396 * KIB, .peak = 396 * KIB);
	do_mmap(&w, at + 2 * MIB, MIB, RW, PLAIN, 0);		 /* round: not by malloc(3) */
	do_mmap(&w, at + 4 * MIB, 196 * KIB, RW, PLAIN, other); /* known not to be */
	do_mmap(&w, at + 5 * MIB, 196 * KIB, RW, NORESERVE, 0); /* malloc(3) has no such flag */
	do_mmap(&w, at + 6 * MIB, 68 * KIB, RW, PLAIN, 0);	 /* below its threshold */
	EXPECT(&w, ANONYMOUS, .committed = MIB + 460 * KIB, .peak = MIB + 460 * KIB);
	do_munmap(&w, at, 200 * KIB);
	EXPECT(&w, LARGE, .committed = 196 * KIB, .peak = 396 * KIB, .returned = 200 * KIB);
	close_world(&w);
}

/* realloc(3) of a large block: mremap(2) elsewhere, and longer. */
static void block_that_moves(void **state)
{
	uint64_t from = 0x7f0000000000, to = 0x7f0010000000;
	struct world w;

	open_world(&w);
	do_mmap(&w, from, 196 * KIB, RW, PLAIN, 0);
	assert_int_equal(region_map__replace(w.map, from, from + 196 * KIB, NULL, 0), 0);
	put(&w, to, 388 * KIB, RW, BACKING_ANON);
	apply(&w, (struct origin_act){ .cause = { .what = MT_CALL_MREMAP },
				       .start = to,
				       .end = to + 388 * KIB,
				       .from = from,
				       .from_end = from + 196 * KIB });
	EXPECT(&w, LARGE, .committed = 388 * KIB, .peak = 388 * KIB);
	EXPECT(&w, ANONYMOUS, 0);
	close_world(&w);
}

/* A reservation that is opened by mprotect(2), by MAP_FIXED, and closed again (tcmalloc, JVM). */
static void reservation(void **state)
{
	uint64_t at = 0x7f0000001000;
	struct world w;

	open_world(&w);
	do_mmap(&w, at, 1024 * MIB, NONE, NORESERVE, 0);
	EXPECT(&w, ANONYMOUS, .reserved = 1024 * MIB);
	do_mprotect(&w, at + 16 * MIB, 2 * MIB, RW, 0);
	do_mmap(&w, at + 32 * MIB, 4 * MIB, RW, PLAIN | 0x10, 0);
	EXPECT(&w, ALLOCATOR, .reserved = 1018 * MIB, .committed = 6 * MIB, .peak = 6 * MIB);
	do_mmap(&w, at + 32 * MIB, 2 * MIB, NONE, NORESERVE | 0x10, 0);
	do_madvise(&w, at + 16 * MIB, MIB);
	EXPECT(&w, ALLOCATOR, .reserved = 1020 * MIB, .committed = 4 * MIB, .peak = 6 * MIB,
	       .returned = 3 * MIB);
	EXPECT(&w, ANONYMOUS, 0);
	close_world(&w);
}

/* jemalloc: accessible at once (overcommit), and told by its library. */
static void jemalloc(void **state)
{
	uint64_t at = 0x7f0000200000;
	char text[HEAP_ALLOCATORS_ROOM];
	struct heap heap;
	struct world w;

	open_world(&w);
	do_mmap(&w, at - 64 * MIB, 2 * MIB, RW, NORESERVE, 0); /* not yet */
	map_file(&w, 0x7e0000000000, 64 * KIB, RX, "/usr/lib/libjemalloc.so.2");
	do_mmap(&w, at, 2 * MIB, RW, NORESERVE, 0);
	do_mmap(&w, at + 16 * MIB, 196 * KIB, RW, PLAIN, 0); /* glibc's malloc is not used */
	do_madvise(&w, at, MIB);
	EXPECT(&w, ALLOCATOR, .committed = 2 * MIB + 196 * KIB, .peak = 2 * MIB + 196 * KIB,
	       .returned = MIB);
	EXPECT(&w, ANONYMOUS, .committed = 2 * MIB, .peak = 2 * MIB);
	EXPECT(&w, FILE, .committed = 64 * KIB, .peak = 64 * KIB);
	origins__heap(w.origins, &heap);
	assert_string_equal(heap__allocators_text(heap.allocators, text), "jemalloc");
	close_world(&w);
}

/* A cage that is reserved, pages of 256 KiB in it, and code that is written, then executable. */
static void v8(void **state)
{
	uint64_t at = 0x7f0000000000;
	struct world w;

	open_world(&w);
	map_file(&w, 0x400000, 4 * MIB, RX, "/usr/bin/node");
	do_mmap(&w, at, 4096 * MIB, NONE, NORESERVE, 0);
	do_mprotect(&w, at + 256 * KIB, 256 * KIB, RW, 0);
	do_mprotect(&w, at + MIB, 256 * KIB, RW, 0);
	do_mprotect(&w, at + MIB, 256 * KIB, RX, 0);
	do_mmap(&w, at - 512 * KIB, 256 * KIB, RW, PLAIN, 0); /* a page outside of it */
	EXPECT(&w, ALLOCATOR, .reserved = 4096 * MIB - 512 * KIB, .committed = 512 * KIB,
	       .peak = 512 * KIB, .returned = 256 * KIB);
	EXPECT(&w, JIT, .committed = 256 * KIB, .peak = 256 * KIB);
	close_world(&w);
}

/* Go asks for its arenas at addresses of its own. */
static void go(void **state)
{
	struct heap heap;
	struct world w;

	open_world(&w);
	do_mmap(&w, 0xc000000000, 64 * MIB, NONE, PLAIN, 0);
	do_mmap(&w, 0xc000000000, 4 * MIB, RW, PLAIN | 0x10, 0);
	EXPECT(&w, ALLOCATOR, .reserved = 60 * MIB, .committed = 4 * MIB, .peak = 4 * MIB);
	origins__heap(w.origins, &heap);
	assert_int_equal(heap.allocators, 1u << HEAP_ALLOCATOR_GO);
	close_world(&w);
}

/* pthread_create(3): all closed at first, then all but the guard is opened. */
static void thread_stacks(void **state)
{
	uint64_t at = 0x7f0000000000;
	struct world w;

	open_world(&w);
	do_mmap(&w, at, 8 * MIB + 4 * KIB, NONE, MAP_STACK_FLAGS, 0);
	do_mprotect(&w, at + 4 * KIB, 8 * MIB, RW, 0);
	EXPECT(&w, THREAD_STACK, .reserved = 4 * KIB, .committed = 8 * MIB, .peak = 8 * MIB);
	do_madvise(&w, at + 4 * KIB, 8 * MIB - 20 * KIB); /* advise_stack_range() */
	do_munmap(&w, at, 8 * MIB + 4 * KIB);
	EXPECT(&w, THREAD_STACK, .peak = 8 * MIB, .returned = 16 * MIB - 20 * KIB);
	close_world(&w);
}

/* What the program says of it counts more than what it looks like. */
static void names(void **state)
{
	uint64_t at = 0x7f0000000000;
	struct world w;

	open_world(&w);
	do_mmap(&w, at, MIB, RW, PLAIN, 0);
	EXPECT(&w, ANONYMOUS, .committed = MIB, .peak = MIB);
	put(&w, at, 512 * KIB, RW, backing_of(&w, "[anon: glibc: malloc]"));
	apply(&w, (struct origin_act){ .cause = { .what = MT_CALL_PRCTL },
				       .start = at,
				       .end = at + 512 * KIB,
				       .names = true });
	EXPECT(&w, LARGE, .committed = 512 * KIB, .peak = 512 * KIB);
	put(&w, at, 512 * KIB, RW, backing_of(&w, "[anon:cache of mine]"));
	apply(&w, (struct origin_act){ .cause = { .what = MT_CALL_PRCTL },
				       .start = at,
				       .end = at + 512 * KIB,
				       .names = true });
	EXPECT(&w, LARGE, .committed = 512 * KIB, .peak = 512 * KIB);
	close_world(&w);
}

/* A process that ran before: by shape, and its libraries, which are looked at first. */
static void find(struct world *to, const char *library)
{
	struct world w;

	open_world(&w);
	w.layout.brk += 132 * KIB;
	put(&w, w.layout.start_brk, 132 * KIB, RW, BACKING_ANON);
	put(&w, 0x7f0000000000, 132 * KIB, RW, BACKING_ANON);
	put(&w, 0x7f0000000000 + 132 * KIB, 64 * MIB - 132 * KIB, NONE, BACKING_ANON);
	put(&w, 0x7f1000000000, 2 * MIB, RW | REGION_NORESERVE, BACKING_ANON);
	put(&w, 0x7f2000000000, 64 * KIB, RX | REGION_OFFSET, backing_of(&w, library));
	apply(&w, (struct origin_act){ .cause = { .what = CAUSE_FOUND },
				       .end = 1ull << 57,
				       .quiet = true,
				       .no_growth = true,
				       .everything = true });
	EXPECT(&w, BREAK, .committed = 132 * KIB, .peak = 132 * KIB);
	*to = w;
}

static void found(void **state)
{
	struct world w;

	find(&w, "/usr/lib/libother.so.2");
	EXPECT(&w, ARENA, .reserved = 64 * MIB - 132 * KIB, .committed = 132 * KIB,
	       .peak = 132 * KIB);
	EXPECT(&w, ANONYMOUS, .committed = 2 * MIB, .peak = 2 * MIB);
	close_world(&w);
	find(&w, "/usr/lib/libjemalloc.so.2");
	EXPECT(&w, ALLOCATOR, .reserved = 64 * MIB - 132 * KIB, .committed = 2 * MIB + 132 * KIB,
	       .peak = 2 * MIB + 132 * KIB);
	close_world(&w);
}

/* A line of smaps is one part's, or shared by its parts; nobody's memory is OTHER. */
static void resident(void **state)
{
	const uint64_t at = 0x7f0000000000;
	const struct resident list[] = {
		{ 0x1000, 0x2000, 4 * KIB }, /* not mapped as we know it */
		{ at, at + 400 * KIB, 200 * KIB },
		{ at + MIB, at + 2 * MIB, 8 * KIB }, /* had access, and pages are left */
	};
	struct heap heap;
	struct world w;

	open_world(&w);
	do_mmap(&w, at, 196 * KIB, RW, PLAIN, 0);
	do_mmap(&w, at + 196 * KIB, 204 * KIB, RW, PLAIN, 0);
	do_mmap(&w, at + MIB, MIB, NONE, PLAIN, 0);
	origins__heap(w.origins, &heap);
	assert_false(heap.has_resident);
	origins__resident(w.origins, list, 3, &heap);
	assert_true(heap.has_resident);
	assert_int_equal(heap.part[HEAP_LARGE].resident, 96 * KIB);
	assert_int_equal(heap.part[HEAP_ANONYMOUS].resident, (104 + 8) * KIB);
	assert_int_equal(heap.part[HEAP_OTHER].resident, 4 * KIB);
	assert_int_equal(heap__sum(&heap).resident, 212 * KIB);
	close_world(&w);
}

/* A child has its parent's parts, and has returned nothing yet. */
static void a_child(void **state)
{
	struct world w, child;
	uint64_t start;

	open_world(&w);
	start = w.layout.start_brk;
	do_brk(&w, w.layout.brk + MIB);
	do_brk(&w, w.layout.brk - 4 * KIB);
	child = w;
	child.origins = origins__fork(w.origins);
	assert_non_null(child.origins);
	assert_null(origins__check(child.origins, w.map));
	EXPECT(&child, BREAK, .committed = MIB - 4 * KIB, .peak = MIB - 4 * KIB);
	/* What it did not get (MADV_DONTFORK) it has not given back. */
	assert_int_equal(region_map__replace(w.map, start, start + MIB / 2, NULL, 0), 0);
	apply(&child, (struct origin_act){ .cause = { .what = MT_ORIGIN_CLONE },
					   .end = 1ull << 57,
					   .quiet = true,
					   .no_growth = true });
	EXPECT(&child, BREAK, .committed = MIB / 2 - 4 * KIB, .peak = MIB - 4 * KIB);
	origins__free(child.origins);
	do_munmap(&w, start, MIB);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_break),	    cmocka_unit_test(arenas),
		cmocka_unit_test(large_blocks),	    cmocka_unit_test(block_that_moves),
		cmocka_unit_test(reservation),	    cmocka_unit_test(jemalloc),
		cmocka_unit_test(v8),		    cmocka_unit_test(go),
		cmocka_unit_test(thread_stacks),    cmocka_unit_test(names),
		cmocka_unit_test(found),	    cmocka_unit_test(resident),
		cmocka_unit_test(a_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
