/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls mmap() from generated code whose /tmp/perf-PID.map is what its argument
 * says: one that is right, or one that nobody should read to its end.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "work.h"

#if defined(__x86_64__)
/* mmap(NULL, PAGE, RW, ANON, -1, 0), in a frame that rbp points to. */
static const unsigned char code[] = {
	0x55, 0x48, 0x89, 0xe5,                   /* push rbp; mov rbp, rsp */
	0x31, 0xff,                               /* xor edi, edi */
	0xbe, 0x00, 0x10, 0x00, 0x00,             /* mov esi, 4096 */
	0xba, 0x03, 0x00, 0x00, 0x00,             /* mov edx, 3 */
	0x41, 0xba, 0x22, 0x00, 0x00, 0x00,       /* mov r10d, 0x22 */
	0x49, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, /* mov r8, -1 */
	0x45, 0x31, 0xc9,                         /* xor r9d, r9d */
	0xb8, 0x09, 0x00, 0x00, 0x00,             /* mov eax, 9 */
	0x0f, 0x05,                               /* syscall */
	0x5d, 0xc3,                               /* pop rbp; ret */
};

static char path[64], line[128];
static int len;

static int make_file(mode_t mode)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, mode);

	MUST(fd >= 0);
	return fd;
}

static void write_all(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(fd, text, n);

		MUST(done > 0);
		text += done;
		n -= (size_t)done;
	}
}

/* 70 MB in which each byte is there: lines that are right, or one that does not end. */
static void fill(int fd, char byte)
{
	static char block[1 << 20];

	memset(block, byte, sizeof(block));
	for (int i = 0; i < 70; i++)
		write_all(fd, block, sizeof(block));
}

static void make_map(const char *how)
{
	int fd;

	if (!strcmp(how, "fifo")) {
		MUST(!mkfifo(path, 0644));
		return;
	}
	if (!strcmp(how, "link")) {
		/* What it leads to is right, and another's to show or to hide. */
		fd = make_file(0644);
		write_all(fd, line, (size_t)len);
		MUST(!rename(path, "/tmp/memtrace-perf-map-target"));
		MUST(!symlink("/tmp/memtrace-perf-map-target", path));
		return;
	}
	fd = make_file(0644);
	write_all(fd, line, (size_t)len);
	if (!strcmp(how, "sparse"))
		MUST(!ftruncate(fd, 1l << 30));
	else if (!strcmp(how, "full"))
		fill(fd, '\n');
	else if (!strcmp(how, "endless"))
		fill(fd, 'a');
	else if (!strcmp(how, "owner"))
		MUST(!fchown(fd, 12345, 12345));
	close(fd);
}

int main(int argc, char **argv)
{
	void *generated = mmap(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0);
	const char *how = argc > 1 ? argv[1] : "right";

	MUST(generated != MAP_FAILED);
	MUST(!prctl(PR_SET_NAME, how));
	memcpy(generated, code, sizeof(code));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	len = snprintf(line, sizeof(line), "%lx 1000 named_by_map\n", (unsigned long)generated);
	unlink(path);
	make_map(how);
	for (int i = 0; i < 3; i++) {
		((void (*)(void))generated)();
		/* Who traces us reads it when it has come to that call. */
		usleep(200000);
	}
	unlink(path);
	unlink("/tmp/memtrace-perf-map-target");
	return 0;
}
#else
int main(void)
{
	return 0;
}
#endif
