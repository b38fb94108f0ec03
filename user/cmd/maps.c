// SPDX-License-Identifier: GPL-2.0
/*
 * memtrace maps PID: one process's regions from /proc, with kinds, sizes and a
 * total per kind. No BPF, no tracker; what is printed is what sinks print. With
 * --history it is a trace of that process, which trace.c does.
 */
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/call_model.h"
#include "input/proc.h"
#include "input/proc_maps.h"
#include "output/call_text.h"
#include "output/sink.h"

/* How often a map that changes while it is read is read again. */
#define READS_MAX 5
#define USER_SPACE_END (1ULL << 63)

struct snapshot {
	pid_t pid;
	struct proc_stat stat;
	struct raw_region *raw;
	size_t n;
	char vsyscall[PROC_VSYSCALL_LEN];
	bool exact; /* two reads in a row gave the same */
	struct layout layout;
	struct region_map *map;
	struct backings *backings;
};

static bool raw__equal(const struct raw_region *a, const struct raw_region *b)
{
	return !memcmp(&a->region, &b->region, sizeof(a->region)) &&
	       a->backing.ino == b->backing.ino &&
	       a->backing.dev_major == b->backing.dev_major &&
	       a->backing.dev_minor == b->backing.dev_minor &&
	       !strcmp(a->backing.name, b->backing.name);
}

/* The kernel gives a few KiB a read, so a map that changes meanwhile comes torn. */
static int snapshot__read(struct snapshot *s)
{
	int err = 0, reads;

	for (reads = 0; !err && !s->exact && reads < READS_MAX; reads++) {
		struct raw_region *raw = NULL;
		size_t n = 0, i = 0;

		err = proc_maps__read(s->pid, &raw, &n, s->vsyscall);
		if (err)
			break;
		if (reads && n == s->n) {
			while (i < n && raw__equal(&raw[i], &s->raw[i]))
				i++;
			s->exact = i == n;
		}
		free(s->raw);
		s->raw = raw;
		s->n = n;
	}
	return err;
}

/* The kernel names the regions of the heap and the main stack for us. */
static void snapshot__layout(struct snapshot *s)
{
	size_t i;

	s->layout.start_brk = s->stat.start_brk;
	s->layout.start_stack = s->stat.start_stack;
	for (i = 0; i < s->n; i++) {
		const struct raw_region *raw = &s->raw[i];

		if (!raw->anonymous)
			continue;
		if (!strcmp(raw->backing.name, "[heap]")) {
			if (!s->layout.start_brk)
				s->layout.start_brk = raw->region.start;
			s->layout.brk = raw->region.end;
		} else if (!strcmp(raw->backing.name, "[stack]") && !s->layout.start_stack) {
			s->layout.start_stack = raw->region.start;
		}
	}
}

/* A thread that does not run just now tells where its stack is. */
static void snapshot__mark_stacks(struct snapshot *s)
{
	pid_t *tids = NULL;
	size_t n = 0, i, j;

	if (proc__threads(s->pid, &tids, &n))
		return;
	for (i = 0; i < n; i++) {
		uint64_t sp;

		if (tids[i] == s->pid || proc__thread_sp(s->pid, tids[i], &sp))
			continue;
		for (j = 0; j < s->n && s->raw[j].region.end <= sp; j++)
			;
		if (j < s->n && s->raw[j].region.start <= sp)
			s->raw[j].region.flags |= REGION_STACK;
	}
	free(tids);
}

static int snapshot__build(struct snapshot *s)
{
	struct region *regions;
	size_t i;
	int err;

	s->map = region_map__new();
	s->backings = backings__new();
	regions = calloc(s->n, sizeof(*regions));
	err = s->map && s->backings && regions ? 0 : -ENOMEM;
	for (i = 0; !err && i < s->n; i++)
		err = raw_region__intern(&s->raw[i], s->backings, &regions[i]);
	if (!err)
		err = region_map__replace(s->map, 0, USER_SPACE_END, regions, s->n);
	free(regions);
	return err;
}

static void snapshot__fini(struct snapshot *s)
{
	region_map__free(s->map);
	backings__free(s->backings);
	free(s->raw);
}

static void snapshot__print_text(const struct snapshot *s, struct writer *out)
{
	uint64_t bytes[KIND_NR], total = region_map__totals(s->map)->bytes;
	char size[HUMAN_SIZE_ROOM];
	size_t i;

	writer__printf(out, "# pid %d (%s) from /proc %s\n", (int)s->pid, s->stat.comm,
		       s->exact ? "exact" : "uncertain: it changed while it was read");
	print_map(out, s->map, s->backings, &s->layout, *s->vsyscall ? s->vsyscall : NULL, true,
		  NULL);
	region_map__kind_bytes(s->map, s->backings, &s->layout, bytes);
	writer__printf(out, "\n%8s %-13s %s\n", "SIZE", "KIND", "WHAT IT IS");
	for (i = 0; i < KIND_NR; i++) {
		static const char *const texts[] = {
#define X(id, name, text) text,
			REGION_KINDS(X)
#undef X
		};

		if (bytes[i])
			writer__printf(out, "%8s %-13s %s\n", human_size(bytes[i], size),
				       region_kind__name((enum region_kind)i), texts[i]);
	}
	writer__printf(out, "%8s %-13s %zu regions\n", human_size(total, size), "total",
		       region_map__totals(s->map)->regions);
}

/* The `map` record of a trace, made by the same code. */
static int snapshot__print_json(const struct snapshot *s, struct writer *out)
{
	struct start_info info = { .version = MEMTRACE_VERSION, .kernel = "", .boot_id = "",
				   .tier = "proc", .command_line = "" };
	struct view view = { 0 };
	struct process process = { .tgid = (uint32_t)s->pid, .parent = (uint32_t)s->stat.parent };
	struct space space = { .tgid = (uint32_t)s->pid, .map = s->map, .layout = s->layout,
			       .has_base = true, .exact = s->exact,
			       .why = s->exact ? NULL : "it changed while it was read" };
	struct sink *sink = json_sink__new(out, &view, &info);

	if (!sink)
		return -ENOMEM;
	snprintf(process.comm, sizeof(process.comm), "%s", s->stat.comm);
	sink->ops->map(sink, &process, &space, s->backings, 0);
	sink__free(sink);
	return 0;
}

/* One unit must hold the whole map: the length of its text, well rounded up. */
static size_t snapshot__room(const struct snapshot *s)
{
	size_t room = 64 << 10, i;

	for (i = 0; i < s->n; i++)
		room += 512 + 2 * strlen(s->raw[i].backing.name);
	return room;
}

static int snapshot__print(const struct snapshot *s, bool json)
{
	struct writer *out;
	int err = 0, write_err;

	signal(SIGPIPE, SIG_IGN);
	out = writer__new(STDOUT_FILENO, snapshot__room(s));
	if (!out)
		return -errno;
	if (json) {
		err = snapshot__print_json(s, out);
	} else {
		writer__begin(out, true);
		snapshot__print_text(s, out);
		writer__end(out);
	}
	/* A pager may be looked at for as long as one likes. */
	write_err = writer__close(out, INT_MAX);
	return err ? err : write_err;
}

/* Says what is wrong with the process; 0 when its map can be read. */
static int snapshot__refuse(const struct snapshot *s, int err)
{
	if (err == -ENOENT || err == -ESRCH)
		fprintf(stderr, "memtrace: there is no process %d\n", (int)s->pid);
	else if (err == -EACCES || err == -EPERM)
		fprintf(stderr, "memtrace: process %d: its map may not be read: it takes "
			"CAP_SYS_PTRACE (run memtrace as root), and a kernel that does not shield "
			"the process\n", (int)s->pid);
	else if (err)
		fprintf(stderr, "memtrace: process %d: %s\n", (int)s->pid, strerror(-err));
	else if (s->stat.kernel_thread)
		fprintf(stderr, "memtrace: process %d (%s) is a kernel thread: it has no address "
			"space of its own\n", (int)s->pid, s->stat.comm);
	else if (!s->n)
		fprintf(stderr, "memtrace: process %d (%s) has ended: it has no regions\n",
			(int)s->pid, s->stat.comm);
	else
		return STATUS_OK;
	return STATUS_CANNOT_TRACE;
}

/* What is traced until then tells who did what: a trace that ends with the map. */
static int print_history(const struct trace_options *opts, pid_t pid)
{
	struct trace_options traced = *opts;

	traced.pids = (struct pid_list){ &pid, 1 };
	traced.quiet = true;
	traced.map_alone = true;
	return cmd_trace(&traced);
}

int cmd_maps(const struct trace_options *opts)
{
	const char *arg = opts->args[0];
	struct snapshot s = { 0 };
	int err, status;
	char why[256];

	if (option_value__pid(arg, strlen(arg), &s.pid, why, sizeof(why))) {
		fprintf(stderr, "memtrace: %s; see memtrace maps --help\n", why);
		return STATUS_USAGE;
	}
	if (opts->history)
		return print_history(opts, s.pid);
	err = proc__stat(s.pid, &s.stat);
	if (!err && !s.stat.kernel_thread)
		err = snapshot__read(&s);
	status = snapshot__refuse(&s, err);
	if (status == STATUS_OK) {
		snapshot__layout(&s);
		snapshot__mark_stacks(&s);
		err = snapshot__build(&s);
		if (!err)
			err = snapshot__print(&s, opts->json);
		if (err) {
			fprintf(stderr, "memtrace: standard output: %s\n", strerror(-err));
			status = STATUS_OUTPUT;
		}
	}
	snapshot__fini(&s);
	return status;
}
