/* SPDX-License-Identifier: GPL-2.0 */
/* /proc/PID/maps and the other /proc readers: text in, values out. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "input/proc.h"
#include "input/proc_maps.h"

struct want {
	uint64_t start, end, offset;
	uint32_t flags;
	const char *name;
	bool anonymous, has_contents;
	uint64_t ino;
	uint32_t dev_major, dev_minor;
};

static const struct {
	const char *what, *text;
	int err;
	size_t n;
	struct want want[3];
} cases[] = {
	{ "nothing", "", 0, 0, { { 0 } } },
	{ "a file", "00400000-00402000 r-xp 00003000 fe:1a 247498      /usr/bin/head\n", 0, 1,
	  { { 0x400000, 0x402000, 0x3000, REGION_READ | REGION_EXEC, "/usr/bin/head", false, true,
	      247498, 0xfe, 0x1a } } },
	{ "no name, no file", "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n", 0, 1,
	  { { 0x7f0000000000, 0x7f0000001000, 0, REGION_READ | REGION_WRITE, "", true, false, 0, 0,
	      0 } } },
	{ "no access", "00010000-00020000 ---p 00000000 00:00 0 \n", 0, 1,
	  { { 0x10000, 0x20000, 0, 0, "", true, false, 0, 0, 0 } } },
	{ "heap", "00010000-00020000 rw-p 00000000 00:00 0     [heap]\n", 0, 1,
	  { { 0x10000, 0x20000, 0, REGION_READ | REGION_WRITE, "[heap]", true, false, 0, 0, 0 } } },
	{ "stack grows down", "00010000-00020000 rw-p 00000000 00:00 0     [stack]\n", 0, 1,
	  { { 0x10000, 0x20000, 0, REGION_READ | REGION_WRITE | REGION_GROWSDOWN, "[stack]", true,
	      false, 0, 0, 0 } } },
	{ "a file called [stack] is a file",
	  "00010000-00020000 rw-p 00000000 00:01 9     [stack]\n", 0, 1,
	  { { 0x10000, 0x20000, 0, REGION_READ | REGION_WRITE, "[stack]", false, true, 9, 0,
	      1 } } },
	{ "vdso has no contents", "00010000-00020000 r-xp 00000000 00:00 0     [vdso]\n", 0, 1,
	  { { 0x10000, 0x20000, 0, REGION_READ | REGION_EXEC, "[vdso]", false, false, 0, 0, 0 } } },
	{ "anonymous name", "00010000-00020000 rw-p 00000000 00:00 0     [anon:a b]\n", 0, 1,
	  { { 0x10000, 0x20000, 0, REGION_READ | REGION_WRITE, "[anon:a b]", false, false, 0, 0,
	      0 } } },
	{ "shared memory", "00010000-00020000 rw-s 00000000 00:01 1026   /memfd:x y (deleted)\n", 0,
	  1, { { 0x10000, 0x20000, 0, REGION_READ | REGION_WRITE | REGION_SHARED,
		 "/memfd:x y (deleted)", false, true, 1026, 0, 1 } } },
	{ "the kernel's \\012 is not escaped twice",
	  "00010000-00020000 r--p 00000000 08:01 5    /tmp/a\\012b\n", 0, 1,
	  { { 0x10000, 0x20000, 0, REGION_READ, "/tmp/a\\012b", false, true, 5, 8, 1 } } },
	{ "escape sequences and bytes that are not UTF-8",
	  "00010000-00020000 r--p 00000000 08:01 5    /\033[31m\xff\xc3\xa4\n", 0, 1,
	  { { 0x10000, 0x20000, 0, REGION_READ, "/\\033[31m\\377\xc3\xa4", false, true, 5, 8,
	      1 } } },
	{ "vsyscall is left out",
	  "00010000-00020000 r--p 00000000 08:01 5    /a\n"
	  "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0     [vsyscall]\n", 0, 1,
	  { { 0x10000, 0x20000, 0, REGION_READ, "/a", false, true, 5, 8, 1 } } },
	{ "torn: overlaps are cut, offsets go along, what is covered goes",
	  "00010000-00030000 r--p 00001000 08:01 5    /a\n"
	  "00020000-00050000 r--p 00011000 08:01 5    /a\n"
	  "00020000-00030000 r--p 00000000 08:01 6    /b\n"
	  "00060000-00070000 rw-p 00000000 00:00 0 \n", 0, 3,
	  { { 0x10000, 0x30000, 0x1000, REGION_READ, "/a", false, true, 5, 8, 1 },
	    { 0x30000, 0x50000, 0x21000, REGION_READ, "/a", false, true, 5, 8, 1 },
	    { 0x60000, 0x70000, 0, REGION_READ | REGION_WRITE, "", true, false, 0, 0, 0 } } },
	{ "no newline", "00010000-00020000 r--p 00000000 08:01 5    /a", -EBADMSG, 0, { { 0 } } },
	{ "cut in an address", "00010000-0002\n", -EBADMSG, 0, { { 0 } } },
	{ "cut before the inode", "00010000-00020000 r--p 00000000 08:01 \n", -EBADMSG, 0,
	  { { 0 } } },
	{ "empty line", "\n", -EBADMSG, 0, { { 0 } } },
	{ "not hex", "0001000g-00020000 r--p 00000000 00:00 0 \n", -EBADMSG, 0, { { 0 } } },
	{ "capitals", "000A0000-000B0000 r--p 00000000 00:00 0 \n", -EBADMSG, 0, { { 0 } } },
	{ "a sign", "+0010000-00020000 r--p 00000000 00:00 0 \n", -EBADMSG, 0, { { 0 } } },
	{ "wraps", "10000000000000000-20000000000000000 r--p 0 00:00 0 \n", -EBADMSG, 0,
	  { { 0 } } },
	{ "inode wraps", "00010000-00020000 r--p 00000000 00:00 18446744073709551616 \n", -EBADMSG,
	  0, { { 0 } } },
	{ "empty", "00010000-00010000 r--p 00000000 00:00 0 \n", -EBADMSG, 0, { { 0 } } },
	{ "backwards", "00020000-00010000 r--p 00000000 00:00 0 \n", -EBADMSG, 0, { { 0 } } },
	{ "not aligned", "00010000-00020001 r--p 00000000 00:00 0 \n", -EBADMSG, 0, { { 0 } } },
	{ "start not aligned", "00010800-00020000 r--p 00000000 00:00 0 \n", -EBADMSG, 0,
	  { { 0 } } },
	{ "offset not aligned", "00010000-00020000 r--p 00000001 08:01 5    /a\n", -EBADMSG, 0,
	  { { 0 } } },
	{ "over both halves", "00010000-ffffffffffff0000 r--p 00000000 00:00 0 \n", -EBADMSG, 0,
	  { { 0 } } },
	{ "permissions in the wrong place", "00010000-00020000 w--p 00000000 00:00 0 \n", -EBADMSG,
	  0, { { 0 } } },
	{ "neither shared nor private", "00010000-00020000 r--- 00000000 00:00 0 \n", -EBADMSG, 0,
	  { { 0 } } },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void assert_region(const char *what, size_t i, const struct raw_region *got,
			  const struct want *want)
{
	char expected[512], is[512];

	snprintf(expected, sizeof(expected), "%s [%zu]: %lx-%lx +%lx flags %x '%s' %d %d %lu %x:%x",
		 what, i, want->start, want->end, want->offset, want->flags, want->name,
		 want->anonymous, want->has_contents, want->ino, want->dev_major, want->dev_minor);
	snprintf(is, sizeof(is), "%s [%zu]: %lx-%lx +%lx flags %x '%s' %d %d %lu %x:%x", what, i,
		 got->region.start, got->region.end, got->region.offset, got->region.flags,
		 got->backing.name, got->anonymous, got->backing.has_contents, got->backing.ino,
		 got->backing.dev_major, got->backing.dev_minor);
	assert_string_equal(is, expected);
}

static void lines_become_regions(void **state)
{
	size_t i, j;

	for (i = 0; i < CASES; i++) {
		struct raw_region *raw = (void *)&cases;
		size_t n = 4711, len = strlen(cases[i].text);
		char *text = malloc(len + 1); /* exact: ASan sees a byte too far */
		int err;

		memcpy(text, cases[i].text, len);
		err = proc_maps__parse(text, len, &raw, &n);
		free(text);
		if (err != cases[i].err || (!err && n != cases[i].n))
			fail_msg("%s: expected %d and %zu regions, got %d and %zu", cases[i].what,
				 cases[i].err, cases[i].n, err, n);
		if (err) { /* outputs untouched */
			assert_ptr_equal(raw, &cases);
			assert_int_equal(n, 4711);
			continue;
		}
		for (j = 0; j < n; j++)
			assert_region(cases[i].what, j, &raw[j], &cases[i].want[j]);
		free(raw);
	}
}

static void vsyscall_is_remembered(void **state)
{
	static const struct {
		const char *text, *line;
	} table[] = {
		{ "00010000-00020000 r--p 00000000 00:00 0 \n"
		  "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0     [vsyscall]\n",
		  "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0     [vsyscall]" },
		{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n",
		  "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]" },
		{ "00010000-00020000 r--p 00000000 00:00 0 \n", "" },
		{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]", "" },
		{ "\n", "" },
		{ "", "" },
	};
	char line[PROC_VSYSCALL_LEN];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bool is = proc_maps__vsyscall(table[i].text, strlen(table[i].text), line);

		assert_string_equal(line, table[i].line);
		assert_int_equal(is, *table[i].line != '\0');
	}
}

/* A map of more than one read: many regions that cannot merge. */
static void reads_its_own_map(void **state)
{
	const size_t pages = 4000;
	char *block = mmap(NULL, pages * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct raw_region *raw = NULL;
	size_t n = 0, i, own = 0;

	assert_ptr_not_equal(block, MAP_FAILED);
	for (i = 0; i < pages; i += 2)
		assert_int_equal(mprotect(block + i * 4096, 4096, PROT_NONE), 0);
	assert_int_equal(proc_maps__read(getpid(), &raw, &n, NULL), 0);
	for (i = 0; i < n; i++)
		own += raw[i].region.start >= (uintptr_t)block &&
		       raw[i].region.end <= (uintptr_t)block + pages * 4096;
	/* The last page may have merged with what follows it. */
	if (own < pages - 1 || own > pages)
		fail_msg("expected %zu regions in the block, got %zu", pages, own);
	free(raw);
	munmap(block, pages * 4096);
}

static void reads_tell_why_not(void **state)
{
	struct raw_region *raw = NULL;
	size_t n = 4711;
	pid_t child;

	assert_int_equal(proc_maps__read(0x7ffffff0, &raw, &n, NULL), -ENOENT);
	assert_int_equal(n, 4711);
	child = fork();
	if (!child)
		_exit(0);
	/* A zombie: it has no regions any more. */
	assert_int_equal(waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_maps__read(child, &raw, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_null(raw);
	waitpid(child, NULL, 0);
}

#define STAT_TAIL " 1 1 1 0 -1 %u 1 2 3 4 5 6 7 8 20 0 %u 0 777 9 9 9 9 9 140000 " \
		  "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 555000 20 21 22 23 0\n"

static void stat_is_read_whatever_the_name(void **state)
{
	static const struct {
		const char *comm, *want;
	} names[] = {
		{ "bash", "bash" },
		{ "a) Z 1 (b", "a) Z 1 (b" },
		{ ") (", ") (" },
		{ "", "" },
		{ "x\ny", "x\\012y" },
		{ "\033[2J", "\\033[2J" },
		{ "a\\b", "a\\134b" },
	};
	struct proc_stat stat;
	char text[1024];
	size_t i;
	int len;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = snprintf(text, sizeof(text), "42 (%s) S" STAT_TAIL, names[i].comm,
			       i == 1 ? 0x00208040u : 0x400000u, 3u);
		assert_int_equal(proc_stat__parse(text, (size_t)len, &stat), 0);
		assert_string_equal(stat.comm, names[i].want);
		assert_int_equal(stat.state, 'S');
		assert_int_equal(stat.parent, 1);
		assert_int_equal(stat.kernel_thread, i == 1);
		assert_int_equal(stat.threads, 3);
		assert_int_equal(stat.start_ticks, 777);
		assert_int_equal(stat.start_stack, 140000);
		assert_int_equal(stat.start_brk, 555000);
	}
}

static void bad_stats_are_refused(void **state)
{
	static const char *const texts[] = { "", "42", "42 (a", "42 a) S 1", "42 (a)", "42 (a) S",
					     "42 (a) S 1 1 1", "42 )a( S 1 1 1", "42 (a) S x 1 1" };
	struct proc_stat stat;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int err = proc_stat__parse(texts[i], strlen(texts[i]), &stat);

		if (err != -EBADMSG)
			fail_msg("'%s': expected %d, got %d", texts[i], -EBADMSG, err);
	}
}

/* The readers on this very system, against what else is known of it. */
static void the_system_is_read(void **state)
{
	uint64_t value, sp = 0;
	struct proc_stat stat;
	pid_t child, tgid, *tids;
	char text[65];
	size_t n;

	assert_int_equal(prctl(PR_SET_NAME, "x) S 1 (y"), 0);
	assert_int_equal(proc__stat(getpid(), &stat), 0);
	assert_int_equal(stat.parent, getppid());
	assert_string_equal(stat.comm, "x) S 1 (y");
	assert_false(stat.kernel_thread);
	assert_in_range(stat.start_brk, (uintptr_t)sbrk(0) - (1 << 30), (uintptr_t)sbrk(0));
	assert_int_equal(proc__stat(0x7ffffff0, &stat), -ENOENT);
	assert_int_equal(proc__tgid(getpid(), &tgid), 0);
	assert_int_equal(tgid, getpid());
	assert_int_equal(proc__threads(getpid(), &tids, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(tids[0], getpid());
	free(tids);
	assert_int_equal(proc__max_map_count(&value), 0);
	assert_true(value > 0);
	assert_int_equal(proc__boot_id(text), 0);
	assert_int_equal(strlen(text), 36);
	assert_int_equal(proc__kernel_release(text, sizeof(text)), 0);
	assert_true(strlen(text) > 0);

	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	while (proc__thread_sp(child, child, &sp) == -EAGAIN)
		usleep(1000);
	assert_int_equal(proc__stat(child, &stat), 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* A main thread's: below where its stack began, by less than the whole stack. */
	if (sp >= stat.start_stack || stat.start_stack - sp > 8 << 20)
		fail_msg("stack pointer %lx, stack begins at %lx", sp, stat.start_stack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_regions),
		cmocka_unit_test(vsyscall_is_remembered),
		cmocka_unit_test(reads_its_own_map),
		cmocka_unit_test(reads_tell_why_not),
		cmocka_unit_test(stat_is_read_whatever_the_name),
		cmocka_unit_test(bad_stats_are_refused),
		cmocka_unit_test(the_system_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
