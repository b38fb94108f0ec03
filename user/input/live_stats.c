// SPDX-License-Identifier: GPL-2.0
/* Sums up what the programs have counted, and what the kernel has of them. Reads no records. */
#include "live_private.h"

#include <stdlib.h>

static uint64_t program_misses(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_program__fd(prog) < 0 || bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		return 0;
	return info.recursion_misses;
}

/*
 * A call is missed when its enter or its exit was, a section when its end was;
 * one whose beginning was missed, or what was written in it, counts as well.
 */
static void count_missed(const struct live *live, uint64_t *ret_calls, uint64_t *ret_sections)
{
	struct bpf_program *prog;

	*ret_calls = *ret_sections = 0;
	bpf_object__for_each_program(prog, live->skel->obj) {
		const char *name = bpf_program__name(prog);

		if (prog == live->walkers.exit_call || has_prefix(name, PROG_PREFIX_ENTER))
			*ret_calls += program_misses(prog);
		else if (has_prefix(name, PROG_PREFIX_LOCK) || has_prefix(name, PROG_PREFIX_TREE))
			*ret_sections += program_misses(prog);
	}
}

static void add_missed(struct mt_stats *st, int type, uint64_t missed)
{
	st->seen[type] += missed;
	st->lost[type][MT_LOSS_MISSED] += missed;
}

void live__stats(struct live *live, struct mt_stats *ret)
{
	int cpus = libbpf_num_possible_cpus();
	size_t size = sizeof(struct mt_stats) / sizeof(__u64), i;
	uint64_t *sum = (uint64_t *)ret, calls, sections;
	struct mt_stats *each;
	__u32 zero = 0;
	int cpu;

	memset(ret, 0, sizeof(*ret));
	if (cpus <= 0)
		return;
	each = calloc((size_t)cpus, sizeof(*each));
	if (each && !bpf_map__lookup_elem(live->skel->maps.stats, &zero, sizeof(zero), each,
					  (size_t)cpus * sizeof(*each), 0)) {
		for (cpu = 0; cpu < cpus; cpu++) {
			for (i = 0; i < size; i++)
				sum[i] += ((uint64_t *)&each[cpu])[i];
		}
	}
	free(each);
	count_missed(live, &calls, &sections);
	add_missed(ret, MT_EVENT_CALL, calls);
	add_missed(ret, MT_EVENT_SECTION, sections);
}
