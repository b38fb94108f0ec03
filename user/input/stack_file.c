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
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc.h"

/*
 * Paths are what strangers make of them, and who opens a device or a fifo does something to
 * it: a watchdog begins to count, a writer sees its reader. So it is found first, and opened
 * when it is known to be a regular file.
 */
#define FIND (O_PATH | O_CLOEXEC)

/* The mapped file itself, whatever became of its path; takes CAP_CHECKPOINT_RESTORE (proc(5)). */
static int find_mapped(const struct stack_file *file)
{
	char path[96];
	int at;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, file->tid,
		 file->start, file->end);
	at = open(path, FIND);
	return at < 0 ? -errno : at;
}

static int find_in_root(pid_t tid, const char *path)
{
	struct open_how how = { .flags = FIND | O_NOFOLLOW,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	char root[64];
	int dir, at;

	snprintf(root, sizeof(root), "/proc/%d/root", tid);
	dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	at = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (at < 0)
		at = -errno;
	close(dir);
	return at;
}

/* Maps name no links: one that is there now is another file. */
static int find_here(const char *path)
{
	int at = open(path, FIND | O_NOFOLLOW);

	return at < 0 ? -errno : at;
}

/* Devices are not compared: on overlayfs and btrfs stat(2) shows others than maps do. */
static bool is_same(const struct stat *st, const struct stack_file *file)
{
	return st->st_size <= (off_t)STACK_FILE_BYTES_MAX && st->st_ino == file->ino;
}

/* What was found, and is file (NULL: any), for reading; takes the descriptor it was found by. */
static int open_found(int at, const struct stack_file *file)
{
	int fd = -ESTALE;
	struct stat st;
	char path[64];

	if (at < 0)
		return at;
	if (!fstat(at, &st) && S_ISREG(st.st_mode) && (!file || is_same(&st, file))) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", at);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd < 0)
			fd = -errno;
	}
	close(at);
	return fd;
}

int stack_file__open_in_root(pid_t tid, const char *path)
{
	return open_found(find_in_root(tid, path), NULL);
}

int stack_file__open(const struct stack_file *file)
{
	int fd = open_found(find_mapped(file), file);

	if (fd < 0 && *file->path == '/')
		fd = open_found(find_in_root(file->tid, file->path), file);
	/* It may have ended. */
	if (fd < 0 && *file->path == '/')
		fd = open_found(find_here(file->path), file);
	return fd;
}

int stack_process__read(pid_t tid, struct stack_process *ret)
{
	char text[512], *own;
	unsigned int uid;
	int err;

	err = proc__status(tid, "Uid", text, sizeof(text));
	if (err)
		return err;
	if (sscanf(text, "%u", &uid) != 1)
		return -EBADMSG;
	ret->uid = uid;
	/* "1234\t7": one for each namespace, its own last. */
	err = proc__status(tid, "NStgid", text, sizeof(text));
	if (err)
		return err;
	own = strrchr(text, '\t');
	return sscanf(own ? own : text, "%d", &ret->own_pid) == 1 ? 0 : -EBADMSG;
}
