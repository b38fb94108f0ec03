// SPDX-License-Identifier: GPL-2.0
/* See cgroup.h. Paths come from the kernel, and names in them from whoever made cgroups. */
#include "cgroup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proc.h"

#define MOUNT "/sys/fs/cgroup"

/* What a line of /proc/PID/cgroup is for, and where that is mounted by custom (cgroups(7)). */
static const struct {
	const char *controllers, *root;
} versions[] = {
	{ "memory", MOUNT "/memory" },
	{ "", MOUNT },
};
static const char *const limits[] = { "memory.max", "memory.limit_in_bytes" };

/* The path of the line "NUMBER:CONTROLLERS:/PATH", in which there may be colons; NULL: none. */
static const char *path_of(const char *text, const char *controllers)
{
	size_t len = strlen(controllers);
	const char *at;

	for (; *text; text += *text == '\n') {
		at = text + strspn(text, "0123456789");
		if (*at == ':' && !strncmp(at + 1, controllers, len) &&
		    !strncmp(at + 1 + len, ":/", 2))
			return at + 2 + len;
		text += strcspn(text, "\n");
	}
	return NULL;
}

int cgroup__parse(const char *text, char ret[PATH_MAX])
{
	const char *path;
	size_t i, len;
	int n;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		path = path_of(text, versions[i].controllers);
		if (!path)
			continue;
		len = strcspn(path, "\n");
		/* What lies outside of our own namespace cannot be named: cgroup_namespaces(7). */
		if (!strncmp(path, "/..", 3))
			return -ENOENT;
		n = snprintf(ret, PATH_MAX, "%s%.*s", versions[i].root, len > 1 ? (int)len : 0,
			     path);
		return n > 0 && n < PATH_MAX - 32 ? 0 : -ENOENT;
	}
	return -ENOENT;
}

int cgroup__of_process(pid_t pid, char ret[PATH_MAX])
{
	char file[64], text[PATH_MAX + 1024];
	ssize_t n;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	n = file__read(file, text, sizeof(text));
	return n < 0 ? (int)n : cgroup__parse(text, ret);
}

/* "NAME 123\n": at the beginning of a line. */
static bool stat__find(const char *text, const char *name, uint64_t *ret)
{
	size_t len = strlen(name);
	const char *at = text;
	char *end;

	while (at && (strncmp(at, name, len) || at[len] != ' ')) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at || at[len + 1] < '0' || at[len + 1] > '9')
		return false;
	errno = 0;
	*ret = strtoull(at + len + 1, &end, 10);
	return !errno && (*end == '\n' || !*end);
}

int cgroup_stat__parse(const char *text, uint64_t *ret_bytes)
{
	uint64_t anon, shmem = 0;

	if (stat__find(text, "total_rss", &anon))
		stat__find(text, "total_shmem", &shmem);
	else if (stat__find(text, "anon", &anon))
		stat__find(text, "shmem", &shmem);
	else
		return -EBADMSG;
	*ret_bytes = anon + shmem;
	return 0;
}

static bool read_limit(char *path, size_t len, uint64_t *ret)
{
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		snprintf(path + len, PATH_MAX - len, "/%s", limits[i]);
		/* "max" is no number; of v1 no limit is one that no machine has. */
		if (!file__number(path, ret))
			return *ret && *ret < 1ull << 60;
	}
	return false;
}

/* One cgroup; false: it has no limit, or that cannot be read. */
static bool read_one(char *path, struct cgroup_usage *ret)
{
	size_t len = strlen(path);
	char text[8192];
	struct stat st = { 0 };
	bool good;

	good = !stat(path, &st) && read_limit(path, len, &ret->max);
	ret->id = st.st_ino;
	snprintf(path + len, PATH_MAX - len, "/memory.stat");
	good = good && file__read(path, text, sizeof(text)) > 0 &&
	       !cgroup_stat__parse(text, &ret->used);
	path[len] = '\0';
	return good;
}

int cgroup__nearest(char *path, struct cgroup_usage *ret)
{
	struct cgroup_usage one;
	double share, most = -1;

	while (strlen(path) >= strlen(MOUNT)) {
		if (strlen(path) < PATH_MAX - 32 && read_one(path, &one)) {
			share = (double)one.used / (double)one.max;
			if (share > most)
				*ret = one;
			most = share > most ? share : most;
		}
		*strrchr(path, '/') = '\0';
	}
	return most < 0 ? -ENOENT : 0;
}
