/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of top and its text, without a terminal: rates, growth, history, order,
 * filter, pause, what keys do, what a line looks like. The screen is tests/kernel/top.sh's.
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

#include "output/top_text.h"
#include "output/top_ui.h"
#include "output_fixture.h"

#define S 1000000000ull
#define MIB (1ull << 20)
#define AT(i) (0x100000000ull * ((i) + 1))

struct fixture {
	struct tracker *t;
	struct top_ui ui;
};

/* Process 1000 + i has its first 100 KiB, all anonymous. */
static void base(struct fixture *f, size_t i)
{
	struct raw_region r = { .region = { .start = AT(i), .end = AT(i) + 100 * 1024,
					    .flags = REGION_READ | REGION_WRITE },
				.anonymous = true };

	assert_int_equal(tracker__base(f->t, 5000 + i, &r, 1, MONO_NS, MONO_NS), 0);
}

static void open_fixture(struct fixture *f, size_t n)
{
	size_t i;

	f->t = sample_tracker(n);
	assert_int_equal(top_ui__init(&f->ui), 0);
	for (i = 0; i < n; i++)
		base(f, i);
}

static void close_fixture(struct fixture *f)
{
	top_ui__fini(&f->ui);
	tracker__free(f->t);
}

static struct process *process(struct fixture *f, size_t i)
{
	struct process *p = tracker__process(f->t, (uint32_t)(1000 + i));

	assert_non_null(p);
	return p;
}

/* Process i has so much more than the first 100 KiB, in a region of its own. */
static void has_grown(struct fixture *f, size_t i, uint64_t bytes)
{
	struct region r = { .start = AT(i) + MIB, .end = AT(i) + MIB + bytes,
			    .flags = REGION_READ | REGION_WRITE };

	assert_int_equal(region_map__replace(tracker__space(f->t, 5000 + i)->map, AT(i) + MIB,
					     AT(i) + 0x80000000, &r, bytes ? 1 : 0),
			 0);
}

static void sample(struct fixture *f, uint64_t ns)
{
	assert_int_equal(top_ui__sample(&f->ui, f->t, MONO_NS + ns), 0);
	assert_int_equal(top_ui__arrange(&f->ui, 10), 0);
}

static void press(struct fixture *f, int key)
{
	top_ui__key(&f->ui, key, 10);
	if (f->ui.wants_detail)
		assert_int_equal(top_ui__open(&f->ui, f->t, MONO_NS + 9 * S), 0);
	assert_int_equal(top_ui__arrange(&f->ui, 10), 0);
}

static void type(struct fixture *f, const char *keys)
{
	for (; *keys; keys++)
		press(f, *keys);
}

/* The pids that are listed, in their order. */
static void assert_order(const struct fixture *f, const char *want)
{
	char got[256] = "";
	size_t i, len = 0;

	for (i = 0; i < f->ui.n; i++)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%u", i ? " " : "",
					f->ui.rows[i]->id.tgid);
	if (strcmp(got, want))
		fail_msg("expected order %s, got %s", want, got);
}

static const struct top_row *row(const struct fixture *f, uint32_t pid)
{
	size_t i;

	for (i = 0; i < f->ui.n; i++) {
		if (f->ui.rows[i]->id.tgid == pid)
			return f->ui.rows[i];
	}
	fail_msg("expected a row of pid %u, got none", pid);
	return NULL;
}

static void assert_cell(const struct top_row *r, enum top_column column, const char *want)
{
	char buf[TOP_CELL_ROOM];
	const char *got = top_text__cell(r, column, false, buf);

	if (strcmp(got, want))
		fail_msg("column %s: expected %s, got %s", top_column__row(column)->key, want, got);
}

static void test_rates(void **state)
{
	struct fixture f;
	struct process *p;

	(void)state;
	open_fixture(&f, 1);
	p = process(&f, 0);
	p->calls[MT_CALL_MMAP].count = 1000; /* before the first sample: no rate */
	sample(&f, S);
	assert_cell(row(&f, 1000), TOP_CALLS, "0");
	p->calls[MT_CALL_MMAP].count += 30;
	p->calls[MT_CALL_BRK].count += 1;
	p->mapped += 4 * MIB;
	p->unmapped += MIB;
	sample(&f, 3 * S);
	assert_true(top__seconds(f.ui.top) == 2.0);
	assert_cell(row(&f, 1000), TOP_CALLS, "16");
	assert_cell(row(&f, 1000), TOP_MAPPED, "2M");
	assert_cell(row(&f, 1000), TOP_UNMAPPED, "512K");
	p->calls[MT_CALL_BRK].count += 1;
	sample(&f, 5 * S);
	assert_cell(row(&f, 1000), TOP_CALLS, "0.5");
	assert_cell(row(&f, 1000), TOP_MAPPED, "0");
	close_fixture(&f);
}

static void test_growth(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, 1);
	sample(&f, S);
	assert_cell(row(&f, 1000), TOP_ACCESS, "100K");
	assert_cell(row(&f, 1000), TOP_GROWTH, "0");
	has_grown(&f, 0, 2 * MIB);
	sample(&f, 2 * S);
	assert_cell(row(&f, 1000), TOP_GROWTH, "+2M");
	assert_cell(row(&f, 1000), TOP_INTERVAL, "+2M");
	assert_cell(row(&f, 1000), TOP_REGIONS, "2");
	assert_cell(row(&f, 1000), TOP_STATE, "exact");
	has_grown(&f, 0, MIB);
	tracker__all_uncertain(f.t, "test", MONO_NS);
	sample(&f, 3 * S);
	assert_cell(row(&f, 1000), TOP_GROWTH, "+1M");
	assert_cell(row(&f, 1000), TOP_INTERVAL, "-1M");
	assert_cell(row(&f, 1000), TOP_STATE, "uncertain");
	assert_int_equal(top__counts(f.ui.top).uncertain, 1);
	close_fixture(&f);
}

/* The history goes on while it is held still, and what is shown does not. */
static void test_history_and_pause(void **state)
{
	struct fixture f;
	const struct top_row *r;
	size_t i;

	(void)state;
	open_fixture(&f, 1);
	for (i = 0; i < TOP_HISTORY + 3; i++) {
		has_grown(&f, 0, i * 4096);
		sample(&f, (i + 1) * S);
	}
	r = row(&f, 1000);
	assert_int_equal(r->history_n, TOP_HISTORY);
	assert_int_equal(r->history[0], 100 * 1024 + 3 * 4096);
	assert_int_equal(r->history[TOP_HISTORY - 1], r->accessible);
	press(&f, 'p');
	has_grown(&f, 0, 64 * MIB);
	sample(&f, 80 * S);
	assert_int_equal(row(&f, 1000)->history[0], 100 * 1024 + 3 * 4096);
	press(&f, ' ');
	sample(&f, 81 * S);
	r = row(&f, 1000);
	assert_int_equal(r->history[TOP_HISTORY - 2], 100 * 1024 + 64 * MIB);
	assert_cell(r, TOP_INTERVAL, "0");
	close_fixture(&f);
}

static void test_sort(void **state)
{
	struct fixture f;
	size_t i;

	(void)state;
	open_fixture(&f, 4);
	has_grown(&f, 2, 3 * MIB);
	has_grown(&f, 1, 2 * MIB);
	process(&f, 3)->calls[MT_CALL_BRK].count = 7;
	strcpy(process(&f, 0)->comm, "zebra");
	sample(&f, S);
	assert_order(&f, "1002 1001 1000 1003"); /* 1000 and 1003 are alike: by pid */
	press(&f, 'r');
	assert_order(&f, "1000 1003 1001 1002");
	for (i = 0; f.ui.view.sort != TOP_PID && i < TOP_COLUMN_NR; i++)
		press(&f, '<');
	assert_order(&f, "1000 1001 1002 1003");
	press(&f, '<'); /* round to the last: names */
	assert_int_equal(f.ui.view.sort, TOP_COMM);
	assert_order(&f, "1002 1001 1003 1000");
	press(&f, 's');
	assert_int_equal(f.ui.view.sort, TOP_PID);
	process(&f, 3)->calls[MT_CALL_BRK].count = 9;
	sample(&f, 2 * S);
	f.ui.view.sort = TOP_CALLS;
	sample(&f, 2 * S);
	assert_int_equal(top_column__by_key("calls"), TOP_CALLS);
	assert_int_equal(top_column__by_key("nonsense"), TOP_COLUMN_NR);
	close_fixture(&f);
}

static void test_filter(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, 12);
	strcpy(process(&f, 5)->comm, "Redis-server");
	sample(&f, S);
	type(&f, "/redi");
	assert_order(&f, "1005");
	press(&f, TOP_KEY_ESCAPE); /* as it was before */
	assert_int_equal(f.ui.n, 12);
	type(&f, "/101");
	press(&f, TOP_KEY_ENTER);
	assert_order(&f, "1010 1011");
	type(&f, "/x");
	assert_order(&f, "");
	press(&f, TOP_KEY_BACKSPACE);
	press(&f, TOP_KEY_ENTER);
	assert_order(&f, "1010 1011");
	press(&f, TOP_KEY_ESCAPE); /* at the top it takes the filter off */
	assert_int_equal(f.ui.n, 12);
	assert_false(f.ui.quit);
	press(&f, 'q');
	assert_true(f.ui.quit);
	close_fixture(&f);
}

/* What has ended is shown once; a pid that is used again is another process. */
static void test_ended(void **state)
{
	struct exit_event ev = { .ts_ns = MONO_NS + S + S / 2, .tgid = 1000, .tid = 1000,
				 .space = 5000, .group = true };
	struct fixture f;

	(void)state;
	open_fixture(&f, 2);
	has_grown(&f, 0, MIB);
	sample(&f, S);
	assert_int_equal(tracker__on_exit(f.t, &ev), 0);
	sample(&f, 2 * S);
	assert_cell(row(&f, 1000), TOP_STATE, "ended");
	assert_cell(row(&f, 1000), TOP_GROWTH, "+1M");
	assert_order(&f, "1001 1000"); /* though it grew more */
	assert_int_equal(top__counts(f.ui.top).processes, 1);
	sample(&f, 3 * S);
	assert_order(&f, "1001");
	sample(&f, 4 * S);
	assert_order(&f, "1001");
	close_fixture(&f);
}

static void test_bound(void **state)
{
	struct fixture f;

	(void)state;
	f.t = sample_tracker(TOP_ROWS_MAX + 7);
	assert_int_equal(top_ui__init(&f.ui), 0);
	sample(&f, S);
	assert_int_equal(f.ui.n, TOP_ROWS_MAX);
	assert_int_equal(top__counts(f.ui.top).others, 7);
	close_fixture(&f);
}

/* A terminal that is stopped is not drawn, and a key comes: rows have moved meanwhile. */
static void test_key_before_drawing(void **state)
{
	struct tracker *more = sample_tracker(300);
	struct fixture f;

	(void)state;
	open_fixture(&f, 3);
	sample(&f, S);
	assert_int_equal(top_ui__sample(&f.ui, more, MONO_NS + 2 * S), 0);
	top_ui__key(&f.ui, TOP_KEY_DOWN, 10);
	assert_int_equal(f.ui.n, 300);
	assert_int_equal(f.ui.rows[f.ui.lists[TOP_PAGE_PROCESSES].selected]->id.tgid, 1001);
	close_fixture(&f);
	tracker__free(more);
}

/* The selection stays with its process when the order changes. */
static void test_selection(void **state)
{
	struct fixture f;
	size_t *at;

	(void)state;
	open_fixture(&f, 30);
	at = &f.ui.lists[TOP_PAGE_PROCESSES].selected;
	sample(&f, S);
	press(&f, TOP_KEY_DOWN);
	assert_int_equal(f.ui.rows[*at]->id.tgid, 1001);
	has_grown(&f, 29, MIB);
	sample(&f, 2 * S);
	assert_int_equal(*at, 2);
	assert_int_equal(f.ui.rows[*at]->id.tgid, 1001);
	press(&f, TOP_KEY_END);
	assert_int_equal(*at, 29);
	assert_int_equal(f.ui.lists[TOP_PAGE_PROCESSES].first, 20);
	press(&f, TOP_KEY_PAGE_UP);
	assert_int_equal(*at, 19);
	press(&f, TOP_KEY_HOME); /* the first place, whoever has it */
	has_grown(&f, 4, 2 * MIB);
	sample(&f, 3 * S);
	assert_int_equal(*at, 0);
	assert_int_equal(f.ui.rows[*at]->id.tgid, 1004);
	close_fixture(&f);
}

static void test_drill_down(void **state)
{
	struct fixture f;
	const struct top_detail *d = &f.ui.detail;

	(void)state;
	open_fixture(&f, 2);
	has_grown(&f, 1, 3 * MIB);
	process(&f, 1)->calls[MT_CALL_MMAP] = (struct call_stats){ .count = 3, .bytes = 3 * MIB };
	sample(&f, S);
	press(&f, TOP_KEY_ENTER);
	assert_int_equal(f.ui.page, TOP_PAGE_KINDS);
	assert_int_equal(d->id.tgid, 1001);
	assert_int_equal(f.ui.n, 1);
	assert_int_equal(d->kinds[0].kind, KIND_ANONYMOUS);
	assert_int_equal(d->kinds[0].growth, 3 * MIB);
	assert_int_equal(d->kinds[0].regions, 2);
	assert_int_equal(d->kinds[0].interval, 0); /* of no interval yet */
	has_grown(&f, 1, 5 * MIB);
	sample(&f, 10 * S);
	assert_int_equal(d->kinds[0].interval, 2 * MIB);
	press(&f, TOP_KEY_ENTER);
	assert_int_equal(f.ui.page, TOP_PAGE_REGIONS);
	assert_int_equal(f.ui.n, 2);
	assert_int_equal(d->regions[f.ui.listed[0]].interval, 0);
	assert_int_equal(d->regions[f.ui.listed[1]].interval, 2 * MIB);
	press(&f, 's');
	assert_int_equal(f.ui.listed[0], 1);
	press(&f, 'q');
	assert_int_equal(f.ui.page, TOP_PAGE_KINDS);
	press(&f, TOP_KEY_TAB);
	assert_int_equal(f.ui.page, TOP_PAGE_SITES);
	press(&f, TOP_KEY_TAB);
	assert_int_equal(f.ui.page, TOP_PAGE_CALLS);
	assert_int_equal(d->calls[0].id, MT_CALL_MMAP);
	assert_int_equal(d->calls[0].stats.count, 3);
	press(&f, TOP_KEY_ESCAPE);
	assert_int_equal(f.ui.page, TOP_PAGE_PROCESSES);
	close_fixture(&f);
}

static void assert_spark(const char *want, const uint64_t *values, size_t n, int width, bool utf8)
{
	char got[TOP_SPARK_ROOM];

	top_text__spark(got, values, n, width, utf8);
	if (strcmp(got, want))
		fail_msg("expected \"%s\", got \"%s\"", want, got);
}

static void test_spark(void **state)
{
	const uint64_t rises[] = { 0, 10, 20, 30, 40, 50, 60, 70 };
	const uint64_t flat[] = { 6400, 6400, 6401, 6400 };
	const uint64_t none[] = { 0, 0 };

	(void)state;
	assert_spark(".:-=+*#@", rises, 8, 8, false);
	assert_spark("▁▂▃▄▅▆▇█", rises, 8, 8, true);
	assert_spark("  .:-=+*#@", rises, 8, 10, false);
	assert_spark(".@", rises, 8, 2, false); /* the last two, by themselves */
	assert_spark("....", flat, 4, 4, false);
	assert_spark("..", none, 2, 2, false);
	assert_spark("   ", NULL, 0, 3, true);
}

static void assert_clip(const char *src, int columns, bool pad, const char *want, int want_used)
{
	char got[64];
	int used = top_text__clip(got, sizeof(got), src, columns, pad);

	if (strcmp(got, want) || used != want_used)
		fail_msg("expected \"%s\" (%d), got \"%s\" (%d)", want, want_used, got, used);
}

static void test_clip(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_clip("work", 6, true, "work  ", 6);
	assert_clip("worker", 4, false, "work", 4);
	assert_clip("日本語", 5, false, "日本", 4); /* two columns each */
	assert_clip("日本語", 5, true, "日本 ", 5);
	assert_clip("e\xcc\x81t", 2, false, "e\xcc\x81t", 2); /* a combining accent: none */
	assert_clip("a\x9b" "b", 3, false, "a?b", 3);
	assert_non_null(setlocale(LC_CTYPE, "C"));
	assert_clip("\xc5\x9b", 4, false, "??", 2); /* 0x9b would be a CSI */
}

static void test_columns(void **state)
{
	enum top_column got[TOP_COLUMN_NR];
	int spark, width, used;
	size_t n, i;
	bool sorted;

	(void)state;
	for (width = 80; width < 200; width++) {
		for (int sort = 0; sort < TOP_COLUMN_NR; sort++) {
			n = top_text__columns(width, (enum top_column)sort, got, &spark);
			sorted = false;
			for (used = spark ? spark + 1 : 0, i = 0; i < n; i++) {
				used += top_column__row(got[i])->width + (i ? 1 : 0);
				sorted |= got[i] == (enum top_column)sort;
			}
			if (used > width || !sorted)
				fail_msg("%d columns sorted by %s: expected all that fits, got %d",
					 width, top_column__row((enum top_column)sort)->key, used);
		}
	}
	assert_int_equal(n, TOP_COLUMN_NR);
}

static void test_table(void **state)
{
	struct fixture f;
	struct capture c;
	struct summary sum;
	char *text, *row_at;

	(void)state;
	open_fixture(&f, 1);
	sample(&f, S);
	has_grown(&f, 0, 2 * MIB);
	sample(&f, 2 * S);
	sum = sample_summary(f.t, 5);
	capture__init(&c);
	top_text__table(c.out, f.ui.top, &f.ui.view, &sum, "13:30:16");
	text = capture__take(&c);
	row_at = strstr(text, "   1000 ");
	if (strncmp(text, "# 13:30:16, 1.0 s: 5 seen, 0 lost, ", 35) || !row_at)
		fail_msg("expected a comment and a row of 1000, got %s", text);
	assert_string_equal(row_at,
			    "   1000      +2M      +2M    2.1M       0       0       0       0"
			    "       2       0 exact     work\n\n");
	assert_null(strchr(text, '\033'));
	free(text);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),	  cmocka_unit_test(test_growth),
		cmocka_unit_test(test_history_and_pause), cmocka_unit_test(test_sort),
		cmocka_unit_test(test_filter),	  cmocka_unit_test(test_ended),
		cmocka_unit_test(test_bound),	  cmocka_unit_test(test_selection),
		cmocka_unit_test(test_key_before_drawing),
		cmocka_unit_test(test_drill_down), cmocka_unit_test(test_spark),
		cmocka_unit_test(test_clip),	  cmocka_unit_test(test_columns),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
