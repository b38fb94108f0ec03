// SPDX-License-Identifier: GPL-2.0
/* See stack_file.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "stack_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A fifo must not make us wait, nor a terminal become ours. */
#define FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* The mapped file itself, whatever became of its path; takes CAP_CHECKPOINT_RESTORE (proc(5)). */
static int open_mapped(const struct stack_file *file)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, file->tid,
		 file->start, file->end);
	fd = open(path, FLAGS);
	return fd < 0 ? -errno : fd;
}

int stack_file__open_in_root(pid_t tid, const char *path)
{
	struct open_how how = { .flags = FLAGS | O_NOFOLLOW,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	char root[64];
	int dir, fd;

	snprintf(root, sizeof(root), "/proc/%d/root", tid);
	dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(dir);
	return fd;
}

static int open_here(const char *path)
{
	int fd = open(path, FLAGS);

	return fd < 0 ? -errno : fd;
}

/* Devices are not compared: on overlayfs and btrfs stat(2) shows others than maps do. */
static int checked(int fd, const struct stack_file *file)
{
	struct stat st;

	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= (off_t)STACK_FILE_BYTES_MAX &&
	    st.st_ino == file->ino)
		return fd;
	close(fd);
	return -ESTALE;
}

int stack_file__open(const struct stack_file *file)
{
	int fd = checked(open_mapped(file), file);

	if (fd < 0 && *file->path == '/')
		fd = checked(stack_file__open_in_root(file->tid, file->path), file);
	/* It may have ended. */
	if (fd < 0 && *file->path == '/')
		fd = checked(open_here(file->path), file);
	return fd;
}

int stack_process__read(pid_t tid, struct stack_process *ret)
{
	char path[64], text[4096], *at;
	unsigned int uid;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EBADMSG;
	text[n] = '\0';
	at = strstr(text, "\nUid:\t");
	if (!at || sscanf(at, "\nUid:\t%u", &uid) != 1)
		return -EBADMSG;
	ret->uid = uid;
	/* "NStgid:\t1234\t7": one for each namespace, its own last. */
	at = strstr(text, "\nNStgid:");
	if (!at)
		return -EBADMSG;
	at[strcspn(at + 1, "\n") + 1] = '\0';
	at = strrchr(at, '\t');
	return at && sscanf(at, "%d", &ret->own_pid) == 1 ? 0 : -EBADMSG;
}
