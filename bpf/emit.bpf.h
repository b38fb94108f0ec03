/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sends records. What could not be sent is counted here, by cause and space:
 * this is the only place that writes to the rings. No record wakes the reader.
 */
#ifndef MEMTRACE_EMIT_BPF_H
#define MEMTRACE_EMIT_BPF_H

#include "share.bpf.h"

static __always_inline void count_seen(__u32 type)
{
	struct mt_stats *st = stats_of_cpu();

	if (st && type < MT_EVENT_NR)
		__sync_fetch_and_add(&st->seen[type], 1);
}

/* Sets a want of a space; until user space is content, all look whether theirs has one. */
static __always_inline void space_want(__u32 *want)
{
	*want = 1;
	__sync_fetch_and_add(&wants, 1);
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
		/* Nobody need ask: the next section that finds room sends everything. */
		if (type == MT_EVENT_SECTION || type == MT_EVENT_REGIONS)
			space_want(&sp->want_walk);
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

/*
 * --test-drop: true when this record gets lost on purpose. Quietly: what only
 * the numbers of sections can tell is not counted for its space.
 */
static __always_inline bool test_lost(__u32 type, __u64 space)
{
	if (!test_drop || bpf_get_prandom_u32() % test_drop)
		return false;
	if (test_drop_quietly && (type == MT_EVENT_SECTION || type == MT_EVENT_REGIONS))
		space = 0;
	count_lost(type, space, MT_LOSS_TEST);
	return true;
}

/* Room for a record in the ring of its space, or NULL: it is lost then, and counted. */
static __always_inline void *record_reserve_in(enum ring_room room, __u32 type, __u64 space,
					       __u64 size)
{
	void *ring = ring_of(space), *rec = NULL;
	int cause = MT_LOSS_RING;

	if (test_lost(type, space))
		return NULL;
	if (ring) {
		cause = ring_refuses(ring, space, size, room);
		if (cause < 0) {
			rec = bpf_ringbuf_reserve(ring, size, 0);
			cause = MT_LOSS_RING;
		}
	}
	if (!rec)
		count_lost(type, space, cause);
	return rec;
}

static __always_inline void *record_reserve(__u32 type, __u64 space, __u64 size)
{
	return record_reserve_in(room_of(type), type, space, size);
}

static __always_inline void record_submit(void *rec)
{
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

/* A name that was in a lost record is sent again; a flood without names makes nobody do so. */
static __always_inline void forget_names(struct scratch *s)
{
	if (s->names)
		__sync_fetch_and_add(&files_generation, 1);
	s->names = 0;
}

/* Sends the first s->len bytes of the scratch record. */
static __always_inline void record_output_in(enum ring_room room, struct scratch *s, __u32 type,
					     __u64 space)
{
	void *ring = ring_of(space);
	int cause = MT_LOSS_RING;
	__u64 len = s->len;

	if (test_lost(type, space)) {
		forget_names(s);
		return;
	}
	if (ring) {
		cause = ring_refuses(ring, space, len, room);
		if (cause < 0) {
			/* Here, where it is used: 6.1 forgets it of a number that was spilled. */
			barrier_var(len);
			if (len <= RECORD_LEN &&
			    !bpf_ringbuf_output(ring, s->rec, len, BPF_RB_NO_WAKEUP)) {
				s->names = 0;
				return;
			}
			cause = MT_LOSS_RING;
		}
	}
	count_lost(type, space, cause);
	forget_names(s);
}

static __always_inline void record_output(struct scratch *s, __u32 type, __u64 space)
{
	record_output_in(room_of(type), s, type, space);
}

#endif
