/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The four kinds of mapping: private and shared, of memory and of a file; with
 * offsets, odd lengths, two opens of one file, and neighbours that merge.
 */
#define _GNU_SOURCE
#include "work.h"

int main(void)
{
	int fd, zero;
	long at;

	work__begin();
	fd = work__file(16);
	zero = open("/dev/zero", O_RDWR);
	MUST(zero >= 0);
	MUST(W(mmap, 0, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) > 0);
	MUST(W(mmap, 0, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0) > 0);
	MUST(W(mmap, 0, 4 * PAGE, RW, MAP_PRIVATE, fd, 0) > 0);
	MUST(W(mmap, 0, 4 * PAGE, RW, MAP_SHARED, fd, 4 * PAGE) > 0);
	MUST(W(mmap, 0, 4 * PAGE, PROT_READ, MAP_SHARED_VALIDATE, fd, 8 * PAGE) > 0);
	work__checkpoint();
	/* A length that is not on a page, a mapping past the file's end, /dev/zero. */
	MUST(W(mmap, 0, 5000, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, PAGE) > 0);
	MUST(W(mmap, 0, 32 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0) > 0);
	MUST(W(mmap, 0, 2 * PAGE, RW, MAP_PRIVATE, zero, 0) > 0);
	MUST(W(mmap, 0, 2 * PAGE, RW, MAP_SHARED, zero, 0) > 0);
	work__checkpoint();
	/* Two halves that the kernel makes one region, and two that it cannot. */
	at = W(mmap, 0, 16 * PAGE, PROT_NONE, ANON, -1, 0);
	MUST(W(mmap, at, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == at);
	MUST(W(mmap, at + 4 * PAGE, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 4 * PAGE) ==
	     at + 4 * PAGE);
	MUST(W(mmap, at + 8 * PAGE, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) ==
	     at + 8 * PAGE);
	work__checkpoint();
	close(fd);
	return 0;
}
