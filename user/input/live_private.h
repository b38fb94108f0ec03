/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the live input share. Included by live*.c only. */
#ifndef MEMTRACE_INPUT_LIVE_PRIVATE_H
#define MEMTRACE_INPUT_LIVE_PRIVATE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "live.h"
#include "memtrace.skel.h"

#define LINKS_MAX (2 * MT_CALL_NR + 24)

/* How the names of programs begin: bpf/memtrace.bpf.c. */
#define PROG_PREFIX_ENTER "enter_"
#define PROG_PREFIX_LIFE "life_"
#define PROG_PREFIX_LOCK "lock"
#define PROG_PREFIX_LOCK_OLD "lockcg_"
#define PROG_PREFIX_ORDER "order"
#define PROG_PREFIX_ORDER_OLD "ordercg_"
#define PROG_PREFIX_ORDER_EXIT "order_exit_"
#define PROG_PREFIX_TREE "tree_"
#define PROG_PREFIX_TRUTH "truth_"
#define PROG_PREFIX_AGAIN "again_"
#define PROG_PREFIX_AGAIN_LIFE "again_life_"
#define PROG_TRUTH_FORK "truth_fork"

/* Of the programs that are there twice, for each way in which kernels keep regions. */
struct walkers {
	struct bpf_program *exit_call, *life_exec, *lookup_region;
};

struct live {
	struct memtrace_bpf *skel;
	struct walkers walkers; /* those that are loaded */
	struct ring_sizes sizes;
	struct live_rings *rings, *stacks; /* stacks: NULL when none are taken */
	struct bpf_link *links[LINKS_MAX];
	size_t n_links;
	bool numbers;
	struct bpf_link *scan, *lookup, *ask;
	const struct mt_stats *stats; /* mapped; one of each CPU */
	size_t n_stats, stats_len;
	bool cannot_run; /* BPF_PROG_TEST_RUN, before 5.10 */
};

/* live_stack.c: before the programs are loaded, and after. Returns 0 or -errno. */
void live_stack__configure(struct memtrace_bpf *skel, const struct ring_sizes *sizes, bool take);
int live_stack__map(struct live *live);

static inline bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

#endif
