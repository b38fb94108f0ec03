// SPDX-License-Identifier: GPL-2.0
/* Owns the skeleton, the links and the ring. Knows nothing of what records mean. */
#include "live_private.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live_probe.h"

#define SPACES_ALL 65536 /* with -a; some 200 bytes each in the kernel */
#define TASKS_HASH 65536
#define FILES_KNOWN 8192 /* whose names were sent; names.h keeps more */
#define PROG_TRUTH_FORK "truth_fork"

/* What went wrong is told in our own words, in one line; MEMTRACE_DEBUG=1 has libbpf's as well. */
static int print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	const char *debug = getenv("MEMTRACE_DEBUG");

	(void)level;
	return debug && *debug ? vfprintf(stderr, fmt, args) : 0;
}

/* The tracepoint that a section name asks for is in this kernel. */
static bool tracepoint_exists(const char *section)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[160];
	size_t i;

	if (!has_prefix(section, "tp/"))
		return true;
	for (i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(path, sizeof(path), "%s/events/%s/id", roots[i], section + strlen("tp/"));
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

/* What the kernel's types say of how regions are kept and locked. */
struct kernel_form {
	bool maple_tree;
	int lock_args; /* of mmap_lock_acquire_returned: 4 until 6.13, 3 since */
	bool numbers;  /* mm_lock_seq */
	bool truth;    /* all that write sections need is there */
	bool ordered;  /* what numbering them needs */
	bool cast;     /* bpf_rdonly_cast() is there */
};

static int learn_form(struct kernel_form *form)
{
	struct kernel_types *types;
	int err = kernel_types__load(kernel_types__path(), &types);

	if (err)
		return err;
	form->maple_tree = kernel_types__member(types, "mm_struct", "mm_mt") != MEMBER_NONE;
	form->numbers = kernel_types__member(types, "mm_struct", "mm_lock_seq") != MEMBER_NONE;
	form->lock_args = kernel_types__tracepoint(types, "mmap_lock_acquire_returned");
	form->truth = form->maple_tree && (form->lock_args == 3 || form->lock_args == 4) &&
		      kernel_types__tracepoint(types, "ma_write") >= 0 &&
		      kernel_types__helper(types, "task_pt_regs") &&
		      kernel_types__helper(types, "loop");
	form->ordered = (form->lock_args == 3 || form->lock_args == 4) &&
			kernel_types__helper(types, "get_current_task_btf");
	form->cast = kernel_types__function(types, "bpf_rdonly_cast");
	kernel_types__free(types);
	return 0;
}

/* Programs of tiers truth and ordered, and of two forms of one tracepoint the one that fits. */
static void configure_order(struct bpf_program *prog, bool ordered, int lock_args)
{
	const char *name = bpf_program__name(prog);

	if (has_prefix(name, PROG_PREFIX_ORDER_EXIT))
		bpf_program__set_autoload(
			prog, ordered && tracepoint_exists(bpf_program__section_name(prog)));
	else if (has_prefix(name, PROG_PREFIX_ORDER))
		bpf_program__set_autoload(prog,
					  ordered && has_prefix(name, PROG_PREFIX_ORDER_OLD) ==
							     (lock_args == 4));
}

static void configure_truth(struct bpf_program *prog, bool truth, int lock_args)
{
	const char *name = bpf_program__name(prog);

	if (has_prefix(name, PROG_PREFIX_LOCK))
		bpf_program__set_autoload(prog, truth && has_prefix(name, PROG_PREFIX_LOCK_OLD) ==
								 (lock_args == 4));
	else if (has_prefix(name, PROG_PREFIX_TREE) || has_prefix(name, PROG_PREFIX_TRUTH))
		bpf_program__set_autoload(prog, truth);
}

static void configure(struct memtrace_bpf *skel, const struct live_scope *scope,
		      const struct kernel_form *form, bool task_storage)
{
	struct bpf_program *prog;

	skel->rodata->use_task_storage = task_storage;
	skel->rodata->tier_truth = scope->truth;
	skel->rodata->call_regions = scope->regions;
	skel->rodata->tier_ordered = scope->ordered;
	skel->rodata->test_drop = scope->test_drop;
	skel->rodata->test_drop_quietly = scope->test_drop_quietly;
	skel->rodata->have_cast = form->cast;
	skel->rodata->clock_calls = !scope->truth || scope->clocks;
	skel->rodata->scope_all = scope->all;
	skel->rodata->scope_follow = scope->follow;
	if (scope->comm) {
		skel->rodata->filter_comm_set = true;
		strncpy((char *)skel->rodata->filter_comm, scope->comm, MT_COMM_LEN - 1);
	}
	skel->rodata->filter_uid_set = scope->uid_set;
	skel->rodata->filter_uid = scope->uid;
	skel->rodata->filter_cgroup_set = scope->cgroup_set;
	skel->rodata->filter_cgroup = scope->cgroup_id;
	bpf_map__set_max_entries(skel->maps.events, scope->ring_bytes);
	if (scope->all) {
		bpf_map__set_max_entries(skel->maps.spaces, SPACES_ALL);
		bpf_map__set_max_entries(skel->maps.mm_spaces, SPACES_ALL);
		bpf_map__set_max_entries(skel->maps.asked, SPACES_ALL);
	}
	skel->rodata->nr_cpus = (__u32)libbpf_num_possible_cpus();
	bpf_map__set_max_entries(skel->maps.files, scope->truth ? FILES_KNOWN : 1);
	if (!task_storage) {
		bpf_map__set_autocreate(skel->maps.task_states, false);
		bpf_map__set_max_entries(skel->maps.task_states_hash, TASKS_HASH);
	}
	bpf_object__for_each_program(prog, skel->obj) {
		if (has_prefix(bpf_program__name(prog), PROG_PREFIX_ENTER) &&
		    ((scope->truth && !scope->clocks) ||
		     !tracepoint_exists(bpf_program__section_name(prog))))
			bpf_program__set_autoload(prog, false);
		configure_truth(prog, scope->truth, form->lock_args);
		configure_order(prog, scope->ordered, form->lock_args);
	}
}

/* bpf/kernel.bpf.h, enum region_store: which programs walk the regions of this kernel. */
static void choose_walkers(struct live *live, bool maple_tree)
{
	struct memtrace_bpf *skel = live->skel;
	const struct walkers both[] = {
		{ skel->progs.exit_call_list, skel->progs.life_exec_list,
		  skel->progs.lookup_region_list },
		{ skel->progs.exit_call, skel->progs.life_exec, skel->progs.lookup_region },
	};
	const struct walkers *others = &both[!maple_tree];

	live->walkers = both[maple_tree];
	bpf_program__set_autoload(others->exit_call, false);
	bpf_program__set_autoload(others->life_exec, false);
	bpf_program__set_autoload(others->lookup_region, false);
}

/* Task storage came with 5.11, for programs like ours with 5.12: they are tried with it first. */
static int load(struct live *live, const struct live_scope *scope)
{
	/*
	 * libbpf looks for a type that the kernel has not in its modules as well,
	 * which takes CAP_SYS_ADMIN, but not when it is told where to look.
	 */
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = kernel_types__path());
	struct kernel_form form = { 0 };
	bool task_storage;
	int err;

	err = learn_form(&form);
	if (!err && ((scope->truth && !form.truth) || (scope->ordered && !form.ordered)))
		err = -ENOTSUP;
	if (err)
		return err;
	live->numbers = form.numbers;
	task_storage = !live_probe__task_storage();
	for (;; task_storage = false) {
		live->skel = memtrace_bpf__open_opts(&opts);
		if (!live->skel)
			return -errno;
		configure(live->skel, scope, &form, task_storage);
		choose_walkers(live, form.maple_tree);
		err = memtrace_bpf__load(live->skel);
		if (!err)
			return 0;
		memtrace_bpf__destroy(live->skel);
		live->skel = NULL;
		if (!task_storage || err == -EPERM || err == -ENOMEM)
			return err;
	}
}

static int keep_link(struct live *live, struct bpf_link *link, const char *what, char *why,
		     size_t why_len)
{
	int err = -errno;

	if (link && live->n_links < LINKS_MAX) {
		live->links[live->n_links++] = link;
		return 0;
	}
	if (link) {
		bpf_link__destroy(link);
		err = -E2BIG;
	}
	/* Debian's and Ubuntu's kernels have a value 3 of it (perf_event_open(2) knows 2). */
	snprintf(why, why_len, "attaching to %s failed: %s%s", what, strerror(-err),
		 err == -EACCES ? "; where kernel.perf_event_paranoid is over 2 it takes "
				  "CAP_SYS_ADMIN as well" : "");
	return err;
}

static int attach_prefix(struct live *live, const char *prefix, char *why, size_t why_len)
{
	struct bpf_program *prog;
	int err;

	bpf_object__for_each_program(prog, live->skel->obj) {
		if (!has_prefix(bpf_program__name(prog), prefix) || !bpf_program__autoload(prog))
			continue;
		err = keep_link(live, bpf_program__attach(prog), bpf_program__section_name(prog),
				why, why_len);
		if (err)
			return err;
	}
	return 0;
}

/* One program sees all exits: the verifier has the tree walk to look at but once. */
static int attach_exits(struct live *live, char *why, size_t why_len)
{
	static const char *const names[] = {
#define X(ID, name, nargs) "sys_exit_" #name,
		MT_CALLS(X)
#undef X
	};
	char section[64];
	size_t i;
	int err;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(section, sizeof(section), "tp/syscalls/%s", names[i]);
		if (!tracepoint_exists(section))
			continue;
		err = keep_link(live,
				bpf_program__attach_tracepoint(live->walkers.exit_call, "syscalls",
							       names[i]),
				section, why, why_len);
		if (err)
			return err;
	}
	return 0;
}

static int ignore_task(void *ctx, const struct mt_task *task)
{
	(void)ctx;
	(void)task;
	return 0;
}

/* What asks the kernel works without the rest. */
static int attach_iterators(struct live *live, const struct live_scope *scope, char *why,
			    size_t why_len)
{
	snprintf(why, why_len, "attaching the task iterators failed");
	live->scan = bpf_program__attach_iter(live->skel->progs.scan_tasks, NULL);
	live->lookup = bpf_program__attach_iter(live->walkers.lookup_region, NULL);
	if (scope->truth)
		live->ask = bpf_program__attach_iter(live->skel->progs.truth_ask, NULL);
	if (!live->scan || !live->lookup || (scope->truth && !live->ask))
		return -errno;
	/* The first scan learns who we are: -a must not trace itself. */
	return live__scan(live, 0, false, ignore_task, NULL);
}

int live__attach(struct live *live, char *why, size_t why_len)
{
	int err;

	/* Exit first: no call is seen to begin and not to end. */
	err = attach_prefix(live, PROG_PREFIX_TREE, why, why_len);
	if (!err)
		err = attach_prefix(live, PROG_PREFIX_ORDER, why, why_len);
	if (!err)
		err = attach_prefix(live, PROG_PREFIX_LOCK, why, why_len);
	if (!err)
		err = attach_exits(live, why, why_len);
	if (!err)
		err = attach_prefix(live, PROG_PREFIX_LIFE, why, why_len);
	if (!err)
		err = attach_prefix(live, PROG_TRUTH_FORK, why, why_len);
	if (!err)
		err = attach_prefix(live, PROG_PREFIX_ENTER, why, why_len);
	return err;
}

static int on_record(void *ctx, void *data, size_t len)
{
	struct live *live = ctx;

	live->record(live->record_ctx, data, len);
	/* A negative result ends this round; the record is consumed all the same. */
	return --live->budget > 0 ? 0 : -EAGAIN;
}

int live__open(const struct live_scope *scope, struct live **ret, char *why, size_t why_len)
{
	struct live *live = calloc(1, sizeof(*live));
	int err;

	if (!live)
		return -ENOMEM;
	libbpf_set_print(print);
	err = load(live, scope);
	if (err) {
		snprintf(why, why_len,
			 err == -ENOTSUP ?
				 "this kernel has not what that tier needs (memtrace features "
				 "says what)" :
				 "the kernel refused the BPF programs: %s",
			 strerror(-err));
		/* It checks the reading of types: what it refuses is not as we think. */
		if (scope->truth && err != -EPERM && err != -ENOMEM)
			err = -ENOTSUP;
		goto fail;
	}
	live->ring = ring_buffer__new(bpf_map__fd(live->skel->maps.events), on_record, live, NULL);
	if (!live->ring) {
		err = -errno;
		snprintf(why, why_len, "mapping the ring of %zu bytes failed: %s",
			 scope->ring_bytes, strerror(-err));
		goto fail;
	}
	err = attach_iterators(live, scope, why, why_len);
	if (err)
		goto fail;
	*ret = live;
	return 0;
fail:
	live__close(live);
	return err;
}

static void detach(struct live *live)
{
	size_t i;

	/* Enter first, so that what is under way can still end. */
	for (i = live->n_links; i-- > 0;)
		bpf_link__destroy(live->links[i]);
	live->n_links = 0;
}

void live__close(struct live *live)
{
	if (!live)
		return;
	detach(live);
	bpf_link__destroy(live->scan);
	bpf_link__destroy(live->lookup);
	bpf_link__destroy(live->ask);
	ring_buffer__free(live->ring);
	memtrace_bpf__destroy(live->skel);
	free(live);
}

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

int live__ask(struct live *live, uint64_t space, enum mt_ask what)
{
	__u32 value = what;

	return bpf_map__update_elem(live->skel->maps.asked, &space, sizeof(space), &value,
				    sizeof(value), BPF_ANY);
}

int live__answer(struct live *live)
{
	int err = read_iter(live->ask, sizeof(struct mt_task), ignore_record, NULL);
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
	live->skel->bss->last_space_id = newest;
}

void live__start(struct live *live)
{
	live->skel->bss->stopped = false;
}

void live__stop(struct live *live)
{
	live->skel->bss->stopped = true;
}

long live__consume(struct live *live, long max, live_record_fn cb, void *ctx)
{
	live->budget = max;
	live->record = cb;
	live->record_ctx = ctx;
	ring_buffer__consume(live->ring);
	return max - live->budget;
}

bool live__numbers_sections(const struct live *live)
{
	return live->numbers;
}

int live__space(struct live *live, uint64_t space, struct mt_space *ret)
{
	return bpf_map__lookup_elem(live->skel->maps.spaces, &space, sizeof(space), ret,
				    sizeof(*ret), 0);
}

void live__forget(struct live *live, uint64_t space)
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
