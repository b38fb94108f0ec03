/* SPDX-License-Identifier: GPL-2.0 */
/*
 * userfaultfd: to register pages splits their region, to unregister them or to
 * close the descriptor joins it again (fs/userfaultfd.c). No memory call is made.
 */
#define _GNU_SOURCE
#include "work.h"
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

static void changed(long at, long pages)
{
	work__change("syscall", at, pages * PAGE);
	work__checkpoint();
}

static void watch(int fd, long at, long pages)
{
	struct uffdio_register reg = {
		.range = { .start = (unsigned long)at, .len = (unsigned long)(pages * PAGE) },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	MUST(ioctl(fd, UFFDIO_REGISTER, &reg) == 0);
	changed(at, pages);
}

int main(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_range range;
	long at;
	int fd;

	work__begin();
	fd = (int)syscall(__NR_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (fd < 0 && errno == EINVAL) /* UFFD_USER_MODE_ONLY: 5.11 */
		fd = (int)syscall(__NR_userfaultfd, O_CLOEXEC);
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0)
		work__skip(errno == ENOSYS ? "this kernel has no userfaultfd" :
					     "userfaultfd is refused");
	at = work__anon(16, RW);
	watch(fd, at + 4 * PAGE, 2);
	watch(fd, at + 10 * PAGE, 1);
	/* It has a region of its own already. */
	MUST(W(mprotect, at + 10 * PAGE, PAGE, PROT_READ) == 0);
	work__checkpoint();
	range = (struct uffdio_range){ .start = (unsigned long)(at + 4 * PAGE), .len = PAGE };
	MUST(ioctl(fd, UFFDIO_UNREGISTER, &range) == 0);
	changed(at + 4 * PAGE, 1);
	close(fd);
	changed(at + 5 * PAGE, 1);
	return 0;
}
