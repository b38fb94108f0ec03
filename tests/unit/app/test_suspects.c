// SPDX-License-Identifier: GPL-2.0
/* What is suspected, in text; and what the kernel says of cgroups and of files that are gone. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "input/cgroup.h"
#include "input/proc_file.h"
#include "output/report_suspects.h"
#include "output_fixture.h"

#define MB(n) ((uint64_t)(n) << 20)

static void cgroup_paths(void **state)
{
	static const struct {
		const char *text, *path; /* NULL: none */
	} cases[] = {
		{ "0::/\n", "/sys/fs/cgroup" },
		{ "0::/a/b.slice\n", "/sys/fs/cgroup/a/b.slice" },
		{ "3:cpuset:/\n0::/a\n", "/sys/fs/cgroup/a" },
		{ "4:memory:/x y\n1:cpu:/\n0::/\n", "/sys/fs/cgroup/memory/x y" },
		{ "4:memory:/\n0::/a\n", "/sys/fs/cgroup/memory" },
		/* Not a line of its own: a name that somebody chose. */
		{ "1:name=x:/0::/a\n0::/b\n", "/sys/fs/cgroup/b" },
		{ "0::/x:memory:/y\n", "/sys/fs/cgroup/x:memory:/y" },
		{ "1:name=x:/a:memory:/b\n0::/c\n", "/sys/fs/cgroup/c" },
		{ "0::/../other\n", NULL },
		{ "1:cpu:/\n", NULL },
		{ "", NULL },
	};
	char path[PATH_MAX], *text;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int err = cgroup__parse(cases[i].text, path);

		assert_int_equal(err, cases[i].path ? 0 : -ENOENT);
		if (cases[i].path)
			assert_string_equal(path, cases[i].path);
	}
	/* Longer than any path. */
	text = malloc(2 * PATH_MAX);
	assert_non_null(text);
	memset(text, 'x', 2 * PATH_MAX);
	memcpy(text, "0::/", 4);
	text[2 * PATH_MAX - 1] = '\0';
	assert_int_equal(cgroup__parse(text, path), -ENOENT);
	free(text);
}

static void cgroup_stats(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint64_t bytes;
	} cases[] = {
		{ "anon 100\nfile 5\nkernel 3\nshmem 20\n", 0, 120 },
		{ "anon 100\n", 0, 100 },
		{ "anon 100", 0, 100 },
		{ "cache 1\nrss 2\nshmem 4\ntotal_rss 8\ntotal_shmem 16\n", 0, 24 },
		{ "inactive_anon 5\nanon_thp 6\nanon 7\n", 0, 7 },
		{ "anon -1\n", -EBADMSG, 0 },
		{ "anon 99999999999999999999999\n", -EBADMSG, 0 },
		{ "anon 7x\n", -EBADMSG, 0 },
		{ "file 5\n", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
	};
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bytes = 0;
		if (cgroup_stat__parse(cases[i].text, &bytes) != cases[i].err ||
		    bytes != cases[i].bytes)
			fail_msg("\"%s\": expected %d and %u, got %u", cases[i].text, cases[i].err,
				 (unsigned int)cases[i].bytes, (unsigned int)bytes);
	}
}

/* Of our own process: whether or not map_files can be read. */
static void files_that_are_gone(void **state)
{
	char path[] = "/tmp/memtrace-test-XXXXXX";
	struct mapped_file file = { .name = path }, other;
	int fd = mkstemp(path);
	struct stat st;
	void *p;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(fstat(fd, &st), 0);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	file.start = (uint64_t)(uintptr_t)p;
	file.end = file.start + 4096;
	file.ino = st.st_ino;
	file.dev_major = major(st.st_dev);
	file.dev_minor = minor(st.st_dev);
	assert_int_equal(proc_file__gone(getpid(), &file), 0);
	/* By its name, for nothing is mapped there: it is, and is another. */
	other = file;
	other.start = 0;
	assert_int_equal(proc_file__gone(getpid(), &other), 0);
	other.ino++;
	assert_int_equal(proc_file__gone(getpid(), &other), 1);
	/* Of another device nothing is to be compared. */
	other.dev_minor++;
	assert_int_equal(proc_file__gone(getpid(), &other), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(proc_file__gone(getpid(), &file), 1);
	assert_int_equal(proc_file__gone(getpid(), &other), 1);
	other.name = "/a\\012";
	assert_int_equal(proc_file__gone(getpid(), &other), -EINVAL);
	/* Of a process that is gone nothing is known, though it has no files. */
	assert_true(proc_file__gone(0x7ffffff0, &file) < 0);
	munmap(p, 4096);
	close(fd);
}

static void give(struct suspicions *to, size_t leaks)
{
	to->leaks = calloc(leaks ? leaks : 1, sizeof(*to->leaks));
	to->deleted = calloc(3, sizeof(*to->deleted));
	assert_true(to->leaks && to->deleted);
	to->n_leaks = leaks;
	for (size_t i = 0; i < leaks; i++) {
		to->leaks[i] = (struct leak){
			.site = { .what = MT_CALL_BRK, .kind = KIND_HEAP, .comm = "t" },
			.trend = { CONFIDENCE_MEDIUM, 1536, 20, 1000000000, 91000000000, 4096,
				   1 << 20 },
			.stands = i == 0,
			.whole = i == 2,
		};
	}
}

static void closing_report(void **state)
{
	static const char want[] =
		"  kept        rises by 1.5K/s, from 4K to 1M in 1.5 min (confidence medium): "
		"brk, heap, thread t\n"
		"              withdrawn, rises no more: rose by 1.5K/s, from 4K to 1M in 1.5 min "
		"(confidence medium): brk, heap, thread t\n"
		"              withdrawn, rises no more: rose by 1.5K/s, from 4K to 1M in 1.5 min "
		"(confidence medium): by no one site\n"
		"  stacks      12 of threads that have ended are kept, 96M\n"
		"  deleted     /lib/b.so and 7 more, mapped yet: restart to pick up what is new\n"
		"  free        at least 48M of 60M in malloc's heaps are free and kept\n"
		"              largest run 40M, below 3 used chunks (1K); "
		"malloc_trim(3) would return 47M\n"
		"  free        at least 48M of 60M in malloc's heaps are free and kept; "
		"2.0 s before the end\n"
		"              largest run 40M, below 3 used chunks (1K); "
		"malloc_trim(3) would return 47M\n"
		/* 80 columns */
		"  free        at least 48M of 60M in malloc's heaps are free and kept\n"
		"              largest run 40M, below 3 used chunks (1K)\n";
	struct tracker *t = sample_tracker(1);
	struct process *p = tracker__next_process(t, NULL);
	struct report_line line = { 0 };
	struct capture c;
	char *got;

	capture__init(&c);
	line.out = c.out;
	writer__begin(c.out, true);
	report_suspects__process(&line, p, NULL);
	give(&p->suspicions, 5);
	p->suspicions.stacks = 12;
	p->suspicions.stack_bytes = 96 << 20;
	strcpy(p->suspicions.deleted[0].name, "/tmp/data");
	strcpy(p->suspicions.deleted[1].name, "/lib/b.so");
	p->suspicions.deleted[1].image = true;
	p->suspicions.n_deleted = 3;
	p->suspicions.more_deleted = 5;
	p->suspicions.malloc = (struct malloc_sum){ 1, MB(60), MB(60), MB(49), MB(48),
						    MB(47), 0, MB(40), 3, 1024, false };
	p->suspicions.malloc_ns = p->last_ns;
	report_suspects__process(&line, p, NULL);
	assert_int_equal(report_suspects__lines(p), 7);
	/* Alone, and when it could not be looked at again. */
	p->suspicions.n_leaks = p->suspicions.stacks = p->suspicions.n_deleted = 0;
	p->last_ns += 2000000000;
	report_suspects__process(&line, p, NULL);
	line.columns = 80;
	report_suspects__process(&line, p, NULL);
	/* Not worth a line. */
	p->suspicions.malloc.kept = MB(14);
	report_suspects__process(&line, p, NULL);
	assert_int_equal(report_suspects__lines(p), 0);
	writer__end(c.out);
	got = capture__take(&c);
	assert_string_equal(got, want);
	free(got);
	tracker__free(t);
}

/* Of many only what stands, a few lines of it. */
static void many_processes(void **state)
{
	struct tracker *t = sample_tracker(9);
	struct report_line line = { 0 };
	struct process *p;
	struct capture c;
	char *got;
	int i = 0;

	for (p = tracker__next_process(t, NULL); p; p = tracker__next_process(t, p), i++)
		give(&p->suspicions, i < 5);
	capture__init(&c);
	line.out = c.out;
	writer__begin(c.out, true);
	report_suspects__all(&line, t);
	writer__end(c.out);
	got = capture__take(&c);
	assert_non_null(strstr(got, "  kept        work (pid 1000) rises by 1.5K/s"));
	assert_non_null(strstr(got, "\n              work (pid 1002) rises by"));
	assert_null(strstr(got, "pid 1003"));
	assert_non_null(strstr(got, "\n              and of 2 more processes\n"));
	free(got);
	tracker__free(t);
}

static void a_line(void **state)
{
	struct leak leak = { .site = { .what = MT_CALL_BRK, .kind = KIND_HEAP, .comm = "t" } };
	struct view view = { .findings[FINDING_LEAK] = true };
	struct finding f = { .kind = FINDING_LEAK, .ts_ns = MONO_NS, .bytes = 1 << 20,
			     .text = "needed memory", .leak = &leak };
	struct capture c;
	struct sink *sink;
	struct sample s;
	char *got;

	sample__init(&s, MT_CALL_BRK);
	f.process = &s.process;
	f.space = &s.space;
	capture__init(&c);
	sink = text_sink__new(c.out, &view, &sample_start);
	sink_observer.finding(sink, &f);
	leak.whole = true;
	sink_observer.finding(sink, &f);
	sink__free(sink);
	got = capture__take(&c);
	assert_non_null(strstr(got, "leak     -                 +1M -          brk, heap, thread t: "
				    "needed memory\n"));
	assert_non_null(strstr(got, "leak     -                 +1M -          needed memory\n"));
	free(got);
}

/* The evidence, all of it. */
static void in_json(void **state)
{
	struct finding f = { .kind = FINDING_FREE, .ts_ns = MONO_NS + 8, .text = "free" };
	struct view view = { .findings[FINDING_FREE] = true };
	struct capture c;
	struct sink *sink;
	struct sample s;
	char *got;

	sample__init(&s, MT_CALL_BRK);
	s.process.suspicions.malloc =
		(struct malloc_sum){ 2, 100, 90, 80, 70, 60, 50, 40, 30, 20, false };
	s.process.suspicions.malloc_ns = MONO_NS + 7;
	f.process = &s.process;
	f.space = &s.space;
	capture__init(&c);
	sink = json_sink__new(c.out, &view, &sample_start);
	sink_observer.finding(sink, &f);
	f.kind = FINDING_NEAR;
	sink_observer.finding(sink, &f);
	sink__free(sink);
	got = capture__take(&c);
	assert_non_null(strstr(got, "\"kind\":\"free\",\"severity\":\"info\""));
	assert_non_null(strstr(got, "\"malloc\":{\"ts\":7,\"heaps\":2,\"total\":100,\"counted\":90,"
				    "\"free\":80,\"kept\":70,\"pages\":60,\"top\":50,"
				    "\"largest\":40,\"above\":30,\"above_bytes\":20,\"whole\":true}}\n"));
	assert_null(strstr(strstr(got, "}}\n"), "malloc"));
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cgroup_paths),	       cmocka_unit_test(cgroup_stats),
		cmocka_unit_test(files_that_are_gone), cmocka_unit_test(closing_report),
		cmocka_unit_test(many_processes),      cmocka_unit_test(a_line),
		cmocka_unit_test(in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
