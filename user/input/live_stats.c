// SPDX-License-Identifier: GPL-2.0
/* Sums up what the programs have counted, and what the kernel has of them. Reads no records. */
#include "live_private.h"

#include <stdio.h>

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
		{ PROG_PREFIX_LOCK, MT_EVENT_SECTION }, { PROG_PREFIX_ORDER, MT_EVENT_SECTION },
		{ PROG_PREFIX_TREE, MT_EVENT_SECTION },
	};
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (!strncmp(name, events[i].prefix, strlen(events[i].prefix)))
			return events[i].type;
	}
	return 0;
}

/*
 * A section that is not seen to begin or to end is missed by its number, where the kernel
 * numbers them, and by its own space alone.
 */
static bool told_by_number(const struct live *live, const char *name)
{
	return live->numbers && !strncmp(name, PROG_PREFIX_LOCK, strlen(PROG_PREFIX_LOCK));
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

static void count_missed(const struct live *live, struct mt_stats *st)
{
	struct bpf_program *prog;
	const char *name;
	uint64_t n;
	int type;

	bpf_object__for_each_program(prog, live->skel->obj) {
		name = bpf_program__name(prog);
		type = program_event(name);
		if (!type || told_by_number(live, name))
			continue;
		n = doubled_misses(live, prog);
		st->seen[type] += n;
		st->lost[type][MT_LOSS_MISSED] += n;
	}
}

uint64_t live__missed(const struct live *live)
{
	struct mt_stats st = {};
	uint64_t missed = 0;
	int type;

	count_missed(live, &st);
	for (type = 0; type < MT_EVENT_NR; type++)
		missed += st.lost[type][MT_LOSS_MISSED];
	/* In tier truth calls explain maps, and do not make them. */
	return live->skel->rodata->tier_truth ? missed - st.lost[MT_EVENT_CALL][MT_LOSS_MISSED] :
						missed;
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
