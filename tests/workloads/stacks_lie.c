/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes calls from stacks that lie and from code that is not what its file says:
 * what unwinds them must neither loop nor fall. Told to the terminal by name, too.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include "work.h"

#define AREA (64 * PAGE)
#define CODE_AT 2048 /* in the page of code: the file's head is before it */

#if defined(__x86_64__)
/* mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) on the stack that rdi names. */
static const unsigned char code[] = {
	0x55, 0x53,                               /* push rbp; push rbx */
	0x48, 0x89, 0xe3,                         /* mov rbx, rsp */
	0x48, 0x89, 0xfc,                         /* mov rsp, rdi */
	0x48, 0x89, 0xf5,                         /* mov rbp, rsi */
	0x31, 0xff,                               /* xor edi, edi */
	0xbe, 0x00, 0x10, 0x00, 0x00,             /* mov esi, 4096 */
	0xba, 0x03, 0x00, 0x00, 0x00,             /* mov edx, 3 */
	0x41, 0xba, 0x22, 0x00, 0x00, 0x00,       /* mov r10d, 0x22 */
	0x49, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, /* mov r8, -1 */
	0x45, 0x31, 0xc9,                         /* xor r9d, r9d */
	0xb8, 0x09, 0x00, 0x00, 0x00,             /* mov eax, 9 */
	0x0f, 0x05,                               /* syscall */
	0x48, 0x89, 0xdc,                         /* mov rsp, rbx */
	0x5b, 0x5d, 0xc3,                         /* pop rbx; pop rbp; ret */
};
typedef void (*lie_fn)(void *sp, void *fp);

static char *area;

static void *fill(unsigned long word)
{
	unsigned long *at = (unsigned long *)area;

	for (size_t i = 0; i < AREA / sizeof(*at); i++)
		at[i] = word;
	return area + AREA / 2;
}

/* From this code: on stacks full of one address, of pointers to themselves, and without one. */
static void lie(lie_fn call)
{
	unsigned long *sp;

	call(fill((unsigned long)call + 10), area);
	call(fill((unsigned long)lie + 20), area + AREA / 2);
	sp = fill((unsigned long)area + AREA / 2);
	call(sp, sp);
	sp[0] = (unsigned long)sp;
	sp[1] = (unsigned long)call + 30;
	call(sp, sp);
	sp = fill(~0ul);
	call(sp, (void *)~7ul);
	call(area + AREA - 8, area + AREA - 8);
	call((void *)8, (void *)8);
	call((void *)0x7ffffffffff8, NULL);
	call((void *)0xffffffff81000000, NULL);
}

/* A copy of our own file, bytes of it changed at random, with our code in it. */
static void lie_from_file(unsigned int seed)
{
	int self = open("/proc/self/exe", O_RDONLY), fd = memfd_create("corrupt", 0);
	static char bytes[1 << 17];
	ssize_t n = read(self, bytes, sizeof(bytes));
	void *at;

	MUST(n > 4 * PAGE);
	for (int i = 0; i < 40; i++)
		bytes[rand_r(&seed) % (i % 2 ? 1024u : (unsigned int)n)] = (char)rand_r(&seed);
	memcpy(bytes + CODE_AT, code, sizeof(code));
	MUST(write(fd, bytes, (size_t)n) == n);
	at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	MUST(at != MAP_FAILED);
	lie((lie_fn)((char *)at + CODE_AT));
	/* Shorter than what is mapped of it. */
	MUST(!ftruncate(fd, PAGE));
	lie((lie_fn)((char *)at + CODE_AT));
	close(self);
	close(fd);
}

/* A perf map of 1 GiB, and then one with names to steer a terminal by. */
static void lie_by_map(void *generated)
{
	char path[64], line[128];
	int fd, n;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	MUST(fd >= 0);
	MUST(!ftruncate(fd, 1l << 30));
	lie((lie_fn)generated);
	MUST(!ftruncate(fd, 0));
	n = snprintf(line, sizeof(line), "%lx 1000 \033[31mred\a\n\nzz\n", (unsigned long)generated);
	MUST(write(fd, line, (size_t)n) == n);
	usleep(1200000); /* it is looked at once a second */
	lie((lie_fn)generated);
	/* Who traces us reads it when it has come to that call. */
	usleep(300000);
	unlink(path);
	close(fd);
}

int main(void)
{
	void *generated = mmap(NULL, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	area = mmap(NULL, AREA, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(area != MAP_FAILED && generated != MAP_FAILED);
	prctl(PR_SET_NAME, "\033[2J\a\r\n");
	memcpy(generated, code, sizeof(code));
	for (unsigned int i = 0; i < 40; i++)
		lie_from_file(i);
	lie_by_map(generated);
	return 0;
}
#else
int main(void)
{
	return 0;
}
#endif
