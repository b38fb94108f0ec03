// SPDX-License-Identifier: GPL-2.0
/*
 * The sample that scripts/demo traces: a small program that does a little of
 * everything to its address space, says what it does, and leaks. It knows
 * nothing of memtrace.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB 1024UL
#define MIB (1024UL * 1024UL)
#define BLOCKS 4096

static void *leaked; /* so that the compiler keeps what is leaked */

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("sample: ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
}

static void *must(void *addr, const char *what)
{
	if (addr == MAP_FAILED || !addr) {
		fprintf(stderr, "sample: %s: %s\n", what, strerror(errno));
		exit(1);
	}
	return addr;
}

static void must_be_0(int ret, const char *what)
{
	if (ret)
		must(NULL, what);
}

static void *map_anonymous(size_t len, int prot)
{
	return must(mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "mmap");
}

/* Small blocks: the heap grows by brk. Every fourth is never freed. */
static void grow_heap(void)
{
	static void *blocks[BLOCKS];

	say("allocates %d blocks of 1 KiB and frees three in four: the heap grows to 4 MiB",
	    BLOCKS);
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = must(malloc(KIB), "malloc");
		memset(blocks[i], 1, KIB);
	}
	for (int i = 0; i < BLOCKS; i++)
		if (i % 4)
			free(blocks[i]);
}

/* Above malloc's threshold: a mapping of its own, gone again with free. */
static void allocate_large(void)
{
	void *block = must(malloc(8 * MIB), "malloc");

	say("allocates 8 MiB in one block, and frees it");
	memset(block, 1, 8 * MIB);
	free(block);
}

static void map_files(void)
{
	size_t len = 64 * KIB;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int mem = memfd_create("sample-shared", MFD_CLOEXEC);
	char *text, *shared;

	if (fd < 0 || mem < 0)
		must(NULL, "open");
	must_be_0(ftruncate(mem, (off_t)len), "ftruncate");
	say("maps its own program file (private) and 64 KiB that can be shared, and writes them");
	text = must(mmap(NULL, 16 * KIB, PROT_READ, MAP_PRIVATE, fd, 0), "mmap of a file");
	shared = must(mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0), "shared mmap");
	shared[0] = text[0];
	must_be_0(msync(shared, len, MS_SYNC), "msync");
	must_be_0(munmap(text, 16 * KIB), "munmap");
	close(fd);
	close(mem);
}

/* What a JIT compiler does: write code, then make it executable. */
static void change_protections(void)
{
	size_t len = 64 * KIB;
	char *code = map_anonymous(len, PROT_READ | PROT_WRITE);
	char *guarded = map_anonymous(len, PROT_READ | PROT_WRITE);

	say("writes 64 KiB and makes it executable, as a JIT compiler does; makes a guard page");
	memset(code, 0xc3, len);
	must_be_0(mprotect(code, len, PROT_READ | PROT_EXEC), "mprotect");
	must_be_0(mprotect(guarded, 4 * KIB, PROT_NONE), "mprotect");
}

static void lock_memory(void)
{
	char *buffer = map_anonymous(256 * KIB, PROT_READ | PROT_WRITE);

	say("locks 256 KiB in memory");
	if (mlock(buffer, 256 * KIB))
		say("  which failed: %s", strerror(errno));
}

static void give_back(void)
{
	char *cache = map_anonymous(4 * MIB, PROT_READ | PROT_WRITE);

	say("fills a cache of 4 MiB and gives its pages back, but keeps the addresses");
	memset(cache, 1, 4 * MIB);
	must_be_0(madvise(cache, 4 * MIB, MADV_DONTNEED), "madvise");
}

/* The leak: each round forgets where the last one was. */
static void leak(void)
{
	say("leaks 16 times 1 MiB: maps it, uses it and forgets it");
	for (int i = 0; i < 16; i++) {
		leaked = map_anonymous(MIB, PROT_READ | PROT_WRITE);
		memset(leaked, 1, MIB);
		usleep(20000);
	}
}

static void run_child(void)
{
	pid_t pid;
	int status;

	say("starts a child, which unmaps what it need not inherit and ends");
	pid = fork();
	if (pid < 0)
		must(NULL, "fork");
	if (pid == 0)
		_exit(munmap(leaked, MIB) ? 1 : 0);
	if (waitpid(pid, &status, 0) != pid || status)
		must(NULL, "the child");
}

static void fail(void)
{
	say("asks for more than there can be: mmap fails with ENOMEM");
	if (mmap(NULL, 1UL << 47, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		say("  which did not fail");
}

int main(void)
{
	grow_heap();
	allocate_large();
	map_files();
	change_protections();
	lock_memory();
	give_back();
	leak();
	run_child();
	fail();
	say("ends");
	return 0;
}
