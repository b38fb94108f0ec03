// SPDX-License-Identifier: GPL-2.0
/*
 * JSON Lines: every record is read back with json-c and held against the table
 * of fields; in the end every field of the table must have been seen.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <json-c/json.h>

#include "core/allow.h"
#include "output/json_fields.h"
#include "output/json_writer.h"
#include "json_check.h"
#include "output_fixture.h"

static void start(void **state)
{
	struct json_fixture f = { .view = { .quiet = true } };
	struct start_info info = sample_start;
	struct json_object *r;

	(void)state;
	info.command_line = "memtrace -- a\377\n\"b\\";
	info.wall_ns = WALL_NS + 7;
	json__setup(&f);
	f.sink->ops->start(f.sink, &info);
	r = json__records(&f);
	expect(at(r, 0), "type", "start");
	expect(at(r, 0), "schema", "1");
	expect(at(r, 0), "ts", "0");
	expect(at(r, 0), "time", "2023-11-14T22:13:20.000000007Z");
	expect(at(r, 0), "wall_ns", "1700000000000000007");
	expect(at(r, 0), "command", "memtrace -- a\\377\\012\"b\\");
	json_object_put(r);
}

static void processes(void **state)
{
	struct json_fixture f = { .view = { 0 } };
	struct process_record rec = { .ts_ns = MONO_NS + 5, .space = ~0ULL };
	struct json_object *r;
	struct sample s;

	(void)state;
	json__setup(&f);
	sample__init(&s, MT_CALL_BRK);
	strcpy(s.process.comm, "a\"\\134\303\274");
	rec.process = &s.process;
	for (int what = PROCESS_FOUND; what <= PROCESS_EXIT; what++) {
		rec.what = what;
		sink_observer.process(f.sink, &rec);
	}
	s.process.status = 0x80 | 6;
	sink_observer.process(f.sink, &rec);
	f.sink->view.quiet = true;
	sink_observer.process(f.sink, &rec);
	r = json__records(&f);
	assert_int_equal(json_object_array_length(r), 5);
	expect(at(r, 0), "event", "found");
	expect(at(r, 0), "ts", "5");
	expect(at(r, 0), "comm", "a\"\\134\303\274");
	expect(at(r, 0), "space", "18446744073709551615");
	expect(at(r, 3), "status", "0");
	expect(at(r, 4), "signal", "SIGABRT");
	expect(at(r, 4), "core", "true");
	expect(at(r, 4), "status", NULL);
	json_object_put(r);
}

/* Each call, with arguments at their edges, working and failing. */
static void all_calls(void **state)
{
	static const uint64_t values[] = { 0, 1, 0xffffffff, 0x7fffffffffffffff, ~0ULL };
	struct json_fixture f = { .view = view_all() };
	struct json_object *r;
	struct sample s;
	size_t want = 0;

	(void)state;
	json__setup(&f);
	for (int id = MT_CALL_NONE + 1; id < MT_CALL_NR; id++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			sample__init(&s, id);
			for (int i = 0; i < 6; i++)
				s.call.args[i] = values[v];
			s.change.kind = CHANGE_NONE;
			sink_observer.call(f.sink, &s.rec);
			s.call.ret = -ENOMEM;
			s.call.target = 9;
			s.rec.limit = LIMIT_AS;
			s.rec.limit_bytes = ~0ULL;
			sink_observer.call(f.sink, &s.rec);
			want += 2;
		}
	}
	sample__init(&s, MT_CALL_PRCTL);
	s.call.args[0] = 0x53564d41;
	s.call.has_name = true;
	strcpy(s.call.name, "my pool");
	s.change.kind = CHANGE_NONE;
	sink_observer.call(f.sink, &s.rec);
	r = json__records(&f);
	assert_int_equal(json_object_array_length(r), want + 1);
	expect(at(r, want), "name", "my pool");
	expect(at(r, want), "attr", "PR_SET_VMA_ANON_NAME");
	json_object_put(r);
}

static void sampled_call(void **state)
{
	struct json_fixture f = { .view = view_all() };
	struct stacks *stacks = sample_stacks();
	struct sample s;
	struct finding finding = { .process = &s.process, .call = &s.rec };
	struct json_object *r;

	(void)state;
	json__setup(&f);
	f.sink->info.stacks = stacks;
	sample__init(&s, MT_CALL_MMAP);
	s.call.stack = s.call.for_calls = 1;
	f.sink->ops->call(f.sink, &s.rec);
	f.sink->ops->finding(f.sink, &finding);
	r = json__records(&f);
	expect(at(get(at(r, 0), "stack"), 1), "offset", "0x20");
	expect(at(get(at(r, 2), "stack"), 0), "function", "a<b>()");
	expect(at(r, 0), "stack_cut", "true");
	json_object_put(r);
	stacks__free(stacks);
}

static void one_call(void **state)
{
	struct json_fixture f = { .view = view_all() };
	struct json_object *r;
	struct sample s;

	(void)state;
	json__setup(&f);
	sample__init(&s, MT_CALL_MREMAP);
	s.call.args[0] = 0x7f0000001000;
	s.call.args[1] = 4096;
	s.call.args[2] = 8192;
	s.call.args[3] = 1;
	s.call.ret = 0x7f0000005000;
	s.change = (struct change){ .kind = CHANGE_APPLIED,
				    .start = 0x7f0000005000,
				    .end = 0x7f0000007000,
				    .mapped = 8192,
				    .unmapped = 4096,
				    .committed = 8192,
				    .old_flags = 3,
				    .new_flags = 3,
				    .moved_from = 0x7f0000001000 };
	sink_observer.call(f.sink, &s.rec);
	s.change.kind = CHANGE_UNKNOWN;
	s.change.why = "overlapped";
	s.call.enter_ns = 0;
	sink_observer.call(f.sink, &s.rec);
	/* No call did it: there is a change and no call. */
	s.call.id = MT_CALL_NONE;
	s.call.origin = MT_ORIGIN_SYSCALL;
	s.call.nr = 323;
	sink_observer.call(f.sink, &s.rec);
	r = json__records(&f);
	assert_int_equal(json_object_array_length(r), 5);
	expect(at(r, 4), "type", "change");
	expect(at(r, 4), "call", "syscall");
	expect(at(r, 4), "nr", "323");
	expect(at(r, 0), "ts", "1000000000");
	expect(at(r, 0), "pid", "2623");
	expect(at(r, 0), "tid", "2629");
	expect(at(r, 0), "call", "mremap");
	expect(at(r, 0), "addr", "0x7f0000001000");
	expect(at(r, 0), "old_length", "4096");
	expect(at(r, 0), "length", "8192");
	expect(at(r, 0), "flags", "MREMAP_MAYMOVE");
	expect(at(r, 0), "ret_addr", "0x7f0000005000");
	expect(at(r, 0), "error", NULL);
	expect(at(r, 0), "duration_ns", "1500");
	expect(at(r, 0), "space", "77");
	expect(at(r, 0), "caller_space", NULL);
	expect(at(r, 1), "type", "change");
	expect(at(r, 1), "start", "0x7f0000005000");
	expect(at(r, 1), "old_perms", "rw-p");
	expect(at(r, 1), "mapped", "8192");
	expect(at(r, 1), "unmapped", "4096");
	expect(at(r, 1), "moved_from", "0x7f0000001000");
	expect(at(r, 1), "exact", "true");
	expect(at(r, 2), "duration_ns", NULL);
	expect(at(r, 3), "exact", "false");
	expect(at(r, 3), "why", "overlapped");
	json_object_put(r);
}

static void tell_each_kind(struct sink *sink, struct finding *finding)
{
	struct leak leak = { .site = { .what = MT_CALL_BRK, .kind = KIND_HEAP, .comm = "t" },
			     .trend = { CONFIDENCE_LOW, 2.5, 9, MONO_NS + 1, MONO_NS + 2, 3, 4 } };

	for (int k = 0; k < FINDING_NR; k++) {
		finding->kind = k;
		finding->leak = k == FINDING_LEAK ? &leak : NULL;
		finding->left_ns = k == FINDING_NEAR ? 5 : 0;
		sink_observer.finding(sink, finding);
	}
}

static void expect_evidence(struct json_object *r)
{
	expect(at(r, FINDING_LIMIT), "left_ns", NULL);
	expect(at(r, FINDING_LIMIT), "who", NULL);
	expect(at(r, FINDING_NEAR), "left_ns", "5");
	expect(at(r, FINDING_LEAK), "who", "brk, heap, thread t");
	expect(at(r, FINDING_LEAK), "confidence", "low");
	expect(at(r, FINDING_LEAK), "bytes_per_hour", "9000");
	expect(at(r, FINDING_LEAK), "samples", "9");
	expect(at(r, FINDING_LEAK), "first_ts", "1");
	expect(at(r, FINDING_LEAK), "last_ts", "2");
	expect(at(r, FINDING_LEAK), "from", "3");
	expect(at(r, FINDING_LEAK), "kept", "4");
}

static void findings_states_losses(void **state)
{
	struct json_fixture f = { .view = view_all() };
	struct lost_record lost = { .ts_ns = MONO_NS, .space = 9, .tgid = 7, .count = 3 };
	struct state_record st = { .ts_ns = MONO_NS, .why = "lost" };
	struct json_object *r;
	struct finding finding;
	struct sample s;

	(void)state;
	json__setup(&f);
	sample__init(&s, MT_CALL_MMAP);
	s.call.ret = -ENOMEM;
	s.rec.limit = LIMIT_MAP_COUNT;
	s.rec.limit_bytes = 65530;
	st.space = &s.space;
	finding = (struct finding){
		.ts_ns = MONO_NS - 3,
		.process = &s.process,
		.space = &s.space,
		.start = 4096,
		.end = 8192,
		.old_flags = 3,
		.new_flags = 7,
		.call = &s.rec,
		.region_name = "[heap]",
		.region_kind = KIND_HEAP,
		.bytes = 4096,
	};
	finding.severity = SEVERITY_CRITICAL;
	finding.class = PROT_STACK_EXEC;
	finding.count = 10;
	strcpy(finding.text, "a \"text\"");
	tell_each_kind(f.sink, &finding);
	sink_observer.state(f.sink, &st);
	sink_observer.lost(f.sink, &lost);
	f.sink->view.quiet = true;
	sink_observer.finding(f.sink, &finding);
	sink_observer.call(f.sink, &s.rec);
	sink_observer.state(f.sink, &st);
	sink_observer.lost(f.sink, &lost);
	r = json__records(&f);
	assert_int_equal(json_object_array_length(r), FINDING_NR + 2);
	expect(at(r, FINDING_PROTECTION), "kind", "protection");
	expect(at(r, FINDING_PROTECTION), "ts", "-3");
	expect(at(r, FINDING_PROTECTION), "new_perms", "rwxp");
	expect(at(r, FINDING_PROTECTION), "severity", "critical");
	expect(at(r, FINDING_PROTECTION), "class", "stack-exec");
	expect(at(r, FINDING_PROTECTION), "count", "10");
	expect(at(r, FINDING_LIMIT), "class", NULL);
	expect(at(r, FINDING_LIMIT), "error", "ENOMEM");
	expect(at(r, FINDING_LIMIT), "limit", "vm.max_map_count");
	expect(at(r, FINDING_LIMIT), "limit_value", "65530");
	expect(at(r, FINDING_LIMIT), "new_perms", NULL);
	expect_evidence(r);
	expect(at(r, FINDING_NR), "why", "lost");
	expect(at(r, FINDING_NR + 1), "count", "3");
	json_object_put(r);
}

static void audits_and_what_follows(void **state)
{
	struct json_fixture f = { .view = view_all() };
	struct audit_record audit = { .why = "it differs", .expected = "a", .got = "b" };
	struct state_record st = { .exact = true };
	struct json_object *r;
	struct sample s;

	(void)state;
	json__setup(&f);
	sample__init(&s, MT_CALL_MMAP);
	s.space.numbered = true;
	s.space.next_seq = 5;
	s.space.uncertain_seq = 3;
	st.space = audit.space = &s.space;
	sink_observer.audit(f.sink, &audit);
	sink_observer.state(f.sink, &st);
	f.sink->view.quiet = true;
	sink_observer.audit(f.sink, &audit);
	r = json__records(&f);
	assert_int_equal(json_object_array_length(r), 2);
	expect(at(r, 0), "why", "it differs");
	expect(at(r, 0), "expected", "a");
	expect(at(r, 0), "got", "b");
	expect(at(r, 1), "sections", "2");
	json_object_put(r);
}

static void map(void **state)
{
	struct json_fixture f = { .view = { .quiet = true } };
	struct backing file = { .ino = 1ULL << 60,
				.dev_major = 8,
				.dev_minor = 1,
				.name = "/a\"\\012",
				.has_contents = true };
	struct backings *b = backings__new();
	struct region regions[2] = {
		{ .start = 4096, .end = 8192, .flags = REGION_READ | REGION_LOCKED },
		{ .start = 1ULL << 40,
		  .end = (1ULL << 40) + 4096,
		  .offset = 8192,
		  .flags = REGION_READ | REGION_SHARED | REGION_OFFSET },
	};
	struct json_object *r, *list;
	struct sample s;

	(void)state;
	json__setup(&f);
	sample__init(&s, MT_CALL_BRK);
	s.space.map = region_map__new();
	f.sink->ops->map(f.sink, &s.process, &s.space, b, MONO_NS);
	assert_int_equal(backings__intern(b, &file, &regions[1].backing), 0);
	assert_int_equal(region_map__replace(s.space.map, 0, 1ULL << 41, regions, 2), 0);
	s.space.exact = false;
	s.space.why = "lost";
	f.sink->ops->map(f.sink, &s.process, &s.space, b, MONO_NS);
	r = json__records(&f);
	assert_int_equal(json_object_array_length(get(at(r, 0), "regions")), 0);
	expect(at(r, 0), "exact", "true");
	expect(at(r, 0), "why", NULL);
	expect(at(r, 1), "exact", "false");
	list = get(at(r, 1), "regions");
	assert_int_equal(json_object_array_length(list), 2);
	expect(at(list, 0), "perms", "r--p");
	expect(at(list, 0), "locked", "true");
	expect(at(list, 0), "inode", "0");
	expect(at(list, 1), "start", "0x10000000000");
	expect(at(list, 1), "offset", "0x2000");
	expect(at(list, 1), "dev", "08:01");
	expect(at(list, 1), "inode", "1152921504606846976");
	expect(at(list, 1), "path", "/a\"\\012");
	expect(at(list, 1), "kind", "file-shared");
	json_object_put(r);
	region_map__free(s.space.map);
	backings__free(b);
}

/* Without what is resident where it was not read; never with -q. */
static void samples(void **state)
{
	struct json_fixture f = { 0 };
	struct json_object *r;
	struct sample s;
	struct sample_record rec = { .ts_ns = MONO_NS + 9 };

	(void)state;
	json__setup(&f);
	sample__init(&s, MT_CALL_BRK);
	sample_heap(&s.process);
	rec.process = &s.process;
	rec.space = &s.space;
	rec.heap = &s.process.heap_end;
	rec.malloc = true;
	f.sink->ops->sample(f.sink, &rec);
	rec.malloc = false;
	s.process.heap_end.has_resident = false;
	s.process.heap_end.allocators = 0;
	f.sink->ops->sample(f.sink, &rec);
	f.sink->view.quiet = true;
	f.sink->ops->sample(f.sink, &rec);
	r = json__records(&f);
	assert_int_equal(json_object_array_length(r), 2);
	expect(at(r, 0), "ts", "9");
	expect(at(r, 0), "exact", "true");
	expect(at(r, 0), "committed", "3551232");
	expect(at(r, 0), "resident", "2330624");
	expect(at(r, 0), "returned", "9572352");
	expect(at(r, 0), "reserved", "1140715520");
	expect(at(r, 0), "parts.break.resident", "102400");
	expect(at(r, 0), "allocators", "jemalloc");
	expect(at(r, 0), "malloc.kept", "0");
	assert_null(get(at(r, 1), "malloc"));
	assert_null(get(at(r, 1), "resident"));
	assert_null(get(get(at(r, 1), "parts"), "jit"));
	json_object_put(r);
}

/* Parts of a region, who made and changed them; -v: with their stacks. */
static void history(void **state)
{
	struct json_fixture f = { .view = { .history = true, .verbose = true } };
	struct stacks *stacks = sample_stacks();
	struct backings *b = backings__new();
	struct json_object *r, *list, *parts;
	struct sample s;

	(void)state;
	json__setup(&f);
	f.sink->info.stacks = stacks;
	sample__init(&s, MT_CALL_BRK);
	sample_history(&s.space);
	f.sink->ops->map(f.sink, &s.process, &s.space, b, MONO_NS);
	r = json__records(&f);
	list = get(at(r, 0), "regions");
	parts = get(at(list, 0), "history");
	assert_int_equal(json_object_array_length(parts), 2);
	expect(get(at(parts, 0), "created"), "call", "found");
	expect(get(at(parts, 1), "created"), "call", "mmap");
	expect(get(at(parts, 1), "created"), "count", "2");
	expect(get(at(parts, 1), "created"), "first_ts", "1000000000");
	expect(get(at(parts, 1), "created"), "last_ts", "2000000000");
	expect(get(at(parts, 1), "created"), "who", "a<b>() (x) < 0x20 ([anon])");
	expect(at(get(get(at(parts, 1), "created"), "stack"), 0), "function", "a<b>()");
	parts = get(at(get(at(list, 1), "history"), 0), "changed");
	expect(at(parts, 0), "returned", "true");
	expect(at(parts, 1), "nr", "333");
	expect(at(parts, 1), "prot", "r--");
	assert_int_equal(json_object_array_length(get(at(list, 2), "history")), 64);
	expect(at(list, 2), "history_left", "6");
	json_object_put(r);
	sample_history__free(&s.space);
	backings__free(b);
	stacks__free(stacks);
}

static void expect_suspicions(struct json_object *process)
{
	struct json_object *leaks = get(process, "leaks"), *deleted = get(process, "deleted");

	assert_int_equal(json_object_array_length(leaks), 2);
	expect(at(leaks, 0), "stack", "7");
	expect(at(leaks, 0), "who", "a stack that is not known");
	expect(at(leaks, 0), "stands", "true");
	expect(at(leaks, 0), "confidence", "high");
	expect(at(leaks, 0), "bytes_per_hour", "3600");
	expect(at(leaks, 1), "who", NULL);
	expect(at(leaks, 1), "stands", "false");
	expect(at(deleted, 0), "path", "/lib/a.so");
	expect(at(deleted, 0), "bytes", "4096");
	expect(at(deleted, 0), "image", "true");
	expect(process, "kept_stacks", "12");
	expect(process, "kept_stack_bytes", "100663296");
}

static void expect_first(struct json_object *process)
{
	struct json_object *sites = get(process, "sites");

	expect(process, "growth", "1005");
	expect(process, "heap_at_start.arena.committed", "135168");
	expect(process, "heap_at_peak.break", "270336");
	expect(process, "heap_at_end.break.returned", "135168");
	expect(process, "heap_at_end.arena.reserved", "66973696");
	expect(process, "heap_at_end.large-blocks.peak", "4194304");
	expect(process, "heap_at_end.allocator.resident", "1048576");
	expect(process, "allocators", "jemalloc");
	expect(process, "peak.kinds.heap", "11");
	expect(process, "findings.limit", "2");
	expect(process, "protection_classes.W>X", "3");
	expect(process, "allowed", "6");
	expect(process, "calls.brk.ns", "4");
	expect(at(sites, 0), "who", "brk, heap, thread t");
	expect(at(sites, 0), "kept", "20");
	expect(at(sites, 0), "peak", "25");
	expect(at(sites, 0), "first_ts", "5");
	expect(at(sites, 1), "stack", "7");
	expect(at(sites, 1), "kept", "20");
	expect(at(sites, 0), "error_bytes", NULL);
	expect(at(sites, 1), "error_bytes", "150");
}

/* The 1,000 that grew most, largest first; the others and the forgotten summed up. */
static void summary(void **state)
{
	struct json_fixture f = { .view = { .quiet = true } };
	struct tracker_totals totals = { .audits = 4, .audit_failures = 1, .forgotten = 7 };
	struct tracker *t = sample_tracker(1005);
	struct summary sum = sample_summary(t, 100);
	struct allow_rule rule = { .text = (char *)"comm:node", .count = 4 };
	struct allow allow = { &rule, 1 };
	struct json_object *r, *list;
	struct process *p;
	int64_t last, grew;
	uint64_t i = 0;

	(void)state;
	totals.other[MT_CALL_BRK] = (struct call_stats){ .count = 40, .errors = 1 };
	sum.totals = &totals;
	sum.stacks.on = true;
	sum.stacks.why_not = "an old kernel";
	sum.lost = sum.lost_by_cause[MT_LOSS_RING] = 3;
	for (p = tracker__next_process(t, NULL); p; p = tracker__next_process(t, p), i++) {
		p->at_end.accessible = 1 + i * 7 % 1005;
		p->peak.kind[KIND_HEAP] = 11;
		p->findings[FINDING_LIMIT] = 2;
		p->prot.count[PROT_W_TO_X] = 3;
		p->prot.allowed = 6;
		p->calls[MT_CALL_BRK] = (struct call_stats){ .count = 2, .bytes = 3, .ns = 4 };
		p->ended = i % 3;
		p->status = i % 3 == 1 ? 9 : 5 << 8;
		if (p->at_end.accessible != 1005)
			continue;
		sample_needs(p);
		sample_heap(p);
	}
	tracker__set_allow(t, &allow);
	json__setup(&f);
	f.sink->ops->summary(f.sink, &sum);
	r = json__records(&f);
	expect(at(r, 0), "ts", "2500000000");
	expect(at(r, 0), "seen", "100");
	expect(at(r, 0), "lost", "3");
	expect(at(r, 0), "lost_by_cause.ring", "3");
	expect(at(r, 0), "lost_by_cause.missed", "0");
	expect(at(r, 0), "audits", "4");
	expect(at(r, 0), "other.count", "12");
	expect(at(r, 0), "other.calls.brk.count", "50");
	expect(at(r, 0), "other.calls.brk.errors", "1");
	expect(at(r, 0), "other.growth", "15"); /* 1 + 2 + 3 + 4 + 5 */
	list = get(at(r, 0), "processes");
	assert_int_equal(json_object_array_length(list), 1000);
	expect(at(get(at(r, 0), "allowed"), 0), "rule", "comm:node");
	expect(at(get(at(r, 0), "allowed"), 0), "count", "4");
	expect_first(at(list, 0));
	expect_suspicions(at(list, 0));
	expect(at(list, 1), "kept_stacks", NULL);
	last = INT64_MAX;
	for (i = 0; i < 1000; i++) {
		grew = json_object_get_int64(get(at(list, i), "growth"));
		assert_true(grew <= last);
		last = grew;
	}
	json_object_put(r);
	tracker__free(t);
}

/* Runs last: nothing in the table that no record has. */
static void every_field_was_seen(void **state)
{
	const struct json_field *fields;
	size_t n, missing = 0;

	(void)state;
	fields = json_fields(&n);
	for (size_t i = 0; i < n; i++) {
		if (field_seen[i])
			continue;
		print_error("%s.%s was never emitted\n", fields[i].record, fields[i].name);
		missing++;
	}
	assert_int_equal(missing, 0);
	for (size_t i = 0; i < n; i++) {
		assert_true(*fields[i].text);
		assert_string_equal(json_record__name(json_field__record(i)), fields[i].record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start),
		cmocka_unit_test(processes),
		cmocka_unit_test(all_calls),
		cmocka_unit_test(one_call),
		cmocka_unit_test(sampled_call),
		cmocka_unit_test(findings_states_losses),
		cmocka_unit_test(audits_and_what_follows),
		cmocka_unit_test(map),
		cmocka_unit_test(history),
		cmocka_unit_test(samples),
		cmocka_unit_test(summary),
		cmocka_unit_test(every_field_was_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
