// SPDX-License-Identifier: GPL-2.0
/* maps --history: who made each part of a region, in words, and how many are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/map_compare.h"
#include "output/history.h"
#include "output_fixture.h"

/* WALL_NS is 22:13:20. */
static char *map_text(struct space *s, bool stacks, const struct stacks *all)
{
	struct start_info info = { .mono_ns = MONO_NS, .wall_ns = WALL_NS, .stacks = all };
	struct history h = { s->origins, &info, stacks };
	struct backings *b = backings__new();
	struct capture c;

	assert_non_null(b);
	capture__init(&c);
	writer__begin(c.out, true);
	print_map(c.out, s->map, b, &s->layout, NULL, false, &h);
	writer__end(c.out);
	backings__free(b);
	return capture__take(&c);
}

static void who_made_what(void **state)
{
	struct stacks *stacks = sample_stacks();
	struct space s = { 0 };
	char *got;

	sample_history(&s);
	got = map_text(&s, false, stacks);
	assert_non_null(strstr(got, "  14000-17000 12K\n    created by mmap as rw-, one of 2 from "
				    "22:13:21.000000 to 22:13:22.000000, tid 7 (io): "
				    "a<b>() (x) < 0x20 ([anon])\n"
				    "00017000-00018000 r--p 00000000 00:00 0 \n"));
	assert_non_null(strstr(got, "    changed by madvise, which gave pages back, "
				    "22:13:24.000000, tid 8 (io)\n"
				    "    changed by system call 333 to r--, 22:13:23.000000, "
				    "tid 8 (io)\n00020000-"));
	assert_non_null(strstr(got, "  10000-14000 16K\n    there when tracing began\n"));
	assert_non_null(strstr(got, "tid 115 (w)\n  and 54 more parts of 216K together\n"));
	assert_null(strstr(got, "tid 116"));
	free(got);
	sample_history__free(&s);
	stacks__free(stacks);
}

static void whole_stacks(void **state)
{
	struct stacks *stacks = sample_stacks();
	struct space s = { 0 };
	char *got;

	sample_history(&s);
	got = map_text(&s, true, stacks);
	assert_non_null(strstr(got, "tid 7 (io)\n > /bin/x(a<b>()) [0x10]\n"
				    " > [generated]() [0x20]\n > ...\n"));
	free(got);
	sample_history__free(&s);
	stacks__free(stacks);
}

static void nothing_known(void **state)
{
	struct space s = { .map = region_map__new() };
	struct region r = { .start = 4096, .end = 8192, .flags = REGION_READ };
	char *got;

	assert_int_equal(region_map__replace(s.map, 0, 8192, &r, 1), 0);
	got = map_text(&s, false, NULL);
	assert_string_equal(got, "00001000-00002000 r--p 00000000 00:00 0 \n    not known\n");
	free(got);
	region_map__free(s.map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_made_what),
		cmocka_unit_test(whole_stacks),
		cmocka_unit_test(nothing_known),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
