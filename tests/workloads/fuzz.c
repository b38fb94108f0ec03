// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz THREADS [SEED]: random memory system calls of every kind by so many
 * threads, most of them in the same few pages; forks in mid-race, execs, stacks
 * that grow. Says "ready PID", is the leader of a process group to which all
 * its children belong, and goes on until it is killed or its parent is gone.
 * Touches memory through read(2) alone, so that nothing it unmaps can hurt it;
 * allocates nothing. Knows nothing of memtrace.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
/* Far from where the kernel and libc put theirs. */
#define WINDOW 0x200000000000UL
#define WINDOW_PAGES 192
#define SEAL_ZONE (WINDOW + (1UL << 30))
#define GROW_ZONE (WINDOW + (2UL << 30))
#define GROW_PAGES 512
#define SLOTS 64
#define CHILDREN 3
#define CHILD_OPS 300
#define EXEC_EVERY 1000000 /* operations: about once a second */

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

/* What threads share; a child has a copy. */
static struct {
	char **argv;
	int zero, file, memfd, shm[2];
	bool is_child;
	atomic_int children;
	/* Mapped at a free address: a length of 0 is an empty slot. */
	struct slot {
		atomic_uintptr_t at; /* address + pages, as pages < PAGE */
	} slots[SLOTS];
	uintptr_t heap_end; /* what libc has of the heap, for threads */
	atomic_uintptr_t attached; /* by shmat at a free address; 0: nothing */
} all;

struct fuzzer {
	uint64_t rng;
	bool is_main;
};

static uint32_t rnd(struct fuzzer *f, uint32_t n)
{
	f->rng = f->rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((f->rng >> 33) % n);
}

static bool one_in(struct fuzzer *f, uint32_t n)
{
	return rnd(f, n) == 0;
}

static uintptr_t any_page(struct fuzzer *f)
{
	return WINDOW + rnd(f, WINDOW_PAGES) * PAGE;
}

static size_t any_len(struct fuzzer *f)
{
	return (1 + (one_in(f, 4) ? rnd(f, 40) : rnd(f, 6))) * PAGE;
}

static int any_prot(struct fuzzer *f)
{
	return (int)rnd(f, 8);
}

/* ---------------------------------------------------------------- operations */

static int any_flags(struct fuzzer *f, int *ret_fd)
{
	static const int more[] = {
		0, 0, 0, MAP_NORESERVE, MAP_STACK, MAP_POPULATE, MAP_LOCKED, MAP_NONBLOCK
	};
	int flags = (one_in(f, 4) ? MAP_SHARED : MAP_PRIVATE) | more[rnd(f, 8)];
	int fds[] = { -1, -1, -1, all.file, all.memfd };

	*ret_fd = fds[rnd(f, 5)];
	return *ret_fd < 0 ? flags | MAP_ANONYMOUS : flags;
}

static void op_mmap_fixed(struct fuzzer *f)
{
	int fd, flags = any_flags(f, &fd) | (one_in(f, 4) ? MAP_FIXED_NOREPLACE : MAP_FIXED);

	mmap((void *)any_page(f), any_len(f), any_prot(f), flags, fd, rnd(f, 8) * (off_t)PAGE);
}

/* What is at a free address is remembered, so that it can be unmapped some day. */
static void keep(struct fuzzer *f, uintptr_t at, size_t len)
{
	uintptr_t old = atomic_exchange(&all.slots[rnd(f, SLOTS)].at, at + len / PAGE);

	if (old)
		munmap((void *)(old & ~(PAGE - 1)), (old & (PAGE - 1)) * PAGE);
}

static void op_mmap_free(struct fuzzer *f)
{
	size_t len = any_len(f);
	int fd, flags = any_flags(f, &fd);
	void *at = mmap(NULL, len, any_prot(f), flags, fd, rnd(f, 8) * (off_t)PAGE);

	if (at != MAP_FAILED)
		keep(f, (uintptr_t)at, len);
}

static void op_grows_down(struct fuzzer *f)
{
	uintptr_t at = GROW_ZONE + (1 + rnd(f, GROW_PAGES - 8)) * PAGE;

	mmap((void *)at, (1 + rnd(f, 4)) * PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN |
		     (one_in(f, 2) ? MAP_FIXED : MAP_FIXED_NOREPLACE),
	     -1, 0);
	read(all.zero, (void *)(at - rnd(f, 8) * PAGE), 64);
	if (one_in(f, 4))
		mprotect((void *)at, PAGE, PROT_READ | PROT_WRITE | PROT_GROWSDOWN);
	if (one_in(f, 3))
		munmap((void *)(GROW_ZONE + rnd(f, GROW_PAGES) * PAGE), 64 * PAGE);
}

static void op_munmap(struct fuzzer *f)
{
	munmap((void *)any_page(f), any_len(f));
}

static void op_munmap_slot(struct fuzzer *f)
{
	uintptr_t at = atomic_exchange(&all.slots[rnd(f, SLOTS)].at, 0);

	if (at)
		munmap((void *)(at & ~(PAGE - 1)), (at & (PAGE - 1)) * PAGE);
}

static void op_mprotect(struct fuzzer *f)
{
	mprotect((void *)any_page(f), any_len(f), any_prot(f));
}

static void op_pkey(struct fuzzer *f)
{
	syscall(SYS_pkey_mprotect, any_page(f), any_len(f), any_prot(f), -(int)rnd(f, 2));
}

static void op_mremap(struct fuzzer *f)
{
	static const int flags[] = { 0,
				     MREMAP_MAYMOVE,
				     MREMAP_MAYMOVE,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED };
	int how = flags[rnd(f, 7)];
	uintptr_t at = any_page(f), slot = 0;
	size_t old = any_len(f), len;
	bool stays = one_in(f, 8); /* as an old size of 0 wants it */

	/* Of what is at a free address never more than was put there: libc is near. */
	if (one_in(f, 3))
		slot = atomic_exchange(&all.slots[rnd(f, SLOTS)].at, 0);
	if (slot) {
		at = slot & ~(PAGE - 1);
		old = (slot & (PAGE - 1)) * PAGE;
	}
	len = (how & MREMAP_DONTUNMAP) ? old : any_len(f);
	at = (uintptr_t)mremap((void *)at, stays ? 0 : old, len, how, any_page(f));
	if (at != (uintptr_t)MAP_FAILED && at - WINDOW >= 2 * WINDOW_PAGES * PAGE)
		keep(f, at, len);
	if (slot && (stays || (how & MREMAP_DONTUNMAP) || at == (uintptr_t)MAP_FAILED))
		keep(f, slot & ~(PAGE - 1), old);
}

static void op_brk(struct fuzzer *f)
{
	uintptr_t now = (uintptr_t)syscall(SYS_brk, 0);

	uintptr_t down = now - rnd(f, 8 * PAGE);

	if (one_in(f, 2))
		syscall(SYS_brk, now + rnd(f, 16 * PAGE));
	else if (down > all.heap_end)
		syscall(SYS_brk, down);
}

static void op_madvise(struct fuzzer *f)
{
	static const int advice[] = { MADV_NORMAL,
				      MADV_RANDOM,
				      MADV_SEQUENTIAL,
				      MADV_DONTNEED,
				      MADV_FREE,
				      MADV_DONTFORK,
				      MADV_DOFORK,
				      MADV_DONTDUMP,
				      MADV_DODUMP,
				      MADV_HUGEPAGE,
				      MADV_NOHUGEPAGE,
				      MADV_WIPEONFORK,
				      MADV_KEEPONFORK,
				      MADV_MERGEABLE,
				      22,
				      23,
				      102 };

	madvise((void *)any_page(f), any_len(f), advice[rnd(f, sizeof(advice) / sizeof(*advice))]);
}

static void op_lock(struct fuzzer *f)
{
	uintptr_t at = any_page(f);
	size_t len = any_len(f);

	switch (rnd(f, 8)) {
	case 0:
	case 1:
		mlock((void *)at, len);
		break;
	case 2:
		syscall(SYS_mlock2, at, len, 1);
		break;
	case 7:
		if (one_in(f, 20))
			mlockall((int)(1 + rnd(f, 7)));
		munlockall();
		break;
	default:
		munlock((void *)at, len);
	}
}

static void op_quiet(struct fuzzer *f)
{
	unsigned char vec[64];

	if (one_in(f, 2))
		msync((void *)any_page(f), any_len(f), one_in(f, 2) ? MS_SYNC : MS_ASYNC);
	else
		mincore((void *)any_page(f), any_len(f), vec);
}

static void op_shm(struct fuzzer *f)
{
	int id = all.shm[rnd(f, 2)], flags = one_in(f, 3) ? SHM_RDONLY : 0;
	uintptr_t at = any_page(f);
	void *new;

	switch (rnd(f, 4)) {
	case 0:
		new = shmat(id, NULL, flags);
		if (new == (void *)-1)
			break;
		at = atomic_exchange(&all.attached, (uintptr_t) new);
		if (at)
			shmdt((void *)at);
		break;
	case 1:
		shmat(id, (void *)at, flags | (one_in(f, 2) ? SHM_REMAP : 0));
		break;
	default:
		shmdt((void *)at);
	}
}

static void op_name(struct fuzzer *f)
{
	static const char *const names[] = { "one", "two", NULL };

	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, any_page(f), any_len(f), names[rnd(f, 3)]);
}

/* What is sealed stays so until an exec. */
static void op_seal(struct fuzzer *f)
{
	void *at = (void *)(SEAL_ZONE + rnd(f, 64) * PAGE);

	mmap(at, (1 + rnd(f, 4)) * PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (one_in(f, 16))
		syscall(SYS_mseal, at, PAGE, 0);
	mprotect(at, (1 + rnd(f, 8)) * PAGE, any_prot(f));
	munmap(at, (1 + rnd(f, 8)) * PAGE);
}

static void op_odd(struct fuzzer *f)
{
	uintptr_t at = any_page(f);

	switch (rnd(f, 6)) {
	case 0:
		mmap((void *)(at + 1), PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 1:
		munmap((void *)at, 0);
		break;
	case 2:
		mprotect((void *)(at + 8), PAGE, 0);
		break;
	case 3:
		mmap((void *)~0xfffUL, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case 4:
		syscall(SYS_mbind, at, any_len(f), (int)rnd(f, 4), NULL, 0, 0);
		break;
	case 5:
		syscall(SYS_remap_file_pages, at, PAGE, 0, rnd(f, 4), 0);
		break;
	}
}

/* Which regions can merge depends on which of their pages were touched. */
static void op_touch(struct fuzzer *f)
{
	read(all.zero, (void *)any_page(f), any_len(f) / 4);
}

/* Not by a push: with MCL_FUTURE a stack may not grow past RLIMIT_MEMLOCK (mm/vma.c). */
static void op_stack(struct fuzzer *f)
{
	size_t size = PAGE + (f->is_main ? rnd(f, 1 << 18) : rnd(f, 1 << 14));

	read(all.zero, (char *)__builtin_frame_address(0) - size, 1);
}

static void run(struct fuzzer *f, long ops);

static void op_fork(struct fuzzer *f)
{
	int status;
	pid_t pid;

	while (waitpid(-1, &status, WNOHANG) > 0)
		atomic_fetch_sub(&all.children, 1);
	if (all.is_child || atomic_load(&all.children) >= CHILDREN || !one_in(f, 8))
		return;
	atomic_fetch_add(&all.children, 1);
	pid = fork();
	if (pid < 0)
		atomic_fetch_sub(&all.children, 1);
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	all.is_child = true;
	f->rng += (uint64_t)getpid();
	run(f, rnd(f, CHILD_OPS));
	if (one_in(f, 2))
		execl("/proc/self/exe", all.argv[0], "0", (char *)NULL);
	_exit(0);
}

/* By whichever thread: the others end, and all begins anew. */
static void op_exec(struct fuzzer *f)
{
	if (!all.is_child && one_in(f, EXEC_EVERY / 100))
		execv("/proc/self/exe", all.argv);
}

static void (*const ops[100])(struct fuzzer *f) = {
	[0 ... 11] = op_mmap_fixed,  [12 ... 17] = op_mmap_free,
	[18 ... 27] = op_munmap,     [28 ... 32] = op_munmap_slot,
	[33 ... 47] = op_mprotect,   [48 ... 49] = op_pkey,
	[50 ... 57] = op_mremap,     [58 ... 61] = op_brk,
	[62 ... 69] = op_madvise,    [70 ... 74] = op_lock,
	[75 ... 76] = op_quiet,	     [77 ... 79] = op_shm,
	[80 ... 81] = op_name,	     [82 ... 83] = op_seal,
	[84 ... 86] = op_odd,	     [87 ... 93] = op_touch,
	[94 ... 95] = op_grows_down, [96] = op_stack,
	[97 ... 98] = op_fork,	     [99] = op_exec,
};

static void run(struct fuzzer *f, long n)
{
	while (n-- > 0)
		ops[rnd(f, 100)](f);
}

/*
 * Held until all threads are there: after mlockall(MCL_FUTURE) by one of them the
 * next one's stack would be more than may be locked, and pthread_create(3) fail.
 */
static pthread_mutex_t creating = PTHREAD_MUTEX_INITIALIZER;

static void *thread(void *arg)
{
	struct fuzzer f = { .rng = (uintptr_t)arg };

	pthread_mutex_lock(&creating);
	pthread_mutex_unlock(&creating);
	run(&f, LONG_MAX);
	return NULL;
}

static void prepare(void)
{
	static char path[] = "/tmp/memtrace-fuzz-XXXXXX";

	free(malloc(1));
	all.heap_end = (uintptr_t)sbrk(0);

	all.zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	all.file = mkostemp(path, O_CLOEXEC);
	unlink(path);
	all.memfd = memfd_create("fuzz", MFD_CLOEXEC);
	if (all.zero < 0 || all.file < 0 || all.memfd < 0 || ftruncate(all.file, 64 * PAGE) ||
	    ftruncate(all.memfd, 64 * PAGE)) {
		perror("fuzz");
		exit(1);
	}
	for (int i = 0; i < 2; i++) {
		all.shm[i] = shmget(IPC_PRIVATE, (size_t)(i + 2) * PAGE, IPC_CREAT | 0600);
		/* It lives as long as it is attached: outside the window, for as long as we do. */
		if (all.shm[i] >= 0 && shmat(all.shm[i], NULL, 0) != (void *)-1)
			shmctl(all.shm[i], IPC_RMID, NULL);
	}
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? atol(argv[1]) : 1, i;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct fuzzer f = { .rng = seed + (uint64_t)getpid(), .is_main = true };
	char line[32];
	pthread_t id;

	all.argv = argv;
	prepare();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A child of fuzz that has execed: a few more, and it is done. */
	if (threads == 0) {
		all.is_child = true;
		run(&f, rnd(&f, CHILD_OPS));
		return 0;
	}
	setpgid(0, 0);
	snprintf(line, sizeof(line), "ready %d\n", getpid());
	if (write(STDOUT_FILENO, line, strlen(line)) < 0)
		return 1;
	pthread_mutex_lock(&creating);
	for (i = 1; i < threads; i++) {
		errno = pthread_create(&id, NULL, thread,
				       (void *)(uintptr_t)(seed * 1000 + (uint64_t)i));
		if (errno) {
			perror("fuzz: pthread_create");
			return 1;
		}
	}
	pthread_mutex_unlock(&creating);
	run(&f, LONG_MAX);
	return 0;
}
