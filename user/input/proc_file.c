// SPDX-License-Identifier: GPL-2.0
/* See proc_file.h. */
#include "proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DELETED " (deleted)" /* fs/d_path.c, path_with_deleted() */

static bool ends_in_deleted(const char *text, size_t len)
{
	return len >= strlen(DELETED) &&
	       !memcmp(text + len - strlen(DELETED), DELETED, strlen(DELETED));
}

/*
 * 1: there is no such file, or another one; 0: there is; or -errno. Numbers count only on
 * the same device: of overlayfs and btrfs stat(2) tells another one than maps do.
 */
static int is_other(const char *root, const struct mapped_file *file)
{
	char path[PATH_MAX];
	struct stat st;

	if ((size_t)snprintf(path, sizeof(path), "%s%s", root, file->name) >= sizeof(path))
		return -ENAMETOOLONG;
	if (lstat(path, &st))
		return errno == ENOENT || errno == ENOTDIR ? 1 : -errno;
	return major(st.st_dev) == file->dev_major && minor(st.st_dev) == file->dev_minor &&
	       st.st_ino != file->ino;
}

/* By its name, in the process's root and in ours: maps are printed as seen from ours. */
static int gone_by_name(pid_t pid, const struct mapped_file *file)
{
	const struct mapped_file top = { .name = "/" };
	char root[64];
	int other;

	if (strchr(file->name, '\\'))
		return -EINVAL;
	snprintf(root, sizeof(root), "/proc/%d/root", (int)pid);
	other = is_other(root, file);
	if (other == 1)
		other = is_other("", file);
	/* Where the process is gone everything is. */
	return other == 1 && is_other(root, &top) ? -ESRCH : other;
}

int proc_file__gone(pid_t pid, const struct mapped_file *file)
{
	char path[128], to[PATH_MAX + sizeof(DELETED)];
	ssize_t n;

	/* Needs CAP_CHECKPOINT_RESTORE, and the very bounds: fs/proc/base.c. */
	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid,
		 file->start, file->end);
	n = readlink(path, to, sizeof(to));
	if (n >= 0)
		return ends_in_deleted(to, (size_t)n);
	return gone_by_name(pid, file);
}
