// SPDX-License-Identifier: GPL-2.0
/*
 * Questions to the programs that are loaded: which tasks and spaces there are,
 * what was counted. Loads and attaches nothing.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "live_iter.h"
#include "live_private.h"

int live__add_target(struct live *live, uint32_t tgid)
{
	__u8 one = 1;

	return bpf_map__update_elem(live->skel->maps.targets, &tgid, sizeof(tgid), &one,
				    sizeof(one), BPF_ANY);
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
	return live_iter__read(live->scan, sizeof(struct mt_task), take_task, &scan);
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
	err = live_iter__read(live->lookup, sizeof(found), take_lookup, &found);
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

/* Asks by a program (bpf/memtrace.bpf.c, ask_space): 0, -ENOENT, or it cannot be run. */
static int ask_space(struct live *live, uint64_t space, bool forget, __u32 want)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	live->skel->bss->ask.space = space;
	live->skel->bss->ask.forget = forget;
	live->skel->bss->ask.want = want;
	if (bpf_prog_test_run_opts(bpf_program__fd(live->skel->progs.ask_space), &opts))
		return -EOPNOTSUPP;
	return live->skel->bss->ask.found ? 0 : -ENOENT;
}

int live__ask(struct live *live, uint64_t space, enum mt_ask what)
{
	__u32 value = what;

	if (!live->cannot_run)
		return ask_space(live, space, false, value) == -EOPNOTSUPP ? -EOPNOTSUPP : 0;
	return bpf_map__update_elem(live->skel->maps.asked, &space, sizeof(space), &value,
				    sizeof(value), BPF_ANY);
}

int live__answer(struct live *live)
{
	int err = live_iter__read(live->ask, sizeof(struct mt_task), ignore_record, NULL);
	uint64_t id;

	/* Nobody has these spaces any more. */
	while (!bpf_map__get_next_key(live->skel->maps.asked, NULL, &id, sizeof(id)) &&
	       !bpf_map__delete_elem(live->skel->maps.asked, &id, sizeof(id), 0))
		;
	return err;
}

uint64_t live__wants(const struct live *live)
{
	return live->skel->bss->wants;
}

void live__served(struct live *live, uint64_t wants)
{
	live->skel->bss->wants_served = wants;
}

void live__forget_names(struct live *live)
{
	__atomic_fetch_add(&live->skel->bss->files_generation, 1, __ATOMIC_RELAXED);
}

int live__walk_self(struct live *live, uint64_t space)
{
	int err;

	live->skel->bss->scan.self_space = space;
	err = live__answer(live);
	live->skel->bss->scan.self_space = 0;
	return err;
}

void live__wait_after(struct live *live, uint64_t newest)
{
	live->skel->bss->stopped = true;
	live->skel->bss->last_space_id = newest / live->sizes.n; /* as in live__newest() */
}

void live__start(struct live *live)
{
	live->skel->bss->stopped = false;
}

bool live__numbers_sections(const struct live *live)
{
	return live->numbers;
}

int live__space(struct live *live, uint64_t space, struct mt_space *ret)
{
	int err = live->cannot_run ? -EOPNOTSUPP : ask_space(live, space, false, 0);

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
	/* In tier truth the mm's end does it; the pointer may belong to a younger space by now. */
	if (!live->skel->rodata->tier_truth &&
	    !bpf_map__lookup_elem(live->skel->maps.mm_spaces, &state.mm, sizeof(state.mm), &now,
				  sizeof(now), 0) &&
	    now == space)
		bpf_map__delete_elem(live->skel->maps.mm_spaces, &state.mm, sizeof(state.mm), 0);
	bpf_map__delete_elem(live->skel->maps.spaces, &space, sizeof(space), 0);
}

void live__forget(struct live *live, uint64_t space)
{
	if (live->cannot_run || ask_space(live, space, true, 0) == -EOPNOTSUPP)
		forget_by_calls(live, space);
}

uint64_t live__newest(const struct live *live)
{
	/* scope.bpf.h, space_add() */
	return (live->skel->bss->last_space_id + 1) * live->sizes.n - 1;
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
