/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls through int $0x80 from a 64-bit program: no tracepoint of a system call
 * fires for them, so only the counters of the address space tell. x86-64 only,
 * and only where the kernel runs 32-bit programs.
 */
#define _GNU_SOURCE
#include "work.h"

#define LOW 0x10000000L /* such a call takes addresses of 32 bits */
#define I386_MUNMAP 91
#define I386_MPROTECT 125

#ifdef __x86_64__
static void no_such_gate(int signo)
{
	(void)signo;
	_exit(0);
}

static long int80(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

/* Something changed that nobody told of: the map has to be read again. */
static void unseen(long nr, long pages, long prot)
{
	MUST(int80(nr, LOW, pages * PAGE, prot) == 0);
	work__half();
	work__checkpoint();
}
#endif

int main(void)
{
	work__begin();
#ifdef __x86_64__
	signal(SIGSEGV, no_such_gate);
	MUST(W(mmap, LOW, 16 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == LOW);
	int80(20, 0, 0, 0); /* getpid */
	unseen(I386_MPROTECT, 3, PROT_READ);
	unseen(I386_MPROTECT, 2, RW | PROT_EXEC);
	unseen(I386_MUNMAP, 1, 0);
#endif
	work__checkpoint();
	return 0;
}
