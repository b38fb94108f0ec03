/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mseal(2), where the kernel has it: what is sealed cannot go, and a call that
 * runs into it may have changed what came before.
 */
#define _GNU_SOURCE
#include "work.h"

int main(void)
{
	long at;

	work__begin();
	at = work__anon(16, RW);
	if (W(mseal, at + 4 * PAGE, 4 * PAGE, 0) < 0) /* ENOSYS before 6.10 */
		return 0;
	work__checkpoint();
	MUST(W(munmap, at + 6 * PAGE, 4 * PAGE) == -EPERM);
	work__half();
	MUST(W(mprotect, at + 4 * PAGE, PAGE, PROT_READ) == -EPERM);
	work__half();
	work__checkpoint();
	/* The first two pages are no part of the seal. */
	MUST(W(mprotect, at + 2 * PAGE, 4 * PAGE, PROT_READ) == -EPERM);
	work__half();
	work__checkpoint();
	MUST(W(mmap, at, 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == -EPERM);
	work__half();
	MUST(W(mremap, at + 4 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == -EPERM);
	MUST(W(madvise, at + 4 * PAGE, PAGE, MADV_WILLNEED) == 0);
	MUST(W(mseal, at + 1, PAGE, 0) == -EINVAL);
	MUST(W(munmap, at, 4 * PAGE) == 0);
	work__checkpoint();
	return 0;
}
