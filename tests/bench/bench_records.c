// SPDX-License-Identifier: GPL-2.0
/*
 * What a call costs memtrace's user space: ns of CPU time from its two records in
 * the ring (tier truth: its write section, then the call) through decoder, tracker
 * and findings, the least of several rounds. The stream is what a program of 64
 * regions sends that maps a page beside others and unmaps it, again and again; in
 * the second line every sixth call has a stack. Needs no root and no kernel; what
 * varies from run to run does not when instructions are counted:
 *
 *	valgrind --tool=callgrind --toggle-collect=feed build/bench/bench_records 1
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/stacks.h"
#include "core/tracker.h"
#include "input/decode.h"

#define PAIRS 5000
#define PAGE REGION_PAGE
#define SPACE 4
#define TGID 100
#define FOUND 24 /* regions that it has as it begins */
#define MADE 40	 /* and maps then: as many as writtens.c keeps, and more */
#define REGIONS (FOUND + MADE)
#define BASE 0x7f0000000000ull
#define AT nth(16) /* the region that grows by a page, and shrinks */
#define STACKS 8
#define SAMPLED 6

#define RW (MT_VM_READ | MT_VM_WRITE)

/* As BPF lays them out: sections and walks are followed by their regions. */
struct section {
	struct mt_section head;
	struct mt_region region;
};

struct walk {
	struct mt_regions head;
	struct mt_region regions[FOUND];
};

struct stream {
	struct section made, gone;
	struct mt_call mmap, munmap;
	uint64_t seq, cookie;
	bool stacks;
};

static uint64_t findings;
static uint32_t stack_ids[STACKS];

static void on_finding(void *ctx, const struct finding *f)
{
	findings++;
}

static const struct observer observer = { .finding = on_finding };

static uint32_t stack_of(void *ctx, uint64_t cookie)
{
	return stack_ids[cookie % STACKS];
}

static void die(const char *what)
{
	fprintf(stderr, "bench_records: %s\n", what);
	exit(1);
}

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static struct mt_event event(uint16_t type, uint16_t flags)
{
	return (struct mt_event){ .type = type, .flags = flags, .space = SPACE, .tgid = TGID,
				  .tid = TGID, .comm = "flood" };
}

static uint64_t nth(uint64_t i)
{
	return BASE + 64 * i * PAGE;
}

/* With so many regions, and so many pages more. */
static struct mt_counters counters(uint32_t regions, uint64_t more)
{
	return (struct mt_counters){ .total_vm = 2 * regions + more, .data_vm = 2 * regions + more,
				     .map_count = regions };
}

static struct mt_region region(uint64_t start, uint64_t pages)
{
	return (struct mt_region){ .start = start, .end = start + pages * PAGE, .vm_flags = RW };
}

static void put(struct decoder *d, const void *record, size_t len)
{
	if (decoder__record(d, record, len))
		die("a record was refused");
}

/* What was changed lies in [at, hi), where there is a region of so many pages now. */
static struct section section(uint32_t call, uint64_t at, uint64_t hi, uint64_t pages)
{
	return (struct section){
		.head = { .e = event(MT_EVENT_SECTION, 0),
			  .lo = at,
			  .hi = hi,
			  .origin = call,
			  .count = 1,
			  .len = sizeof(struct mt_region),
			  .mm = counters(REGIONS, 1) },
		.region = region(at, pages),
	};
}

static struct mt_call call(uint32_t id, uint64_t addr, uint64_t len, int64_t ret)
{
	return (struct mt_call){ .e = event(MT_EVENT_CALL, 0),
				 .call = id,
				 .args = { addr, len, 3, 0x22, ~0ull, 0 },
				 .ret = ret,
				 .target = SPACE };
}

static struct stream stream(bool stacks)
{
	struct stream s = {
		.made = section(MT_CALL_MMAP, AT, AT + 3 * PAGE, 3),
		.gone = section(MT_CALL_MUNMAP, AT, AT + 3 * PAGE, 2),
		.mmap = call(MT_CALL_MMAP, 0, PAGE, (int64_t)(AT + 2 * PAGE)),
		.munmap = call(MT_CALL_MUNMAP, AT + 2 * PAGE, PAGE, 0),
		.seq = 1,
		.stacks = stacks,
	};

	/* The lock is given down to reading before the counters fall. */
	s.gone.head.e.flags = MT_SECTION_DOWNGRADED;
	return s;
}

/* Both records of a call. */
static void put_call(struct decoder *d, struct stream *s, struct section *section,
		     struct mt_call *call)
{
	bool sampled = s->stacks && ++s->cookie % SAMPLED == 0;

	section->head.seq = s->seq++;
	section->head.e.ts_ns = s->seq * 5000;
	call->cookie = sampled ? s->cookie / SAMPLED : 0;
	call->for_bytes = sampled ? SAMPLED * PAGE : 0;
	call->for_calls = sampled ? SAMPLED : 0;
	put(d, section, sizeof(*section));
	put(d, call, sizeof(*call));
}

/* An exec, the map that it has, and what it maps first. */
static void begin(struct decoder *d, struct stream *s)
{
	struct section made;
	struct mt_call mmap;
	struct mt_exec exec = {
		.e = event(MT_EVENT_EXEC, 0), .start_ns = 1, .mm = counters(FOUND, 0)
	};
	struct walk walk = {
		.head = { .e = event(MT_EVENT_REGIONS, MT_REGIONS_LAST),
			  .seq = 1,
			  .count = FOUND,
			  .len = sizeof(walk.regions),
			  .mm = counters(FOUND, 0) },
	};
	uint64_t i;

	for (i = 0; i < FOUND; i++)
		walk.regions[i] = region(nth(i), 2);
	put(d, &exec, sizeof(exec));
	put(d, &walk, sizeof(walk));
	for (; i < REGIONS; i++) {
		made = section(MT_CALL_MMAP, nth(i), nth(i + 1), 2);
		made.head.mm = counters((uint32_t)i + 1, 0);
		mmap = call(MT_CALL_MMAP, 0, 2 * PAGE, (int64_t)nth(i));
		put_call(d, s, &made, &mmap);
	}
}

static void __attribute__((noinline)) feed(struct decoder *d, struct stream *s)
{
	int i;

	for (i = 0; i < PAIRS; i++) {
		put_call(d, s, &s->made, &s->mmap);
		put_call(d, s, &s->gone, &s->munmap);
	}
}

/* Stacks as deep as an allocator's: a libc and a program, of twelve functions each. */
static void add_stacks(struct stacks *all)
{
	uint32_t frames[12], i, k;
	char name[40];
	struct frame f = { .function = name, .build_id = "" };

	for (i = 0; i < STACKS; i++) {
		for (k = 0; k < 12; k++) {
			snprintf(name, sizeof(name), "function_%u_%u", i, k);
			f.module = k < 2 ? "/usr/lib/libc.so.6" : "/usr/bin/program";
			if (stacks__add_frame(all, &f, &frames[k]))
				die("no memory");
		}
		if (stacks__add(all, frames, 12, false, &stack_ids[i]))
			die("no memory");
	}
}

/* What it was all for: what was measured is what memtrace does. */
static void check(struct tracker *t)
{
	const struct tracker_totals *totals = tracker__totals(t);
	const struct space *s = tracker__space(t, SPACE);

	if (!s || !s->exact || totals->audit_failures ||
	    region_map__totals(s->map)->regions != REGIONS)
		die("the map is not what was sent");
	if (totals->calls % (2 * PAIRS) != MADE || totals->sections != totals->calls)
		die("a record was not taken in");
}

static void measure(const char *what, bool stacks, int rounds)
{
	struct tracker *t = tracker__new(&observer, NULL);
	struct decoder *d = t ? decoder__new(t) : NULL;
	struct stacks *all = stacks__new();
	struct stream s = stream(stacks);
	double ns, least = 0;
	int i;

	if (!d || !all)
		die("no memory");
	tracker__set_truth(t, true);
	add_stacks(all);
	tracker__set_stacks(t, all);
	decoder__set_stacks(d, stack_of, NULL);
	begin(d, &s);
	for (i = 0; i < rounds; i++) {
		ns = now_ns();
		feed(d, &s);
		ns = (now_ns() - ns) / (2 * PAIRS);
		if (!i || ns < least)
			least = ns;
	}
	check(t);
	printf("%-20s %8.0f\n", what, least);
	decoder__free(d);
	tracker__free(t);
	stacks__free(all);
}

/* bench_records [ROUNDS] */
int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 50;

	if (argc > 2 || rounds < 1) {
		fprintf(stderr, "usage: bench_records [ROUNDS]\n");
		return 2;
	}
	printf("%-20s %8s\n", "user space", "ns/call");
	measure("without stacks", false, rounds);
	measure("a stack for 1 of 6", true, rounds);
	return 0;
}
