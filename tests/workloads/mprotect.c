/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mprotect(2): NONE, RW, R, RX as a JIT does; in the middle, back again, across
 * regions, over a gap (which fails half-way), and refused.
 */
#define _GNU_SOURCE
#include "work.h"

static void across(void)
{
	long at = work__anon(16, RW);

	MUST(W(mprotect, at + 4 * PAGE, 4 * PAGE, PROT_READ) == 0);
	MUST(W(mprotect, at + 10 * PAGE, PAGE, PROT_NONE) == 0);
	work__checkpoint();
	MUST(W(mprotect, at + 2 * PAGE, 12 * PAGE, PROT_READ) == 0);
	work__checkpoint();
	MUST(W(mprotect, at, 16 * PAGE, RW) == 0);
	work__checkpoint();
	/* What comes before the gap is changed all the same (mprotect(2), ENOMEM). */
	MUST(W(munmap, at + 8 * PAGE, PAGE) == 0);
	MUST(W(mprotect, at + 4 * PAGE, 8 * PAGE, PROT_READ) == -ENOMEM);
	work__half();
	work__checkpoint();
	MUST(W(mprotect, at + 8 * PAGE, 2 * PAGE, PROT_NONE) == -ENOMEM);
	work__checkpoint();
}

int main(void)
{
	long at;

	work__begin();
	at = work__anon(16, PROT_NONE);
	MUST(W(mprotect, at, 16 * PAGE, RW) == 0);
	work__touch(at, 16);
	work__checkpoint();
	MUST(W(mprotect, at + 4 * PAGE, 8 * PAGE, PROT_READ) == 0);
	MUST(W(mprotect, at + 4 * PAGE, 4 * PAGE, PROT_READ | PROT_EXEC) == 0);
	work__checkpoint();
	MUST(W(mprotect, at + 4 * PAGE, 8 * PAGE, RW) == 0); /* one region again */
	MUST(W(mprotect, at + PAGE, 1, RW | PROT_EXEC) == 0);
	work__checkpoint();
	MUST(W(mprotect, at + 1, PAGE, RW) == -EINVAL);
	MUST(W(mprotect, at, PAGE, 0x80000000L) == -EINVAL);
	MUST(W(mprotect, at, 0, PROT_READ) == 0);
	across();
	return 0;
}
