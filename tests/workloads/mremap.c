/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mremap(2) in each of its shapes: in place, moved, to a fixed place, leaving the
 * source mapped, of old size 0, several regions at once, shrunk, and refused.
 */
#define _GNU_SOURCE
#include "work.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static void grow(void)
{
	long at = work__anon(32, RW), to;

	work__touch(at, 8);
	MUST(W(munmap, at + 8 * PAGE, 24 * PAGE) == 0);
	MUST(W(mremap, at, 8 * PAGE, 12 * PAGE, 0) == at);
	work__checkpoint();
	/* Something in the way: it cannot grow there, so it moves. */
	MUST(W(mmap, at + 12 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) > 0);
	MUST(W(mremap, at, 12 * PAGE, 16 * PAGE, 0) == -ENOMEM);
	to = W(mremap, at, 12 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	MUST(to > 0 && to != at);
	work__checkpoint();
	MUST(W(mremap, to, 16 * PAGE, 3 * PAGE, 0) == to);
	MUST(W(mremap, to, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE) == to);
	work__checkpoint();
	/* A part of a region: the rest stays. */
	to = work__anon(16, RW);
	MUST(W(mremap, to + 4 * PAGE, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE) > 0);
	work__checkpoint();
}

static void fixed(int fd)
{
	long from = W(mmap, 0, 8 * PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	long place = work__anon(32, PROT_NONE);

	MUST(from > 0 && place > 0);
	MUST(W(mremap, from, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + 4 * PAGE) ==
	     place + 4 * PAGE);
	work__checkpoint();
	/* Smaller, in part, and larger than it was. */
	from = place + 4 * PAGE;
	MUST(W(mremap, from + 2 * PAGE, 4 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
	       place + 16 * PAGE) == place + 16 * PAGE);
	work__checkpoint();
	MUST(W(mremap, from, 2 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
	       place + 20 * PAGE) == place + 20 * PAGE);
	work__checkpoint();
}

static void kept(void)
{
	long from = work__anon(8, RW), to;

	work__touch(from, 8);
	to = W(mremap, from, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	MUST(to > 0 && to != from);
	work__checkpoint();
	/* Old size 0 makes a second mapping of shared memory. */
	from = W(mmap, 0, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	to = W(mremap, from + PAGE, 0, 4 * PAGE, MREMAP_MAYMOVE);
	MUST(to > 0);
	work__checkpoint();
	W(mlock, from, 2 * PAGE);
	W(mremap, from, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	work__checkpoint();
}

/* Several regions in one call: only from 6.17 on, and only to a fixed place. */
static void several(void)
{
	long from = work__anon(16, RW);
	long place = work__anon(16, PROT_NONE);

	MUST(W(mprotect, from + 4 * PAGE, 4 * PAGE, PROT_READ) == 0);
	MUST(W(munmap, from + 10 * PAGE, 2 * PAGE) == 0);
	work__touch(from, 4);
	if (W(mremap, from, 16 * PAGE, 16 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) < 0)
		work__half();
	work__checkpoint();
}

int main(void)
{
	int fd;

	work__begin();
	fd = work__file(32);
	grow();
	fixed(fd);
	kept();
	several();
	MUST(W(mremap, 1, PAGE, PAGE, 0) == -EINVAL);
	MUST(W(mremap, PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == -EFAULT);
	MUST(W(mremap, PAGE, PAGE, 0, 0) == -EINVAL);
	work__checkpoint();
	return 0;
}
