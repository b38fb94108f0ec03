// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/smaps: what is resident of each region, whatever the text holds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "input/proc_smaps.h"

#define HEAD "00010000-00020000 rw-p 00000000 00:00 0                                  [heap]\n"
#define SIZE "Size:                 64 kB\n"

static const struct {
	const char *what, *text;
	int err;
	struct resident want[3];
} cases[] = {
	{ "nothing", "", 0, { { 0 } } },
	{ "one", HEAD SIZE "Rss:                  12 kB\nPss:                   9 kB\nVmFlags: rd wr\n", 0,
	  { { 0x10000, 0x20000, 12 << 10 } } },
	{ "two, of which nothing is resident of one",
	  HEAD "Rss: 0 kB\n7f0000000000-7f0000001000 r--p 00000000 fe:01 7 /lib/x\nRss:   4 kB\n", 0,
	  { { 0x7f0000000000, 0x7f0000001000, 4096 } } },
	{ "more than there is", HEAD "Rss: 1000 kB\n", 0, { { 0x10000, 0x20000, 0x10000 } } },
	{ "torn: the later is cut",
	  HEAD "Rss: 8 kB\n00018000-00028000 rw-p 00000000 00:00 0\nRss: 48 kB\n", 0,
	  { { 0x10000, 0x20000, 8 << 10 }, { 0x20000, 0x28000, 32 << 10 } } },
	{ "torn: it was told before",
	  HEAD "Rss: 8 kB\n00012000-00014000 rw-p 00000000 00:00 0\nRss: 8 kB\n", 0,
	  { { 0x10000, 0x20000, 8 << 10 } } },
	{ "told twice", HEAD "Rss: 8 kB\nRss: 8 kB\n", 0, { { 0x10000, 0x20000, 8 << 10 } } },
	{ "vsyscall",
	  "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\nRss: 4 kB\n", 0,
	  { { 0 } } },
	{ "the end is missing", HEAD "Rss: 12 k", -EBADMSG, { { 0 } } },
	{ "a field of nothing", "Rss: 12 kB\n", -EBADMSG, { { 0 } } },
	{ "no number", HEAD "Rss: many kB\n", -EBADMSG, { { 0 } } },
	{ "another unit", HEAD "Rss: 12 MB\n", -EBADMSG, { { 0 } } },
	{ "too large", HEAD "Rss: 18014398509481984 kB\n", -EBADMSG, { { 0 } } },
	{ "far too large", HEAD "Rss: 99999999999999999999999 kB\n", -EBADMSG, { { 0 } } },
	{ "backwards", "00020000-00010000 rw-p 0\n", -EBADMSG, { { 0 } } },
	{ "no page", "00010001-00020000 rw-p 0\n", -EBADMSG, { { 0 } } },
	{ "no line of it", "hello\n", -EBADMSG, { { 0 } } },
	{ "an empty line", "\n", -EBADMSG, { { 0 } } },
};

static int feed(struct smaps *s, const char *text, size_t len, size_t piece)
{
	size_t at, n;
	int err;

	for (at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		err = smaps__feed(s, text + at, n);
		if (err)
			return err;
	}
	return smaps__finish(s);
}

/* In pieces of any length it is the same. */
static void texts(void **state)
{
	static const size_t pieces[] = { 1, 7, 4096 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
			struct smaps s = { 0 };
			int err = feed(&s, cases[i].text, strlen(cases[i].text), pieces[p]);
			size_t n = 0;

			if (err != cases[i].err)
				fail_msg("%s: expected %d, got %d", cases[i].what, cases[i].err, err);
			for (; !err && cases[i].want[n].end; n++) {
				if (n >= s.n ||
				    memcmp(&s.list[n], &cases[i].want[n], sizeof(*s.list)))
					fail_msg("%s: range %zu is not as expected", cases[i].what, n);
			}
			if (!err && n != s.n)
				fail_msg("%s: expected %zu ranges, got %zu", cases[i].what, n, s.n);
			free(s.list);
		}
	}
}

/* A name may be as long as a path, and hold what looks like a field. */
static void long_names(void **state)
{
	static const char head[] = "00010000-00020000 r--p 00000000 08:01 7 ";
	static const char tail[] = " Rss: 64 kB\nRss: 4 kB\n";
	size_t len = 20000;
	char *text = malloc(len + sizeof(head) + sizeof(tail));
	struct smaps s = { 0 };

	assert_non_null(text);
	strcpy(text, head);
	memset(text + sizeof(head) - 1, '/', len);
	strcpy(text + sizeof(head) - 1 + len, tail);
	assert_int_equal(feed(&s, text, strlen(text), 4096), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.list[0].bytes, 4096);
	free(s.list);
	free(text);
}

static uint64_t resident_at(uint64_t addr)
{
	struct resident *list;
	uint64_t bytes = 0;
	size_t n, i;

	assert_int_equal(proc_smaps__read(getpid(), &list, &n), 0);
	for (i = 0; i < n; i++) {
		if (list[i].start <= addr && addr < list[i].end)
			bytes = list[i].bytes;
	}
	free(list);
	return bytes;
}

static void our_own(void **state)
{
	size_t len = 1 << 20;
	/* Shared: no neighbour is joined to it. */
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct resident *list;
	size_t n;

	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(resident_at((uintptr_t)p), 0);
	memset(p, 1, 5 * 4096);
	assert_int_equal(resident_at((uintptr_t)p), 5 * 4096);
	munmap(p, len);
	assert_int_equal(proc_smaps__read(0x3fffffff, &list, &n), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(long_names),
		cmocka_unit_test(our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
