// SPDX-License-Identifier: GPL-2.0
/*
 * Small readers of /proc. Each opens, reads once, checks, closes; nothing is
 * kept. Must not know what the values are wanted for.
 */
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* PF_KTHREAD of include/linux/sched.h, in field 9 of /proc/PID/stat. */
#define TASK_IS_KTHREAD 0x00200000

ssize_t file__read(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	buf[len] = '\0';
	return err ? err : (ssize_t)len;
}

/* The number at *at in base, which a space, a newline or the end follows. */
static bool text__number(const char **at, int base, uint64_t *ret)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*ret = strtoull(*at, &end, base);
	if (errno || (*end && *end != ' ' && *end != '\n'))
		return false;
	*at = *end ? end + 1 : end;
	return true;
}

int file__number(const char *path, uint64_t *ret)
{
	char buf[64];
	const char *at = buf;
	ssize_t n = file__read(path, buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	return text__number(&at, 10, ret) ? 0 : -EBADMSG;
}

/* Field number `field` of text, whose first field has number `first`. */
static bool stat__field(const char *text, int first, int field, uint64_t *ret)
{
	for (; first < field; first++) {
		text = strchr(text, ' ');
		if (!text)
			return false;
		text++;
	}
	return text__number(&text, 10, ret);
}

int proc_stat__parse(const char *text, size_t len, struct proc_stat *ret)
{
	uint64_t parent, flags, threads, start_ticks, start_stack, start_brk;
	const char *name, *name_end;

	/* comm is the process's own choice and may hold ") S 1": the last ')' ends it. */
	if (strnlen(text, len + 1) != len)
		return -EBADMSG;
	name = strchr(text, '(');
	name_end = strrchr(text, ')');
	if (!name || !name_end || name_end < name || name_end[1] != ' ' || !name_end[2] ||
	    name_end[3] != ' ')
		return -EBADMSG;
	if (!stat__field(name_end + 2, 3, 4, &parent) ||
	    !stat__field(name_end + 2, 3, 9, &flags) ||
	    !stat__field(name_end + 2, 3, 20, &threads) ||
	    !stat__field(name_end + 2, 3, 22, &start_ticks) ||
	    !stat__field(name_end + 2, 3, 28, &start_stack) ||
	    !stat__field(name_end + 2, 3, 47, &start_brk))
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	escape__bytes(ret->comm, sizeof(ret->comm), name + 1, (size_t)(name_end - name - 1),
		      ESCAPE_BACKSLASH);
	ret->state = name_end[2];
	ret->parent = (pid_t)parent;
	ret->kernel_thread = flags & TASK_IS_KTHREAD;
	ret->threads = (uint32_t)threads;
	ret->start_ticks = start_ticks;
	ret->start_stack = start_stack;
	ret->start_brk = start_brk;
	return 0;
}

int proc__stat(pid_t pid, struct proc_stat *ret)
{
	char path[64], buf[2048];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = file__read(path, buf, sizeof(buf));
	return n < 0 ? (int)n : proc_stat__parse(buf, (size_t)n, ret);
}

/*
 * "running", "-1 SP PC" (blocked outside of a system call) or "NR and six
 * arguments, SP PC" (proc_pid_syscall(5)): the last but one either way.
 */
int proc__thread_sp(pid_t pid, pid_t tid, uint64_t *ret_sp)
{
	char path[64], buf[512], *at, *end;
	unsigned long long sp;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)pid, (int)tid);
	n = file__read(path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	if (!strncmp(buf, "running", 7))
		return -EAGAIN;
	at = strrchr(buf, ' ');
	if (!at)
		return -EBADMSG;
	*at = '\0';
	at = strrchr(buf, ' ');
	if (!at || strncmp(at + 1, "0x", 2))
		return -EBADMSG;
	errno = 0;
	sp = strtoull(at + 1, &end, 16);
	if (errno || *end)
		return -EBADMSG;
	*ret_sp = sp;
	return 0;
}

int proc__threads(pid_t pid, pid_t **ret_tids, size_t *ret_n)
{
	size_t n = 0, size = 0;
	struct dirent *entry;
	pid_t *tids = NULL;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		const char *at = entry->d_name;
		uint64_t tid;

		if (!text__number(&at, 10, &tid))
			continue;
		if (n == size) {
			pid_t *more = realloc(tids, (size ? size * 2 : 16) * sizeof(*tids));

			if (!more) {
				free(tids);
				closedir(dir);
				return -ENOMEM;
			}
			tids = more;
			size = size ? size * 2 : 16;
		}
		tids[n++] = (pid_t)tid;
	}
	closedir(dir);
	*ret_tids = tids;
	*ret_n = n;
	return 0;
}

/*
 * By lines: one of them has all the groups of a process, which may be 65,536 (NGROUPS_MAX),
 * and other lines follow it. Newlines in Name are escaped (fs/proc/array.c, proc_task_name).
 */
int proc__status(pid_t tid, const char *field, char *ret, size_t size)
{
	size_t len = strlen(field), room = 0;
	char path[64], *line = NULL;
	int err = -EBADMSG;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (err && getline(&line, &room, f) > 0) {
		if (strncmp(line, field, len) || strncmp(line + len, ":\t", 2))
			continue;
		snprintf(ret, size, "%s", line + len + 2);
		err = 0;
	}
	if (ferror(f))
		err = -errno;
	fclose(f);
	free(line);
	return err;
}

int proc__tgid(pid_t tid, pid_t *ret_tgid)
{
	const char *at;
	uint64_t tgid;
	char buf[32];
	int err;

	err = proc__status(tid, "Tgid", buf, sizeof(buf));
	if (err)
		return err;
	at = buf;
	if (!text__number(&at, 10, &tgid))
		return -EBADMSG;
	*ret_tgid = (pid_t)tgid;
	return 0;
}

/* "Max locked memory         8388608              unlimited            bytes" */
static bool limits__find(const char *text, const char *name, __u64 *ret)
{
	const char *at = strstr(text, name);
	uint64_t bytes = UINT64_MAX;
	bool found = at;

	if (at) {
		at += strlen(name);
		at += strspn(at, " ");
		if (strncmp(at, "unlimited", strlen("unlimited")))
			found = text__number(&at, 10, &bytes);
	}
	*ret = bytes;
	return found;
}

int proc_limits__parse(const char *text, struct mt_limits *ret)
{
	bool found = limits__find(text, "Max address space", &ret->as);

	found &= limits__find(text, "Max data size", &ret->data);
	found &= limits__find(text, "Max locked memory", &ret->memlock);
	found &= limits__find(text, "Max stack size", &ret->stack);
	return found ? 0 : -EBADMSG;
}

int proc__limits(pid_t pid, struct mt_limits *ret)
{
	char path[64], text[4096];
	const char *at;
	uint64_t caps;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	n = file__read(path, text, sizeof(text));
	if (n < 0 || proc_limits__parse(text, ret))
		return n < 0 ? (int)n : -EBADMSG;
	/* mm/mlock.c, can_do_mlock(): the limit is none to who has the capability. */
	if (!proc__status(pid, "CapEff", text, sizeof(text))) {
		at = text;
		if (text__number(&at, 16, &caps) && caps & 1ull << CAP_IPC_LOCK)
			ret->memlock = UINT64_MAX;
	}
	return 0;
}

int proc__max_map_count(uint64_t *ret)
{
	return file__number("/proc/sys/vm/max_map_count", ret);
}

/* memory.max of a cgroup, and of those above it: "max" is no number, and no limit. */
static void cgroup__limit(char *path, size_t root_len, uint64_t *bytes)
{
	uint64_t max;

	for (;;) {
		size_t len = strlen(path);

		if (len + sizeof("/memory.max") > PATH_MAX)
			return;
		strcpy(path + len, "/memory.max");
		if (!file__number(path, &max) && max < *bytes)
			*bytes = max;
		path[len] = '\0';
		if (len <= root_len)
			return;
		*strrchr(path, '/') = '\0';
	}
}

int proc__memory(uint64_t *ret)
{
	static const char root[] = "/sys/fs/cgroup";
	char own[PATH_MAX / 2], path[PATH_MAX], *group;
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (pages <= 0 || page <= 0)
		return -ENOSYS;
	*ret = (uint64_t)pages * (uint64_t)page;
	/* cgroups(7): of version 2 there is one line, "0::/PATH". */
	if (file__read("/proc/self/cgroup", own, sizeof(own)) < 0)
		return 0;
	group = !strncmp(own, "0::/", 4) ? own + 3 : strstr(own, "\n0::/");
	if (!group)
		return 0;
	group += *group == '\n' ? 4 : 0;
	group[strcspn(group, "\n")] = '\0';
	snprintf(path, sizeof(path), "%s%s", root, group[1] ? group : "");
	cgroup__limit(path, sizeof(root) - 1, ret);
	return 0;
}

int proc__boot_id(char ret[37])
{
	char buf[64];
	ssize_t n = file__read("/proc/sys/kernel/random/boot_id", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	if (n < 36 || strspn(buf, "0123456789abcdef-") != 36)
		return -EBADMSG;
	memcpy(ret, buf, 36);
	ret[36] = '\0';
	return 0;
}

int proc__kernel_release(char *ret, size_t size)
{
	struct utsname name;

	if (uname(&name))
		return -errno;
	escape__bytes(ret, size, name.release, strlen(name.release), 0);
	return 0;
}
