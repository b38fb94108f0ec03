// SPDX-License-Identifier: GPL-2.0
/* Heaps of glibc's malloc, made here chunk by chunk: honest ones are counted, others refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/malloc_heap.h"

#define BASE 0x555555559000ull
#define ARENA 0x7f1234000000ull
#define KB(n) ((uint64_t)(n) << 10)
#define ROOM KB(512)
#define P 1u
#define MMAPPED 2u
#define OTHER 4u /* of another arena than the main one */
#define PAGE 4096u

struct made {
	unsigned char *data;
	struct malloc_heap heap;
	uint64_t at;
	bool after_free;
	uint64_t pages_in; /* of a thousand pages so many are in memory */
};

static void made__init(struct made *m, uint64_t start, bool main)
{
	*m = (struct made){ .heap = { start, start, main }, .pages_in = 1000 };
	m->data = calloc(1, ROOM);
	assert_non_null(m->data);
}

static void put(struct made *m, uint64_t at, uint64_t word)
{
	memcpy(m->data + at, &word, sizeof(word));
}

/* A header as it is, and so much further. */
static void raw(struct made *m, uint64_t prev_size, uint64_t size_and_flags, uint64_t step)
{
	assert_true(m->at + step <= ROOM);
	put(m, m->at, prev_size);
	put(m, m->at + 8, size_and_flags);
	m->at += step;
	m->heap.end = m->heap.start + m->at;
}

static void used(struct made *m, uint64_t size)
{
	/* prev_size of one that follows one in use is that one's data: anything. */
	uint64_t prev = 0x4141414141414141;

	if (m->after_free)
		memcpy(&prev, m->data + m->at, sizeof(prev));
	raw(m, prev, size | (m->heap.main ? 0 : OTHER) | (m->after_free ? 0 : P), size);
	m->after_free = false;
}

static void freed(struct made *m, uint64_t size)
{
	raw(m, 0x4242424242424242, size | P, size);
	m->after_free = true;
	if (m->at < ROOM)
		put(m, m->at, size);
}

/* The top, up to the next whole page. */
static void top(struct made *m)
{
	uint64_t end = (m->at + PAGE) & ~(uint64_t)(PAGE - 1);

	raw(m, 7, (end - m->at) | P, end - m->at);
}

/* Nothing of it is free but the top. */
static void make_used(struct made *m)
{
	made__init(m, BASE, true);
	for (int i = 0; i < 300; i++)
		used(m, KB(1));
	top(m);
}

static uint64_t pages(void *ctx, uint64_t start, uint64_t end)
{
	const struct made *m = ctx;

	assert_false(start % PAGE || end % PAGE || start >= end);
	return (end - start) / PAGE * m->pages_in / 1000 * PAGE;
}

/* As who reads does: from where it wants, so many bytes at a time. */
static enum malloc_step walk(struct made *m, uint64_t first, size_t piece, struct malloc_walk *w)
{
	size_t at_first = piece > 2 * MALLOC_SEARCH ? piece : 2 * MALLOC_SEARCH;
	enum malloc_step step = MALLOC_MORE;
	unsigned char *copy;
	uint64_t off;
	size_t len;

	malloc_walk__begin(w, &m->heap, m->heap.start + first, pages, m);
	for (int i = 0; step == MALLOC_MORE; i++) {
		off = w->at - m->heap.start;
		assert_true(off + MALLOC_LEAST <= m->at);
		len = i ? piece : at_first;
		len = len < m->at - off ? len : m->at - off;
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, m->data + off, len);
		step = malloc_walk__feed(w, copy, len);
		free(copy);
	}
	free(m->data);
	m->data = NULL;
	return step;
}

#define EXPECT(w, field, want)                                                                 \
	do {                                                                                   \
		if ((w).sum.field != (want))                                                   \
			fail_msg(#field ": expected %llu, got %llu", (unsigned long long)(want), \
				 (unsigned long long)(w).sum.field);                           \
	} while (0)

/* 64 KiB are free below a chunk of 80 bytes, which is below 48 KiB in small holes. */
static void make_honest(struct made *m)
{
	used(m, 0x290);
	used(m, 1008);
	freed(m, KB(64));
	used(m, 80);
	for (int i = 0; i < 48; i++) {
		freed(m, KB(1));
		used(m, 48);
	}
	top(m);
}

static void honest(void **state)
{
	static const size_t pieces[] = { 16, 32, 4096, 5008, ROOM };
	struct malloc_walk w;
	struct made m;

	for (size_t i = 0; i < 2 * sizeof(pieces) / sizeof(pieces[0]); i++) {
		made__init(&m, BASE, i % 2);
		make_honest(&m);
		assert_int_equal(walk(&m, 0, pieces[i / 2], &w), MALLOC_DONE);
		EXPECT(w, heaps, 1);
		EXPECT(w, total, m.at);
		EXPECT(w, counted, m.at);
		EXPECT(w, top, m.at - 0x290 - 1008 - KB(64) - 80 - 48 * (KB(1) + 48));
		EXPECT(w, free, KB(64) + KB(48) + w.sum.top);
		EXPECT(w, kept, w.sum.free);
		EXPECT(w, largest, KB(64));
		EXPECT(w, above, 49);
		EXPECT(w, above_bytes, 80 + 48 * 48);
		/* Not those that hold its header, the list's pointers and its end. */
		EXPECT(w, pages, KB(60) + (w.sum.top > PAGE ? PAGE : 0));
	}
}

/* What was given back with madvise(2) is free, and not kept. */
static void returned(void **state)
{
	struct malloc_walk w;
	struct made m;

	made__init(&m, BASE, true);
	make_honest(&m);
	m.pages_in = 200;
	assert_int_equal(walk(&m, 0, ROOM, &w), MALLOC_DONE);
	EXPECT(w, kept, w.sum.free - KB(48));
	EXPECT(w, pages, KB(12));
	EXPECT(w, largest, KB(16));
}

static void nothing_is_free(void **state)
{
	struct malloc_walk w;
	struct made m;

	make_used(&m);
	assert_int_equal(walk(&m, 0, 4096, &w), MALLOC_DONE);
	EXPECT(w, free, w.sum.top);
	EXPECT(w, above, 0);
	assert_true(malloc_walk__may_be_cut(&w));
	assert_false(malloc_sum__matters(&w.sum));
}

/* Of a static program: libc has taken of the break before malloc did. */
static void begins_later(void **state)
{
	struct malloc_walk w;
	struct made m;

	made__init(&m, BASE, true);
	raw(&m, 0x7ffff7d8f000, 0x555555559010, 16);
	raw(&m, 1, 0x91, 48); /* which leads nowhere */
	raw(&m, 0, 0, 3008);
	used(&m, 0x290);
	used(&m, KB(2));
	top(&m);
	assert_int_equal(walk(&m, 0, 64, &w), MALLOC_DONE);
	assert_int_equal(w.first, BASE + 3072);
	EXPECT(w, counted, m.at);
	EXPECT(w, free, w.sum.top);
}

/* What says that there is a free one before cannot be the first. */
static void begins_with_none_before(void **state)
{
	struct malloc_walk w;
	struct made m;

	made__init(&m, BASE, true);
	raw(&m, KB(1), KB(1), KB(1));
	used(&m, KB(2));
	top(&m);
	assert_int_equal(walk(&m, 0, 4096, &w), MALLOC_DONE);
	assert_int_equal(w.first, BASE + KB(1));
}

/* Its list's pointers lie in a page of which the rest is free: that page is not given back. */
static void pages_that_stay(void **state)
{
	static const struct {
		uint64_t start, pages;
	} cases[] = { { PAGE - 32, 2 * PAGE }, { PAGE - 16, PAGE }, { PAGE, 2 * PAGE } };
	struct malloc_walk w;
	struct made m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		made__init(&m, BASE, true);
		used(&m, cases[i].start);
		freed(&m, 3 * PAGE);
		used(&m, 64);
		top(&m);
		assert_int_equal(walk(&m, 0, 64, &w), MALLOC_DONE);
		EXPECT(w, largest, 3 * PAGE);
		EXPECT(w, pages, cases[i].pages);
	}
}

/* There was no time for more: what was read is counted, but for the chunk that was last. */
static void in_part(void **state)
{
	struct malloc_walk w;
	struct made m;

	make_used(&m);
	malloc_walk__begin(&w, &m.heap, BASE, pages, &m);
	assert_int_equal(malloc_walk__feed(&w, m.data, KB(20)), MALLOC_MORE);
	assert_int_equal(w.at, BASE + KB(20));
	EXPECT(w, counted, KB(19));
	assert_false(malloc_walk__may_be_cut(&w));
	assert_int_equal(malloc_walk__feed(&w, m.data + KB(20), KB(260)), MALLOC_MORE);
	EXPECT(w, counted, KB(279));
	assert_true(malloc_walk__may_be_cut(&w));
	free(m.data);
}

/* A first chunk that leads out of what was read, and from there nowhere: the next one is it. */
static void begins_again(void **state)
{
	unsigned char *copy = malloc(ROOM);
	struct malloc_walk w;
	struct made m;

	made__init(&m, BASE, true);
	raw(&m, 0, KB(64) | P, 16);
	used(&m, 0x290);
	for (int i = 0; i < 100; i++)
		used(&m, KB(1) + 16);
	top(&m);
	assert_non_null(copy);
	memcpy(copy, m.data, ROOM);
	assert_int_equal(walk(&m, 0, 4096, &w), MALLOC_BAD);
	assert_int_equal(w.first, BASE);
	m.data = copy;
	assert_int_equal(walk(&m, malloc_walk__again(&w) - BASE, 4096, &w), MALLOC_DONE);
	assert_int_equal(w.first, BASE + 16);
}

/* Somebody else has moved the break: what malloc has above that is another run of chunks. */
static void fence_of_main(void **state)
{
	struct malloc_walk w;
	struct made m;
	uint64_t ends;

	for (int empty = 0; empty < 2; empty++) {
		made__init(&m, BASE, true);
		used(&m, 0x290);
		if (!empty)
			freed(&m, KB(8));
		raw(&m, KB(8), 16 | (empty ? P : 0), 16);
		raw(&m, 0, 16 | P, 16);
		ends = m.at;
		raw(&m, 0x1234567, 0x89abcdef, PAGE);
		assert_int_equal(walk(&m, 0, 64, &w), MALLOC_DONE);
		EXPECT(w, counted, ends);
		EXPECT(w, total, ends + PAGE);
		EXPECT(w, free, empty ? 0 : KB(8));
		EXPECT(w, top, 0);
	}
}

/* A heap of an arena that is full: the arena has gone on in another one. */
static void fence_of_arena(void **state)
{
	static const struct {
		uint64_t free, first; /* 0: there is none */
	} cases[] = { { KB(8), 16 }, { KB(8), 16 | P }, { 0, 16 | P }, { 0, 32 | P } };
	struct malloc_walk w;
	struct made m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		made__init(&m, ARENA + 48, false);
		used(&m, KB(4));
		if (cases[i].free)
			freed(&m, cases[i].free);
		raw(&m, cases[i].free, cases[i].first, cases[i].first & ~P);
		raw(&m, 0, P, 16);
		if (cases[i].free && cases[i].first & P) {
			/* It says that it is used, and has no mark of an arena. */
			assert_int_equal(walk(&m, 0, 64, &w), MALLOC_BAD);
			continue;
		}
		assert_int_equal(walk(&m, 0, 64, &w), MALLOC_DONE);
		EXPECT(w, counted, m.at);
		EXPECT(w, free, cases[i].free);
	}
}

/* In the middle of an honest heap one header lies: behind 40 chunks, before 40. */
struct lie {
	const char *what;
	uint64_t prev_size, head;
	bool arena, after_free;
};

static void lies(void **state)
{
	static const struct lie cases[] = {
		{ "no size", 0, P, false, false },
		{ "nothing at all", 0, 0, false, false },
		{ "smaller than any", 0, 24 | P, false, false },
		{ "not aligned", 0, 1000 | P, false, false },
		{ "not aligned, by a bit", 0, KB(1) | 8 | P, false, false },
		{ "longer than the heap", 0, KB(600) | P, false, false },
		{ "around the end of the world", 0, ~(uint64_t)15 | P, false, false },
		{ "mapped by itself", 0, KB(1) | P | MMAPPED, false, false },
		{ "of an arena, in the break", 0, KB(1) | P | OTHER, false, false },
		{ "of the break, in an arena", 0, KB(1) | P, true, false },
		{ "the one before is free, and longer", KB(2), KB(1), false, true },
		{ "the one before is free, and shorter", 512, KB(1), false, true },
		{ "the one before is free, and is not", KB(1) + 16, KB(1), false, false },
		{ "a fence in an arena, and more", 0, 16 | P, true, false },
		{ "half a fence", 0, 16 | P, false, false },
	};
	struct malloc_walk w;
	struct made m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct lie *c = &cases[i];

		made__init(&m, BASE, !c->arena);
		for (int k = 0; k < 40; k++)
			used(&m, KB(1));
		if (c->after_free)
			freed(&m, KB(1));
		raw(&m, c->prev_size, c->head, KB(1));
		m.after_free = false;
		for (int k = 0; k < 40; k++)
			used(&m, KB(1));
		top(&m);
		if (walk(&m, 0, 4096, &w) != MALLOC_BAD)
			fail_msg("%s: expected that it is refused", c->what);
		/* The first chunk was one. */
		if (malloc_walk__again(&w) != BASE)
			fail_msg("%s: expected another try from the start", c->what);
	}
}

/* Two neighbours are free: malloc would have made them one. */
static void free_neighbours(void **state)
{
	struct malloc_walk w;
	struct made m;

	made__init(&m, BASE, true);
	for (int k = 0; k < 40; k++)
		used(&m, KB(1));
	freed(&m, KB(1));
	raw(&m, KB(1), KB(2), KB(2));
	raw(&m, KB(2), KB(1), KB(1));
	top(&m);
	assert_int_equal(walk(&m, 0, 4096, &w), MALLOC_BAD);
}

/* It ends in a chunk that is in use, or in a free one that the top would have taken. */
static void no_top(void **state)
{
	struct malloc_walk w;
	struct made m;

	made__init(&m, BASE, true);
	used(&m, KB(4));
	freed(&m, KB(4));
	raw(&m, KB(4), KB(4), KB(4));
	assert_int_equal(walk(&m, 0, 4096, &w), MALLOC_BAD);
	/* Half a fence, and then nothing. */
	made__init(&m, BASE, true);
	used(&m, KB(4));
	raw(&m, 0, 16 | P, 16);
	assert_int_equal(walk(&m, 0, 4096, &w), MALLOC_BAD);
	/* What is no fence, and a whole one behind it. */
	made__init(&m, BASE, true);
	used(&m, KB(4));
	raw(&m, 0, P, 16);
	raw(&m, 0, 16 | P, 16);
	raw(&m, 0, 0, PAGE);
	assert_int_equal(walk(&m, 0, 4096, &w), MALLOC_BAD);
	/* The first half is used always. */
	made__init(&m, BASE, true);
	used(&m, KB(4));
	raw(&m, 0, 16 | P, 16);
	raw(&m, 16, 16, 16);
	raw(&m, 0, 0, PAGE);
	assert_int_equal(walk(&m, 0, 4096, &w), MALLOC_BAD);
	/* No chunk at all. */
	made__init(&m, BASE, true);
	raw(&m, 0, 0, KB(64));
	assert_int_equal(walk(&m, 0, 4096, &w), MALLOC_BAD);
}

static void heads(void **state)
{
	static const struct {
		const char *what;
		uint64_t word[4];
		uint64_t start, end; /* of chunks; 0: no heap */
	} cases[] = {
		{ "2.36", { ARENA + 48, 0, KB(132), KB(132) }, ARENA + 48, ARENA + KB(132) },
		{ "2.31", { ARENA + 32, 0, KB(132), KB(200) }, ARENA + 32, ARENA + KB(132) },
		{ "not the first", { ARENA - MALLOC_WINDOW + 48, ARENA - MALLOC_WINDOW, KB(4), KB(4) },
		  ARENA + 48, ARENA + KB(4) },
		{ "full", { ARENA + 48, 0, MALLOC_WINDOW, MALLOC_WINDOW }, ARENA + 48,
		  ARENA + MALLOC_WINDOW },
		{ "zeros", { 0, 0, 0, 0 }, 0, 0 },
		{ "an arena nowhere", { 48, 0, KB(4), KB(4) }, 0, 0 },
		{ "an arena elsewhere", { ARENA + 64, 0, KB(4), KB(4) }, 0, 0 },
		{ "before itself", { ARENA + 48, ARENA, KB(4), KB(4) }, 0, 0 },
		{ "before anything", { ARENA + 48, ARENA + 8, KB(4), KB(4) }, 0, 0 },
		{ "no size", { ARENA + 48, 0, 0, KB(4) }, 0, 0 },
		{ "no pages", { ARENA + 48, 0, 100, KB(4) }, 0, 0 },
		{ "too large", { ARENA + 48, 0, 2 * MALLOC_WINDOW, 2 * MALLOC_WINDOW }, 0, 0 },
		{ "more than can be used", { ARENA + 48, 0, KB(8), KB(4) }, 0, 0 },
	};
	unsigned char data[MALLOC_HEAD];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct malloc_heap heap = { ARENA, ARENA + MALLOC_WINDOW, false };
		bool is;

		memset(data, 0x5a, sizeof(data));
		memcpy(data, cases[i].word, sizeof(cases[i].word));
		is = malloc_heap__parse(&heap, data);
		if (is != (cases[i].end != 0) ||
		    (is && (heap.start != cases[i].start || heap.end != cases[i].end)))
			fail_msg("%s: expected %llx to %llx, got %d, %llx to %llx", cases[i].what,
				 (unsigned long long)cases[i].start,
				 (unsigned long long)cases[i].end, is,
				 (unsigned long long)heap.start, (unsigned long long)heap.end);
	}
}

/* The break by where it is, windows in private memory; stacks, files and others are none. */
static void where(void **state)
{
	static const struct region regions[] = {
		{ 0x555555559000, 0x555555600000, 0, REGION_READ | REGION_WRITE, BACKING_ANON },
		/* One arena, two that grew together, and the start of a fourth. */
		{ ARENA, ARENA + 0x21000, 0, REGION_READ | REGION_WRITE, BACKING_ANON },
		{ ARENA + 0x21000, ARENA + MALLOC_WINDOW, 0, 0, BACKING_ANON },
		{ ARENA + 2 * MALLOC_WINDOW - PAGE, ARENA + 4 * MALLOC_WINDOW + PAGE, 0,
		  REGION_READ | REGION_WRITE, BACKING_ANON },
		{ ARENA + 6 * MALLOC_WINDOW, ARENA + 7 * MALLOC_WINDOW, 0,
		  REGION_READ | REGION_WRITE | REGION_SHARED, BACKING_ANON },
		{ ARENA + 8 * MALLOC_WINDOW, ARENA + 9 * MALLOC_WINDOW, 0,
		  REGION_READ | REGION_EXEC, BACKING_ANON },
	};
	struct layout layout = { .start_brk = BASE + 8, .brk = 0x555555600000 };
	struct backings *backings = backings__new();
	struct region_map *map = region_map__new();
	struct malloc_heap heaps[8];

	assert_true(backings && map);
	assert_int_equal(region_map__replace(map, 0, ~0ull, regions,
					     sizeof(regions) / sizeof(regions[0])), 0);
	assert_int_equal(malloc_heaps__of(map, backings, &layout, heaps, 8), 5);
	assert_true(heaps[0].main && heaps[0].start == BASE + 16);
	assert_int_equal(heaps[0].end, layout.brk);
	assert_true(heaps[1].start == ARENA && !heaps[1].main);
	assert_int_equal(heaps[2].start, ARENA + 2 * MALLOC_WINDOW);
	assert_int_equal(heaps[4].start, ARENA + 4 * MALLOC_WINDOW);
	assert_int_equal(malloc_heaps__of(map, backings, &layout, heaps, 2), 2);
	assert_int_equal(malloc_heaps__of(map, backings, &layout, heaps, 0), 0);
	layout.brk = layout.start_brk;
	assert_int_equal(malloc_heaps__of(map, backings, &layout, heaps, 8), 4);
	region_map__free(map);
	backings__free(backings);
}

static void words(void **state)
{
	struct malloc_sum all = { 0 }, one = {
		.heaps = 1, .total = KB(3072), .counted = KB(3072), .free = KB(2000),
		.kept = KB(1024), .pages = KB(1000), .top = KB(4), .largest = KB(900),
		.above = 1, .above_bytes = 80,
	};
	char text[MALLOC_SUM_ROOM];

	malloc_sum__add(&all, &one);
	assert_true(malloc_sum__matters(&all));
	assert_string_equal(malloc_sum__text(&all, text),
			    "at least 1M of 3M in malloc's heaps are free and kept; largest run "
			    "900K, below 1 used chunk (80); malloc_trim(3) would return 1000K");
	one.largest = KB(1000);
	one.above = 0;
	one.counted = KB(2048);
	malloc_sum__add(&all, &one);
	assert_int_equal(all.heaps, 2);
	assert_int_equal(all.kept, KB(2048));
	assert_string_equal(malloc_sum__text(&all, text),
			    "at least 2M of 5M looked at in malloc's heaps are free and kept; largest "
			    "run 1000K, at the end; malloc_trim(3) would return 2.0M");
	/* Nothing but holes. */
	all.pages = KB(1023);
	assert_non_null(strstr(malloc_sum__text(&all, text),
			       "largest run 1000K, most is in holes between used chunks; "));
	/* Little, or little of much. */
	one.kept = KB(1023);
	assert_false(malloc_sum__matters(&one));
	one.kept = KB(2048);
	one.counted = KB(8192);
	assert_true(malloc_sum__matters(&one));
	one.counted = KB(8196);
	assert_false(malloc_sum__matters(&one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest),	  cmocka_unit_test(returned),
		cmocka_unit_test(nothing_is_free), cmocka_unit_test(begins_later),
		cmocka_unit_test(begins_again),	  cmocka_unit_test(fence_of_main),
		cmocka_unit_test(fence_of_arena), cmocka_unit_test(lies),
		cmocka_unit_test(free_neighbours), cmocka_unit_test(no_top),
		cmocka_unit_test(heads),	  cmocka_unit_test(where),
		cmocka_unit_test(words),	  cmocka_unit_test(begins_with_none_before),
		cmocka_unit_test(pages_that_stay), cmocka_unit_test(in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
