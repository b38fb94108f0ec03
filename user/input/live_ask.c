// SPDX-License-Identifier: GPL-2.0
/*
 * Questions to the programs that are loaded: which tasks and spaces there are,
 * what was counted. Loads and attaches nothing.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "live_private.h"

int live__add_target(struct live *live, uint32_t tgid)
{
	__u8 one = 1;

	return bpf_map__update_elem(live->skel->maps.targets, &tgid, sizeof(tgid), &one,
				    sizeof(one), BPF_ANY);
}

/* Reads a task iterator to its end; take() is given whole records of size bytes. */
static int read_iter(struct bpf_link *link, size_t size, int (*take)(void *, const void *),
		     void *ctx)
{
	int fd = bpf_iter_create(bpf_link__fd(link)), err = 0;
	char buf[32768];
	size_t have = 0, at;
	ssize_t n;

	if (fd < 0)
		return -errno;
	for (;;) {
		n = read(fd, buf + have, sizeof(buf) - have);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
		for (at = 0; !err && have - at >= size; at += size)
			err = take(ctx, buf + at);
		memmove(buf, buf + at, have - at);
		have -= at;
		if (err)
			break;
	}
	if (n < 0)
		err = -errno;
	close(fd);
	return err;
}

struct scan_ctx {
	live_task_fn cb;
	void *ctx;
};

static int take_task(void *ctx, const void *rec)
{
	struct scan_ctx *scan = ctx;
	struct mt_task task;

	memcpy(&task, rec, sizeof(task));
	return scan->cb(scan->ctx, &task);
}

int live__scan(struct live *live, uint32_t tgid, bool attach_matching, live_task_fn cb, void *ctx)
{
	struct scan_ctx scan = { cb, ctx };

	live->skel->bss->scan.tgid = tgid;
	live->skel->bss->scan.attach = attach_matching;
	return read_iter(live->scan, sizeof(struct mt_task), take_task, &scan);
}

static int take_lookup(void *ctx, const void *rec)
{
	memcpy(ctx, rec, sizeof(struct mt_lookup));
	return 0;
}

int live__lookup(struct live *live, uint32_t tgid, uint64_t addr, struct mt_lookup *ret)
{
	struct mt_lookup found = {};
	int err;

	live->skel->bss->scan.tgid = tgid;
	live->skel->bss->scan.lookup = addr;
	live->skel->bss->scan.looked = 0;
	err = read_iter(live->lookup, sizeof(found), take_lookup, &found);
	if (!err && !found.end)
		err = -ENOENT;
	if (!err)
		*ret = found;
	return err;
}

static int ignore_record(void *ctx, const void *rec)
{
	(void)ctx;
	(void)rec;
	return 0;
}

int live__walk(struct live *live, uint32_t tgid)
{
	live->skel->bss->scan.tgid = tgid;
	live->skel->bss->scan.looked = 0;
	return read_iter(live->walk, sizeof(struct mt_task), ignore_record, NULL);
}

/* Asks by a program (bpf/memtrace.bpf.c, ask_space): 0, -ENOENT, or it cannot be run. */
static int ask_space(struct live *live, uint64_t space, bool forget)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	live->skel->bss->ask.space = space;
	live->skel->bss->ask.forget = forget;
	if (bpf_prog_test_run_opts(bpf_program__fd(live->skel->progs.ask_space), &opts))
		return -EOPNOTSUPP;
	return live->skel->bss->ask.found ? 0 : -ENOENT;
}

int live__space(struct live *live, uint64_t space, struct mt_space *ret)
{
	int err = live->cannot_run ? -EOPNOTSUPP : ask_space(live, space, false);

	if (err == -EOPNOTSUPP) {
		live->cannot_run = true;
		return bpf_map__lookup_elem(live->skel->maps.spaces, &space, sizeof(space), ret,
					    sizeof(*ret), 0);
	}
	if (!err)
		*ret = live->skel->bss->ask.state;
	return err;
}

/* Where programs cannot be run from here. */
static void forget_by_calls(struct live *live, uint64_t space)
{
	struct mt_space state;
	uint64_t now;

	if (live__space(live, space, &state))
		return;
	/* The pointer may belong to a younger space by now. */
	if (!bpf_map__lookup_elem(live->skel->maps.mm_spaces, &state.mm, sizeof(state.mm), &now,
				  sizeof(now), 0) &&
	    now == space)
		bpf_map__delete_elem(live->skel->maps.mm_spaces, &state.mm, sizeof(state.mm), 0);
	bpf_map__delete_elem(live->skel->maps.spaces, &space, sizeof(space), 0);
}

void live__forget(struct live *live, uint64_t space)
{
	if (live->cannot_run || ask_space(live, space, true) == -EOPNOTSUPP)
		forget_by_calls(live, space);
}

uint64_t live__newest(const struct live *live)
{
	return live->skel->bss->last_space_id;
}

void live__forget_unknown(struct live *live, uint64_t newest, live_known_fn known, void *ctx)
{
	const struct bpf_map *spaces = live->skel->maps.spaces;
	uint64_t id, next;
	/* The next key is asked for before this one goes. */
	int more = bpf_map__get_next_key(spaces, NULL, &id, sizeof(id));

	while (!more) {
		more = bpf_map__get_next_key(spaces, &id, &next, sizeof(next));
		if (id <= newest && !known(ctx, id))
			live__forget(live, id);
		id = next;
	}
}

static uint64_t program_misses(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_program__fd(prog) < 0 || bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		return 0;
	return info.recursion_misses;
}

/* What each program that was skipped would have sent. A call is missed with its enter or exit. */
static enum mt_event_type program_event(const char *name)
{
	static const struct {
		const char *prefix;
		enum mt_event_type type;
	} events[] = {
		{ PROG_PREFIX_ENTER, MT_EVENT_CALL },	{ "exit_call", MT_EVENT_CALL },
		{ "life_fork", MT_EVENT_FORK },		{ "life_exec", MT_EVENT_EXEC },
		{ "life_exit", MT_EVENT_EXIT },		{ PROG_TRUTH_FORK, MT_EVENT_REGIONS },
		{ PROG_PREFIX_LOCK, MT_EVENT_SECTION }, { PROG_PREFIX_TREE, MT_EVENT_SECTION },
	};
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (!strncmp(name, events[i].prefix, strlen(events[i].prefix)))
			return events[i].type;
	}
	return 0;
}

/* Both of two that do the same were skipped as often as the one that was skipped less, or less. */
static uint64_t doubled_misses(const struct live *live, const struct bpf_program *prog)
{
	uint64_t n = program_misses(prog), again;
	const struct bpf_program *other;
	char name[64];

	if (!n)
		return 0;
	snprintf(name, sizeof(name), PROG_PREFIX_AGAIN "%s", bpf_program__name(prog));
	other = bpf_object__find_program_by_name(live->skel->obj, name);
	again = other && bpf_program__autoload(other) ? program_misses(other) : n;
	return again < n ? again : n;
}

static uint64_t count_missed(const struct live *live, struct mt_stats *st)
{
	struct bpf_program *prog;
	uint64_t missed = 0, n;
	int type;

	bpf_object__for_each_program(prog, live->skel->obj) {
		type = program_event(bpf_program__name(prog));
		n = type ? doubled_misses(live, prog) : 0;
		st->seen[type] += n;
		st->lost[type][MT_LOSS_MISSED] += n;
		missed += n;
	}
	return missed;
}

uint64_t live__missed(const struct live *live)
{
	struct mt_stats st = {};

	return count_missed(live, &st);
}

void live__stats(struct live *live, struct mt_stats *ret)
{
	size_t size = sizeof(struct mt_stats) / sizeof(__u64), cpu, i;
	__u64 *sum = (__u64 *)ret;

	memset(ret, 0, sizeof(*ret));
	for (cpu = 0; cpu < live->n_stats; cpu++) {
		const volatile __u64 *each = (const __u64 *)&live->stats[cpu];

		for (i = 0; i < size; i++)
			sum[i] += each[i];
	}
	count_missed(live, ret);
}
