/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzz workload in tier truth: stopped again and again, with its children, and
 * every line of every map compared. $MAPS says how many maps (tests/kernel/soak).
 */
#include "session.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAPS 500
#define MOST_MEMBERS 64
#define STOP_MS 5000
#define MAP_MS 10000

/* The group's members that are no zombies; -1 when one of them does not stand still. */
static int stopped_members(pid_t group, pid_t pids[MOST_MEMBERS])
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	while (proc && n >= 0 && (entry = readdir(proc))) {
		char path[300], state, *text, *at;
		int pid = atoi(entry->d_name), pgrp;

		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		text = file__read(path, 0, NULL);
		at = text ? strrchr(text, ')') : NULL;
		if (at && sscanf(at + 1, " %c %*d %d", &state, &pgrp) == 2 && pgrp == group &&
		    state != 'Z' && state != 'X') {
			if (process__stopped(pid) != 'T' || n == MOST_MEMBERS)
				n = -1;
			else
				pids[n++] = pid;
		}
		free(text);
	}
	if (proc)
		closedir(proc);
	return n;
}

static int stop(pid_t group, pid_t pids[MOST_MEMBERS])
{
	int64_t end = now_ms() + STOP_MS;
	int n;

	kill(-group, SIGSTOP);
	do {
		n = stopped_members(group, pids);
		if (n < 0)
			sleep_ms(1);
	} while (n < 0 && now_ms() < end);
	return n;
}

struct tally {
	long maps, exact, lines;
};

/* One map for each of the members. */
static void compare(struct session *s, pid_t pids[], int n, struct tally *tally, struct verdict *v)
{
	struct json_object *map;
	char why[WHY_LEN];
	size_t lines;
	int left = n, i;

	session__ask(s);
	while (left && !v->failed) {
		map = session__next_map(s, 0, MAP_MS);
		if (!map) {
			verdict__fail(v, "%d of %d maps did not come", left, n);
			return;
		}
		for (i = 0; i < n && pids[i] != json__int(map, "pid"); i++)
			;
		if (i < n) {
			pids[i] = 0;
			left--;
			tally->maps++;
			switch (session__judge(s, map, &lines, why, sizeof(why))) {
			case MAP_EXACT:
				tally->exact++;
				tally->lines += (long)lines;
				break;
			case MAP_UNCERTAIN:
				break;
			default:
				verdict__fail(v, "map %ld: %.500s", tally->maps, why);
			}
		}
		json_object_put(map);
	}
}

static void sample(struct session *s, pid_t group, long want, struct verdict *v)
{
	struct tally tally = { 0 };
	pid_t pids[MOST_MEMBERS];
	int64_t told = now_ms();
	int n;

	while (tally.maps < want && !v->failed) {
		sleep_ms(5 + rand() % 20);
		n = stop(group, pids);
		if (n <= 0)
			verdict__fail(v, "the fuzz workload did not stop, or is gone");
		else
			compare(s, pids, n, &tally, v);
		kill(-group, SIGCONT);
		if (now_ms() - told > 60000) {
			told = now_ms();
			printf("# %ld maps, %ld exact\n", tally.maps, tally.exact);
			fflush(stdout);
		}
	}
	if (tally.exact * 100 < tally.maps * 99)
		verdict__fail(v, "expected at least 99%% of %ld maps exact, got %ld", tally.maps,
			      tally.exact);
	verdict__detail(v, "%ld maps, %ld exact, %ld lines equal", tally.maps, tally.exact,
			tally.lines);
}

/* The process group that it says it leads. */
static pid_t group_of(struct session *s)
{
	char *text;
	int group = 0;

	if (!file__wait_for(s->memtrace.out, "ready ", 20000))
		return 0;
	text = file__read(s->memtrace.out, 0, NULL);
	if (!text || sscanf(text, "ready %d", &group) != 1)
		group = 0;
	free(text);
	return group;
}

void case__fuzz(const struct place *at, const struct test *test, struct verdict *v)
{
	static const char *const options[] = { "--tier", "truth", NULL };
	const char *maps = getenv("MAPS");
	char path[300], seed[32];
	const char *const command[] = { path, test->arg, seed, NULL };
	struct session s = { .line_for_line = true };
	pid_t group;

	snprintf(path, sizeof(path), "%s/fuzz", at->workloads);
	snprintf(seed, sizeof(seed), "%d", (int)getpid());
	srand((unsigned int)getpid());
	if (session__start(&s, at, options, command, NULL)) {
		verdict__fail(v, "memtrace could not be started");
		return;
	}
	group = group_of(&s);
	if (group <= 0) {
		verdict__fail(v, "the fuzz workload did not start");
	} else {
		sample(&s, group, maps ? atol(maps) : MAPS, v);
		kill(-group, SIGKILL);
	}
	session__finish(&s, 30000, 128 + SIGKILL, v);
	verdict__detail(v, "seed %s", seed);
	session__end(&s);
}
