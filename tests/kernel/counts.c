/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How often each memory system call was made: as strace saw it, as a summary
 * tells it, and how the two differ.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "memtrace/event.h"

static const char *const call_names[MT_CALL_NR] = {
#define X(id, name, nargs) [MT_CALL_##id] = #name,
	MT_CALLS(X)
#undef X
};
_Static_assert(MT_CALL_NR <= CALL_KINDS, "struct counts has too little room");

void counts__add(struct counts *counts, const char *call, long n)
{
	for (int i = 1; i < MT_CALL_NR; i++)
		if (strcmp(call_names[i], call) == 0)
			counts->by_call[i] += n;
}

long counts__total(const struct counts *counts)
{
	long total = 0;

	for (int i = 1; i < MT_CALL_NR; i++)
		total += counts->by_call[i];
	return total;
}

/*
 * "PID name(args" begins a call; "PID <... name resumed>" is the rest of one,
 * and "+++" and "---" are no calls. started: the command's execve was seen.
 */
static void count_line(struct counts *counts, const char *line, bool *started)
{
	static const char seal[] = "syscall_0x1ce", shadow[] = "syscall_0x1c5";
	char name[32];

	if (sscanf(line, "%*d %31[a-z0-9_](", name) != 1)
		return;
	if (strcmp(name, "execve") == 0) {
		*started = true;
		return;
	}
	if (!*started)
		return;
	/* A call that this kernel lacks was none. */
	if (strstr(line, " = -1 ENOSYS"))
		return;
	/* Of prctl only what names memory or moves the parts of a process. */
	if (strcmp(name, "prctl") == 0 && !strstr(line, "(PR_SET_VMA") &&
	    !strstr(line, "(PR_SET_MM,"))
		return;
	if (strcmp(name, seal) == 0)
		snprintf(name, sizeof(name), "mseal");
	if (strcmp(name, shadow) == 0)
		snprintf(name, sizeof(name), "map_shadow_stack");
	counts__add(counts, name, 1);
}

static int count_file(struct counts *counts, const char *path)
{
	char *text = file__read(path, 0, NULL), *line, *rest;
	bool started = false;

	if (!text)
		return -ENOENT;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		count_line(counts, line, &started);
	free(text);
	return started ? 0 : -EIO;
}

#define MOST_ARGS 32
int counts__by_strace(struct counts *counts, const struct place *at, const char *const command[])
{
	/* All calls: strace knows the newest by number alone, and filters not by it. */
	const char *argv[MOST_ARGS + 12] = { "setarch", "-R", "strace", "-f", "-qq",
					     "-s",	"0",  "-o",	NULL, "--" };
	struct child strace;
	char path[256];
	int err, n = 10;

	*counts = (struct counts){ 0 };
	snprintf(path, sizeof(path), "%s/strace.log", at->tmp);
	remove(path);
	argv[8] = path;
	for (int i = 0; command[i] && i < MOST_ARGS; i++)
		argv[n++] = command[i];
	err = child__start(&strace, at, "strace", argv, NULL);
	if (err)
		return err;
	if (!child__ended(&strace, 60000)) {
		child__kill(&strace);
		return -ETIMEDOUT;
	}
	return count_file(counts, path);
}

static void add_calls(struct counts *counts, struct json_object *calls)
{
	if (!calls || !json_object_is_type(calls, json_type_object))
		return;
	json_object_object_foreach(calls, name, value)
		counts__add(counts, name, json__int(value, "count"));
}

void counts__of_summary(struct counts *counts, struct json_object *summary,
			bool (*wanted)(void *ctx, struct json_object *process), void *ctx)
{
	struct json_object *processes = json__get(summary, "processes");
	struct json_object *process;

	for (size_t i = 0; processes && i < json_object_array_length(processes); i++) {
		process = json_object_array_get_idx(processes, i);
		if (!wanted || wanted(ctx, process))
			add_calls(counts, json__get(process, "calls"));
	}
	if (!wanted)
		add_calls(counts, json__get(json__get(summary, "other"), "calls"));
}

bool counts__within(const struct counts *got, const struct counts *low, const struct counts *high,
		    char *why, size_t size)
{
	size_t len = 0;

	*why = 0;
	for (int i = 1; i < MT_CALL_NR; i++) {
		long n = got->by_call[i], least = low->by_call[i], most = high->by_call[i];

		if ((n >= least && n <= most) || len + 60 > size)
			continue;
		len += snprintf(why + len, size - len, "%s%s: strace %ld", len ? ", " : "",
				call_names[i], least);
		if (most != least)
			len += snprintf(why + len, size - len, " to %ld", most);
		len += snprintf(why + len, size - len, ", memtrace %ld", n);
	}
	return len == 0;
}
