// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the rings: order, what is put off, and how large they are. The rings
 * here are files in memory, laid out as the kernel lays out its own, and written
 * by the test. Loads nothing into the kernel.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input/live_ring.h"

#define BYTES 65536
#define RINGS 2

/* Space n is in ring n % RINGS. */
struct fixture {
	int fds[RINGS];
	char *at[RINGS]; /* the page we write, the kernel's page, and the data twice */
	size_t page;
	struct live_rings *rings;
	char got[4096]; /* the spaces of what was read, in order */
};

static void fixture__open(struct fixture *f, unsigned int n)
{
	memset(f, 0, sizeof(*f));
	f->page = (size_t)sysconf(_SC_PAGESIZE);
	for (unsigned int i = 0; i < n; i++) {
		size_t size = 2 * f->page + 2 * BYTES;

		f->fds[i] = memfd_create("ring", 0);
		assert_true(f->fds[i] >= 0);
		assert_int_equal(ftruncate(f->fds[i], (off_t)size), 0);
		f->at[i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fds[i], 0);
		assert_true(f->at[i] != MAP_FAILED);
	}
	assert_int_equal(live_rings__map(f->fds, n, BYTES, &f->rings), 0);
}

static void fixture__close(struct fixture *f)
{
	live_rings__close(f->rings);
	for (int i = 0; i < RINGS && f->at[i]; i++) {
		munmap(f->at[i], 2 * f->page + 2 * BYTES);
		close(f->fds[i]);
	}
}

static uint64_t *read_pos(struct fixture *f, unsigned int ring)
{
	return (uint64_t *)f->at[ring];
}

static uint64_t *written_pos(struct fixture *f, unsigned int ring)
{
	return (uint64_t *)(f->at[ring] + f->page);
}

/* Writes len bytes at pos of a ring's data, which is there twice. */
static void put_at(struct fixture *f, unsigned int ring, uint64_t pos, const void *bytes,
		   size_t len)
{
	char *data = f->at[ring] + 2 * f->page;

	for (size_t i = 0; i < len; i++)
		data[(pos + i) % BYTES] = data[(pos + i) % BYTES + BYTES] =
			((const char *)bytes)[i];
}

/* Appends a record as kernel/bpf/ringbuf.c does; returns where its head is. */
static uint64_t put(struct fixture *f, unsigned int ring, const void *rec, uint32_t len,
		    uint32_t bits)
{
	uint32_t head[2] = { len | bits };
	uint64_t pos = *written_pos(f, ring);

	put_at(f, ring, pos, head, sizeof(head));
	put_at(f, ring, pos + sizeof(head), rec, len);
	*written_pos(f, ring) = pos + ((len + sizeof(head) + 7) & ~7ull);
	return pos;
}

static void put_exit(struct fixture *f, uint64_t space)
{
	struct mt_exit rec = { .e = { .type = MT_EVENT_EXIT, .space = space } };

	put(f, space % RINGS, &rec, sizeof(rec), 0);
}

/* As the programs do: with the position that the old space's ring has come to. */
static void put_exec(struct fixture *f, uint64_t space, uint64_t old)
{
	struct mt_exec rec = { .e = { .type = MT_EVENT_EXEC, .space = space },
			       .old_space = old,
			       .old_written = old ? *written_pos(f, old % RINGS) : 0 };

	put(f, space % RINGS, &rec, sizeof(rec), 0);
}

static void note(void *ctx, const void *data, size_t len)
{
	const struct mt_event *e = data;
	struct fixture *f = ctx;
	size_t at = strlen(f->got);

	assert_true(len >= sizeof(*e));
	snprintf(f->got + at, sizeof(f->got) - at, "%s%llu", at ? " " : "",
		 (unsigned long long)e->space);
}

static void expect_read(struct fixture *f, long max, const char *want, int line)
{
	f->got[0] = '\0';
	live_rings__read(f->rings, max, note, f);
	if (!strcmp(f->got, want))
		return;
	print_error("line %d: expected spaces \"%s\", got \"%s\"\n", line, want, f->got);
	fail();
}
#define EXPECT_READ(f, max, want) expect_read(f, max, want, __LINE__)

static void in_order(void **state)
{
	struct fixture f;

	fixture__open(&f, 1);
	put_exit(&f, 2);
	put_exit(&f, 4);
	put_exit(&f, 6);
	EXPECT_READ(&f, 2, "2 4");
	EXPECT_READ(&f, 2, "6");
	EXPECT_READ(&f, 2, "");
	assert_int_equal(*read_pos(&f, 0), *written_pos(&f, 0));
	fixture__close(&f);
}

/* A record that lies over the end of the ring is whole all the same. */
static void round_the_end(void **state)
{
	struct fixture f;
	char want[16];

	fixture__open(&f, 1);
	for (uint64_t i = 0; i < 5000; i++) {
		put_exit(&f, 2 * i);
		snprintf(want, sizeof(want), "%llu", (unsigned long long)(2 * i));
		EXPECT_READ(&f, 10, want);
	}
	assert_true(*read_pos(&f, 0) > 4 * BYTES);
	fixture__close(&f);
}

static void busy_and_discarded(void **state)
{
	struct mt_exit rec = { .e = { .type = MT_EVENT_EXIT, .space = 8 } };
	struct fixture f;
	uint64_t busy;
	uint32_t head[2] = { sizeof(rec) };

	fixture__open(&f, 1);
	put_exit(&f, 2);
	put(&f, 0, &rec, sizeof(rec), BPF_RINGBUF_DISCARD_BIT);
	busy = put(&f, 0, &rec, sizeof(rec), BPF_RINGBUF_BUSY_BIT);
	put_exit(&f, 4);
	EXPECT_READ(&f, 10, "2");
	EXPECT_READ(&f, 10, "");
	put_at(&f, 0, busy, head, sizeof(head));
	EXPECT_READ(&f, 10, "8 4");
	fixture__close(&f);
}

/* What the process did in its old space, and no more of that ring, comes first. */
static void exec_waits_for_the_old_space(void **state)
{
	struct fixture f;

	fixture__open(&f, 2);
	put_exit(&f, 3);
	put_exit(&f, 5);
	put_exec(&f, 6, 5);
	put_exit(&f, 7);
	EXPECT_READ(&f, 10, "3 5 6 7");
	/* And one from an exec to an exec to an exec. */
	put_exit(&f, 9);
	put_exec(&f, 10, 9);
	put_exec(&f, 11, 10);
	put_exec(&f, 12, 11);
	EXPECT_READ(&f, 10, "9 10 11 12");
	/* Nothing to wait for: not in scope before, or the same ring. */
	put_exec(&f, 14, 0);
	put_exec(&f, 16, 14);
	EXPECT_READ(&f, 10, "14 16");
	fixture__close(&f);
}

/* The old space's ring has a record that is not whole yet: the exec is put off. */
static void exec_is_put_off(void **state)
{
	struct mt_exit rec = { .e = { .type = MT_EVENT_EXIT, .space = 5 } };
	uint32_t head[2] = { sizeof(rec) };
	struct fixture f;
	uint64_t busy;

	fixture__open(&f, 2);
	put_exit(&f, 3);
	busy = put(&f, 1, &rec, sizeof(rec), BPF_RINGBUF_BUSY_BIT);
	put_exit(&f, 2);
	put_exec(&f, 6, 5);
	put_exit(&f, 8);
	EXPECT_READ(&f, 10, "2 3");
	EXPECT_READ(&f, 10, "");
	put_at(&f, 1, busy, head, sizeof(head));
	EXPECT_READ(&f, 10, "5 6 8");
	fixture__close(&f);
}

/* Positions that no kernel writes: nothing hangs, and all is read. */
static void nonsense_positions(void **state)
{
	struct mt_exec rec = { .e = { .type = MT_EVENT_EXEC, .space = 6 },
			       .old_space = 5,
			       .old_written = 1ull << 60 };
	struct fixture f;

	fixture__open(&f, 2);
	put(&f, 0, &rec, sizeof(rec), 0);
	EXPECT_READ(&f, 10, "6");
	/* Two that wait for each other. */
	rec.e.space = 7;
	rec.old_space = 4;
	rec.old_written = *written_pos(&f, 0) + 8;
	put(&f, 1, &rec, sizeof(rec), 0);
	put_exec(&f, 8, 7);
	EXPECT_READ(&f, 10, "8 7");
	fixture__close(&f);
}

/* None waits while another one has much. */
static void in_turn(void **state)
{
	struct fixture f;

	fixture__open(&f, 2);
	for (int i = 0; i < 600; i++)
		put_exit(&f, 2);
	put_exit(&f, 3);
	f.got[0] = '\0';
	live_rings__read(f.rings, 560, note, &f);
	assert_non_null(strstr(f.got, " 3 2"));
	fixture__close(&f);
}

static void drain_takes_what_is_there(void **state)
{
	struct fixture f;

	fixture__open(&f, 2);
	put_exit(&f, 2);
	put_exit(&f, 3);
	put_exit(&f, 4);
	live_rings__drain(f.rings, note, &f);
	assert_string_equal(f.got, "2 4 3");
	fixture__close(&f);
}

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static const struct {
	struct ring_sizes given;
	unsigned int cpus;
	uint64_t memory;
	struct ring_sizes want;
} sizes[] = {
	{ { 0, 0, 0 }, 1, 64 * GIB, { 64 * MIB, 1, 32 * MIB } },
	{ { 0, 0, 0 }, 4, 4 * GIB, { 64 * MIB, 1, 32 * MIB } },
	{ { 0, 0, 0 }, 4, 4 * GIB - 1, { 32 * MIB, 1, 16 * MIB } },
	{ { 0, 0, 0 }, 4, 0, { 64 * MIB, 1, 32 * MIB } },
	{ { 0, 0, 0 }, 5, 64 * GIB, { 64 * MIB, 2, 32 * MIB } },
	{ { 0, 0, 0 }, 16, 64 * GIB, { 64 * MIB, 4, 32 * MIB } },
	{ { 0, 0, 0 }, 17, 64 * GIB, { 64 * MIB, 8, 32 * MIB } },
	{ { 0, 0, 0 }, 512, 64 * GIB, { 64 * MIB, 8, 32 * MIB } },
	{ { 0, 0, 0 }, 512, 16 * MIB, { 256 << 10, 4, 128 << 10 } },
	{ { 0, 0, 0 }, 1, 1 * MIB, { 64 << 10, 1, 64 << 10 } },
	{ { 1 * MIB, 0, 0 }, 64, 1 * MIB, { 1 * MIB, 8, 512 << 10 } },
	{ { 1 * MIB, 1, 0 }, 64, 64 * GIB, { 1 * MIB, 1, 512 << 10 } },
	{ { 64 << 10, 0, 0 }, 64, 64 * GIB, { 64 << 10, 1, 64 << 10 } },
	{ { 1 * GIB, 1, 0 }, 1, 0, { 1 * GIB, 1, 32 * MIB } },
};

static void sizes_fit_the_machine(void **state)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ring_sizes got = sizes[i].given;

		ring_sizes__fit(&got, sizes[i].cpus, sizes[i].memory);
		if (got.bytes == sizes[i].want.bytes && got.n == sizes[i].want.n &&
		    got.stacks == sizes[i].want.stacks)
			continue;
		print_error("case %zu: expected %llu bytes in %u and %llu, got %llu in %u and %llu\n",
			    i, (unsigned long long)sizes[i].want.bytes, sizes[i].want.n,
			    (unsigned long long)sizes[i].want.stacks,
			    (unsigned long long)got.bytes, got.n, (unsigned long long)got.stacks);
		fail();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(round_the_end),
		cmocka_unit_test(busy_and_discarded),
		cmocka_unit_test(exec_waits_for_the_old_space),
		cmocka_unit_test(exec_is_put_off),
		cmocka_unit_test(nonsense_positions),
		cmocka_unit_test(in_turn),
		cmocka_unit_test(drain_takes_what_is_there),
		cmocka_unit_test(sizes_fit_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
