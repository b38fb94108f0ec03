/* SPDX-License-Identifier: GPL-2.0 */
/*
 * madvise(2): each advice that changes a region or gives memory back, a hole in
 * the range, and a child that does not get what was marked DONTFORK.
 */
#define _GNU_SOURCE
#include "work.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

static const int advices[] = {
	MADV_NORMAL,	  MADV_RANDOM,	      MADV_SEQUENTIAL,	   MADV_WILLNEED,
	MADV_DONTNEED,	  MADV_FREE,	      MADV_DONTDUMP,	   MADV_DODUMP,
	MADV_WIPEONFORK,  MADV_KEEPONFORK,    MADV_HUGEPAGE,	   MADV_NOHUGEPAGE,
	MADV_COLD,	  MADV_PAGEOUT,	      MADV_POPULATE_WRITE, MADV_MERGEABLE,
	MADV_UNMERGEABLE, MADV_GUARD_INSTALL, MADV_GUARD_REMOVE,
};

int main(void)
{
	long at, keep, shared;
	pid_t pid;

	work__begin();
	at = work__anon(64, RW);
	work__touch(at, 64);
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		W(madvise, at + (2 + i) * PAGE, 4 * PAGE, advices[i]);
	work__checkpoint();
	shared = W(mmap, 0, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	work__touch(shared, 8);
	MUST(W(madvise, shared, 4 * PAGE, MADV_REMOVE) == 0);
	MUST(W(madvise, shared, PAGE, MADV_FREE) == -EINVAL);
	keep = work__anon(16, RW);
	work__touch(keep, 16);
	MUST(W(madvise, keep + 2 * PAGE, 4 * PAGE, MADV_DONTFORK) == 0);
	MUST(W(madvise, keep + 8 * PAGE, 4 * PAGE, MADV_DONTFORK) == 0);
	MUST(W(madvise, keep + 10 * PAGE, 4 * PAGE, MADV_DOFORK) == 0);
	work__checkpoint();
	pid = fork();
	if (pid == 0) {
		work__checkpoint();
		MUST(W(munmap, keep, 16 * PAGE) == 0);
		work__checkpoint();
		_exit(0);
	}
	work__reap(pid);
	MUST(W(munmap, keep + 4 * PAGE, PAGE) == 0);
	MUST(W(madvise, keep, 8 * PAGE, MADV_DONTNEED) == -ENOMEM);
	MUST(W(madvise, keep, PAGE, 9999) == -EINVAL);
	work__checkpoint();
	return 0;
}
