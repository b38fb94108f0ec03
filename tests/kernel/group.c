/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stopping a process group at any moment and comparing the map of every member
 * that lives. Knows nothing of what the members do.
 */
#include "group.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define STILL_POLLS 5 /* a millisecond apart */

struct stat_line {
	int pid, ppid, pgrp, threads;
	char state;
};

static bool stat_line__read(struct stat_line *line, const char *name)
{
	char path[300], *text, *at;
	bool good;

	line->pid = atoi(name);
	if (line->pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", line->pid);
	text = file__read(path, 0, NULL);
	at = text ? strrchr(text, ')') : NULL;
	/* proc(5): state, ppid, pgrp and, as the 20th field, num_threads */
	good = at &&
	       sscanf(at + 1,
		      " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d",
		      &line->state, &line->ppid, &line->pgrp, &line->threads) == 4 &&
	       line->state != 'Z' && line->state != 'X';
	free(text);
	return good;
}

pid_t group__of_command(pid_t memtrace)
{
	DIR *proc = opendir("/proc");
	struct stat_line line;
	struct dirent *entry;
	pid_t group = 0;

	while (proc && !group && (entry = readdir(proc)))
		if (stat_line__read(&line, entry->d_name) && line.ppid == memtrace &&
		    line.pgrp == line.pid)
			group = line.pid;
	if (proc)
		closedir(proc);
	return group;
}

/*
 * A parent that waits for its child of vfork(2) cannot stop, and does nothing:
 * kernel/fork.c, wait_for_vfork_done().
 */
static bool waits_for_vfork(const struct stat_line *line)
{
	char path[64], *text;
	int nr;
	bool waits;

	/* The other threads of one that has several go on. */
	if (line->state != 'D' || line->threads != 1)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/syscall", line->pid);
	text = file__read(path, 0, NULL);
	waits = text && sscanf(text, "%d", &nr) == 1 &&
		(nr == SYS_vfork || nr == SYS_clone || nr == SYS_clone3);
	free(text);
	return waits;
}

/* The group's members that are no zombies; -1 when one of them does not stand still. */
static int members(pid_t group, pid_t pids[MOST_MEMBERS], bool *ret_vfork)
{
	DIR *proc = opendir("/proc");
	struct stat_line line;
	struct dirent *entry;
	int n = 0;

	*ret_vfork = false;
	while (proc && n >= 0 && (entry = readdir(proc))) {
		if (!stat_line__read(&line, entry->d_name) || line.pgrp != group)
			continue;
		if (waits_for_vfork(&line))
			*ret_vfork = true;
		/* Again: a leader that has ended meanwhile has no map, whatever its threads do. */
		else if (process__stopped(line.pid) != 'T' ||
			 !stat_line__read(&line, entry->d_name))
			n = -1;
		if (n >= 0)
			n = n == MOST_MEMBERS ? -1 : n + 1;
		if (n > 0)
			pids[n - 1] = line.pid;
	}
	if (proc)
		closedir(proc);
	return n;
}

int group__stop(pid_t group, pid_t pids[MOST_MEMBERS])
{
	int64_t end = now_ms() + PATIENCE_MS;
	int n, polls = 0;
	bool vfork;

	/* Again and again: a thread that has not stopped yet may fork one that is not told. */
	do {
		kill(-group, SIGSTOP);
		n = members(group, pids, &vfork);
		/* None but zombies: so looks a leader that another thread's exec waits for. */
		if (!n && !kill(-group, 0))
			n = -1;
		/* One that copies its map is in clone as well, but not for so long. */
		if (n > 0 && vfork && ++polls < STILL_POLLS)
			n = -1;
		if (n < 0)
			sleep_ms(1);
	} while (n < 0 && now_ms() < end);
	return n;
}

static void note_name(struct tally *tally, struct json_object *map)
{
	for (int i = 0; tally->wanted && tally->wanted[i]; i++)
		if (strcmp(tally->wanted[i], json__text(map, "comm")) == 0)
			tally->seen |= 1u << i;
}

static void judge(struct session *s, struct json_object *map, struct tally *tally,
		  struct verdict *v)
{
	char why[WHY_LEN];
	size_t lines;

	tally->maps++;
	switch (session__judge(s, map, &lines, why, sizeof(why))) {
	case MAP_EXACT:
		tally->exact++;
		tally->lines += (long)lines;
		note_name(tally, map);
		break;
	case MAP_UNCERTAIN:
		snprintf(tally->why, sizeof(tally->why), "%.60s: %.120s", json__text(map, "comm"),
			 json__text(map, "why"));
		break;
	default:
		verdict__fail(v, "map %ld, %s: %.450s", tally->maps, json__text(map, "comm"), why);
	}
}

void group__compare(struct session *s, pid_t pids[], int n, struct tally *tally, struct verdict *v)
{
	struct json_object *map;
	int left = n, i;

	session__ask(s);
	while (left && !v->failed) {
		map = session__next_map(s, 0, PATIENCE_MS);
		if (!map) {
			for (i = 0; !pids[i]; i++)
				;
			verdict__fail(v, "%d of %d maps did not come, among them process %d's",
				      left, n, (int)pids[i]);
			return;
		}
		for (i = 0; i < n && pids[i] != json__int(map, "pid"); i++)
			;
		if (i < n) {
			pids[i] = 0;
			left--;
			judge(s, map, tally, v);
		}
		json_object_put(map);
	}
}

static void want_names(const struct tally *tally, struct verdict *v)
{
	for (int i = 0; tally->wanted && tally->wanted[i]; i++)
		if (!(tally->seen & 1u << i))
			verdict__fail(v, "none of %ld maps was one of %s", tally->maps,
				      tally->wanted[i]);
}

void group__sample(struct session *s, pid_t group, long want, struct tally *tally,
		   struct verdict *v)
{
	pid_t pids[MOST_MEMBERS];
	int64_t told = now_ms();
	int n;

	while (tally->maps < want && !v->failed) {
		sleep_ms(5 + rand() % 20);
		n = group__stop(group, pids);
		if (n <= 0)
			verdict__fail(v, "the process group %s", n ? "did not stop" : "is gone");
		else
			group__compare(s, pids, n, tally, v);
		kill(-group, SIGCONT);
		if (now_ms() - told > 60000) {
			told = now_ms();
			printf("# %ld maps, %ld exact\n", tally->maps, tally->exact);
			fflush(stdout);
		}
	}
	kill(-group, SIGKILL);
	want_names(tally, v);
	if (tally->exact * 100 < tally->maps * 99)
		verdict__fail(v, "expected at least 99%% of %ld maps exact, got %ld: %s",
			      tally->maps, tally->exact, tally->why);
	verdict__detail(v, "%ld maps, %ld exact, %ld lines equal", tally->maps, tally->exact,
			tally->lines);
}
