// SPDX-License-Identifier: GPL-2.0
/* Owns the skeleton, the links and the ring. Knows nothing of what records mean. */
#include "live_private.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "live_probe.h"
#include "live_ring.h"
#include "proc.h"

#define SPACES_ALL 65536 /* with -a; some 200 bytes each in the kernel */
#define TASKS_HASH 65536
#define TRY_RING_BYTES 65536
#define STOP_NS 20000000 /* for programs to end, where the kernel cannot be asked to wait */
#define FILES_KNOWN 8192 /* whose names were sent; names.h keeps more */

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
	int lock_args;	  /* of mmap_lock_acquire_returned: 4 until 6.13, 3 since */
	bool numbers;	  /* mm_lock_seq */
	bool cast;	  /* bpf_rdonly_cast() is there */
	bool preempt;	  /* bpf_preempt_disable() is there, and walks may come after it */
	bool preemptible; /* programs on tracepoints are, since 7.0 */
	bool registers;	  /* of a thread in a call can be read: bpf_task_pt_regs(), 5.15 */
};

/* -ENOTSUP with a sentence in why when the tier lacks something. */
static int learn_form(struct kernel_form *form, enum tier tier, char *why, size_t why_len)
{
	struct kernel_types *types;
	int err = kernel_types__load(kernel_types__path(), &types);
	const char *lacks;

	if (err)
		return err;
	lacks = tier__lacks(tier, types);
	if (lacks)
		snprintf(why, why_len, "this kernel lacks %s (see memtrace features)", lacks);
	form->maple_tree = kernel_types__member(types, "mm_struct", "mm_mt") != MEMBER_NONE;
	form->numbers = kernel_types__member(types, "mm_struct", "mm_lock_seq") != MEMBER_NONE;
	form->lock_args = kernel_types__tracepoint(types, "mmap_lock_acquire_returned");
	form->registers = kernel_types__helper(types, "task_pt_regs");
	form->cast = kernel_types__function(types, "bpf_rdonly_cast");
	/* Calls of functions like walk_region() are allowed there since 6.15, as this is. */
	form->preempt = kernel_types__function(types, "bpf_preempt_disable") &&
			kernel_types__function(types, "bpf_res_spin_lock");
	/* DEFINE_SRCU_FAST(tracepoint_srcu), kernel/tracepoint.c */
	form->preemptible = form->preempt &&
			    kernel_types__variable(types, "tracepoint_srcu_srcu_data");
	kernel_types__free(types);
	return lacks ? -ENOTSUP : 0;
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

static void configure_truth(struct bpf_program *prog, bool truth, const struct kernel_form *form)
{
	const char *name = bpf_program__name(prog);
	bool life = has_prefix(name, PROG_PREFIX_AGAIN_LIFE);

	if (has_prefix(name, PROG_PREFIX_AGAIN))
		bpf_program__set_autoload(prog, form->preemptible && (truth || life));
	else if (has_prefix(name, PROG_PREFIX_LOCK))
		bpf_program__set_autoload(prog, truth && has_prefix(name, PROG_PREFIX_LOCK_OLD) ==
								 (form->lock_args == 4));
	else if (has_prefix(name, PROG_PREFIX_TREE) || has_prefix(name, PROG_PREFIX_TRUTH))
		bpf_program__set_autoload(prog, truth);
}

/*
 * One ring is a map that the programs name; several are in a map of maps, whose
 * form the kernel takes from an example.
 */
static void configure_rings(struct memtrace_bpf *skel, const struct ring_sizes *sizes, int example)
{
	uint32_t each = (uint32_t)(sizes->bytes / sizes->n);

	skel->rodata->ring_bytes = each;
	skel->rodata->n_rings = sizes->n;
	/* Compilers load its address before they ask whether it is wanted: it stays, unused. */
	bpf_map__set_max_entries(skel->maps.events, sizes->n == 1 ? each : 1);
	bpf_map__set_autocreate(skel->maps.rings, sizes->n > 1);
	if (sizes->n > 1)
		bpf_map__set_inner_map_fd(skel->maps.rings, example);
}

static void configure(struct memtrace_bpf *skel, const struct live_scope *scope,
		      const struct kernel_form *form, bool task_storage)
{
	bool truth = scope->tier == TIER_TRUTH;
	struct bpf_program *prog;

	skel->rodata->use_task_storage = task_storage;
	skel->rodata->tier_truth = truth;
	skel->rodata->call_regions = scope->regions;
	skel->rodata->tier_ordered = scope->tier == TIER_ORDERED;
	skel->rodata->test_drop = scope->test_drop;
	skel->rodata->test_drop_quietly = scope->test_drop_quietly;
	skel->rodata->have_cast = form->cast;
	skel->rodata->have_preempt = form->preempt;
	skel->rodata->preemptible = form->preemptible;
	skel->rodata->clock_calls = !truth || scope->clocks;
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
	bpf_map__set_max_entries(skel->maps.stats, (__u32)libbpf_num_possible_cpus());
	if (scope->all) {
		bpf_map__set_max_entries(skel->maps.spaces, SPACES_ALL);
		bpf_map__set_max_entries(skel->maps.mm_spaces, SPACES_ALL);
		bpf_map__set_max_entries(skel->maps.asked, SPACES_ALL);
	}
	skel->rodata->nr_cpus = (__u32)libbpf_num_possible_cpus();
	bpf_map__set_max_entries(skel->maps.files, truth ? FILES_KNOWN : 1);
	if (!task_storage) {
		bpf_map__set_autocreate(skel->maps.task_states, false);
		bpf_map__set_max_entries(skel->maps.task_states_hash, TASKS_HASH);
	}
	bpf_object__for_each_program(prog, skel->obj) {
		if (has_prefix(bpf_program__name(prog), PROG_PREFIX_ENTER) &&
		    ((truth && !scope->clocks) ||
		     !tracepoint_exists(bpf_program__section_name(prog))))
			bpf_program__set_autoload(prog, false);
		configure_truth(prog, truth, form);
		configure_order(prog, scope->tier == TIER_ORDERED, form->lock_args);
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

/* One try; the kernel's form says with what. */
static int load_once(struct live *live, const struct live_scope *scope,
		     const struct kernel_form *form, bool task_storage, int example)
{
	/*
	 * libbpf looks for a type that the kernel has not in its modules as well,
	 * which takes CAP_SYS_ADMIN, but not when it is told where to look.
	 */
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = kernel_types__path());
	int err;

	live->skel = memtrace_bpf__open_opts(&opts);
	if (!live->skel)
		return -errno;
	configure(live->skel, scope, form, task_storage);
	configure_rings(live->skel, &live->sizes, example);
	live_stack__configure(live->skel, &live->sizes, scope->stacks && form->registers);
	choose_walkers(live, form->maple_tree);
	err = memtrace_bpf__load(live->skel);
	if (err) {
		memtrace_bpf__destroy(live->skel);
		live->skel = NULL;
	}
	return err;
}

/*
 * Task storage came with 5.11, for programs like ours with 5.12: they are tried
 * with it first. So they are with keeping the CPU to themselves.
 */
static int load(struct live *live, const struct live_scope *scope, int example, char *why,
		size_t why_len)
{
	struct kernel_form form = { 0 };
	bool task_storage;
	int err;

	err = learn_form(&form, scope->tier, why, why_len);
	if (err == -ENOTSUP)
		return err;
	live->numbers = form.numbers;
	task_storage = !live_probe__task_storage();
	while (!err) {
		err = load_once(live, scope, &form, task_storage, example);
		if (!err || err == -EPERM || err == -ENOMEM)
			break;
		if (!form.preempt && !task_storage)
			break;
		if (!form.preempt)
			task_storage = false;
		form.preempt = form.preemptible = false;
		err = 0;
	}
	if (err)
		snprintf(why, why_len, "the kernel refused the BPF programs: %s", strerror(-err));
	return err;
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
				  "CAP_SYS_ADMIN as well" :
				  "");
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
	if (scope->tier == TIER_TRUTH)
		live->ask = bpf_program__attach_iter(live->skel->progs.truth_ask, NULL);
	if (!live->scan || !live->lookup || (scope->tier == TIER_TRUTH && !live->ask))
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
	/* In the order of the object: a fork is told again before its map is shown again. */
	if (!err)
		err = attach_prefix(live, PROG_PREFIX_AGAIN, why, why_len);
	if (!err)
		err = attach_prefix(live, PROG_PREFIX_ENTER, why, why_len);
	return err;
}

/* Loads with as many rings as are wanted, which live->sizes says. */
static int load_with_rings(struct live *live, const struct live_scope *scope, char *why,
			   size_t why_len)
{
	int example = ring_sizes__example(&live->sizes), err;

	if (example < 0) {
		snprintf(why, why_len, "making a ring failed: %s", strerror(-example));
		return example;
	}
	err = load(live, scope, example, why, why_len);
	close(example);
	return err;
}

/* As libbpf does for global data: BPF_F_MMAPABLE rounds values up to 8 bytes. */
static int map_stats(struct live *live)
{
	const struct bpf_map *map = live->skel->maps.stats;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at;

	live->n_stats = bpf_map__max_entries(map);
	live->stats_len = (live->n_stats * sizeof(*live->stats) + page - 1) & ~(page - 1);
	at = mmap(NULL, live->stats_len, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return -errno;
	live->stats = at;
	return 0;
}

int live__open(const struct live_scope *scope, struct live **ret, char *why, size_t why_len)
{
	struct live *live = calloc(1, sizeof(*live));
	uint64_t memory;
	int err;

	if (!live)
		return -ENOMEM;
	live->sizes = scope->rings;
	if (proc__memory(&memory))
		memory = 0;
	ring_sizes__fit(&live->sizes, (unsigned int)sysconf(_SC_NPROCESSORS_ONLN), memory);
	err = load_with_rings(live, scope, why, why_len);
	if (err)
		goto fail;
	err = live_rings__open(&live->sizes, bpf_map__fd(live->skel->maps.events),
			       bpf_map__fd(live->skel->maps.rings), &live->rings);
	if (!err)
		err = live_stack__map(live);
	if (err) {
		snprintf(why, why_len, "mapping rings of %" PRIu64 " bytes failed: %s",
			 live->sizes.bytes, strerror(-err));
		goto fail;
	}
	err = map_stats(live);
	if (err) {
		snprintf(why, why_len, "mapping the counters failed: %s", strerror(-err));
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

int live__try(enum tier tier, char *why, size_t why_len)
{
	const struct live_scope scope = {
		.tier = tier,
		.rings = { .bytes = TRY_RING_BYTES, .n = 1 },
	};
	struct live *live = calloc(1, sizeof(*live));
	int err;

	if (!live)
		return -ENOMEM;
	live->sizes = scope.rings;
	err = load_with_rings(live, &scope, why, why_len);
	live__close(live);
	return err;
}

static void detach(struct live *live)
{
	size_t i;

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
	live_rings__close(live->rings);
	live_rings__close(live->stacks);
	if (live->stats)
		munmap((void *)live->stats, live->stats_len);
	memtrace_bpf__destroy(live->skel);
	free(live);
}

/*
 * When a map of maps was changed the kernel waits for the programs that may
 * still see it as it was, which is all that run: maybe_wait_bpf_programs() in
 * kernel/bpf/syscall.c, since 1ae80cf31938 (4.19). False: no map could be made.
 */
static bool wait_for_programs(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "wait_inner", 4, 4, 1, NULL);
	int outer = -1;
	__u32 first = 0;
	bool waited;

	if (inner >= 0) {
		opts.inner_map_fd = (__u32)inner;
		outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "wait", 4, 4, 1, &opts);
	}
	waited = outer >= 0 && !bpf_map_update_elem(outer, &first, &inner, BPF_ANY);
	if (outer >= 0)
		close(outer);
	if (inner >= 0)
		close(inner);
	return waited;
}

void live__stop(struct live *live)
{
	const struct timespec long_enough = { .tv_nsec = STOP_NS };

	live->skel->bss->stopped = true;
	if (!wait_for_programs())
		nanosleep(&long_enough, NULL);
}

long live__consume(struct live *live, long max, live_record_fn cb, void *ctx)
{
	return live_rings__read(live->rings, max, cb, ctx);
}

size_t live__ring_bytes(const struct live *live)
{
	return live->sizes.bytes;
}

void live__drain(struct live *live, live_record_fn cb, void *ctx)
{
	live_rings__drain(live->rings, cb, ctx);
}
