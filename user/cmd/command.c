// SPDX-License-Identifier: GPL-2.0
/* Forks, holds, execs and reaps COMMAND. Knows nothing of tracing. */
#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int become(const char *user)
{
	const struct passwd *pw;

	if (!user)
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (!pw)
		return errno ? errno : ENOENT;
	if (initgroups(user, pw->pw_gid) || setgid(pw->pw_gid) || setuid(pw->pw_uid))
		return errno;
	return 0;
}

/* In the child; does not return. */
static void run(char **argv, const char *user, int go_fd, int status_fd)
{
	char byte;
	ssize_t n;
	int err;

	/* Found before we wait: the name service may map files, and is not COMMAND's. */
	err = become(user);
	do
		n = read(go_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(125);
	if (!err) {
		execvp(argv[0], argv);
		err = errno;
	}
	n = write(status_fd, &err, sizeof(err));
	(void)n;
	_exit(127);
}

int command__prepare(struct command *c, char **argv, const char *user)
{
	int go[2], status[2], err;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(status, O_CLOEXEC)) {
		err = -errno;
		goto close_go;
	}
	pid = fork();
	if (pid < 0) {
		err = -errno;
		goto close_status;
	}
	if (!pid) {
		close(go[1]);
		close(status[0]);
		run(argv, user, go[0], status[1]);
	}
	close(go[0]);
	close(status[1]);
	*c = (struct command){ .pid = pid, .go_fd = go[1], .status_fd = status[0] };
	return 0;
close_status:
	close(status[0]);
	close(status[1]);
close_go:
	close(go[0]);
	close(go[1]);
	return err;
}

int command__go(struct command *c)
{
	int err = 0;
	ssize_t n;

	do
		n = write(c->go_fd, "g", 1);
	while (n < 0 && errno == EINTR);
	close(c->go_fd);
	c->go_fd = -1;
	do
		n = read(c->status_fd, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	close(c->status_fd);
	c->status_fd = -1;
	if (n != sizeof(err))
		return 0;
	waitpid(c->pid, &c->wait_status, 0);
	c->ended = true;
	return -err;
}

bool command__reap(struct command *c)
{
	if (!c->ended && waitpid(c->pid, &c->wait_status, WNOHANG) == c->pid)
		c->ended = true;
	return c->ended;
}

void command__cancel(struct command *c)
{
	if (c->go_fd < 0 || c->ended)
		return;
	close(c->go_fd);
	close(c->status_fd);
	c->go_fd = c->status_fd = -1;
	waitpid(c->pid, &c->wait_status, 0);
	c->ended = true;
}

int command__exit_status(const struct command *c)
{
	if (WIFSIGNALED(c->wait_status))
		return 128 + WTERMSIG(c->wait_status);
	return WEXITSTATUS(c->wait_status);
}
