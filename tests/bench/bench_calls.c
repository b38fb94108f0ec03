// SPDX-License-Identifier: GPL-2.0
/*
 * What memory calls cost, asked on standard input: a line "mmap 20000" does
 * 20000 mmap and munmap pairs and answers "mmap 1234.5", the nanoseconds of
 * thread CPU time of one pair. One long-living process, so that tracers can
 * attach and detach between lines. Knows nothing of any tracer.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define FAULTS 64

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* CPU time, and not wall clock: others use this machine too. */
static double now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts))
		fail("clock_gettime");
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void *map(size_t len)
{
	void *addr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		fail("mmap");
	return addr;
}

static void op_mmap(long n)
{
	while (n-- > 0)
		munmap(map(PAGE), PAGE);
}

/* The middle of three pages: it splits and merges, as a guard page does. */
static void op_mprotect(long n)
{
	char *base = map(3 * PAGE), *middle = base + PAGE;

	while (n-- > 0)
		if (mprotect(middle, PAGE, PROT_READ) ||
		    mprotect(middle, PAGE, PROT_READ | PROT_WRITE))
			fail("mprotect");
	munmap(base, 3 * PAGE);
}

/* The raw call: sbrk() would add what libc does. */
static void op_brk(long n)
{
	unsigned long top = (unsigned long)syscall(SYS_brk, 0);

	while (n-- > 0)
		if ((unsigned long)syscall(SYS_brk, top + PAGE) != top + PAGE ||
		    (unsigned long)syscall(SYS_brk, top) != top)
			fail("brk");
}

static void op_getppid(long n)
{
	while (n-- > 0)
		syscall(SYS_getppid);
}

/* As real programs do: what is mapped is also touched. */
static void op_faults(long n)
{
	while (n-- > 0) {
		volatile char *at = map(FAULTS * PAGE);

		for (size_t i = 0; i < FAULTS; i++)
			at[i * PAGE] = 1;
		munmap((void *)at, FAULTS * PAGE);
	}
}

/* Every other page without access: as many regions, none of which can merge. */
static char *regions;
static size_t n_regions;

static void make_regions(size_t n)
{
	n_regions = n;
	regions = map(n * PAGE);
	for (size_t i = 0; i < n; i += 2)
		if (mprotect(regions + i * PAGE, PAGE, PROT_NONE))
			fail("mprotect");
}

static void make_100(void)
{
	make_regions(100);
}

static void make_30000(void)
{
	make_regions(30000);
}

static void drop_regions(void)
{
	munmap(regions, n_regions * PAGE);
}

static void op_one_of_many(long n)
{
	char *at = regions + (n_regions / 2 + 1) * PAGE;

	while (n-- > 0)
		if (mprotect(at, PAGE, PROT_READ) || mprotect(at, PAGE, PROT_READ | PROT_WRITE))
			fail("mprotect");
}

static const struct op {
	const char *name;
	void (*run)(long n);
	void (*before)(void), (*after)(void); /* NULL: nothing */
} ops[] = {
	{ "mmap", op_mmap, NULL, NULL },
	{ "mprotect", op_mprotect, NULL, NULL },
	{ "brk", op_brk, NULL, NULL },
	{ "getppid", op_getppid, NULL, NULL },
	{ "faults", op_faults, NULL, NULL },
	{ "among100", op_one_of_many, make_100, drop_regions },
	{ "among30000", op_one_of_many, make_30000, drop_regions },
};

static const struct op *find_op(const char *name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

static double measure(const struct op *op, long n)
{
	double begin;

	if (op->before)
		op->before();
	op->run(n / 10 + 1); /* warm up */
	begin = now_ns();
	op->run(n);
	begin = now_ns() - begin;
	if (op->after)
		op->after();
	return begin / (double)n;
}

/* Buffers of our own: stdio's would come from malloc, which is measured. */
static char in_buf[4096], out_buf[4096];

int main(void)
{
	const struct op *op;
	char line[64], name[16];
	long n;

	setvbuf(stdin, in_buf, _IOFBF, sizeof(in_buf));
	setvbuf(stdout, out_buf, _IOLBF, sizeof(out_buf));
	while (fgets(line, sizeof(line), stdin)) {
		op = sscanf(line, "%15s %ld", name, &n) == 2 && n > 0 ? find_op(name) : NULL;
		if (!op) {
			fprintf(stderr, "bench_calls: not understood: %s", line);
			return 2;
		}
		printf("%s %.1f\n", op->name, measure(op, n));
	}
	return 0;
}
