/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A stack that another process grows: PTRACE_POKEDATA and writes to /proc/PID/mem
 * below it (mm/memory.c, __access_remote_vm()); process_vm_writev(2) did so before
 * 6.5, and does not any more (mm/gup.c, gup_vma_lookup()).
 */
#define _GNU_SOURCE
#include "work.h"
#include <sys/ptrace.h>
#include <sys/uio.h>

#define FAR_PAGES 200

static void let_go(int fd)
{
	MUST(write(fd, "", 1) == 1);
}

static void wait_for(int fd)
{
	char byte;

	MUST(read(fd, &byte, 1) == 1);
}

/* Stands still in read(2) while its stack is grown; ends when its parent has. */
static void victim(int told, int go, int not_ours)
{
	long sp = (long)__builtin_frame_address(0) & -PAGE;

	close(not_ours);
	MUST(write(told, &sp, sizeof(sp)) == sizeof(sp));
	for (int i = 0; i < 3; i++) {
		wait_for(go);
		work__checkpoint();
		let_go(told);
	}
	/* A call of its own, on what others have made. */
	MUST(W(mprotect, sp - 2 * FAR_PAGES * PAGE, PAGE, PROT_READ) == 0);
	work__checkpoint();
	_exit(0);
}

static void poke(pid_t pid, long at)
{
	int status;

	MUST(ptrace(PTRACE_SEIZE, pid, 0, 0) == 0);
	MUST(ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0);
	MUST(waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status));
	MUST(ptrace(PTRACE_POKEDATA, pid, at, 1) == 0);
	MUST(ptrace(PTRACE_DETACH, pid, 0, 0) == 0);
	work__change("other", at, PAGE);
}

static void write_mem(pid_t pid, long at)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	MUST(fd >= 0);
	MUST(pwrite(fd, "x", 1, at) == 1);
	close(fd);
	work__change("other", at, PAGE);
}

static void write_vm(pid_t pid, long at)
{
	char byte = 'x';
	struct iovec ours = { &byte, 1 }, theirs = { (void *)at, 1 };

	if (process_vm_writev(pid, &ours, 1, &theirs, 1, 0) == 1)
		work__change("other", at, PAGE);
	else
		MUST(errno == EFAULT);
}

int main(void)
{
	int told[2], go[2];
	pid_t pid;
	long sp;

	work__begin();
	MUST(pipe(told) == 0 && pipe(go) == 0);
	pid = fork();
	if (pid == 0)
		victim(told[1], go[0], go[1]);
	MUST(read(told[0], &sp, sizeof(sp)) == sizeof(sp));
	for (int i = 0; i < 3; i++) {
		if (i == 0)
			poke(pid, sp - FAR_PAGES * PAGE);
		else if (i == 1)
			write_mem(pid, sp - 2 * FAR_PAGES * PAGE);
		else
			write_vm(pid, sp - 3 * FAR_PAGES * PAGE);
		/* Its map is ours no more than before. */
		work__checkpoint();
		let_go(go[1]);
		wait_for(told[0]);
	}
	work__mark(1);
	work__reap(pid);
	work__checkpoint();
	return 0;
}
