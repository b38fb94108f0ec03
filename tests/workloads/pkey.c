/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pkey_mprotect(2), with a protection key where the processor has them and with
 * the key -1, which makes it mprotect.
 */
#define _GNU_SOURCE
#include "work.h"

int main(void)
{
	long at, key;

	work__begin();
	at = work__anon(16, RW);
	MUST(W(pkey_mprotect, at, 4 * PAGE, PROT_READ, -1) == 0);
	MUST(W(pkey_mprotect, at, PAGE, PROT_READ, 99) == -EINVAL);
	work__checkpoint();
	key = syscall(SYS_pkey_alloc, 0, 0);
	if (key >= 0) {
		MUST(W(pkey_mprotect, at + 8 * PAGE, 4 * PAGE, RW, key) == 0);
		work__checkpoint();
		MUST(W(pkey_mprotect, at + 10 * PAGE, 4 * PAGE, PROT_NONE, key) == 0);
	}
	/* Execute-only: the kernel may take a key of its own for it. */
	MUST(W(mprotect, at + 14 * PAGE, PAGE, PROT_EXEC) == 0);
	work__checkpoint();
	return 0;
}
