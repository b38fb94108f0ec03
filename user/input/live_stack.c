// SPDX-License-Identifier: GPL-2.0
/* The ring of stacks, and how many may be taken. Knows nothing of what is in them. */
#include "live_private.h"
#include "live_ring.h"

void live_stack__configure(struct memtrace_bpf *skel, const struct ring_sizes *sizes, bool take)
{
	skel->rodata->take_stacks = take;
	skel->rodata->stacks_bytes = sizes->stacks;
	/* The programs name it: it stays, a page long. */
	bpf_map__set_max_entries(skel->maps.stacks, take ? (uint32_t)sizes->stacks : 1);
}

int live_stack__map(struct live *live)
{
	bool take = live->skel->rodata->take_stacks;
	int fd = bpf_map__fd(live->skel->maps.stacks);

	return take ? live_rings__map(&fd, 1, live->sizes.stacks, &live->stacks) : 0;
}

bool live__has_stacks(const struct live *live)
{
	return live->stacks;
}

long live__consume_stacks(struct live *live, long max, live_record_fn cb, void *ctx)
{
	return live->stacks ? live_rings__read(live->stacks, max, cb, ctx) : 0;
}

bool live__stacks_crowded(const struct live *live)
{
	return live->stacks && live_rings__waiting(live->stacks) > live->sizes.stacks / 2;
}

int64_t live__stack_tokens(const struct live *live, enum live_stack_size size)
{
	return *(const volatile __s64 *)&live->skel->bss->stack_tokens[size];
}

void live__add_stack_tokens(struct live *live, enum live_stack_size size, int64_t n)
{
	__atomic_fetch_add(&live->skel->bss->stack_tokens[size], n, __ATOMIC_RELAXED);
}
