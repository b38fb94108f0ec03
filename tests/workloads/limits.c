/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that fail at a limit: RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK (EPERM,
 * EAGAIN, ENOMEM) as a user without privilege.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include "work.h"

static void limit(int resource, long bytes)
{
	struct rlimit value = { bytes, RLIM_INFINITY };

	MUST(getrlimit(resource, &value) == 0);
	value.rlim_cur = bytes;
	MUST(setrlimit(resource, &value) == 0);
}

/* RLIMIT_AS counts what is mapped already: far above it, far below the request. */
static void sizes(long at)
{
	long brk;

	limit(RLIMIT_AS, 64L << 20);
	MUST(W(mmap, 0, 1L << 30, RW, ANON, -1, 0) == -ENOMEM);
	MUST(W(mremap, at, 16 * PAGE, 1L << 30, MREMAP_MAYMOVE) == -ENOMEM);
	brk = W(brk, 0);
	MUST(W(brk, brk + (1L << 30)) == brk);
	limit(RLIMIT_AS, RLIM_INFINITY);
	limit(RLIMIT_DATA, 16L << 20);
	MUST(W(mmap, 0, 64L << 20, RW, ANON, -1, 0) == -ENOMEM);
	MUST(W(mmap, 0, 64L << 20, PROT_READ, ANON, -1, 0) > 0);
	MUST(W(brk, brk + (64L << 20)) == brk);
	limit(RLIMIT_DATA, RLIM_INFINITY);
	work__checkpoint();
}

/* Root may lock what it likes (CAP_IPC_LOCK), so do this as nobody. */
static void locks(long at)
{
	MUST(setresgid(65534, 65534, 65534) == 0);
	MUST(setresuid(65534, 65534, 65534) == 0);
	limit(RLIMIT_MEMLOCK, 8 * PAGE);
	MUST(W(mlock, at, 16 * PAGE) == -ENOMEM);
	MUST(W(mlock, at, 4 * PAGE) == 0);
	MUST(W(mmap, 0, 16 * PAGE, RW, ANON | MAP_LOCKED, -1, 0) == -EAGAIN);
	MUST(W(mlockall, MCL_CURRENT) == -ENOMEM);
	work__checkpoint();
	MUST(W(munlockall) == 0);
	MUST(W(mlockall, MCL_FUTURE) == 0);
	MUST(W(mmap, 0, 64 * PAGE, RW, ANON, -1, 0) == -EAGAIN);
	MUST(W(mmap, 0, 2 * PAGE, RW, ANON, -1, 0) > 0);
	work__checkpoint();
	MUST(W(munlockall) == 0);
	limit(RLIMIT_MEMLOCK, 0);
	MUST(W(mlock, at, PAGE) == -EPERM);
	MUST(W(mlockall, MCL_CURRENT) == -EPERM);
	work__checkpoint();
}

int main(void)
{
	long at;

	work__begin();
	at = work__anon(16, RW);
	sizes(at);
	locks(at);
	return 0;
}
