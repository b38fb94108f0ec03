// SPDX-License-Identifier: GPL-2.0
/* What memory is for, in text: the lines of samples, and the table of the closing report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "output/report_heap.h"
#include "output_fixture.h"

static void expect(struct capture *c, const char *want)
{
	char *got = capture__take(c);

	if (strcmp(got, want))
		fail_msg("expected:\n%s\ngot:\n%s", want, got);
	free(got);
}

/* With what is resident, and without; of an uncertain map; never with -q. */
static void sample_lines(void **state)
{
	struct view view = { 0 };
	struct capture c;
	struct sample s;
	struct sample_record rec = { .ts_ns = MONO_NS + 2000000000 };
	struct sink *sink;

	capture__init(&c);
	sink = text_sink__new(c.out, &view, &sample_start);
	assert_non_null(sink);
	sample__init(&s, MT_CALL_BRK);
	sample_heap(&s.process);
	rec.process = &s.process;
	rec.space = &s.space;
	rec.heap = &s.process.heap_end;
	sink->ops->sample(sink, &rec);
	s.process.heap_end.has_resident = false;
	s.process.heap_end.allocators = 0;
	s.space.exact = false;
	sink->ops->sample(sink, &rec);
	sink->view.quiet = true;
	sink->ops->sample(sink, &rec);
	sink__free(sink);
	expect(&c, "TIME     PID    TID    COMM         EVENT    ADDR             SIZE PROT       REGION\n"
		   "22:13:22 2623   2623   redis-server sample   -                3.4M -          "
		   "2.2M resident, 9.1M returned; jemalloc 2M, large-blocks 1M, break 132K, arena 132K\n"
		   "22:13:22 2623   2623   redis-server sample   -                3.4M -          "
		   "9.1M returned; allocator 2M, large-blocks 1M, break 132K, arena 132K; its map is "
		   "uncertain\n");
}

static void table(void **state)
{
	struct capture c;
	struct sample s;

	capture__init(&c);
	sample__init(&s, MT_CALL_BRK);
	report_heap__process(c.out, &s.process); /* nothing is known */
	sample_heap(&s.process);
	s.process.heap_end.has_resident = false;
	memset(&s.process.heap_end.part[HEAP_LARGE], 0, sizeof(struct heap_state));
	memset(&s.process.heap_end.part[HEAP_ARENA], 0, sizeof(struct heap_state));
	writer__begin(c.out, true);
	report_heap__process(c.out, &s.process);
	writer__end(c.out);
	expect(&c, "  memory      of               START    PEAK     END RETURNED RESERVED RESIDENT\n"
		   "              jemalloc             0      8M      2M       6M       1G        -\n"
		   "              break                0    264K    132K     132K        0        -\n"
		   "              stack                0    132K    132K        0        0        -\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sample_lines),
		cmocka_unit_test(table),
	};

	/* The column TIME is local. */
	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
