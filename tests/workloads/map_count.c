/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vm.max_map_count: regions until no more are allowed, and an munmap that would
 * need one more.
 */
#define _GNU_SOURCE
#include "work.h"

#define MOST 300000L /* a system that allows far more is not filled up */

int main(void)
{
	long at, ret = 0, made;

	work__begin();
	at = W(mmap, 0, 2 * MOST * PAGE, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	MUST(at > 0);
	/* Every second page: two more regions each. */
	for (made = 0; made < MOST && ret == 0; made++)
		ret = W(mprotect, at + (2 * made + 1) * PAGE, PAGE, PROT_READ);
	if (made < MOST) {
		MUST(ret == -ENOMEM);
		work__half();
		MUST(W(munmap, at + 2 * MOST * PAGE - 2 * PAGE, PAGE) == -ENOMEM ||
		     W(munmap, at + 2 * MOST * PAGE - 4 * PAGE, PAGE) == -ENOMEM);
		work__half();
	}
	work__checkpoint();
	MUST(W(mprotect, at, 2 * MOST * PAGE, PROT_NONE) == 0);
	work__checkpoint();
	return 0;
}
