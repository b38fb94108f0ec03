/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every workload shares: it makes a memory system call and says what
 * should be seen of it. Makes no memory call of its own and uses no stdio, so
 * that what a program prints is all that it did. Knows nothing of memtrace.
 *
 * Lines go to the file that $WORK_EXPECT names, one write(2) each; without it
 * nothing is printed and a checkpoint does nothing:
 *	call PID TID NAME ret=R args=0xA,0xB,0xC,0xD,0xE,0xF
 *		a call that was made, in order for each thread; R is decimal and
 *		-errno for a failure, else hex; arguments not given are 0
 *	any PID TID	what follows in this thread was libc's doing: any calls,
 *			up to the next one that is printed
 *	half PID TID	the last call failed and may have changed something all
 *			the same, or nobody could see it: the map may have to be
 *			read again, once
 *	change PID WHAT START LEN	something there was changed by that process,
 *			and by no call of ours: WHAT is compat, io_uring, fault, syscall
 *			or other; in a lower tier as "half"
 *	skip WHY	this kernel, or whoever runs it, does not let us do it
 *	checkpoint N PID	the process is about to stop itself; when it has,
 *			its map can be compared, and SIGCONT lets it go on
 * Before the first line of a thread and after its last one, any calls are allowed.
 */
#ifndef WORKLOADS_WORK_H
#define WORKLOADS_WORK_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __NR_process_madvise
#define __NR_process_madvise 440
#endif
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static int work_fd = -1;
static int work_checkpoints;

/* One line, one write: O_APPEND keeps those of several threads whole. */
__attribute__((format(printf, 1, 2))) static inline void work__line(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int len;

	if (work_fd < 0)
		return;
	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len > 0 && write(work_fd, line, len) != len)
		_exit(99);
}

/* Says that thread made a call; for those that libc makes in a known way. */
static inline void work__expect(const char *name, long ret, const long args[6])
{
	int saved = errno;
	char text[24];

	if (ret < 0 && ret >= -4095)
		snprintf(text, sizeof(text), "%ld", ret);
	else
		snprintf(text, sizeof(text), "0x%lx", ret);
	work__line("call %d %d %s ret=%s args=0x%lx,0x%lx,0x%lx,0x%lx,0x%lx,0x%lx\n", getpid(),
		   gettid(), name, text, args[0], args[1], args[2], args[3], args[4], args[5]);
	errno = saved;
}

/*
 * Makes the call and prints it, unless this kernel has no such call, which is
 * then none to be seen. Returns the result, or -errno.
 */
static inline long work__call(const char *name, long nr, const long args[6])
{
	long ret = syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);

	if (ret == -1)
		ret = -errno;
	if (ret != -ENOSYS)
		work__expect(name, ret, args);
	return ret;
}

/* W(mmap, 0, PAGE, RW, ANON, -1, 0): addresses are long, as everything else. */
#define W(name, ...) work__call(#name, __NR_##name, (const long[6]){ __VA_ARGS__ })

/* Private anonymous memory: what most workloads begin with. */
static inline long work__anon(long pages, long prot)
{
	return W(mmap, 0, pages * PAGE, prot, ANON, -1, 0);
}

/*
 * A call that no program makes: where a row of libc's calls ends. Always
 * -EINVAL (the address is not on a page: mm/madvise.c, is_valid_madvise).
 */
static inline void work__mark(long number)
{
	W(madvise, 1, number, MADV_NORMAL);
}

static inline void work__any(void)
{
	work__line("any %d %d\n", getpid(), gettid());
}

static inline void work__half(void)
{
	work__line("half %d %d\n", getpid(), gettid());
}

/* Nothing but a change that tier truth sees and names. */
static inline void work__change(const char *what, long start, long len)
{
	work__line("change %d %s 0x%lx 0x%lx\n", getpid(), what, start, len);
}

__attribute__((noreturn)) static inline void work__skip(const char *why)
{
	work__line("skip %s\n", why);
	exit(0);
}

/* Opens the file; what the program's start did ends with a mark. */
static inline void work__begin(void)
{
	const char *path = getenv("WORK_EXPECT");

	if (path)
		work_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (path && work_fd < 0) {
		perror(path);
		_exit(99);
	}
	work__any();
	work__mark(1000);
}

/* Stops the whole process until somebody has compared its map. */
static inline void work__checkpoint(void)
{
	if (work_fd < 0)
		return;
	work__line("checkpoint %d %d\n", ++work_checkpoints, getpid());
	kill(getpid(), SIGSTOP);
}

static inline void work__fail(const char *file, int line, const char *what)
{
	char text[256];
	int len = snprintf(text, sizeof(text), "%s:%d: not so: %s\n", file, line, what);

	if (write(STDERR_FILENO, text, len) != len)
		_exit(99);
	_exit(98);
}

/* The kernel must do what the topic is about, or the test would test nothing. */
#define MUST(cond) ((cond) ? (void)0 : work__fail(__FILE__, __LINE__, #cond))

/* Writes one byte to each page of [addr, addr + pages). */
static inline void work__touch(long addr, long pages)
{
	for (long i = 0; i < pages; i++)
		((volatile char *)addr)[i * PAGE] = 1;
}

/* A file of that many pages that has no name any more. */
static inline int work__file(long pages)
{
	char path[] = "/tmp/memtrace-work-XXXXXX";
	int fd = mkstemp(path);

	MUST(fd >= 0);
	MUST(unlink(path) == 0);
	MUST(ftruncate(fd, pages * PAGE) == 0);
	return fd;
}

/* Waits for a child that must have ended well. */
static inline void work__reap(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0) == pid);
	MUST(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
