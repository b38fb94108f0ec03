/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mlock, mlock2, munlock, mlockall (now, later, on fault) and munlockall; a fork,
 * whose child has nothing locked.
 */
#define _GNU_SOURCE
#include "work.h"

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

int main(void)
{
	long at, more;
	pid_t pid;

	work__begin();
	at = work__anon(16, RW);
	MUST(W(mlock, at + 2 * PAGE, 4 * PAGE) == 0);
	MUST(W(mlock, at + 8 * PAGE + 100, 100) == 0); /* the whole page */
	work__checkpoint();
	MUST(W(mlock2, at + 10 * PAGE, 2 * PAGE, MLOCK_ONFAULT) == 0);
	MUST(W(mlock2, at, PAGE, 0x100) == -EINVAL);
	MUST(W(munlock, at, 5 * PAGE) == 0);
	work__checkpoint();
	MUST(W(mlockall, MCL_FUTURE) == 0);
	more = work__anon(4, RW);
	MUST(W(brk, W(brk, 0) + 4 * PAGE) > 0);
	work__checkpoint();
	pid = fork();
	if (pid == 0) {
		work__checkpoint();
		work__anon(2, RW);
		work__checkpoint();
		_exit(0);
	}
	work__reap(pid);
	MUST(W(mlockall, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0);
	MUST(W(mremap, more, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE) > 0);
	work__anon(4, PROT_NONE);
	work__checkpoint();
	MUST(W(munlockall) == 0);
	work__checkpoint();
	MUST(W(mlockall, 0) == -EINVAL);
	MUST(W(mlockall, MCL_ONFAULT) == -EINVAL);
	/* Over a hole: -ENOMEM, and yet what is mapped is locked (mlock(2)). */
	MUST(W(munmap, at + 4 * PAGE, PAGE) == 0);
	MUST(W(mlock, at, 8 * PAGE) == -ENOMEM);
	work__half();
	work__checkpoint();
	return 0;
}
