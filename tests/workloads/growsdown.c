/* SPDX-License-Identifier: GPL-2.0 */
/*
 * MAP_GROWSDOWN: a region that grows by being touched below its start, and
 * PROT_GROWSDOWN, which lowers the start of an mprotect.
 */
#define _GNU_SOURCE
#include "work.h"

#ifndef PROT_GROWSDOWN
#define PROT_GROWSDOWN 0x01000000
#endif

int main(void)
{
	long room, at;

	work__begin();
	/* The kernel keeps stack_guard_gap, 256 pages, free below (mm/mmap.c). */
	room = W(mmap, 0, 4096 * PAGE, PROT_NONE, ANON, -1, 0);
	MUST(room > 0);
	MUST(W(munmap, room, 4096 * PAGE) == 0);
	at = W(mmap, room + 2048 * PAGE, 4 * PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	MUST(at > 0);
	work__checkpoint();
	for (int i = 1; i <= 64; i++)
		work__touch(at - i * PAGE, 1);
	work__checkpoint();
	MUST(W(mprotect, at, PAGE, PROT_READ | PROT_GROWSDOWN) == 0);
	work__checkpoint();
	MUST(W(mprotect, at - 64 * PAGE, 65 * PAGE, RW) == 0);
	work__touch(at - 65 * PAGE, 1);
	W(munmap, at, 4 * PAGE);
	work__checkpoint();
	return 0;
}
