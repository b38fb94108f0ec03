/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that the harness starts and watches, and the files that they write.
 * Knows nothing of what they mean.
 */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 2

void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

int64_t now_ms(void)
{
	const char *slowness = getenv("SLOWNESS");
	int times = slowness ? atoi(slowness) : 1;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec * 1000LL + t.tv_nsec / 1000000) / (times > 0 ? times : 1);
}

static void redirect(int fd, const char *path, int flags)
{
	int file = open(path, flags, 0644);

	if (file < 0 || dup2(file, fd) < 0)
		_exit(127);
	close(file);
}

int child__start(struct child *c, const struct place *at, const char *name,
		 const char *const argv[], const char *env)
{
	*c = (struct child){ 0 };
	snprintf(c->out, sizeof(c->out), "%s/%s.out", at->tmp, name);
	snprintf(c->err, sizeof(c->err), "%s/%s.err", at->tmp, name);
	fflush(stdout);
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (c->pid > 0)
		return 0;
	redirect(STDIN_FILENO, "/dev/null", O_RDONLY);
	redirect(STDOUT_FILENO, c->out, O_WRONLY | O_CREAT | O_TRUNC);
	redirect(STDERR_FILENO, c->err, O_WRONLY | O_CREAT | O_TRUNC);
	if (env)
		putenv((char *)env);
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

bool child__ended(struct child *c, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;

	while (!c->ended) {
		if (waitpid(c->pid, &c->status, WNOHANG) == c->pid)
			c->ended = true;
		else if (now_ms() >= end)
			return false;
		else
			sleep_ms(POLL_MS);
	}
	return true;
}

void child__kill(struct child *c)
{
	if (c->ended || c->pid <= 0)
		return;
	kill(c->pid, SIGKILL);
	waitpid(c->pid, &c->status, 0);
	c->ended = true;
}

int child__code(const struct child *c)
{
	return WIFSIGNALED(c->status) ? 128 + WTERMSIG(c->status) : WEXITSTATUS(c->status);
}

/* The third field of /proc/PID/stat; the second ends with the last ')'. */
static char task_state(pid_t pid, const char *tid)
{
	char path[320], text[512], *end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", pid, tid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	text[len] = 0;
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

int process__stopped(pid_t pid)
{
	struct dirent *entry;
	char path[64], state;
	int ret = 'Z';
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && ret > 0) {
		if (entry->d_name[0] == '.')
			continue;
		state = task_state(pid, entry->d_name);
		/* A thread that has ended is no thread to wait for. */
		if (state == 'T' || state == 't')
			ret = 'T';
		else if (state && state != 'Z' && state != 'X')
			ret = 0;
	}
	closedir(dir);
	return ret;
}

bool process__wait_stopped(pid_t pid, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	int ret;

	while ((ret = process__stopped(pid)) == 0 && now_ms() < end)
		sleep_ms(POLL_MS);
	return ret == 'T';
}

char *file__read(const char *path, off_t offset, size_t *ret_len)
{
	size_t len = 0, room = 65536;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	if (fd >= 0 && text && lseek(fd, offset, SEEK_SET) == offset) {
		while ((got = read(fd, text + len, room - len - 1)) > 0) {
			len += got;
			if (len + 1 < room)
				continue;
			room *= 2;
			text = realloc(text, room);
			if (!text)
				abort();
		}
	}
	if (fd >= 0)
		close(fd);
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[len] = 0;
	if (ret_len)
		*ret_len = len;
	return text;
}

bool file__wait_for(const char *path, const char *text, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	bool found = false;
	char *all;

	for (;;) {
		all = file__read(path, 0, NULL);
		found = all && strstr(all, text);
		free(all);
		if (found || now_ms() >= end)
			return found;
		sleep_ms(10);
	}
}
