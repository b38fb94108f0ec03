/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls through int $0x80 from a 64-bit program: no tracepoint of a system call
 * fires for them. x86-64 only, and only where the kernel runs 32-bit programs.
 * Linked to a low address, so that its heap can be reached by such a call.
 */
#define _GNU_SOURCE
#include "work.h"

#define LOW 0x10000000L /* such a call takes addresses of 32 bits */
#define I386_BRK 45
#define I386_MUNMAP 91
#define I386_MPROTECT 125
#define I386_MMAP2 192

#ifdef __x86_64__
static void no_such_gate(int signo)
{
	(void)signo;
	work__skip("this kernel has no int $0x80");
}

/* The sixth argument, in ebp, is 0; the stack's red zone is left alone. */
static long int80(long nr, const long a[5])
{
	long ret;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "push %%rbp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "int $0x80\n\t"
			 "pop %%rbp\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "=a"(ret)
			 : "a"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
			 : "memory", "cc", "r8", "r9", "r10", "r11");
	return ret;
}

#define INT80(nr, ...) int80(nr, (const long[5]){ __VA_ARGS__ })

/* Nobody told of it below tier truth: the map may have to be read again. */
static void changed(long start, long len)
{
	work__change("compat", start, len);
	work__checkpoint();
}

static void of_anonymous(void)
{
	MUST(W(mmap, LOW, 16 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == LOW);
	MUST(INT80(I386_MPROTECT, LOW, 3 * PAGE, PROT_READ) == 0);
	changed(LOW, 3 * PAGE);
	MUST(INT80(I386_MPROTECT, LOW, 2 * PAGE, RW | PROT_EXEC) == 0);
	changed(LOW, 2 * PAGE);
	MUST(INT80(I386_MUNMAP, LOW, PAGE) == 0);
	changed(LOW, PAGE);
	/* The middle of what is left, so that there are two. */
	MUST(INT80(I386_MUNMAP, LOW + 8 * PAGE, PAGE) == 0);
	changed(LOW + 8 * PAGE, PAGE);
}

static void of_new(void)
{
	int fd = work__file(4);
	long at = INT80(I386_MMAP2, 0, 5 * PAGE, RW, ANON, -1) & 0xffffffff;

	MUST(at > 0 && at < 0xfffff000);
	changed(at, 5 * PAGE);
	/* A page of the file, over the third of what is there. */
	MUST((INT80(I386_MMAP2, at + 2 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd) &
	      0xffffffff) == at + 2 * PAGE);
	close(fd);
	changed(at + 2 * PAGE, PAGE);
	/* A call that we do see, amid them. */
	MUST(W(mprotect, at, PAGE, PROT_NONE) == 0);
	work__checkpoint();
}

static void of_heap(void)
{
	long at = INT80(I386_BRK, 0) & 0xffffffff;

	MUST((INT80(I386_BRK, at + 32 * PAGE) & 0xffffffff) == at + 32 * PAGE);
	changed(at, 32 * PAGE);
	MUST((INT80(I386_BRK, at + 8 * PAGE) & 0xffffffff) == at + 8 * PAGE);
	changed(at + 8 * PAGE, 24 * PAGE);
}
#endif

int main(void)
{
	work__begin();
#ifdef __x86_64__
	signal(SIGSEGV, no_such_gate);
	INT80(20); /* getpid */
	of_anonymous();
	of_new();
	of_heap();
	work__checkpoint();
#else
	work__skip("not on x86-64");
#endif
	return 0;
}
