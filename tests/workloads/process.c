/* SPDX-License-Identifier: GPL-2.0 */
/*
 * process_madvise(2) from a parent on its child, and map_shadow_stack(2), where
 * the kernel and the processor have them.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
#include "work.h"

#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif

int main(void)
{
	struct iovec range;
	int ready[2], done[2], fd;
	long at;
	char byte;
	pid_t pid;

	work__begin();
	at = work__anon(16, RW);
	work__touch(at, 16);
	MUST(pipe(ready) == 0 && pipe(done) == 0);
	pid = fork();
	if (pid == 0) {
		close(done[1]);
		work__anon(4, RW);
		MUST(write(ready[1], "x", 1) == 1);
		MUST(read(done[0], &byte, 1) == 1);
		work__checkpoint();
		_exit(0);
	}
	MUST(read(ready[0], &byte, 1) == 1);
	fd = syscall(__NR_pidfd_open, pid, 0);
	MUST(fd >= 0);
	range.iov_base = (void *)at;
	range.iov_len = 8 * PAGE;
	W(process_madvise, fd, (long)&range, 1, MADV_COLD, 0);
	W(process_madvise, fd, (long)&range, 1, MADV_DONTNEED, 0); /* not of another process */
	MUST(write(done[1], "x", 1) == 1);
	work__reap(pid);
	W(map_shadow_stack, 0, 4 * PAGE, 1);
	work__checkpoint();
	return 0;
}
