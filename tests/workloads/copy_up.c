/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps the file $WORK_DIR/data before and after it was opened for writing: an
 * overlay has another file then for the same name (fs/overlayfs/copy_up.c).
 * Anywhere else it is one file.
 */
#define _GNU_SOURCE
#include "work.h"

static int data(const char *dir, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/data", dir);
	fd = open(path, flags | O_CLOEXEC);
	MUST(fd >= 0);
	return fd;
}

static void map(int fd, long prot, long flags, long page)
{
	MUST(W(mmap, 0, 2 * PAGE, prot, flags, fd, page * PAGE) > 0);
	work__checkpoint();
}

static void map_nameless(const char *dir)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/gone", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	MUST(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0 && unlink(path) == 0);
	map(fd, RW, MAP_SHARED, 0);
	close(fd);
}

int main(void)
{
	const char *dir = getenv("WORK_DIR");
	char path[512];
	int before, after, new;
	pid_t pid;

	work__begin();
	if (!dir)
		work__skip("no WORK_DIR");
	before = data(dir, O_RDONLY);
	map(before, PROT_READ, MAP_PRIVATE, 0);
	map(before, PROT_READ, MAP_SHARED, 1);
	after = data(dir, O_RDWR);
	MUST(pwrite(after, "x", 1, PAGE) == 1);
	map(after, RW, MAP_SHARED, 0);
	map(before, PROT_READ, MAP_PRIVATE, 2);
	snprintf(path, sizeof(path), "%s/new\nfile", dir);
	new = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	MUST(new >= 0 && ftruncate(new, 4 * PAGE) == 0);
	map(new, RW, MAP_PRIVATE, 1);
	map_nameless(dir);
	pid = fork();
	if (pid == 0) {
		map(after, PROT_READ, MAP_PRIVATE, 1);
		_exit(0);
	}
	work__reap(pid);
	MUST(unlink(path) == 0);
	return 0;
}
