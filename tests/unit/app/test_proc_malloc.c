// SPDX-License-Identifier: GPL-2.0
/* Heaps that are read in a process's memory: our own, where one was made by hand. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input/proc_malloc.h"

#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)
#define P 1u
#define OTHER 4u
#define SECOND 1000000000ull

/* At a multiple of the window, so that it may be an arena as well; nothing is written yet. */
static unsigned char *window(void)
{
	unsigned char *p = mmap(NULL, 3 * MALLOC_WINDOW, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(p != MAP_FAILED);
	/* No page comes with others. */
	madvise(p, 3 * MALLOC_WINDOW, MADV_NOHUGEPAGE);
	return p + (MALLOC_WINDOW - (uintptr_t)p % MALLOC_WINDOW) % MALLOC_WINDOW;
}

static void header(unsigned char *p, uint64_t at, uint64_t prev_size, uint64_t size)
{
	memcpy(p + at, &prev_size, sizeof(prev_size));
	memcpy(p + at + 8, &size, sizeof(size));
}

/* n chunks of that size in use from at on. Returns where they end. */
static uint64_t many(unsigned char *p, uint64_t at, uint64_t size, unsigned int flags, int n)
{
	for (; n--; at += size)
		header(p, at, 0, size | flags);
	return at;
}

static struct malloc_heap of(const unsigned char *p, uint64_t bytes, bool main)
{
	return (struct malloc_heap){ (uintptr_t)p, (uintptr_t)p + bytes, main };
}

static bool is_there(unsigned char *p)
{
	unsigned char in = 0;

	assert_int_equal(mincore(p, 1, &in), 0);
	return in & 1;
}

/* 1 MiB in use, 4 MiB free of which 1 MiB was written, 64 bytes in use, the top. */
static uint64_t make(unsigned char *p)
{
	uint64_t at = many(p, 0, KB(1), P, 1024), top;

	header(p, at, 0, MB(4) | P);
	memset(p + at + 16, 1, MB(1) - 16);
	at += MB(4);
	header(p, at, MB(4), 64);
	top = at + 64;
	header(p, top, 0, (KB(132) - 64) | P);
	return top + KB(132) - 64;
}

static void a_break(void **state)
{
	unsigned char *p = window();
	struct malloc_heap heap = of(p, make(p), true);
	struct malloc_sum sum;

	assert_int_equal(proc_malloc__read(getpid(), &heap, 1, SECOND, &sum), 0);
	assert_int_equal(sum.heaps, 1);
	assert_int_equal(sum.total, MB(5) + KB(132));
	assert_int_equal(sum.counted, sum.total);
	assert_int_equal(sum.free, MB(4) + KB(132) - 64);
	/* Of the 4 MiB the first was written, and the page of the last header; of the top one. */
	assert_int_equal(sum.pages, MB(1) - KB(4));
	assert_int_equal(sum.kept, MB(1) + KB(4) - 64);
	assert_int_equal(sum.largest, MB(1));
	assert_int_equal(sum.above, 1);
	assert_int_equal(sum.above_bytes, 64);
	/* What was given back stays so. */
	assert_int_equal(madvise(p + MB(1) + KB(4), KB(512), MADV_DONTNEED), 0);
	assert_int_equal(proc_malloc__read(getpid(), &heap, 1, SECOND, &sum), 0);
	assert_int_equal(sum.pages, KB(508));
	assert_false(is_there(p + MB(1) + KB(8)));
	munmap(p, MB(6));
}

static void an_arena(void **state)
{
	unsigned char *p = window();
	uint64_t head[4] = { (uintptr_t)p + 48, 0, MB(3), MB(3) }, at = 0x8d0;
	struct malloc_heap heaps[2] = { of(p, MALLOC_WINDOW, false), of(p + MB(8), MB(1), true) };
	struct malloc_sum sum;

	memcpy(p, head, sizeof(head));
	at = many(p, at, KB(4), OTHER | P, 100);
	header(p, at, 0, MB(1) | P);
	at += MB(1);
	header(p, at, MB(1), KB(2) | OTHER);
	at += KB(2);
	header(p, at, 0, (MB(3) - at) | P);
	/* Beside it is nothing of malloc's. */
	assert_int_equal(proc_malloc__read(getpid(), heaps, 2, SECOND, &sum), 0);
	assert_int_equal(sum.heaps, 1);
	assert_int_equal(sum.total, MB(3) - 48);
	assert_int_equal(sum.free, MB(1) + MB(3) - at);
	assert_false(sum.part);
	/* Of another one the head alone is malloc's: not counted, and not forgotten. */
	head[0] += MALLOC_WINDOW;
	memcpy(p + MALLOC_WINDOW, head, sizeof(head));
	heaps[1] = of(p + MALLOC_WINDOW, MB(4), false);
	assert_int_equal(proc_malloc__read(getpid(), heaps, 2, SECOND, &sum), 0);
	assert_int_equal(sum.heaps, 1);
	assert_true(sum.part);
	munmap(p, MALLOC_WINDOW + MB(4));
}

/* What would be a header is not in memory: nothing is told, and nothing made by asking. */
static void absent(void **state)
{
	unsigned char *p = window();
	uint64_t end = make(p);
	struct malloc_heap heap = of(p, end, true);
	struct malloc_sum sum;

	assert_int_equal(madvise(p + KB(512), KB(4), MADV_DONTNEED), 0);
	assert_int_equal(proc_malloc__read(getpid(), &heap, 1, SECOND, &sum), -ENODATA);
	assert_false(is_there(p + KB(512)));
	assert_int_equal(proc_malloc__read(getpid(), &heap, 0, SECOND, &sum), -ENODATA);
	/* Nobody is there. */
	assert_true(proc_malloc__read(0x7ffffff0, &heap, 1, SECOND, &sum) < 0);
	/* Nothing is mapped there. */
	munmap(p, MB(6));
	assert_int_equal(proc_malloc__read(getpid(), &heap, 1, SECOND, &sum), -ENODATA);
}

/* There is not time for all: what was looked at is told, and how much that is. */
static void in_part(void **state)
{
	unsigned char *p = window();
	uint64_t at = many(p, 0, 32, P, MB(16) / 32);
	struct malloc_heap heap = of(p, MB(16) + KB(4), true);
	struct malloc_sum sum = { 0 };
	bool seen = false;
	int err;

	header(p, at, 0, KB(4) | P);
	/* However fast the machine is, and however late the thread begins. */
	for (int i = 0; i < 2000 && !seen; i++) {
		err = proc_malloc__read(getpid(), &heap, 1, (uint64_t)(i % 40 + 1) * 100000, &sum);
		assert_true(!err || err == -ENODATA);
		if (err)
			continue;
		assert_int_equal(sum.total, MB(16) + KB(4));
		assert_true(sum.counted <= sum.total && sum.counted >= KB(8));
		assert_int_equal(sum.free, sum.counted == sum.total ? KB(4) : 0);
		assert_int_equal(sum.part, sum.counted < sum.total);
		seen = sum.part;
	}
	assert_true(seen);
	munmap(p, MB(17));
}

/* Something lies before the chunks that looks like one, and leads to nowhere. */
static void again(void **state)
{
	unsigned char *p = window();
	uint64_t at = many(p, 16, KB(1), P, 1024);
	struct malloc_heap heap = of(p, MB(1) + KB(4), true);
	struct malloc_sum sum;

	header(p, 0, 0, (KB(512) + 32) | P);
	header(p, at, 0, (KB(4) - 16) | P);
	assert_int_equal(proc_malloc__read(getpid(), &heap, 1, SECOND, &sum), 0);
	assert_int_equal(sum.counted, MB(1) + KB(4));
	assert_int_equal(sum.free, KB(4) - 16);
	munmap(p, MB(2));
}

struct churn {
	unsigned char *p;
	bool stop;
};

/* Two chunks become one, and two again. */
static void *churn(void *arg)
{
	struct churn *c = arg;

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		for (uint64_t at = 0; at < MB(1); at += KB(2)) {
			header(c->p, at, 0, KB(2) | P);
			memset(c->p + at + KB(1), 0xff, 16);
			header(c->p, at + KB(1), 0, KB(1) | P);
			header(c->p, at, 0, KB(1) | P);
		}
	}
	return NULL;
}

/* Whatever it finds while all changes: it ends, and tells what can be, or nothing. */
static void changing(void **state)
{
	unsigned char *p = window();
	struct malloc_heap heap = of(p, make(p), true);
	struct churn c = { .p = p };
	struct malloc_sum sum;
	pthread_t thread;
	int err;

	assert_int_equal(pthread_create(&thread, NULL, churn, &c), 0);
	for (int i = 0; i < 200; i++) {
		err = proc_malloc__read(getpid(), &heap, 1, SECOND, &sum);
		assert_true(!err || err == -ENODATA);
		if (err)
			continue;
		assert_int_equal(sum.counted, sum.total);
		assert_int_equal(sum.free, MB(4) + KB(132) - 64);
	}
	__atomic_store_n(&c.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	munmap(p, MB(6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_break), cmocka_unit_test(an_arena), cmocka_unit_test(absent),
		cmocka_unit_test(in_part), cmocka_unit_test(again), cmocka_unit_test(changing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
