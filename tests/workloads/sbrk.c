/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The program break: up, down, asked for, and asked for too much. sbrk(3) of
 * libc comes last, for it keeps an idea of its own of where the break is.
 */
#define _GNU_SOURCE
#include "work.h"

/* The first sbrk of a program asks where the break is: any calls. */
static void by_libc(void)
{
	long old;

	work__any();
	old = (long)sbrk(0);
	work__mark(1);
	MUST(sbrk(5 * PAGE) == (void *)old);
	work__expect("brk", old + 5 * PAGE, (const long[6]){ old + 5 * PAGE });
	work__checkpoint();
	MUST(sbrk(-5 * PAGE) == (void *)(old + 5 * PAGE));
	work__expect("brk", old, (const long[6]){ old });
}

int main(void)
{
	long start, other;

	work__begin();
	start = W(brk, 0);
	MUST(W(brk, start + 33 * PAGE) == start + 33 * PAGE);
	work__touch(start, 33);
	work__checkpoint();
	/* Not on a page: the break is exact, the region is not. */
	MUST(W(brk, start + 40 * PAGE + 123) == start + 40 * PAGE + 123);
	MUST(W(brk, start + 40 * PAGE + 124) == start + 40 * PAGE + 124);
	work__checkpoint();
	MUST(W(brk, start + 10 * PAGE) == start + 10 * PAGE);
	work__checkpoint();
	/* The old break comes back when a new one cannot be had (brk(2), C library differences). */
	MUST(W(brk, 1) == start + 10 * PAGE);
	MUST(W(brk, -PAGE) == start + 10 * PAGE);
	other = W(mmap, start + 20 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	MUST(other == start + 20 * PAGE);
	MUST(W(brk, start + 30 * PAGE) == start + 10 * PAGE);
	work__checkpoint();
	W(munmap, other, PAGE);
	/* A heap with a hole in it, and with other permissions in its middle. */
	W(munmap, start + 2 * PAGE, PAGE);
	W(mprotect, start + 4 * PAGE, PAGE, PROT_READ);
	work__checkpoint();
	MUST(W(brk, start + 12 * PAGE) == start + 12 * PAGE);
	MUST(W(brk, start) == start);
	work__checkpoint();
	by_libc();
	work__checkpoint();
	return 0;
}
