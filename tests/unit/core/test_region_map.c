/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The region map, case by case. A map is drawn with one character a page:
 *
 *	.  nothing		a  anonymous, rw-	n  anonymous, ---
 *	f  a file, r-x		F  the same file, 32 pages further on
 *	v  a special mapping that has no contents	l  anonymous, locked
 *
 * and "aa|ff" has a | where one region ends and the next begins. The source is
 * included, not linked, so that its memory can be made to run out.
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

#include "scarce.h"
#include "core/region_map.c"
#undef malloc
#undef calloc
#undef realloc

#define BASE 0x10000ULL
#define PAGE(n) (BASE + (uint64_t)(n)*REGION_PAGE)
#define PICTURE 64

static const struct {
	char letter;
	uint32_t flags, backing;
	uint64_t offset; /* of the page at BASE */
} contents[] = {
	{ 'a', REGION_READ | REGION_WRITE, BACKING_ANON, 0 },
	{ 'n', 0, BACKING_ANON, 0 },
	{ 'f', REGION_READ | REGION_EXEC | REGION_OFFSET, 1, 0 },
	{ 'F', REGION_READ | REGION_EXEC | REGION_OFFSET, 1, 32 * REGION_PAGE },
	{ 'v', REGION_READ, 2, 0 },
	{ 'l', REGION_READ | REGION_WRITE | REGION_LOCKED, BACKING_ANON, 0 },
};
#define CONTENTS (sizeof(contents) / sizeof(contents[0]))

static struct region region_of(char letter, size_t start, size_t end)
{
	struct region r = { .start = PAGE(start), .end = PAGE(end) };
	size_t i;

	for (i = 0; i < CONTENTS && contents[i].letter != letter; i++)
		;
	assert_true(i < CONTENTS);
	r.flags = contents[i].flags;
	r.backing = contents[i].backing;
	if (r.flags & REGION_OFFSET)
		r.offset = contents[i].offset + start * REGION_PAGE;
	return r;
}

static char letter_of(const struct region *r)
{
	struct region want;
	size_t i;

	for (i = 0; i < CONTENTS; i++) {
		want = region_of(contents[i].letter, (r->start - BASE) / REGION_PAGE,
				 (r->end - BASE) / REGION_PAGE);
		if (!memcmp(&want, r, sizeof(want)))
			return contents[i].letter;
	}
	return '?';
}

/* The regions of a picture whose first page is number start; | is skipped. */
static size_t parse(const char *picture, size_t start, struct region *regions)
{
	size_t n = 0, page = start;
	char last = '|';

	for (; *picture; last = *picture++) {
		if (*picture == '|')
			continue;
		if (*picture != '.') {
			if (*picture == last)
				regions[n - 1].end = PAGE(page + 1);
			else
				regions[n++] = region_of(*picture, page, page + 1);
		}
		page++;
	}
	return n;
}

static void draw(const struct region_map *map, size_t pages, char *out)
{
	const struct region *r = region_map__find(map, 0);
	uint64_t at = BASE;

	for (; at < PAGE(pages); at += REGION_PAGE) {
		if (r && r->end <= at) {
			if (region_map__find(map, at) && region_map__find(map, at)->start == at)
				*out++ = '|';
			r = region_map__find(map, at);
		}
		*out++ = r && r->start <= at ? letter_of(r) : '.';
	}
	*out = '\0';
}

static struct region_map *map_of(const char *picture)
{
	struct region_map *map = region_map__new();
	struct region regions[PICTURE];
	size_t n = parse(picture, 0, regions);

	assert_non_null(map);
	assert_int_equal(region_map__replace(map, BASE, PAGE(PICTURE), regions, n), 0);
	return map;
}

static void assert_sound(const struct region_map *map)
{
	const char *broken = region_map__check(map);

	if (broken)
		fail_msg("the map is broken: %s", broken);
}

/* ---------------------------------------------------------------- replace */

static const struct {
	const char *what, *before;
	size_t at;
	const char *with, *after;
} replaces[] = {
	{ "into nothing", "......", 2, "aa", "..aa.." },
	{ "nothing into nothing", "......", 2, "..", "......" },
	{ "all of a region goes", "..aa..", 2, "..", "......" },
	{ "a hole in the middle", "aaaaaa", 2, "..", "aa..aa" },
	{ "the head goes", "aaaaaa", 0, "..", "..aaaa" },
	{ "the tail goes", "aaaaaa", 4, "..", "aaaa.." },
	{ "a hole in a file: the offset moves on", "ffffff", 2, "..", "ff..ff" },
	{ "the head of a file goes", "ffffff", 0, "..", "..ffff" },
	{ "a special mapping cut keeps no offset", "vvvvvv", 2, "..", "vv..vv" },
	{ "another protection in the middle", "aaaaaa", 2, "nn", "aa|nn|aa" },
	{ "and back: three become one", "aannaa", 2, "aa", "aaaaaa" },
	{ "merges with the one before only", "aa..nn", 2, "aa", "aaaa|nn" },
	{ "merges with the one after only", "nn..aa", 2, "aa", "nn|aaaa" },
	{ "merges with the rest of what it cuts", "aaaaaa", 2, "aa", "aaaaaa" },
	{ "a hole keeps neighbours apart", "aa....", 3, "aa", "aa.aa." },
	{ "a file continues a file", "ff..ff", 2, "ff", "ffffff" },
	{ "not at another offset", "ff..ff", 2, "FF", "ff|FF|ff" },
	{ "same file, other offset, side by side", "FF....", 2, "ff", "FF|ff.." },
	{ "special mappings merge without an offset", "vv..vv", 2, "vv", "vvvvvv" },
	{ "locked is another region", "aaaa..", 1, "l", "a|l|aa.." },
	{ "both edges cut, one between swallowed", "aaa.nn.fff", 2, "llllll", "aa|llllll|ff" },
	{ "edges cut, a hole left", "aaaffff", 2, "...", "aa...ff" },
	{ "several pieces, one of them a hole", "aaaaaaaa", 1, "nn.f", "a|nn.f|aaa" },
	{ "given pieces merge with each other", "......", 1, "a|a|a", ".aaa.." },
	{ "given pieces merge with both sides", "aa...aa", 2, "a|a|a", "aaaaaaa" },
	{ "a piece at either end, none at the edges", "aaaaaa", 1, ".nn.", "a.nn.a" },
	{ "identical content changes nothing", "aa|nn|ff", 0, "aannff", "aa|nn|ff" },
	{ "identical inside one region", "ffffff", 2, "ff", "ffffff" },
	{ "exactly one region", "aa|nn|ff", 2, "ll", "aa|ll|ff" },
	{ "becomes like the one before", "aa|nn|ff", 2, "aa", "aaaa|ff" },
	{ "a file moved to where it continues", "ff|FF|ff", 2, "ff", "ffffff" },
};

static void replaces_as_drawn(void **state)
{
	size_t i, n, bad = 0;

	for (i = 0; i < sizeof(replaces) / sizeof(replaces[0]); i++) {
		struct region_map *map = map_of(replaces[i].before);
		struct region regions[PICTURE];
		char before[3 * PICTURE], got[3 * PICTURE];
		size_t len = 0, pages = 0;
		const char *c;

		for (c = replaces[i].with; *c; c++)
			len += *c != '|';
		for (c = replaces[i].before; *c; c++)
			pages += *c != '|';
		draw(map, pages, before);
		n = parse(replaces[i].with, replaces[i].at, regions);
		assert_int_equal(region_map__replace(map, PAGE(replaces[i].at),
						     PAGE(replaces[i].at + len), regions, n),
				 0);
		assert_sound(map);
		draw(map, pages, got);
		if (strcmp(got, replaces[i].after)) {
			print_error("%s: %s with %s at %zu: expected %s, got %s\n",
				    replaces[i].what, before, replaces[i].with, replaces[i].at,
				    replaces[i].after, got);
			bad++;
		}
		region_map__free(map);
	}
	assert_int_equal(bad, 0);
}

static const struct {
	const char *what;
	uint64_t start, end;
	size_t n;
	struct region regions[2];
	int err;
} invalid[] = {
	{ "an empty range", PAGE(1), PAGE(1), 0, { { 0 } }, -EINVAL },
	{ "a range that ends before it starts", PAGE(2), PAGE(1), 0, { { 0 } }, -EINVAL },
	{ "a start inside a page", PAGE(1) + 1, PAGE(2), 0, { { 0 } }, -EINVAL },
	{ "an end inside a page", PAGE(1), PAGE(2) - 1, 0, { { 0 } }, -EINVAL },
	{ "everything", 0, UINT64_MAX, 0, { { 0 } }, 0 },
	{ "a region before the range",
	  PAGE(1),
	  PAGE(4),
	  1,
	  { { PAGE(0), PAGE(2), 0, 1, 0 } },
	  -EINVAL },
	{ "a region beyond the range",
	  PAGE(1),
	  PAGE(4),
	  1,
	  { { PAGE(3), PAGE(5), 0, 1, 0 } },
	  -EINVAL },
	{ "an empty region", PAGE(1), PAGE(4), 1, { { PAGE(2), PAGE(2), 0, 1, 0 } }, -EINVAL },
	{ "a region inside out", PAGE(1), PAGE(4), 1, { { PAGE(3), PAGE(2), 0, 1, 0 } }, -EINVAL },
	{ "a region not on pages",
	  PAGE(1),
	  PAGE(4),
	  1,
	  { { PAGE(2), PAGE(3) - 8, 0, 1, 0 } },
	  -EINVAL },
	{ "regions over one another",
	  PAGE(1),
	  PAGE(4),
	  2,
	  { { PAGE(1), PAGE(3), 0, 1, 0 }, { PAGE(2), PAGE(4), 0, 3, 0 } },
	  -EINVAL },
	{ "regions in the wrong order",
	  PAGE(1),
	  PAGE(4),
	  2,
	  { { PAGE(3), PAGE(4), 0, 1, 0 }, { PAGE(1), PAGE(2), 0, 1, 0 } },
	  -EINVAL },
	{ "an offset that does not count",
	  PAGE(1),
	  PAGE(4),
	  1,
	  { { PAGE(1), PAGE(2), REGION_PAGE, REGION_READ, 1 } },
	  -EINVAL },
	{ "an offset into nothing",
	  PAGE(1),
	  PAGE(4),
	  1,
	  { { PAGE(1), PAGE(2), 0, REGION_OFFSET, BACKING_ANON } },
	  -EINVAL },
	{ "an offset inside a page",
	  PAGE(1),
	  PAGE(4),
	  1,
	  { { PAGE(1), PAGE(2), 8, REGION_OFFSET, 1 } },
	  -EINVAL },
	{ "an offset",
	  PAGE(1),
	  PAGE(4),
	  1,
	  { { PAGE(1), PAGE(2), REGION_PAGE, REGION_OFFSET, 1 } },
	  0 },
};

static void refuses_what_is_invalid(void **state)
{
	size_t i, bad = 0;
	int err;

	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		struct region_map *map = map_of("aaaaaa");
		char got[3 * PICTURE];

		err = region_map__replace(map, invalid[i].start, invalid[i].end, invalid[i].regions,
					  invalid[i].n);
		assert_sound(map);
		draw(map, 6, got);
		if (err != invalid[i].err || (err && strcmp(got, "aaaaaa"))) {
			print_error("%s: expected %d, got %d and %s\n", invalid[i].what,
				    invalid[i].err, err, got);
			bad++;
		}
		region_map__free(map);
	}
	assert_int_equal(bad, 0);
}

static void takes_regions_from_the_map_itself(void **state)
{
	struct region_map *map = map_of("aa|nn|ff|aa");
	const struct region *held = region_map__find(map, PAGE(2));
	char got[3 * PICTURE];

	assert_int_equal(region_map__replace(map, BASE, PAGE(8), held, 2), 0);
	assert_sound(map);
	draw(map, 8, got);
	assert_string_equal(got, "..nn|ff..");
	region_map__free(map);
}

/* ---------------------------------------------------------------- sums */

static void keeps_totals(void **state)
{
	static const struct region regions[] = {
		{ PAGE(0), PAGE(2), 0, REGION_READ | REGION_EXEC | REGION_OFFSET, 1 },
		{ PAGE(2), PAGE(5), 0, REGION_READ | REGION_WRITE | REGION_LOCKED, 0 },
		{ PAGE(6), PAGE(10), 0, 0, 0 },
		{ PAGE(10), PAGE(11), 0, REGION_READ | REGION_GROWSDOWN, 0 },
		{ PAGE(11), PAGE(13), 0, REGION_READ | REGION_SHADOW_STACK, 0 },
	};
	/* The same with [1, 3) and [9, 12) gone. */
	static const struct region_totals want[] = {
		{ .bytes = 12 * REGION_PAGE,
		  .accessible = 8 * REGION_PAGE,
		  .locked = 3 * REGION_PAGE,
		  .grows_down = 3 * REGION_PAGE,
		  .data = 3 * REGION_PAGE,
		  .executable = 2 * REGION_PAGE,
		  .regions = 5,
		  .grows_down_regions = 2 },
		{ .bytes = 7 * REGION_PAGE,
		  .accessible = 4 * REGION_PAGE,
		  .locked = 2 * REGION_PAGE,
		  .grows_down = 1 * REGION_PAGE,
		  .data = 2 * REGION_PAGE,
		  .executable = 1 * REGION_PAGE,
		  .regions = 4,
		  .grows_down_regions = 1 },
		{ 0 },
	};
	struct region_map *map = region_map__new();
	const struct region_totals *got = region_map__totals(map);
	size_t i;

	for (i = 0; i < 3; i++) {
		if (i == 0) {
			assert_int_equal(region_map__replace(map, BASE, PAGE(20), regions, 5), 0);
		} else if (i == 1) {
			assert_int_equal(region_map__replace(map, PAGE(1), PAGE(3), NULL, 0), 0);
			assert_int_equal(region_map__replace(map, PAGE(9), PAGE(12), NULL, 0), 0);
		} else {
			assert_int_equal(region_map__replace(map, 0, UINT64_MAX, NULL, 0), 0);
		}
		assert_sound(map);
		print_message("bytes %lu %lu accessible %lu %lu locked %lu %lu regions %zu %zu\n",
			      (unsigned long)want[i].bytes, (unsigned long)got->bytes,
			      (unsigned long)want[i].accessible, (unsigned long)got->accessible,
			      (unsigned long)want[i].locked, (unsigned long)got->locked,
			      want[i].regions, got->regions);
		assert_memory_equal(got, &want[i], sizeof(*got));
	}
	region_map__free(map);
}

/* ---------------------------------------------------------------- looking */

/* Page numbers; -1: none. The map is "..aa|ff..n" . */
static const struct {
	int at, find, before;
} lookups[] = {
	{ 0, 2, -1 }, { 1, 2, -1 }, { 2, 2, -1 }, { 3, 2, -1 }, { 4, 4, 2 },
	{ 5, 4, 2 },  { 6, 8, 4 },  { 7, 8, 4 },  { 8, 8, 4 },	{ 9, -1, 8 },
};

static int page_of(const struct region *r)
{
	return r ? (int)((r->start - BASE) / REGION_PAGE) : -1;
}

static void finds(void **state)
{
	struct region_map *map = map_of("..aaff..n");
	struct region_map *empty = region_map__new();
	struct region_iter it;
	size_t i, bad = 0;

	for (i = 0; i < sizeof(lookups) / sizeof(lookups[0]); i++) {
		uint64_t addr = PAGE(lookups[i].at);
		int find = page_of(region_map__find(map, addr));
		int before = page_of(region_map__before(map, addr));

		if (find != lookups[i].find || before != lookups[i].before) {
			print_error("page %d: expected %d after %d, got %d after %d\n",
				    lookups[i].at, lookups[i].find, lookups[i].before, find,
				    before);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
	assert_int_equal(page_of(region_iter__init(&it, map, 0)), 2);
	assert_null(region_iter__prev(&it));
	assert_int_equal(page_of(region_iter__next(&it)), 4);
	assert_int_equal(page_of(region_iter__next(&it)), 8);
	assert_null(region_iter__next(&it));
	assert_null(region_iter__next(&it));
	assert_int_equal(page_of(region_iter__prev(&it)), 8);
	assert_null(region_map__find(empty, 0));
	assert_null(region_map__before(empty, UINT64_MAX));
	assert_null(region_iter__init(&it, empty, 0));
	assert_null(region_iter__next(&it));
	assert_null(region_iter__prev(&it));
	region_map__free(map);
	region_map__free(empty);
}

static void slices(void **state)
{
	struct region_map *map = map_of("aaaffff..");
	struct region *got = (struct region *)map, want;

	assert_int_equal(region_map__slice(map, PAGE(2), PAGE(5), &got), 2);
	assert_int_equal(letter_of(&got[0]), 'a');
	want = region_of('f', 3, 5);
	assert_memory_equal(&got[1], &want, sizeof(want));
	free(got);
	assert_int_equal(region_map__slice(map, PAGE(4), PAGE(6), &got), 1);
	want = region_of('f', 4, 6); /* its offset moved with the cut */
	assert_memory_equal(&got[0], &want, sizeof(want));
	free(got);
	assert_int_equal(region_map__slice(map, PAGE(7), UINT64_MAX, &got), 0);
	assert_null(got);
	got = &want;
	scarce_left = 0;
	assert_int_equal(region_map__slice(map, 0, UINT64_MAX, &got), -ENOMEM);
	scarce_left = -1;
	assert_ptr_equal(got, &want);
	region_map__free(map);
}

/* ---------------------------------------------------------------- many regions */

#define MANY 65530

/* Every second page holds one, so that none merge. */
static struct region nth(size_t i)
{
	struct region r = { PAGE(2 * i), PAGE(2 * i + 1), 0, REGION_READ, BACKING_ANON };

	return r;
}

static struct region *many(size_t n)
{
	struct region *regions = calloc(n, sizeof(*regions));
	size_t i;

	assert_non_null(regions);
	for (i = 0; i < n; i++)
		regions[i] = nth(i);
	return regions;
}

static void assert_count_and_size(const struct region_map *map, size_t regions, size_t max_bytes)
{
	size_t bytes = region_map__footprint(map);

	assert_sound(map);
	assert_int_equal(region_map__totals(map)->regions, regions);
	print_message("%zu regions, %zu bytes (at most %zu)\n", regions, bytes, max_bytes);
	assert_true(bytes <= max_bytes);
}

enum order { WALK, UPWARDS, DOWNWARDS, SHUFFLED, ORDERS };

static void holds_many_in_little(void **state)
{
	struct region *regions = many(MANY);
	enum order order;
	size_t i, j;

	for (order = WALK; order < ORDERS; order++) {
		struct region_map *map = region_map__new();

		if (order == WALK)
			assert_int_equal(region_map__replace(map, 0, UINT64_MAX, regions, MANY), 0);
		for (i = 0; order != WALK && i < MANY; i++) {
			j = order == UPWARDS   ? i :
			    order == DOWNWARDS ? MANY - 1 - i :
						 i * 32749 % MANY;
			assert_int_equal(region_map__replace(map, regions[j].start, regions[j].end,
							     &regions[j], 1),
					 0);
		}
		assert_count_and_size(map, MANY, MANY * 96);
		/* All but every 50th go, one by one: leaves must be joined. */
		for (i = 0; i < MANY; i++) {
			if (i % 50)
				assert_int_equal(region_map__replace(map, regions[i].start,
								     regions[i].end, NULL, 0),
						 0);
		}
		assert_count_and_size(map, (MANY + 49) / 50, (MANY + 49) / 50 * 150 + 8192);
		assert_int_equal(region_map__replace(map, 0, UINT64_MAX, NULL, 0), 0);
		assert_count_and_size(map, 0, 1024);
		region_map__free(map);
	}
	free(regions);
}

/* ---------------------------------------------------------------- without memory */

static const struct {
	const char *what;
	size_t have, start, end, come; /* regions there; the range in pages; regions given */
} scarce[] = {
	{ "the first region", 0, 0, 4, 1 },
	{ "a whole walk", 0, 0, 2000, 1000 },
	{ "a full leaf split", 64, 1, 2, 1 },
	{ "a walk over a walk", 1000, 0, 3000, 1500 },
	{ "many in the middle of many", 1000, 400, 500, 100 },
	{ "all but a few go: leaves are joined", 1000, 20, 1990, 0 },
	{ "a leaf gets sparse", 70, 2, 60, 0 },
};

static void is_as_it_was_without_memory(void **state)
{
	size_t i, j, fails;

	for (i = 0; i < sizeof(scarce) / sizeof(scarce[0]); i++) {
		struct region *have = many(2000), *come = many(2000);
		int err = -ENOMEM;

		for (j = 0; j < scarce[i].come; j++) {
			come[j].start = PAGE(scarce[i].start + j);
			come[j].end = PAGE(scarce[i].start + j + 1);
			come[j].flags = j % 2 ? REGION_WRITE : REGION_EXEC;
		}
		for (fails = 0; err == -ENOMEM; fails++) {
			struct region_map *map = region_map__new();
			struct region_totals before;
			const struct region *r;
			struct region_iter it;

			assert_int_equal(
				region_map__replace(map, 0, UINT64_MAX, have, scarce[i].have), 0);
			before = *region_map__totals(map);
			scarce_left = (long)fails;
			err = region_map__replace(map, PAGE(scarce[i].start), PAGE(scarce[i].end),
						  come, scarce[i].come);
			scarce_left = -1;
			assert_sound(map);
			if (err) {
				assert_int_equal(err, -ENOMEM);
				assert_memory_equal(&before, region_map__totals(map),
						    sizeof(before));
				for (r = region_iter__init(&it, map, 0), j = 0; r;
				     r = region_iter__next(&it), j++)
					assert_memory_equal(r, &have[j], sizeof(*r));
				assert_int_equal(j, scarce[i].have);
			}
			region_map__free(map);
		}
		print_message("%s: failed %zu times\n", scarce[i].what, fails - 1);
		assert_int_equal(err, 0);
		assert_true(fails > 1);
		free(have);
		free(come);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_as_drawn),
		cmocka_unit_test(refuses_what_is_invalid),
		cmocka_unit_test(takes_regions_from_the_map_itself),
		cmocka_unit_test(keeps_totals),
		cmocka_unit_test(finds),
		cmocka_unit_test(slices),
		cmocka_unit_test(holds_many_in_little),
		cmocka_unit_test(is_as_it_was_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
