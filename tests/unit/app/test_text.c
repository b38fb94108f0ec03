// SPDX-License-Identifier: GPL-2.0
/* The sink for people: columns, filters, maps as /proc/PID/maps prints them, the report. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <cmocka.h>

#include "output_fixture.h"

#include "core/allow.h"

#define HEADER \
	"TIME     PID    TID    COMM         EVENT    ADDR             SIZE PROT       REGION\n"

static struct sink *text_new(struct capture *c, const struct view *view)
{
	struct sink *s;

	capture__init(c);
	s = text_sink__new(c->out, view, &sample_start);
	assert_non_null(s);
	s->ops->start(s, &sample_start);
	return s;
}

static void text_expect(struct capture *c, struct sink *s, const char *want)
{
	char *got;

	sink__free(s);
	got = capture__take(c);
	if (strcmp(got, want))
		fail_msg("expected:\n%s\ngot:\n%s", want, got);
	free(got);
}

/* The lines of DESIGN.md, "For people". */
static void call_columns(void **state)
{
	struct view view = view_all();
	struct capture c;
	struct sample s;
	struct sink *sink = text_new(&c, &view);

	(void)state;
	sample__init(&s, MT_CALL_BRK);
	s.call.tid = SAMPLE_TGID;
	strcpy(s.call.comm, "redis-server");
	s.call.args[0] = s.call.ret = 0x55d0a1c42000;
	s.change = (struct change){ .kind = CHANGE_APPLIED,
				    .start = 0x55d0a1c21000,
				    .end = 0x55d0a1c42000,
				    .mapped = 132 << 10,
				    .new_flags = 3 };
	s.rec.region_name = "[heap]";
	sink_observer.call(sink, &s.rec);

	sample__init(&s, MT_CALL_MPROTECT);
	strcpy(s.call.comm, "gr\303\274n");
	s.change = (struct change){ .kind = CHANGE_APPLIED,
				    .start = 0x7f3c7a000000,
				    .end = 0x7f3c7a002000,
				    .old_flags = 3,
				    .new_flags = 5,
				    .wx = CHANGE_W_TO_X };
	s.rec.region_name = "";
	sink_observer.call(sink, &s.rec);

	sample__init(&s, MT_CALL_MMAP);
	s.call.args[1] = 1 << 30;
	s.call.args[2] = PROT_READ;
	s.call.args[3] = MAP_PRIVATE | MAP_ANONYMOUS;
	s.call.ret = -ENOMEM;
	s.change = (struct change){ .kind = CHANGE_NONE };
	s.rec.limit = LIMIT_MAP_COUNT;
	s.rec.limit_bytes = 65530;
	sink_observer.call(sink, &s.rec);

	text_expect(
		&c, sink,
		HEADER
		"22:13:21 2623   2623   redis-server brk      55d0a1c21000    +132K rw-p       [heap]\n"
		"22:13:21 2623   2629   gr\303\274n         mprotect 7f3c7a000000       8K rw-p>r-xp  [anon]  W>X: was writable, now executable\n"
		"22:13:21 2623   2629   io_thd_1     mmap     -                  1G -          [anon] PROT_READ MAP_PRIVATE|MAP_ANONYMOUS = -1 ENOMEM (Cannot allocate memory)  vm.max_map_count 65530\n");
}

static void process_lines(void **state)
{
	struct process_record rec = { .ts_ns = MONO_NS, .space = SAMPLE_SPACE };
	struct view view = view_all();
	struct capture c;
	struct sample s;
	struct sink *sink = text_new(&c, &view);

	(void)state;
	sample__init(&s, MT_CALL_BRK);
	rec.process = &s.process;
	rec.what = PROCESS_FORK;
	sink_observer.process(sink, &rec);
	rec.what = PROCESS_EXEC;
	sink_observer.process(sink, &rec);
	rec.what = PROCESS_EXIT;
	rec.ts_ns += 2000000000;
	s.process.ended = true;
	s.process.status = 7 << 8;
	sink_observer.process(sink, &rec);
	text_expect(
		&c, sink,
		HEADER
		"22:13:20 2623   2623   redis-server fork     -                   - -          by 1, space 77\n"
		"22:13:20 2623   2623   redis-server exec     -                   - -          space 77\n"
		"22:13:22 2623   2623   redis-server exit     -                   - -          exited 7\n");
}

static void finding__init(struct finding *f, struct sample *s, enum finding_kind kind)
{
	*f = (struct finding){
		.ts_ns = MONO_NS,
		.kind = kind,
		.process = &s->process,
		.space = &s->space,
		.start = 0x1000,
		.end = 0x3000,
		.bytes = 8192,
		.old_flags = 3,
		.new_flags = 5,
		.region_name = "[heap]",
		.text = "a sentence",
	};
}

static void findings(void **state)
{
	struct view view = view_all();
	struct finding f;
	struct capture c;
	struct sample s;
	struct sink *sink;

	(void)state;
	view.verbose = false;
	sink = text_new(&c, &view);
	sample__init(&s, MT_CALL_MPROTECT);
	sink_observer.call(sink, &s.rec); /* without -v: nothing */
	finding__init(&f, &s, FINDING_GROWTH);
	sink_observer.finding(sink, &f);
	finding__init(&f, &s, FINDING_PROTECTION);
	f.tid = SAMPLE_TID;
	f.call = &s.rec;
	sink_observer.finding(sink, &f);
	text_expect(
		&c, sink,
		HEADER
		"22:13:20 2623   2623   redis-server growth   1000              +8K -          [heap]  a sentence\n"
		"22:13:20 2623   2629   io_thd_1     mprotect 1000               8K rw-p>r-xp  [heap]  a sentence\n");

	/* With -v the call's own line tells it; growth is told by no other line. */
	view.verbose = true;
	sink = text_new(&c, &view);
	sink_observer.finding(sink, &f);
	f.kind = FINDING_GROWTH;
	f.call = NULL;
	sink_observer.finding(sink, &f);
	text_expect(
		&c, sink,
		HEADER
		"22:13:20 2623   2629   redis-server growth   1000              +8K -          [heap]  a sentence\n");
}

/* Each filter lets through what it should, in both forms that take findings and calls. */
static const struct {
	const char *what;
	struct view view;
	int64_t ret;
	uint64_t length;
	enum finding_kind kind;
	bool call, finding;
} filter_cases[] = {
	{ "default", { 0 }, 0, 4096, FINDING_GROWTH, false, true },
	{ "-v", { .verbose = true }, 0, 4096, FINDING_GROWTH, true, true },
	{ "-v -q", { .verbose = true, .quiet = true }, 0, 4096, FINDING_GROWTH, false, false },
	{ "-v -x, worked",
	  { .verbose = true, .failures = true },
	  0,
	  4096,
	  FINDING_GROWTH,
	  false,
	  false },
	{ "-v -x, failed",
	  { .verbose = true, .failures = true },
	  -EINVAL,
	  4096,
	  FINDING_FAILURE,
	  true,
	  true },
	{ "-v -x, limit",
	  { .verbose = true, .failures = true },
	  -ENOMEM,
	  4096,
	  FINDING_LIMIT,
	  true,
	  true },
	{ "-v -z 8K, less",
	  { .verbose = true, .min_bytes = 8192 },
	  0,
	  4096,
	  FINDING_GROWTH,
	  false,
	  false },
	{ "-v -z 8K, as much",
	  { .verbose = true, .min_bytes = 8192 },
	  0,
	  8192,
	  FINDING_GROWTH,
	  true,
	  true },
};

static void filters(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(filter_cases) / sizeof(filter_cases[0]); i++) {
		struct view view = filter_cases[i].view;
		struct finding f = { .kind = filter_cases[i].kind,
				     .bytes = filter_cases[i].length };
		struct sample s;
		bool call, finding;

		sample__init(&s, MT_CALL_MADVISE);
		s.call.args[1] = filter_cases[i].length;
		s.call.ret = filter_cases[i].ret;
		s.change.kind = CHANGE_NONE;
		/* -e: off, all is hidden */
		assert_false(view__shows_call(&view, &s.rec));
		assert_false(view__shows_finding(&view, &f));
		view.calls[MT_CALL_MADVISE] = true;
		view.findings[filter_cases[i].kind] = true;
		call = view__shows_call(&view, &s.rec);
		finding = view__shows_finding(&view, &f);
		if (call != filter_cases[i].call || finding != filter_cases[i].finding)
			fail_msg("%s: expected call %d, finding %d, got %d, %d",
				 filter_cases[i].what, filter_cases[i].call,
				 filter_cases[i].finding, call, finding);
	}
}

static void state_and_loss(void **state)
{
	struct lost_record lost = { .tgid = 7, .count = 12 };
	struct state_record rec = { .exact = false, .why = "an event was lost" };
	struct view view = view_all();
	struct capture c;
	struct sample s;
	struct sink *sink = text_new(&c, &view);

	(void)state;
	sample__init(&s, MT_CALL_BRK);
	rec.space = &s.space;
	rec.process = &s.process;
	sink_observer.state(sink, &rec);
	rec.exact = true;
	rec.why = NULL;
	rec.process = NULL;
	sink_observer.state(sink, &rec);
	sink_observer.lost(sink, &lost);
	text_expect(&c, sink,
		    "# pid 2623 (redis-server): map uncertain: an event was lost\n"
		    "# pid 2623: map exact\n# lost 12 events of pid 7\n");
}

/*
 * The lines of /proc/self/maps, each read, rebuilt and printed again. One region a
 * map: neighbours that the kernel keeps apart would be merged in ours.
 */
static void map_line(struct capture *c, const char *line)
{
	struct backings *backings = backings__new();
	struct region_map *map = region_map__new();
	struct backing backing = { 0 };
	struct layout layout = { 0 };
	struct region r = { 0 };
	char perms[5];
	int name;

	assert_int_equal(sscanf(line,
				"%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
				&r.start, &r.end, perms, &r.offset, &backing.dev_major,
				&backing.dev_minor, &backing.ino, &name),
			 7);
	backing.name = line + name;
	backing.has_contents = backing.ino || r.offset;
	r.flags = (perms[0] == 'r') * REGION_READ + (perms[1] == 'w') * REGION_WRITE +
		  (perms[2] == 'x') * REGION_EXEC + (perms[3] == 's') * REGION_SHARED +
		  backing.has_contents * REGION_OFFSET;
	if (!strcmp(backing.name, "[heap]")) {
		layout.start_brk = r.start;
		layout.brk = r.end;
	} else if (!strcmp(backing.name, "[stack]")) {
		layout.start_stack = r.end - 4096;
	} else if (*backing.name) {
		assert_int_equal(backings__intern(backings, &backing, &r.backing), 0);
	}
	writer__begin(c->out, true);
	if (strcmp(backing.name, "[vsyscall]")) {
		assert_int_equal(region_map__replace(map, r.start, r.end, &r, 1), 0);
		print_map(c->out, map, backings, &layout, NULL, false, NULL);
	} else {
		print_map(c->out, map, backings, &layout, line, false, NULL);
	}
	writer__end(c->out);
	region_map__free(map);
	backings__free(backings);
}

static void map_lines(void **state)
{
	size_t room = 1 << 20, len = 0;
	char line[5000], *want = malloc(room), *got;
	FILE *f = fopen("/proc/self/maps", "re");
	struct capture c;

	(void)state;
	assert_true(want && f);
	capture__init(&c);
	while (fgets(line, sizeof(line), f)) {
		assert_true(len + strlen(line) < room);
		len += strlen(strcpy(want + len, line));
		line[strlen(line) - 1] = '\0';
		map_line(&c, line);
	}
	fclose(f);
	got = capture__take(&c);
	if (strcmp(got, want))
		fail_msg("expected:\n%s\ngot:\n%s", want, got);
	assert_true(strstr(got, "[stack]") && strstr(got, "/") && strstr(got, "[vdso]"));
	free(got);
	free(want);
}

/* A line of every width, put together by hand from show_map_vma's rules. */
static void map_shapes(void **state)
{
	struct backing file = { .ino = 4194304123,
				.dev_major = 0x103,
				.dev_minor = 2,
				.name = "/a b\\012c (deleted)",
				.has_contents = true };
	struct backing named = { .name = "[anon:pool]" };
	struct backings *b = backings__new();
	struct region_map *map = region_map__new();
	struct region r[] = {
		{ 0x10000, 0x11000, 0, REGION_READ | REGION_SHARED, 0 },
		{ 0x7f0000000000, 0x7f0000001000, 0x123456789000, REGION_RWX | REGION_OFFSET, 0 },
		{ 0x7f0000001000, 0x7f0000002000, 0, REGION_READ | REGION_LOCKED, 0 },
	};
	struct layout layout = { 0 };
	struct capture c;
	char *got;

	(void)state;
	assert_int_equal(backings__intern(b, &file, &r[1].backing), 0);
	assert_int_equal(backings__intern(b, &named, &r[2].backing), 0);
	assert_int_equal(region_map__replace(map, 0, 1ULL << 47, r, 3), 0);
	capture__init(&c);
	writer__begin(c.out, true);
	print_map(c.out, map, b, &layout, NULL, false, NULL);
	print_map(
		c.out, map, b, &layout,
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
		true, NULL);
	writer__end(c.out);
	got = capture__take(&c);
	assert_string_equal(
		got,
		"00010000-00011000 r--s 00000000 00:00 0 \n"
		"7f0000000000-7f0000001000 rwxp 123456789000 103:02 4194304123            /a b\\012c (deleted)\n"
		"7f0000001000-7f0000002000 r--p 00000000 00:00 0                          [anon:pool]\n"
		"ADDRESS                   PERM OFFSET   DEV   INODE         SIZE KIND          NAME\n"
		"00010000-00011000 r--s 00000000 00:00 0                       4K shared-memory \n"
		"7f0000000000-7f0000001000 rwxp 123456789000 103:02 4194304123       4K text          /a b\\012c (deleted)\n"
		"7f0000001000-7f0000002000 r--p 00000000 00:00 0               4K anonymous     [anon:pool]\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0       4K vdso          [vsyscall]\n");
	free(got);
	region_map__free(map);
	backings__free(b);
}

static void map_header(void **state)
{
	struct view view = { .quiet = true }; /* SIGUSR1 asks for it, -q or not */
	struct backings *b = backings__new();
	struct capture c;
	struct sample s;
	struct sink *sink = text_new(&c, &view);

	(void)state;
	sample__init(&s, MT_CALL_BRK);
	s.space.map = region_map__new();
	sink->ops->map(sink, &s.process, &s.space, b, MONO_NS);
	s.space.exact = false;
	sink->ops->map(sink, &s.process, &s.space, b, MONO_NS);
	text_expect(&c, sink,
		    "# pid 2623 (redis-server) space 77 tier calls exact\n"
		    "# pid 2623 (redis-server) space 77 tier calls uncertain\n");
	region_map__free(s.space.map);
	backings__free(b);
}

static void grow(struct process *p, uint64_t bytes)
{
	p->mapped = p->at_end.accessible = p->at_end.total = bytes;
	p->peak = p->at_end;
	p->at_end.kind[KIND_ANONYMOUS] = bytes;
}

/* One place, and what was only counted. */
static void sample_site(struct process *p)
{
	struct prot_site *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	*site = (struct prot_site){
		.class = PROT_W_TO_X,
		.call = MT_CALL_MPROTECT,
		.severity = SEVERITY_WARNING,
		.name = "[anon]",
		.text = "W>X: anonymous, writable for 3.1 ms, then executable",
		.count = 12,
	};
	p->prot.sites = site;
	p->prot.n = p->prot.size = 1;
	p->prot.count[PROT_HARDENED] = 4;
	p->prot.allowed = 2;
}

/* One process, told in full: within 24 lines, the integrity line last. */
static void report_of_one(void **state)
{
	struct allow_rule rules[] = { { .text = (char *)"comm:node", .count = 2 },
				      { .text = (char *)"comm:java" } };
	struct allow allow = { rules, 2 };
	struct tracker *t = sample_tracker(1);
	struct process *p = tracker__next_process(t, NULL);
	struct summary sum = sample_summary(t, 48210);
	struct view view = { .quiet = true };
	struct tracker_totals totals = { .audits = 48210, .processes = 1 };
	struct capture c;
	struct sample s;
	struct sink *sink = text_new(&c, &view);
	struct stacks *stacks = sample_sites(t, p);

	(void)state;
	sum.totals = &totals;
	tracker__next_space(t, NULL)->exact = true;
	grow(p, 3 << 20);
	p->unmapped = 1 << 20;
	p->brk_grown = 264 << 10;
	p->brk_shrunk = 132 << 10;
	p->at_end.kind[KIND_HEAP] = 132 << 10;
	p->peak.kind[KIND_HEAP] = 264 << 10;
	sample_heap(p);
	p->protections = 3;
	sample_site(p);
	p->at_end.locked = 64 << 10;
	p->peak.locked = 128 << 10;
	p->ended = true;
	p->calls[MT_CALL_MMAP] = (struct call_stats){ .count = 5, .errors = 2 };
	p->calls[MT_CALL_BRK] = (struct call_stats){ .count = 9 };
	sample__init(&s, MT_CALL_MMAP);
	s.call.ret = -ENOMEM;
	s.rec.process = p;
	s.rec.limit = LIMIT_AS;
	s.rec.limit_bytes = 512 << 20;
	sink_observer.refused(sink, &s.rec);
	sink_observer.refused(sink, &s.rec);
	tracker__set_allow(t, &allow);
	sink->ops->summary(sink, &sum);
	text_expect(
		&c, sink,
		"\nwork (pid 1000), exited 0\n"
		"  memory      of               START    PEAK     END RETURNED RESERVED RESIDENT\n"
		"              jemalloc             0      8M      2M       6M       1G       1M\n"
		"              large-blocks         0      4M      1M       3M        0       1M\n"
		"              break                0    264K    132K     132K        0     100K\n"
		"              arena             132K    264K    132K        0    63.9M     128K\n"
		"  mapped      3M mapped, 1M unmapped, kept +3M: anonymous +3M, heap +132K\n"
		"  accessible  grew 3M: from 0 to 3M, peak 3M\n"
		"  grew by     6M (+-320K) in 9 calls, kept 3M (75% of all kept), peak 4M: 0x10 (app) < main (app)\n"
		"              1M in 1 call, kept 0 (0% of all kept), peak 1M: mmap, anonymous, thread io\n"
		"  protections 3 changed: 4 hardened, 2 allowed\n"
		"              warning: W>X: anonymous, writable for 3.1 ms, then executable (mprotect, [anon], 12 times)\n"
		"  locked      64K at the end, peak 128K\n"
		"  calls       brk 9, mmap 5 (2 failed)\n"
		"  failures    mmap 2 times: ENOMEM (Cannot allocate memory), RLIMIT_AS 512M\n"
		"\n2 changes of protection allowed by: comm:node 2\n"
		"48210 seen, 0 lost, 0 resyncs; 48210 audits passed, 0 failed; tier calls\n");
	tracker__free(t);
	stacks__free(stacks);
}

/* Many processes: the ten that grew most, then how many more; losses and doubts. */
static void report_of_many(void **state)
{
	struct tracker *t = sample_tracker(50);
	struct summary sum = sample_summary(t, 100);
	struct tracker_totals totals = {
		.audits = 10, .audit_failures = 1, .resyncs = 2, .forgotten = 5
	};
	struct view view = { .quiet = true };
	struct process *p;
	struct space *space;
	struct capture c;
	struct sink *sink = text_new(&c, &view);
	uint64_t i = 0;
	char *got;

	(void)state;
	sum.totals = &totals;
	sum.delivered = 100 - (sum.lost = 12);
	sum.lost_by_cause[MT_LOSS_RING] = 11;
	sum.lost_by_cause[MT_LOSS_MISSED] = 1;
	for (p = tracker__next_process(t, NULL); p; p = tracker__next_process(t, p))
		grow(p, (i++ * 37 % 50) << 20);
	for (space = tracker__next_space(t, NULL); space; space = tracker__next_space(t, space))
		space->exact = space->id != 5003;
	tracker__space(t, 5003)->why = "an event was lost";
	sink->ops->summary(sink, &sum);
	sink__free(sink);
	got = capture__take(&c);
	print_message("%s", got);
	assert_true(count_lines(got) <= 24);
	assert_non_null(strstr(got, " +49M "));
	assert_non_null(strstr(got, " +40M "));
	assert_null(strstr(got, " +39M "));
	assert_true(strstr(got, " +49M ") < strstr(got, " +48M "));
	assert_non_null(strstr(got, "\nand 45 more processes\n"));
	assert_non_null(strstr(got, "\n1 map uncertain at the end (pid 1003: an event was lost)"));
	assert_non_null(strstr(got, "\n100 seen, 12 lost (ring 11, missed 1), 2 resyncs; "
				    "9 audits passed, 1 failed; tier calls\n"));
	free(got);
	tracker__free(t);
}

/* No escape sequence without view.colour, and each is ended with it. */
static void colours(void **state)
{
	struct finding f;
	struct capture c;
	struct sample s;
	char *got;

	(void)state;
	for (int colour = 0; colour < 2; colour++) {
		struct view view = view_all();
		struct sink *sink = text_new(&c, &view);

		sink->view.colour = colour;
		sink->view.verbose = false;
		sample__init(&s, MT_CALL_MPROTECT);
		finding__init(&f, &s, FINDING_PROTECTION);
		f.severity = SEVERITY_WARNING;
		sink_observer.finding(sink, &f);
		sink__free(sink);
		got = capture__take(&c);
		assert_int_equal(strstr(got, "\033[31ma sentence\033[0m\n") != NULL, colour);
		assert_int_equal(strchr(got, '\033') != NULL, colour);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_columns),	  cmocka_unit_test(process_lines),
		cmocka_unit_test(findings),	  cmocka_unit_test(filters),
		cmocka_unit_test(state_and_loss), cmocka_unit_test(map_lines),
		cmocka_unit_test(map_shapes),	  cmocka_unit_test(map_header),
		cmocka_unit_test(report_of_one),  cmocka_unit_test(report_of_many),
		cmocka_unit_test(colours),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
