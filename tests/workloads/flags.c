/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flags of mmap(2): FIXED over others, FIXED_NOREPLACE, LOCKED, HUGETLB (may
 * fail), NORESERVE, POPULATE, STACK, 32BIT, a hint that is taken and one that is not.
 */
#define _GNU_SOURCE
#include "work.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define HUGE (2L << 20)

static void fixed(void)
{
	long at = work__anon(32, RW);

	/* In the middle, over an edge, over several, over exactly one. */
	MUST(W(mmap, at + 4 * PAGE, 4 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) > 0);
	MUST(W(mmap, at + 6 * PAGE, 4 * PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0) > 0);
	work__checkpoint();
	MUST(W(mmap, at + 2 * PAGE, 12 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
	       -1, 0) > 0);
	MUST(W(mmap, at + 2 * PAGE, 12 * PAGE, RW, ANON | MAP_FIXED, -1, 0) > 0);
	work__checkpoint();
	MUST(W(mmap, at, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == -EEXIST);
	MUST(W(mmap, at + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0) == -EINVAL);
	W(munmap, at + 16 * PAGE, 8 * PAGE);
	MUST(W(mmap, at + 18 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) > 0);
	/* A hint in a hole is taken; one that is in use is not. */
	MUST(W(mmap, at + 20 * PAGE, PAGE, RW, ANON, -1, 0) == at + 20 * PAGE);
	MUST(W(mmap, at, PAGE, RW, ANON, -1, 0) != at);
	work__checkpoint();
}

static void huge(void)
{
	long at = W(mmap, 0, HUGE + 1, RW, ANON | MAP_HUGETLB, -1, 0);

	if (at > 0) {
		/* Lengths of huge pages round up, and a part of one cannot go. */
		work__checkpoint();
		W(munmap, at, PAGE);
		W(munmap, at, HUGE);
	}
	W(mmap, 0, HUGE, RW, ANON | MAP_HUGETLB | 30 << MAP_HUGE_SHIFT, -1, 0);
}

int main(void)
{
	long at;

	work__begin();
	fixed();
	at = W(mmap, 0, 4 * PAGE, RW, ANON | MAP_LOCKED, -1, 0);
	MUST(at > 0);
	MUST(W(mmap, 0, 1L << 34, RW, ANON | MAP_NORESERVE, -1, 0) > 0);
	MUST(W(mmap, 0, 16 * PAGE, RW, ANON | MAP_POPULATE, -1, 0) > 0);
	MUST(W(mmap, 0, 16 * PAGE, RW, ANON | MAP_STACK, -1, 0) > 0);
	MUST(W(mmap, 0, 4 * PAGE, RW, ANON | MAP_LOCKED | MAP_NONBLOCK, -1, 0) > 0);
#ifdef MAP_32BIT
	MUST(W(mmap, 0, 4 * PAGE, RW, ANON | MAP_32BIT, -1, 0) > 0);
#endif
	work__checkpoint();
	W(munmap, at, 4 * PAGE);
	huge();
	work__checkpoint();
	return 0;
}
