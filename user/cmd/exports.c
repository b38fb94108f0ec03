// SPDX-License-Identifier: GPL-2.0
/* See exports.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "exports.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "complain.h"
#include "output/folded.h"
#include "output/pprof.h"
#include "privileges.h"
#include "util/escape.h"

static int failed(const char *path, int err)
{
	char safe[ESCAPE_ROOM(1024)];

	escape__bytes(safe, sizeof(safe), path, strnlen(path, 1024), 0);
	complain("cannot write to %s: %s", safe, strerror(-err));
	return err;
}

/* A new file has the mode that open(2) would give it; another's owner and mode stay. */
static void take_over(int fd, const struct stat *was)
{
	mode_t mask;

	if (was) {
		/* Without the privilege it becomes ours, as with any editor. */
		if (!fchown(fd, was->st_uid, was->st_gid) || was->st_uid == geteuid())
			fchmod(fd, was->st_mode & 0777);
		return;
	}
	mask = umask(0);
	umask(mask);
	fchmod(fd, 0666 & ~mask);
}

/* Beside the file, so that rename(2) puts it in its place. */
static int open_temporary(struct export_file *f, const struct stat *was)
{
	if (asprintf(&f->temporary, "%s.XXXXXX", f->path) < 0) {
		f->temporary = NULL;
		return -ENOMEM;
	}
	f->fd = mkostemp(f->temporary, O_CLOEXEC);
	if (f->fd < 0) {
		int err = -errno;

		free(f->temporary);
		f->temporary = NULL;
		return err;
	}
	take_over(f->fd, was);
	return 0;
}

/* Our own output by another name, as /dev/stdout is: a descriptor of it, or -1. */
static int same_output(int fd)
{
	struct stat st, out;

	if (fstat(fd, &st))
		return -1;
	for (int own = STDOUT_FILENO; own <= STDERR_FILENO; own++)
		if (!fstat(own, &out) && out.st_dev == st.st_dev && out.st_ino == st.st_ino)
			return own;
	return -1;
}

/*
 * Devices, pipes and links are written to and not replaced: /dev/null, /dev/stdout.
 * What is our own output as well is written behind what stands there.
 */
static int open_in_place(struct export_file *f)
{
	int own;

	f->fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (f->fd < 0)
		return -errno;
	own = same_output(f->fd);
	f->appends = own >= 0;
	if (f->appends) {
		close(f->fd);
		f->fd = fcntl(own, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	}
	return f->fd < 0 ? -errno : 0;
}

static int open_file(struct export_file *f)
{
	struct stat st;
	int err;

	if (lstat(f->path, &st))
		err = errno == ENOENT ? open_temporary(f, NULL) : -errno;
	else if (S_ISREG(st.st_mode))
		err = open_temporary(f, &st);
	else
		err = open_in_place(f);
	return err ? failed(f->path, err) : 0;
}

/* Kept bytes have a file of their own, unless there is no room for a name: a pipe. */
static int open_folded(struct exports *e, const char *path)
{
	int err;

	e->allocated.path = path;
	err = open_file(&e->allocated);
	if (err || !e->allocated.temporary)
		return err;
	if (asprintf(&e->kept.own_path, "%s.kept", path) < 0) {
		e->kept.own_path = NULL;
		return failed(path, -ENOMEM);
	}
	e->kept.path = e->kept.own_path;
	return open_file(&e->kept);
}

int exports__open(struct exports *e, const struct trace_options *opts)
{
	int err = 0;

	*e = (struct exports){ .allocated.fd = -1, .kept.fd = -1, .pprof.fd = -1 };
	if (!opts->folded && !opts->pprof)
		return 0;
	e->ledger = ledger__new();
	if (!e->ledger) {
		complain("out of memory");
		return -ENOMEM;
	}
	if (opts->folded)
		err = open_folded(e, opts->folded);
	if (!err && opts->pprof) {
		e->pprof.path = opts->pprof;
		err = open_file(&e->pprof);
	}
	return err;
}

/* In whose directory a file is to get its name: path_resolution(7), sticky bits. */
static unsigned int privileges_for(const struct export_file *f)
{
	const char *slash = f->temporary ? strrchr(f->temporary, '/') : NULL;
	struct stat dir, was;
	char *path;
	int err;

	if (!f->temporary)
		return 0;
	path = slash ? strndup(f->temporary, (size_t)(slash - f->temporary) + 1) : strdup(".");
	err = path ? stat(path, &dir) : -1;
	free(path);
	if (err || dir.st_uid != geteuid())
		return PRIVILEGE_FILES;
	return !lstat(f->path, &was) && was.st_uid != geteuid() ? PRIVILEGE_FILES : 0;
}

unsigned int exports__privileges(const struct exports *e)
{
	return privileges_for(&e->allocated) | privileges_for(&e->kept) | privileges_for(&e->pprof);
}

/* All of it has been written to fd. */
static int put_in_place(struct export_file *f)
{
	int err = 0;

	/* Some file systems tell only now that there is no room. */
	if (close(f->fd))
		err = -errno;
	f->fd = -1;
	if (!err && f->temporary && rename(f->temporary, f->path))
		err = -errno;
	if (err)
		return err;
	free(f->temporary);
	f->temporary = NULL;
	return 0;
}

static int write_folded(struct export_file *f, const struct exports *e,
			const struct stacks *stacks)
{
	int copy = dup(f->fd), err;
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");

	if (!out) {
		err = -errno;
		if (copy >= 0)
			close(copy);
		return err;
	}
	err = folded__write(out, e->ledger, stacks, f == &e->kept);
	fclose(out);
	return err;
}

static int write_pprof(struct export_file *f, const struct exports *e,
		       const struct summary *sum, const struct start_info *start)
{
	const struct stacks_summary *stacks = &sum->stacks;
	struct pprof_info info = {
		.wall_ns = start->wall_ns,
		.duration_ns = sum->duration_ns,
		.period = stacks->unwound ? stacks->bytes_asked / stacks->unwound : 0,
	};
	char comment[256];

	snprintf(comment, sizeof(comment),
		 "memtrace %s, tier %s: %" PRIu64 " calls seen, %" PRIu64
		 " lost; stacks of %" PRIu64 " of %" PRIu64 " calls that asked for memory",
		 start->version, sum->tier, sum->seen, sum->lost, stacks->unwound, stacks->asked);
	info.comment = comment;
	return pprof__write(f->fd, e->ledger, start->stacks, &info);
}

int exports__write(struct exports *e, const struct summary *sum,
		   const struct start_info *start)
{
	struct export_file *files[] = { &e->allocated, &e->kept, &e->pprof };
	int err, first = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		/* Kept bytes would tell of the same disk. */
		if (files[i]->fd < 0 || (files[i] == &e->kept && first))
			continue;
		/* It was a device, or a link to a file that is longer. */
		if (!files[i]->temporary && !files[i]->appends && ftruncate(files[i]->fd, 0) &&
		    errno != EINVAL)
			failed(files[i]->path, -errno);
		err = files[i] == &e->pprof ? write_pprof(files[i], e, sum, start) :
					      write_folded(files[i], e, start->stacks);
		if (!err)
			err = put_in_place(files[i]);
		if (err)
			failed(files[i]->path, err);
		first = first ? first : err;
	}
	return first;
}

static void close_file(struct export_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->temporary)
		unlink(f->temporary);
	free(f->temporary);
	free(f->own_path);
	*f = (struct export_file){ .fd = -1 };
}

void exports__close(struct exports *e)
{
	close_file(&e->allocated);
	close_file(&e->kept);
	close_file(&e->pprof);
	ledger__free(e->ledger);
	e->ledger = NULL;
}
