/* SPDX-License-Identifier: GPL-2.0 */
/*
 * POSIX shared memory and memfd: named, unlinked while mapped, sealed, and with
 * a name that must not break a line of output.
 */
#define _GNU_SOURCE
#include "work.h"

static int named(const char *name, long pages)
{
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);

	MUST(fd >= 0);
	MUST(ftruncate(fd, pages * PAGE) == 0);
	return fd;
}

int main(void)
{
	char name[64];
	int shm, mem, odd;
	long at;

	work__begin();
	snprintf(name, sizeof(name), "/memtrace-work-%d", getpid());
	shm = named(name, 16);
	mem = memfd_create("plain name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	odd = memfd_create("two\nlines\033[31m\\", MFD_CLOEXEC);
	MUST(mem >= 0 && odd >= 0);
	MUST(ftruncate(mem, 8 * PAGE) == 0 && ftruncate(odd, 8 * PAGE) == 0);
	at = W(mmap, 0, 16 * PAGE, RW, MAP_SHARED, shm, 0);
	MUST(at > 0);
	work__touch(at, 16);
	work__checkpoint();
	/* The name that is printed now was the right one when it was mapped. */
	MUST(W(munmap, at + 4 * PAGE, 4 * PAGE) == 0);
	MUST(W(mmap, 0, 8 * PAGE, RW, MAP_SHARED, mem, 0) > 0);
	MUST(W(mmap, 0, 8 * PAGE, PROT_READ, MAP_PRIVATE, mem, 0) > 0);
	MUST(W(mmap, 0, 8 * PAGE, RW, MAP_SHARED, odd, 0) > 0);
	work__checkpoint();
	MUST(W(munmap, at, 16 * PAGE) == 0);
	MUST(shm_unlink(name) == 0);
	at = W(mmap, 0, 16 * PAGE, PROT_READ, MAP_SHARED, shm, 0);
	MUST(at > 0);
	MUST(fcntl(mem, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0);
	MUST(W(mmap, 0, 8 * PAGE, RW, MAP_SHARED, mem, 0) == -EPERM);
	MUST(W(mmap, 0, 8 * PAGE, PROT_READ, MAP_SHARED, mem, 0) > 0);
	work__checkpoint();
	return 0;
}
