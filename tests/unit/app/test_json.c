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
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <json-c/json.h>

#include "output/json_fields.h"
#include "output/json_writer.h"
#include "output_fixture.h"

static bool field_seen[JSON_FIELD_NR];

/* A field in capitals stands for a name of a closed list. */
static bool is_placeholder(const char *name)
{
	return isupper((unsigned char)name[0]);
}

static bool closed_list_has(const char *placeholder, const char *name)
{
	static const char *const causes[] = {
#define X(id, cause, text) #cause,
		MT_LOSSES(X)
#undef X
	};

	if (!strcmp(placeholder, "CALL"))
		return call__by_name(name) != MT_CALL_NONE;
	for (int i = 0; !strcmp(placeholder, "KIND") && i < KIND_NR; i++)
		if (!strcmp(region_kind__name(i), name))
			return true;
	for (int i = 0; !strcmp(placeholder, "FINDING") && i < FINDING_NR; i++)
		if (!strcmp(finding_kind__name(i), name))
			return true;
	for (int i = 0; !strcmp(placeholder, "CAUSE") && i < MT_LOSS_NR; i++)
		if (!strcmp(causes[i], name))
			return true;
	return false;
}

static const struct json_field *field_find(const char *record, const char *name, size_t *ret_id)
{
	const struct json_field *fields;
	size_t n;

	fields = json_fields(&n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].record, record))
			continue;
		if (!strcmp(fields[i].name, name) ||
		    (is_placeholder(fields[i].name) && closed_list_has(fields[i].name, name))) {
			*ret_id = i;
			return &fields[i];
		}
	}
	return NULL;
}

static bool value_has_type(enum json_field_type type, struct json_object *value)
{
	const char *s = json_object_get_string(value);
	bool string = json_object_is_type(value, json_type_string);

	switch (type) {
	case JSON_STRING:
		return string;
	case JSON_INTEGER:
		return json_object_is_type(value, json_type_int);
	case JSON_BOOLEAN:
		return json_object_is_type(value, json_type_boolean);
	case JSON_HEX:
		return string && !strncmp(s, "0x", 2) && s[2] &&
		       strspn(s + 2, "0123456789abcdef") == strlen(s + 2);
	case JSON_DECIMAL:
		return string && *s && strspn(s, "0123456789") == strlen(s);
	case JSON_OBJECT:
		return json_object_is_type(value, json_type_object);
	case JSON_ARRAY:
		return json_object_is_type(value, json_type_array);
	}
	return false;
}

static void check_object(const char *record, struct json_object *object)
{
	const struct json_field *field;
	char inner[64];
	size_t id = 0;

	json_object_object_foreach(object, key, value)
	{
		field = field_find(record, key, &id);
		if (!field)
			fail_msg("%s.%s is not in the table", record, key);
		if (!value_has_type(field->type, value))
			fail_msg("%s.%s: expected %s, got %s", record, key,
				 json_type__name(field->type), json_object_to_json_string(value));
		field_seen[id] = true;
		/* The text of an object begins with the name of its record. */
		snprintf(inner, sizeof(inner), "%.*s", (int)strcspn(field->text, ":;"),
			 field->text);
		if (field->type == JSON_OBJECT)
			check_object(inner, value);
		for (size_t i = 0; field->type == JSON_ARRAY && i < json_object_array_length(value);
		     i++)
			check_object(inner, json_object_array_get_idx(value, i));
	}
}

struct json_fixture {
	struct capture c;
	struct sink *sink;
	struct view view;
};

static void json__setup(struct json_fixture *f)
{
	capture__init(&f->c);
	f->sink = json_sink__new(f->c.out, &f->view, &sample_start);
	assert_non_null(f->sink);
}

/* Every line is a record of the table; they come in an array that the caller puts. */
static struct json_object *json__records(struct json_fixture *f)
{
	struct json_object *records = json_object_new_array();
	char *text, *line, *end;

	sink__free(f->sink);
	text = capture__take(&f->c);
	for (line = text; *line; line = end + 1) {
		enum json_tokener_error err;
		struct json_object *record;
		struct json_object *type;

		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		record = json_tokener_parse_verbose(line, &err);
		if (!record)
			fail_msg("%s: %s", json_tokener_error_desc(err), line);
		assert_true(json_object_object_get_ex(record, "type", &type));
		check_object(json_object_get_string(type), record);
		json_object_array_add(records, record);
	}
	free(text);
	return records;
}

static struct json_object *at(struct json_object *records, size_t i)
{
	struct json_object *record = json_object_array_get_idx(records, i);

	assert_non_null(record);
	return record;
}

/* path: keys with dots between. */
static struct json_object *get(struct json_object *record, const char *path)
{
	char key[64];
	size_t len;

	for (; record && *path; path += len + (path[len] == '.')) {
		len = strcspn(path, ".");
		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		if (!json_object_object_get_ex(record, key, &record))
			return NULL;
	}
	return record;
}

static void expect(struct json_object *record, const char *path, const char *want)
{
	struct json_object *value = get(record, path);
	const char *got = value ? json_object_get_string(value) : "(absent)";

	if (strcmp(got, want ? want : "(absent)"))
		fail_msg("%s: expected %s, got %s in %s", path, want ? want : "(absent)", got,
			 json_object_to_json_string(record));
}

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
	strcpy(finding.text, "a \"text\"");
	for (int k = 0; k < FINDING_NR; k++) {
		finding.kind = k;
		sink_observer.finding(f.sink, &finding);
	}
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
	expect(at(r, FINDING_LIMIT), "error", "ENOMEM");
	expect(at(r, FINDING_LIMIT), "limit", "vm.max_map_count");
	expect(at(r, FINDING_LIMIT), "limit_value", "65530");
	expect(at(r, FINDING_LIMIT), "new_perms", NULL);
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

/* The 1,000 that grew most, largest first; the others and the forgotten summed up. */
static void summary(void **state)
{
	struct json_fixture f = { .view = { .quiet = true } };
	struct tracker_totals totals = { .audits = 4, .audit_failures = 1, .forgotten = 7 };
	struct tracker *t = sample_tracker(1005);
	struct summary sum = sample_summary(t, 100);
	struct json_object *r, *list;
	struct process *p;
	int64_t last, grew;
	uint64_t i = 0;

	(void)state;
	totals.other[MT_CALL_BRK] = (struct call_stats){ .count = 40, .errors = 1 };
	sum.totals = &totals;
	sum.lost = sum.lost_by_cause[MT_LOSS_RING] = 3;
	for (p = tracker__next_process(t, NULL); p; p = tracker__next_process(t, p), i++) {
		p->at_end.accessible = 1 + i * 7 % 1005;
		p->peak.kind[KIND_HEAP] = 11;
		p->findings[FINDING_LIMIT] = 2;
		p->calls[MT_CALL_BRK] = (struct call_stats){ .count = 2, .bytes = 3, .ns = 4 };
		p->ended = i % 3;
		p->status = i % 3 == 1 ? 9 : 5 << 8;
	}
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
	expect(at(list, 0), "growth", "1005");
	expect(at(list, 0), "peak.kinds.heap", "11");
	expect(at(list, 0), "findings.limit", "2");
	expect(at(list, 0), "calls.brk.ns", "4");
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
		cmocka_unit_test(findings_states_losses),
		cmocka_unit_test(audits_and_what_follows),
		cmocka_unit_test(map),
		cmocka_unit_test(summary),

		cmocka_unit_test(every_field_was_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
