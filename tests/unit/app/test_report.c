// SPDX-License-Identifier: GPL-2.0
/* The closing report on screens: what does not fit is left out or cut, the rest stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "output/report.h"
#include "output/report_line.h"
#include "output_fixture.h"

#define PARTS_ROOM 5

static struct report_failures failures;

static uint32_t deep_stack(struct stacks *stacks)
{
	char name[200];
	struct frame f = { .function = name, .module = "/opt/app", .build_id = "" };
	uint32_t frames[2], id;

	memset(name, 'x', sizeof(name));
	memcpy(name, "first", 5);
	strcpy(name + sizeof(name) - 5, "last");
	assert_int_equal(stacks__add_frame(stacks, &f, &frames[0]), 0);
	f.function = "caller";
	assert_int_equal(stacks__add_frame(stacks, &f, &frames[1]), 0);
	assert_int_equal(stacks__add(stacks, frames, 2, false, &id), 0);
	return id;
}

/* As much as a report can have of everything. */
static void fill(struct process *p, struct stacks *stacks)
{
	const struct prot_site place = {
		.text = "anonymous, writable for 28.5 us, then executable, and so on, and on",
		.name = "/usr/lib/x86_64-linux-gnu/libsomething.so.1.2.3", .count = 1234567,
		.call = MT_CALL_MPROTECT, .severity = SEVERITY_WARNING };
	uint32_t id = deep_stack(stacks);
	int i;

	p->sites = calloc(16, sizeof(*p->sites));
	p->prot.sites = calloc(PROT_SITES_MAX, sizeof(*p->prot.sites));
	assert_non_null(p->sites);
	assert_non_null(p->prot.sites);
	p->site_sums.kept = 160ull << 30;
	for (i = 0; i < 16; i++)
		p->sites[p->n_sites++] = (struct site){ .stack = id, .bytes = 999ull << 30,
			.own = 999ull << 30, .calls = 123456789, .kept_own = 10ull << 30,
			.peak_own = 998ull << 30 };
	for (i = 0; i < 6; i++)
		p->prot.sites[p->prot.n++] = place;
	p->peak.locked = p->at_end.locked = 123 << 20;
	p->last_ns = p->first_ns + 1000000000;
	p->mapped = 999ull << 40;
	p->unmapped = 998ull << 40;
	for (i = 0; i < KIND_NR; i++)
		p->at_end.kind[i] = (uint64_t)(i + 1) << 38;
	for (i = MT_CALL_NONE + 1; i < MT_CALL_NR; i++)
		p->calls[i] = (struct call_stats){ .count = 123456 + (uint64_t)i, .errors = 7 };
	failures = (struct report_failures){ 0 };
	for (i = 0; i < 9; i++)
		failures.list[failures.n++] = (struct report_failure){
			.tgid = p->tgid, .start_ns = p->start_ns, .call = MT_CALL_MMAP,
			.err = 12 + i, .limit = LIMIT_MAP_COUNT, .limit_bytes = 65530,
			.count = 99999 };
}

static char *report(unsigned int columns, unsigned int rows, bool colour)
{
	struct view view = { .columns = columns, .rows = rows, .colour = colour };
	struct tracker *t = sample_tracker(1);
	struct process *p = tracker__next_process(t, NULL);
	struct summary sum = sample_summary(t, 48210);
	struct stacks *stacks = stacks__new();
	struct capture c;
	char *got;

	assert_non_null(stacks);
	fill(p, stacks);
	tracker__set_stacks(t, stacks);
	sum.stacks = (struct stacks_summary){ .on = true, .asked = 123456789, .unwound = 12345678,
					      .bytes_asked = 100, .bytes_taken = 99, .cut = 1234 };
	capture__init(&c);
	report__write(c.out, &sum, &failures, &view);
	got = capture__take(&c);
	tracker__free(t);
	stacks__free(stacks);
	return got;
}

static size_t lines_of(const char *text, size_t *ret_widest)
{
	size_t n = 0, width = 0;

	*ret_widest = 0;
	for (; *text; text++) {
		width = *text == '\n' ? 0 : width + 1;
		n += *text == '\n';
		*ret_widest = width > *ret_widest ? width : *ret_widest;
	}
	return n;
}

static void one_screen(void **state)
{
	static const char *const parts[] = {
		"work (pid 1000), running\n", "  mapped      ", "  accessible  ",
		"  grew by     999G in 123456789 calls (999G/s), kept 10G (6%), peak 998G\n"
		"              firstxxx", "xxx (app) < caller (app)\n", "  protections ",
		"              warning: anonymous, writable for ", "1234567 times)\n", "  locked ",
		"  calls ", ", others ", "  failures    mmap 99999 times: ENOMEM",
		"\nstacks of 12345678 of 123456789 calls (10.0%), 99.0% of bytes; 1234 cut, 0 lost\n",
		"48210 seen, 0 lost, 0 resyncs; 0 audits passed, 0 failed; tier calls\n",
	};
	char *got = report(80, 24, false), *small = report(80, 10, false);
	size_t widest, n = lines_of(got, &widest);

	print_message("%s", got);
	/* The parts of a heap, and the next prompt, have room. */
	assert_in_range(n, 17, 24 - 1 - PARTS_ROOM);
	assert_in_range(widest, 70, 80);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!strstr(got, parts[i]))
			fail_msg("expected \"%s\" in it", parts[i]);
	}
	/* The smallest have a little of each. */
	assert_in_range(lines_of(small, &widest), 14, n - 1);
	assert_non_null(strstr(small, "  grew by     999G"));
	assert_non_null(strstr(small, "  failures    mmap"));
	free(got);
	free(small);
}

static void large_screen(void **state)
{
	char *got = report(80, 60, false), *file = report(0, 0, false);
	size_t widest, rows;

	assert_true(lines_of(got, &widest) > 24);
	assert_in_range(widest, 70, 80);
	rows = lines_of(file, &widest);
	assert_true(widest > 250);
	assert_in_range(rows, 20, 24);
	assert_null(strstr(file, "..."));
	assert_non_null(strstr(file, "and 4938268 more at 4 places"));
	assert_non_null(strstr(file, "              and 499995 more\n"));
	free(got);
	free(file);
}

/* Of many: a table, and who needed memory in those that grew most; a smaller one if need be. */
static void many_processes(void **state)
{
	static const unsigned int rows[] = { 24, 20, 10 };
	static const size_t told[] = { 10, 6, 4 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view view = { .columns = 80, .rows = rows[i] };
		struct tracker *t = sample_tracker(50);
		struct summary sum = sample_summary(t, 48210);
		struct stacks *stacks = stacks__new();
		struct process *p = NULL;
		char *got, more[64];
		struct capture c;
		size_t widest;

		assert_non_null(stacks);
		while ((p = tracker__next_process(t, p))) {
			fill(p, stacks);
			p->at_end.accessible = p->at_start.accessible + (p->tgid << 20);
		}
		tracker__set_stacks(t, stacks);
		failures.n = 0;
		sum.stacks = (struct stacks_summary){ .on = true, .asked = 9, .unwound = 9 };
		capture__init(&c);
		report__write(c.out, &sum, &failures, &view);
		got = capture__take(&c);
		print_message("%s", got);
		/* The smallest have a little of each. */
		if (rows[i] >= 20)
			assert_int_equal(lines_of(got, &widest), rows[i] - 1);
		snprintf(more, sizeof(more), "\nand %zu more processes\n", 50 - told[i]);
		assert_non_null(strstr(got, more));
		assert_non_null(strstr(got, "  grew by     work (pid 1049): 999G in 123456789 calls "
					    "(999G/s), kept 10G (6%)\n              firstxxx"));
		assert_non_null(strstr(got, "              work (pid 1047): 999G in"));
		free(got);
		tracker__free(t);
		stacks__free(stacks);
	}
}

/* Colours take no columns. */
static void coloured_screen(void **state)
{
	char *plain = report(80, 24, false), *got = report(80, 24, true), *from, *to;

	for (from = to = got; *from; from++) {
		if (*from == '\033')
			from += strcspn(from, "m");
		else
			*to++ = *from;
	}
	*to = '\0';
	assert_string_equal(got, plain);
	free(plain);
	free(got);
}

static void cut_lines(void **state)
{
	struct report_line l = { .columns = 20 };
	struct capture c;
	char *got;

	capture__init(&c);
	l.out = c.out;
	writer__begin(c.out, true);
	report_line__begin(&l, "name");
	report_line__add(&l, "%s", "äöüxyz");
	report_line__end(&l);
	report_line__begin(&l, "name");
	report_line__add(&l, "äöüx%s", "yz1");
	report_line__add(&l, "left out");
	report_line__end(&l);
	report_line__begin(&l, NULL);
	report_line__add_middle(&l, 0, "äbcdefghijklmnopqrstuvwxyö");
	report_line__end(&l);
	report_line__begin(&l, NULL);
	assert_true(report_line__add_if(&l, 4, "0123456789abcdef"));
	assert_false(report_line__add_if(&l, 4, "g"));
	assert_true(report_line__add_if(&l, 3, "g"));
	report_line__end(&l);
	writer__end(c.out);
	got = capture__take(&c);
	assert_string_equal(got, "  name        äöüxyz\n"
				 "  name        äöü...\n"
				 "äbcdefghi...stuvwxyö\n"
				 "0123456789abcdefg\n");
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_screen),
		cmocka_unit_test(large_screen),
		cmocka_unit_test(many_processes),
		cmocka_unit_test(coloured_screen),
		cmocka_unit_test(cut_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
