// SPDX-License-Identifier: GPL-2.0
/*
 * Files that strangers name: a regular one is opened, wherever it is found; of what
 * is none it is not even tried, for to open a device or a fifo does something to it.
 * And whose they are.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "input/proc.h"
#include "input/stack_file.h"

static char dir[PATH_MAX / 2];

static const char *in_dir(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int make_dir(void **state)
{
	char made[] = "/tmp/memtrace-test-XXXXXX", target[PATH_MAX];
	int fd;

	(void)state;
	/* As maps would name it. */
	if (!mkdtemp(made) || !realpath(made, dir))
		return -1;
	fd = open(in_dir("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "text", 4) != 4 || close(fd) || mkfifo(in_dir("fifo"), 0600))
		return -1;
	strcpy(target, in_dir("fifo"));
	if (symlink(target, in_dir("to-fifo")) || symlink("/dev/null", in_dir("to-null")))
		return -1;
	strcpy(target, in_dir("file"));
	return symlink(target, in_dir("to-file"));
}

static int remove_dir(void **state)
{
	static const char *const names[] = { "file", "fifo", "to-fifo", "to-null", "to-file" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_dir(names[i]));
	return rmdir(dir);
}

static pid_t ended(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

/* As if tid had mapped what the path leads to. */
static int open_as(pid_t tid, const char *path)
{
	struct stack_file file = { .tid = tid, .start = 0x1000, .end = 0x2000, .path = path };
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	file.ino = st.st_ino;
	return stack_file__open(&file);
}

static void expect_text(int fd)
{
	char text[8];

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_memory_equal(text, "text", 4);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void regular(void **state)
{
	struct stack_file other = { .tid = getpid(), .path = in_dir("file") };

	(void)state;
	expect_text(open_as(getpid(), in_dir("file")));
	expect_text(open_as(ended(), in_dir("file")));
	expect_text(stack_file__open_in_root(getpid(), in_dir("file")));
	assert_int_equal(stack_file__open(&other), -ESTALE);
	assert_int_equal(stack_file__open_in_root(getpid(), in_dir("none")), -ENOENT);
	assert_true(open_as(getpid(), in_dir("to-file")) < 0);
	assert_true(open_as(ended(), in_dir("to-file")) < 0);
	assert_true(stack_file__open_in_root(getpid(), in_dir("to-file")) < 0);
}

static void devices(void **state)
{
	(void)state;
	assert_int_equal(open_as(getpid(), "/dev/null"), -ESTALE);
	assert_int_equal(open_as(ended(), "/dev/null"), -ESTALE);
	assert_int_equal(open_as(ended(), in_dir("to-null")), -ESTALE);
	assert_int_equal(stack_file__open_in_root(getpid(), "/dev/null"), -ESTALE);
	assert_true(stack_file__open_in_root(getpid(), in_dir("to-null")) < 0);
	assert_int_equal(stack_file__open_in_root(getpid(), dir), -ESTALE);
}

/* Who waits for a reader; what he writes to seen once he has met one. */
static pid_t writer(int seen)
{
	struct proc_stat stat = { 0 };
	pid_t pid = fork();
	int i;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (open(in_dir("fifo"), O_WRONLY | O_CLOEXEC) >= 0 && write(seen, "!", 1) == 1)
			pause();
		_exit(1);
	}
	for (i = 0; i < 10000 && stat.state != 'S'; i++) {
		assert_int_equal(proc__stat(pid, &stat), 0);
		usleep(1000);
	}
	assert_int_equal(stat.state, 'S');
	return pid;
}

static void fifos(void **state)
{
	struct pollfd seen = { .events = POLLIN };
	int ends[2], i;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	seen.fd = ends[0];
	pid = writer(ends[1]);
	assert_int_equal(open_as(getpid(), in_dir("fifo")), -ESTALE);
	assert_int_equal(open_as(ended(), in_dir("fifo")), -ESTALE);
	assert_int_equal(open_as(ended(), in_dir("to-fifo")), -ESTALE);
	i = stack_file__open_in_root(getpid(), in_dir("fifo"));
	/* He would have been woken up by now, also by one that is closed again. */
	assert_int_equal(poll(&seen, 1, 300), 0);
	assert_int_equal(i, -ESTALE);
	assert_int_equal(open(in_dir("fifo"), O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
	assert_int_equal(errno, ENXIO);
	/* And he does see a reader. */
	i = open(in_dir("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(poll(&seen, 1, 10000), 1);
	close(i);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
	close(ends[1]);
}

/* More groups than anybody has: they come before what is read. */
static pid_t with_groups(void)
{
	static gid_t groups[20000];
	int ends[2];
	pid_t pid;
	char good;
	size_t i;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		groups[i] = 1000000000 + (gid_t)i;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		good = !setgroups(i, groups);
		if (write(ends[1], &good, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], &good, 1), 1);
	close(ends[0]);
	close(ends[1]);
	if (good)
		return pid;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

static void many_groups(void **state)
{
	const struct rlimit least = { 4096, 4096 };
	struct stack_process process, own;
	struct mt_limits limits, own_limits;
	pid_t pid, tgid;

	(void)state;
	/* A capability that is seen lifts it (CAP_IPC_LOCK). */
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &least), 0);
	pid = with_groups();
	if (pid < 0)
		skip();
	assert_int_equal(proc__tgid(pid, &tgid), 0);
	assert_int_equal(tgid, pid);
	assert_int_equal(proc__limits(getpid(), &own_limits), 0);
	assert_int_equal(proc__limits(pid, &limits), 0);
	assert_int_equal(limits.memlock, own_limits.memlock);
	assert_int_equal(stack_process__read(getpid(), &own), 0);
	assert_int_equal(own.own_pid, getpid());
	assert_int_equal(own.uid, geteuid());
	assert_int_equal(stack_process__read(pid, &process), 0);
	assert_int_equal(process.own_pid, pid);
	assert_int_equal(process.uid, own.uid);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(stack_process__read(pid, &process), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regular),
		cmocka_unit_test(devices),
		cmocka_unit_test(fifos),
		cmocka_unit_test(many_groups),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
