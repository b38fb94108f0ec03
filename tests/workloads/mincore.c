/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mincore(2) on what is resident, what is not, what is not mapped, and into a
 * vector that is not there.
 */
#define _GNU_SOURCE
#include "work.h"

int main(void)
{
	unsigned char in_core[8];
	long at;

	work__begin();
	at = work__anon(8, RW);
	work__touch(at, 3);
	MUST(W(mincore, at, 8 * PAGE, (long)in_core) == 0);
	MUST((in_core[0] & 1) && (in_core[2] & 1) && !(in_core[7] & 1));
	MUST(W(mincore, at + 1, PAGE, (long)in_core) == -EINVAL);
	MUST(W(mincore, at, PAGE, 1) == -EFAULT);
	MUST(W(munmap, at + 4 * PAGE, PAGE) == 0);
	MUST(W(mincore, at, 8 * PAGE, (long)in_core) == -ENOMEM);
	work__checkpoint();
	return 0;
}
