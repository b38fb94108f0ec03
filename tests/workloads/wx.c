/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changes of protection whose right answer is known: code that is written for
 * 30 ms and then made executable, once; by way of read-only, 12 times at one
 * place; the stack of a thread made executable; data of a file hardened.
 * Not compared with /proc/PID/maps: tests/kernel/protections.sh says what is told.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)
#define MUST(x)            \
	do {               \
		if (!(x))  \
			_exit(1); \
	} while (0)

static void *anon(size_t pages)
{
	void *at = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(at != MAP_FAILED);
	return at;
}

static void write_then_execute(void)
{
	struct timespec ms30 = { .tv_nsec = 30000000 };
	void *at = anon(4);

	memset(at, 0xc3, PAGE);
	nanosleep(&ms30, NULL);
	MUST(!mprotect(at, 4 * PAGE, PROT_READ | PROT_EXEC));
}

/* As those do that are never writable and executable, nor go from one to the other. */
static void by_way_of_read_only(void)
{
	int i;

	for (i = 0; i < 12; i++) {
		void *at = anon(1);

		MUST(!mprotect(at, PAGE, PROT_READ));
		MUST(!mprotect(at, PAGE, PROT_READ | PROT_EXEC));
		MUST(!munmap(at, PAGE));
	}
}

static void *in_thread(void *arg)
{
	char here;
	void *page = (void *)((unsigned long)&here & ~(PAGE - 1UL));

	MUST(!mprotect(page, PAGE, RW | PROT_EXEC));
	return arg;
}

static void harden(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	void *at = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);

	MUST(at != MAP_FAILED);
	*(volatile char *)at = 1;
	MUST(!mprotect(at, PAGE, PROT_READ));
	close(fd);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char here;
	pthread_t thread;

	if (!strcmp(what, "wx"))
		write_then_execute();
	else if (!strcmp(what, "ro"))
		by_way_of_read_only();
	else if (!strcmp(what, "stack"))
		MUST(!mprotect((void *)((unsigned long)&here & ~(PAGE - 1UL)), PAGE,
			       RW | PROT_EXEC));
	else if (!strcmp(what, "thread"))
		MUST(!pthread_create(&thread, NULL, in_thread, NULL) &&
		     !pthread_join(thread, NULL));
	else if (!strcmp(what, "harden"))
		harden();
	return 0;
}
