/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sites in top, without a terminal: what each keeps and has grown by, order, filter,
 * the way down to its stack and its memory, and how lines are cut to a width.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "output/top_site_text.h"
#include "output/top_ui.h"
#include "output_fixture.h"
#include "util/cut.h"

#define S 1000000000ull
#define KIB 1024ull
#define AT 0x7f0000000000ull
#define RW (REGION_READ | REGION_WRITE)

struct fixture {
	struct tracker *t;
	struct stacks *stacks;
	struct top_ui ui;
	struct space *space;
	uint32_t load, save; /* stacks */
	uint64_t now_ns;
};

static uint32_t stack_of(struct fixture *f, const char *function, bool cut)
{
	const struct frame frames[] = {
		{ .function = "mmap64", .module = "/lib/libc.so.6", .build_id = "", .offset = 1 },
		{ .function = function, .module = "/opt/app", .build_id = "", .offset = 0x20 },
		{ .function = "main", .module = "/opt/app", .build_id = "", .offset = 0x30 },
	};
	uint32_t ids[3], id;
	size_t i;

	for (i = 0; i < 3; i++)
		assert_int_equal(stacks__add_frame(f->stacks, &frames[i], &ids[i]), 0);
	assert_int_equal(stacks__add(f->stacks, ids, 3, cut, &id), 0);
	return id;
}

static void open_fixture(struct fixture *f)
{
	struct raw_region r = { .region = { .start = AT, .end = AT + 100 * KIB, .flags = RW },
				.anonymous = true };

	*f = (struct fixture){ .t = sample_tracker(1), .stacks = stacks__new() };
	assert_non_null(f->stacks);
	f->load = stack_of(f, "load", false);
	f->save = stack_of(f, "save", true);
	tracker__set_stacks(f->t, f->stacks);
	assert_int_equal(tracker__base(f->t, 5000, &r, 1, MONO_NS, MONO_NS), 0);
	f->space = tracker__space(f->t, 5000);
	assert_non_null(f->space->origins);
	assert_int_equal(top_ui__init(&f->ui), 0);
}

static void close_fixture(struct fixture *f)
{
	top_ui__fini(&f->ui);
	tracker__free(f->t);
	stacks__free(f->stacks);
}

/* Pages at AT + at are mapped by that stack; 0: by a call of the thread "io". none: they go. */
static void map(struct fixture *f, uint64_t at, uint64_t kib, uint32_t stack, bool none)
{
	struct region r = { .start = AT + at * KIB, .end = AT + (at + kib) * KIB, .flags = RW };
	struct origin_act act = { .cause = { .what = MT_CALL_MMAP, .tid = 7, .comm = "io",
					     .stack = stack },
				  .start = r.start, .end = r.end, .creates = true,
				  .ts_ns = MONO_NS + f->now_ns, .kind = KIND_ANONYMOUS };

	assert_int_equal(region_map__replace(f->space->map, r.start, r.end, &r, none ? 0 : 1), 0);
	assert_int_equal(origins__apply(f->space->origins, f->space->map, &act), 0);
}

static void sample(struct fixture *f)
{
	f->now_ns += S;
	assert_int_equal(top_ui__sample(&f->ui, f->t, MONO_NS + f->now_ns), 0);
	assert_int_equal(top_ui__arrange(&f->ui, 10), 0);
}

static void press(struct fixture *f, int key)
{
	top_ui__key(&f->ui, key, 10);
	if (f->ui.wants_detail)
		assert_int_equal(top_ui__open(&f->ui, f->t, MONO_NS + f->now_ns), 0);
	assert_int_equal(top_ui__arrange(&f->ui, 10), 0);
}

/* The list of sites, after one of each stack and one of a call: 64, 32, and 8 KiB. */
static void open_sites(struct fixture *f)
{
	open_fixture(f);
	map(f, 1024, 64, f->load, false);
	map(f, 2048, 32, f->save, false);
	map(f, 4096, 8, 0, false);
	sample(f);
	press(f, TOP_KEY_ENTER);
	press(f, TOP_KEY_TAB);
	assert_int_equal(f->ui.page, TOP_PAGE_SITES);
}

static const struct top_site *listed(const struct fixture *f, size_t i)
{
	assert_true(i < f->ui.n);
	return &f->ui.detail.sites.sites[f->ui.listed[i]];
}

static void assert_row(const struct fixture *f, size_t i, int columns, const char *want)
{
	char text[TOP_SITE_LINE];

	top_site_text__row(text, &f->ui.detail.sites, listed(f, i), columns);
	if (strcmp(text, want))
		fail_msg("row %zu: expected \"%s\", got \"%s\"", i, want, text);
}

static void test_growth(void **state)
{
	struct fixture f;

	(void)state;
	open_sites(&f);
	assert_int_equal(f.ui.n, 3);
	assert_row(&f, 0, 120, "    64K        0     64K       0     64K       1 load (app) < main (app)");
	assert_row(&f, 2, 120, "     8K        0      8K       0      8K       1 mmap, anonymous, thread io");
	map(&f, 2080, 96, f.save, false);
	map(&f, 1024, 16, f.load, true);
	sample(&f);
	assert_row(&f, 0, 120, "   128K     +96K    128K     96K    128K       2 save (app) < main (app)");
	assert_row(&f, 1, 120, "    48K     -16K     64K       0     64K       1 load (app) < main (app)");
	sample(&f);
	assert_row(&f, 0, 120, "   128K        0    128K       0    128K       2 save (app) < main (app)");
	/* A site that comes has grown by all it has. */
	map(&f, 8192, 4, stack_of(&f, "late", false), false);
	sample(&f);
	assert_row(&f, 3, 120, "     4K      +4K      4K      4K      4K       1 late (app) < main (app)");
	close_fixture(&f);
}

static void test_pause(void **state)
{
	struct fixture f;

	(void)state;
	open_sites(&f);
	press(&f, 'p');
	map(&f, 2080, 96, f.save, false);
	sample(&f);
	assert_int_equal(listed(&f, 0)->kept, 64 * KIB);
	press(&f, 'p');
	sample(&f);
	assert_int_equal(listed(&f, 0)->kept, 128 * KIB);
	close_fixture(&f);
}

static void assert_first(const struct fixture *f, enum top_site_column sort, uint32_t stack)
{
	if (f->ui.site_view.sort != sort)
		fail_msg("expected to sort by %s, got %s", top_site_column__heading(sort),
			 top_site_column__heading(f->ui.site_view.sort));
	if (listed(f, 0)->site.stack != stack)
		fail_msg("by %s: expected stack %u first, got %u", top_site_column__heading(sort),
			 stack, listed(f, 0)->site.stack);
}

static void test_sort(void **state)
{
	struct fixture f;

	(void)state;
	open_sites(&f);
	map(&f, 2080, 8, f.save, false);
	sample(&f);
	assert_first(&f, TOP_SITE_KEPT, f.load);
	press(&f, '>');
	assert_first(&f, TOP_SITE_INTERVAL, f.save);
	press(&f, 'r');
	assert_true(f.ui.site_view.reverse);
	assert_false(f.ui.view.reverse); /* the processes' order is their own */
	assert_int_equal(listed(&f, 2)->site.stack, f.save);
	press(&f, '>');
	assert_first(&f, TOP_SITE_BYTES, f.load);
	assert_false(f.ui.site_view.reverse);
	press(&f, '<');
	press(&f, '<');
	press(&f, '<');
	assert_first(&f, TOP_SITE_CALLS, f.save);
	assert_int_equal(f.ui.view.sort, TOP_GROWTH);
	close_fixture(&f);
}

/* The selection stays with its site when the order changes, once it has been moved. */
static void test_selection(void **state)
{
	struct fixture f;
	const size_t *at = &f.ui.lists[TOP_PAGE_SITES].selected;

	(void)state;
	open_sites(&f);
	press(&f, 'j');
	assert_int_equal(listed(&f, *at)->site.stack, f.save);
	map(&f, 2080, 96, f.save, false);
	sample(&f);
	assert_int_equal(*at, 0);
	assert_int_equal(listed(&f, *at)->site.stack, f.save);
	press(&f, TOP_KEY_HOME);
	map(&f, 8192, 400, 0, false);
	sample(&f);
	assert_int_equal(*at, 0);
	assert_int_equal(listed(&f, *at)->site.stack, 0);
	close_fixture(&f);
}

static void test_filter(void **state)
{
	struct fixture f;
	const char *key;

	(void)state;
	open_sites(&f);
	for (key = "/SAV"; *key; key++)
		press(&f, *key);
	assert_int_equal(f.ui.n, 1);
	assert_int_equal(listed(&f, 0)->site.stack, f.save);
	assert_string_equal(top_ui__filter(&f.ui), "SAV");
	assert_string_equal(f.ui.view.filter, "");
	press(&f, TOP_KEY_ENTER);
	assert_int_equal(f.ui.n, 1);
	press(&f, TOP_KEY_ESCAPE); /* takes the filter off, and then goes back */
	assert_int_equal(f.ui.n, 3);
	press(&f, TOP_KEY_ESCAPE);
	assert_int_equal(f.ui.page, TOP_PAGE_PROCESSES);
	assert_string_equal(top_ui__filter(&f.ui), "");
	close_fixture(&f);
}

static void assert_frame(const struct fixture *f, size_t i, int columns, const char *want)
{
	const struct top_sites *s = &f->ui.detail.sites;
	char text[TOP_SITE_LINE];

	top_site_text__frame(text, s, top_sites__find(s, f->ui.site), i, columns);
	if (strcmp(text, want))
		fail_msg("frame %zu: expected \"%s\", got \"%s\"", i, want, text);
}

static void test_drill_down(void **state)
{
	struct fixture f;
	const struct top_sites *s = &f.ui.detail.sites;
	char text[TOP_SITE_LINE];

	(void)state;
	open_sites(&f);
	map(&f, 2080, 4, f.save, false);
	map(&f, 3000, 4, f.save, false);
	map(&f, 2048, 8, f.load, false); /* over what was the other's: the same growth */
	sample(&f);
	press(&f, TOP_KEY_DOWN);
	press(&f, TOP_KEY_ENTER);
	assert_int_equal(f.ui.page, TOP_PAGE_SITE);
	assert_int_equal(f.ui.above, 5); /* three frames, those that are missing, a heading */
	assert_frame(&f, 0, 80, "  0 mmap64 /lib/libc.so.6+0x1");
	assert_frame(&f, 1, 80, "  1 save /opt/app+0x20");
	assert_frame(&f, 3, 80, "   ...");
	/* Adjacent pieces are one part. */
	assert_int_equal(f.ui.n, 5 + 2);
	assert_int_equal(s->parts[f.ui.listed[0]].start, AT + 2048 * KIB);
	assert_int_equal(s->parts[f.ui.listed[0]].end, AT + 2084 * KIB);
	assert_int_equal(s->parts[f.ui.listed[1]].start, AT + 3000 * KIB);
	top_site_text__part(text, &f.ui.detail, &s->parts[f.ui.listed[1]], 80);
	assert_string_equal(text, "7f00002ee000-7f00002ef000       4K rw-p anonymous     ");
	top_site_text__sums(text, &f.ui.detail, top_sites__find(s, f.ui.site));
	assert_string_equal(text, "work (pid 1000): 40K kept of 40K by 3 calls, at most 40K at a time");
	press(&f, TOP_KEY_BACKSPACE);
	assert_int_equal(f.ui.page, TOP_PAGE_SITES);
	assert_int_equal(f.ui.lists[TOP_PAGE_SITES].selected, 1);
	press(&f, TOP_KEY_DOWN);
	press(&f, TOP_KEY_ENTER); /* a call: without a stack it is named itself */
	assert_int_equal(f.ui.above, 2);
	assert_frame(&f, 0, 80, "mmap, anonymous, thread io");
	close_fixture(&f);
}

/* Another program has sites of its own: numbers of the old ones are not theirs. */
static void test_exec(void **state)
{
	struct exec_event ev = { .ts_ns = MONO_NS + 2 * S, .start_ns = 42, .tgid = 1000,
				 .tid = 1000, .old_tid = 1000, .space = 6000, .old_space = 5000,
				 .comm = "other" };
	struct fixture f;

	(void)state;
	open_sites(&f);
	press(&f, TOP_KEY_ENTER);
	assert_int_equal(f.ui.n, 4 + 1);
	assert_int_equal(tracker__on_exec(f.t, &ev), 0);
	assert_int_equal(tracker__base(f.t, 6000, NULL, 0, ev.ts_ns, ev.ts_ns), 0);
	f.space = tracker__space(f.t, 6000);
	map(&f, 1024, 4, f.save, false);
	sample(&f);
	assert_int_equal(f.ui.n, 0);
	assert_null(top_sites__find(&f.ui.detail.sites, f.ui.site));
	press(&f, 'q');
	assert_int_equal(f.ui.page, TOP_PAGE_SITES);
	assert_row(&f, 0, 120, "     4K      +4K      4K      4K      4K       1 save (app) < main (app)");
	close_fixture(&f);
}

/* What was seen last stays when the process ends, and can be gone through. */
static void test_ended(void **state)
{
	struct exit_event ev = { .ts_ns = MONO_NS + 2 * S, .tgid = 1000, .tid = 1000,
				 .space = 5000, .group = true };
	struct fixture f;

	(void)state;
	open_sites(&f);
	assert_int_equal(tracker__on_exit(f.t, &ev), 0);
	sample(&f);
	assert_true(f.ui.detail.ended);
	press(&f, TOP_KEY_ENTER);
	assert_int_equal(f.ui.n, 4 + 1);
	assert_frame(&f, 1, 80, "  1 load /opt/app+0x20");
	close_fixture(&f);
}

static void assert_cut(const char *text, unsigned int columns, const char *want)
{
	char got[256];

	cut__middle(got, sizeof(got), text, columns);
	if (strcmp(got, want))
		fail_msg("%u columns of %s: expected \"%s\", got \"%s\"", columns, text, want, got);
}

static void test_cut(void **state)
{
	struct fixture f;
	char text[16];

	(void)state;
	assert_cut("abcdefghij", 10, "abcdefghij");
	assert_cut("abcdefghij", 9, "abc...hij");
	assert_cut("abcdefghij", 8, "abc...ij");
	assert_cut("abcdefghij", 4, "abcd");
	assert_cut("abcdefghij", 0, "");
	assert_cut("äöüßäöüß", 7, "äö...üß");
	assert_string_equal(cut__middle(text, 16, "abcdefghijklmnopqrstuvwxyz", 20), "abc");
	open_sites(&f);
	/* First without modules, then cut. */
	assert_row(&f, 0, 66, "    64K        0     64K       0     64K       1 load < main");
	assert_row(&f, 0, 58, "    64K        0     64K       0     64K       1 loa...ain");
	assert_row(&f, 2, 66, "     8K        0      8K       0      8K       1 mmap, a...read io");
	press(&f, TOP_KEY_ENTER);
	assert_frame(&f, 0, 24, "  0 mmap64 /lib/...6+0x1");
	close_fixture(&f);
}

static void test_table(void **state)
{
	struct fixture f;
	struct capture c;
	char *text;

	(void)state;
	open_sites(&f);
	capture__init(&c);
	top_site_text__table(c.out, &f.ui.detail, f.ui.listed, 0);
	top_site_text__table(c.out, &f.ui.detail, f.ui.listed, f.ui.n);
	text = capture__take(&c);
	assert_string_equal(text,
			    "sites of work (pid 1000): 3\n"
			    "   KEPT INTERVAL   BYTES BYTES/s    PEAK   CALLS WHO\n"
			    "    64K        0     64K       0     64K       1 load (app) < main (app)\n"
			    "    32K        0     32K       0     32K       1 save (app) < main (app)\n"
			    "     8K        0      8K       0      8K       1 mmap, anonymous, thread io\n"
			    "\n");
	free(text);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth),	   cmocka_unit_test(test_pause),
		cmocka_unit_test(test_sort),	   cmocka_unit_test(test_selection),
		cmocka_unit_test(test_filter),	   cmocka_unit_test(test_drill_down),
		cmocka_unit_test(test_exec),	   cmocka_unit_test(test_ended),
		cmocka_unit_test(test_cut),	   cmocka_unit_test(test_table),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
