/* SPDX-License-Identifier: GPL-2.0 */
/*
 * munmap(2): in the middle, at either end, over several regions and holes, of
 * nothing at all, and refused.
 */
#define _GNU_SOURCE
#include "work.h"

int main(void)
{
	long at, fd_at;
	int fd;

	work__begin();
	at = work__anon(32, RW);
	fd = work__file(16);
	fd_at = W(mmap, 0, 16 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	work__touch(at, 32);
	MUST(W(munmap, at + 8 * PAGE, 8 * PAGE) == 0);
	/* The right part of a file mapping keeps its offset in the file. */
	MUST(W(munmap, fd_at + 4 * PAGE, 4 * PAGE) == 0);
	work__checkpoint();
	MUST(W(munmap, at, PAGE) == 0);
	MUST(W(munmap, at + 31 * PAGE, 1) == 0); /* lengths round up */
	work__checkpoint();
	MUST(W(munmap, at + 2 * PAGE, 20 * PAGE) == 0); /* region, hole, region */
	work__checkpoint();
	MUST(W(munmap, at + 8 * PAGE, 4 * PAGE) == 0); /* nothing is there */
	MUST(W(munmap, at + 1, PAGE) == -EINVAL);
	MUST(W(munmap, at, 0) == -EINVAL);
	MUST(W(munmap, at, -PAGE) == -EINVAL);
	work__checkpoint();
	MUST(W(munmap, at, 32 * PAGE) == 0);
	MUST(W(munmap, fd_at, 16 * PAGE) == 0);
	work__checkpoint();
	return 0;
}
