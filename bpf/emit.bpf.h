/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sends records. What could not be sent is counted here, by cause and space:
 * this is the only place that writes to the ring. No record wakes the reader.
 */
#ifndef MEMTRACE_EMIT_BPF_H
#define MEMTRACE_EMIT_BPF_H

#include "kernel.bpf.h"

static __always_inline void count_seen(__u32 type)
{
	struct mt_stats *st = stats_of_cpu();

	if (st && type < MT_EVENT_NR)
		__sync_fetch_and_add(&st->seen[type], 1);
}

static __noinline int count_lost(__u32 type, __u64 space, __u32 cause)
{
	struct mt_space *sp = space_by_id(space);
	struct mt_stats *st = stats_of_cpu();

	if (cause >= MT_LOSS_NR || type >= MT_EVENT_NR)
		return 0;
	if (st)
		__sync_fetch_and_add(&st->lost[type][cause], 1);
	if (sp) {
		__sync_fetch_and_add(&sp->lost[cause], 1);
		__sync_fetch_and_add(&sp->lost_total, 1);
		if (type == MT_EVENT_CALL)
			__sync_fetch_and_add(&sp->lost_calls, 1);
	}
	return 0;
}

/* Fills the head; the space's losses tell user space that its map has gaps. */
static __always_inline void fill_head(struct mt_event *e, struct task_struct *task, __u32 type,
				      __u64 space, __u64 lost)
{
	e->type = type;
	e->flags = 0;
	e->lost = lost;
	e->space = space;
	e->ts_ns = type == MT_EVENT_CALL && !clock_calls ? 0 : bpf_ktime_get_ns();
	read_comm_of_current(task, e->comm);
}

static __always_inline void *record_reserve(__u32 type, __u64 space, __u64 size)
{
	void *rec = bpf_ringbuf_reserve(&events, size, 0);

	if (!rec)
		count_lost(type, space, MT_LOSS_RING);
	return rec;
}

static __always_inline void record_submit(void *rec)
{
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

/* Sends the first s->len bytes of the scratch record. */
static __always_inline void record_output(struct scratch *s, __u32 type, __u64 space)
{
	__u32 len = s->len;

	if (len > RECORD_LEN || bpf_ringbuf_output(&events, s->rec, len, BPF_RB_NO_WAKEUP)) {
		count_lost(type, space, MT_LOSS_RING);
		__sync_fetch_and_add(&files_generation, 1);
	}
}

#endif
