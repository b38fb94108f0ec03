/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that fail, one for each reason that needs no limit to be set: EINVAL,
 * ENOMEM, EACCES, EBADF, EEXIST, EFAULT, ENODEV, EOVERFLOW, and one that fails
 * and takes away what was there before.
 */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include "work.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static void of_mmap(long at, int read_only)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY);

	MUST(W(mmap, 0, 0, RW, ANON, -1, 0) == -EINVAL);
	MUST(W(mmap, 0, PAGE, RW, MAP_ANONYMOUS, -1, 0) == -EINVAL);
	MUST(W(mmap, 0, PAGE, RW, ANON, -1, 1) == -EINVAL);
	MUST(W(mmap, 0, PAGE, RW, MAP_PRIVATE, 999, 0) == -EBADF);
	MUST(W(mmap, 0, PAGE, RW, MAP_SHARED, read_only, 0) == -EACCES);
	MUST(W(mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, dir, 0) == -ENODEV);
	MUST(W(mmap, 0, 1L << 62, RW, ANON, -1, 0) == -ENOMEM);
	MUST(W(mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, read_only, 0x7ffffffffffff000L) ==
	     -EOVERFLOW);
	MUST(W(mmap, at, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == -EEXIST);
}

/* perf refuses a ring of 1 + 3 pages after the old mapping is gone (kernel/events/core.c). */
static void refused_by_device(long at)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_DUMMY };
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		return;
	MUST(W(mmap, at + 4 * PAGE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) == -EINVAL);
	work__half();
	work__checkpoint();
	close(fd);
}

int main(void)
{
	int read_only;
	long at, file;

	work__begin();
	at = work__anon(16, RW);
	read_only = open("/proc/self/exe", O_RDONLY);
	MUST(read_only >= 0);
	of_mmap(at, read_only);
	/* It ends at the first gap, which had better come soon. */
	MUST(W(munmap, at + 15 * PAGE, PAGE) == 0);
	MUST(W(mprotect, at + 12 * PAGE, 1L << 40, PROT_READ) == -ENOMEM);
	work__half();
	MUST(W(munmap, 1L << 50, 1L << 62) == -EINVAL);
	MUST(W(mremap, 16 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == -EFAULT);
	MUST(W(mlock, 16 * PAGE, PAGE) == -ENOMEM);
	MUST(W(munlock, 16 * PAGE, PAGE) == -ENOMEM);
	MUST(W(shmdt, at) == -EINVAL);
	MUST(W(madvise, at, -PAGE, MADV_DONTNEED) == -EINVAL);
	file = W(mmap, 0, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
	MUST(W(mprotect, file, PAGE, RW) == -EACCES);
	MUST(W(process_madvise, -1, 0, 0, MADV_COLD, 0) == -EBADF);
	work__checkpoint();
	refused_by_device(at);
	return 0;
}
