/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A shared mapping of a file, written and synced, grown with the file, and a
 * private one beside it.
 */
#define _GNU_SOURCE
#include "work.h"

int main(void)
{
	char byte;
	int fd;
	long at;

	work__begin();
	fd = work__file(8);
	at = W(mmap, 0, 8 * PAGE, RW, MAP_SHARED, fd, 0);
	MUST(at > 0);
	memset((void *)at, 'x', 2 * PAGE);
	MUST(W(msync, at, 8 * PAGE, MS_SYNC) == 0);
	MUST(pread(fd, &byte, 1, PAGE) == 1 && byte == 'x');
	MUST(W(msync, at, PAGE, MS_ASYNC) == 0);
	MUST(W(msync, at, PAGE, MS_INVALIDATE) == 0);
	MUST(W(msync, at, PAGE, MS_SYNC | MS_ASYNC) == -EINVAL);
	MUST(W(msync, at + 1, PAGE, MS_SYNC) == -EINVAL);
	work__checkpoint();
	W(munmap, at + 4 * PAGE, 4 * PAGE);
	MUST(W(msync, at, 5 * PAGE, MS_SYNC) == -ENOMEM);
	MUST(ftruncate(fd, 2 * PAGE) == 0);
	work__checkpoint();
	W(munmap, at, 4 * PAGE);
	work__checkpoint();
	close(fd);
	return 0;
}
