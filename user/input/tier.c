// SPDX-License-Identifier: GPL-2.0
/* The tiers and what each needs, by BTF. That it also loads is found out by loading. */
#include "tier.h"

#include <stdbool.h>
#include <stddef.h>

#include "live_probe.h"

const char *tier__name(enum tier tier)
{
	static const char *const names[] = {
#define X(id, name, what, kernels) name,
		TIERS(X)
#undef X
	};

	return names[tier];
}

static bool has_member(const struct kernel_types *types, const char *arg)
{
	return kernel_types__member(types, "mm_struct", arg) != MEMBER_NONE;
}

static bool has_tracepoint(const struct kernel_types *types, const char *arg)
{
	return kernel_types__tracepoint(types, arg) >= 0;
}

/* Either of the forms that there are programs for: live.c, lock_args. */
static bool has_lock_tracepoint(const struct kernel_types *types, const char *arg)
{
	int n = kernel_types__tracepoint(types, arg);

	return n == 3 || n == 4;
}

static const struct tier_need {
	enum tier tier;
	const char *feature;
	bool (*has)(const struct kernel_types *types, const char *arg);
	const char *arg;
} needs[] = {
	{ TIER_TRUTH, "maple-tree", has_member, "mm_mt" },
	{ TIER_TRUTH, "mmap-lock-tracepoints", has_lock_tracepoint, "mmap_lock_acquire_returned" },
	{ TIER_TRUTH, "maple-tracepoints", has_tracepoint, "ma_write" },
	{ TIER_TRUTH, "task-pt-regs", kernel_types__helper, "task_pt_regs" },
	{ TIER_TRUTH, "bpf-loop", kernel_types__helper, "loop" },
	{ TIER_ORDERED, "mmap-lock-tracepoints", has_lock_tracepoint,
	  "mmap_lock_acquire_returned" },
	{ TIER_ORDERED, "current-task", kernel_types__helper, "get_current_task_btf" },
};

const char *tier__lacks(enum tier tier, const struct kernel_types *types)
{
	size_t i;

	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (needs[i].tier == tier && !needs[i].has(types, needs[i].arg))
			return needs[i].feature;
	}
	return NULL;
}
