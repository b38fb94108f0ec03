/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which ring a space's records go to, and whether there is room for one more: a
 * space that floods its ring must leave room for the others'. Sends nothing.
 */
#ifndef MEMTRACE_SHARE_BPF_H
#define MEMTRACE_SHARE_BPF_H

#include "kernel.bpf.h"

/* Whose room a record may use: each may use that of those before it. */
enum ring_room {
	ROOM_ORDINARY,
	ROOM_EXEC, /* changes of protection to executable */
	ROOM_LIFE, /* forks, execs, exits, and whole maps */
};

static __always_inline enum ring_room room_of(__u32 type)
{
	switch (type) {
	case MT_EVENT_FORK:
	case MT_EVENT_EXEC:
	case MT_EVENT_EXIT:
	case MT_EVENT_REGIONS:
		return ROOM_LIFE;
	}
	return ROOM_ORDINARY;
}

/*
 * The ring of a space. Its number is in the id (space_add()), so that nothing is
 * looked up to find it. All that happens in one space goes to one ring, in order.
 * What concerns two spaces:
 * - a fork is told in the child's ring, where nothing of the child is before it.
 *   Below tier truth that is the parent's ring as well. In tier truth nothing is
 *   taken from the parent's map, and it does not matter how far its ring is read.
 * - an exec is told in the new space's ring, where nothing is before it, with the
 *   position in the old space's ring up to which all that the process did there
 *   lies: who reads goes there first (user/input/live_ring.c).
 * - a thread, and a child of vfork, are in the space of the one that made it.
 * - the end of a process may be read after the beginning of another one that got
 *   its pid: the tracker tells them by their spaces.
 * - a section is its space's, whoever held the lock.
 */
static __always_inline __u32 ring_number(__u64 space)
{
	return space & (n_rings - 1);
}

static __always_inline void *ring_of(__u64 space)
{
	__u32 i = ring_number(space);

	/* With one ring, known before load, the look-up is not even there. */
	return n_rings == 1 ? (void *)&events : bpf_map_lookup_elem(&rings, &i);
}

/* 0 where all is in one ring, and in order. */
static __always_inline __u64 ring_written(__u64 space)
{
	void *ring = n_rings == 1 || !space ? NULL : ring_of(space);

	return ring ? bpf_ringbuf_query(ring, BPF_RB_PROD_POS) : 0;
}

/* A part of each ring for each that has room of its own. */
static __always_inline __u64 bytes_kept(enum ring_room room)
{
	return room == ROOM_ORDINARY ? ring_bytes / 8 : room == ROOM_EXEC ? ring_bytes / 16 : 0;
}

/*
 * What a space has in the ring, of that which it sent while the ring was more
 * than half full: bytes counted by laps (a lap: as many bytes as the ring has),
 * less the part of each lap that has been read by now, as if they were spread
 * evenly over it. So nothing has to be told when records are read. Two CPUs that
 * begin a lap at once may miscount it by a record.
 */
static __always_inline __u64 share_taken(struct mt_space *sp, __u64 lap, __u64 read, __u64 written)
{
	__u64 begin = lap * ring_bytes, taken;

	if (sp->share_lap != lap) {
		if (sp->share_lap + 1 != lap)
			sp->share_bytes[~lap & 1] = 0;
		sp->share_bytes[lap & 1] = 0;
		sp->share_lap = lap;
	}
	taken = sp->share_bytes[lap & 1];
	if (read >= begin)
		return written > begin ? taken * (written - read) / (written - begin) : taken;
	return taken + sp->share_bytes[~lap & 1] * (begin - read) / ring_bytes;
}

/*
 * In a ring that is more than half full a space may take as much as is still
 * free for all (A. Choudhury, E. Hahne, "Dynamic Queue Length Thresholds", 1998).
 * One that floods takes half of what was left; n that flood take n parts out of
 * n + 1: however many they are, there is a part for who comes next, and nobody
 * has to know how many there are. Returns the cause of the loss, or -1.
 */
static __noinline int share_take(void *ring, __u64 space, __u64 bytes, enum ring_room room)
{
	__u64 read = bpf_ringbuf_query(ring, BPF_RB_CONS_POS);
	__u64 written = bpf_ringbuf_query(ring, BPF_RB_PROD_POS);
	__u64 limit = read + ring_bytes - bytes_kept(room), lap;
	struct mt_space *sp = space_by_id(space);

	if (written + bytes > limit)
		return MT_LOSS_RING;
	if (!sp)
		return -1;
	lap = written / ring_bytes;
	if (share_taken(sp, lap, read, written) > limit - written)
		return MT_LOSS_SHARE;
	__sync_fetch_and_add(&sp->share_bytes[lap & 1], bytes);
	return -1;
}

/* Nobody is refused in a ring that is not half full: that is one look at it. */
static __always_inline int ring_refuses(void *ring, __u64 space, __u64 bytes, enum ring_room room)
{
	if (bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < ring_bytes / 2)
		return -1;
	return share_take(ring, space, bytes, room);
}

/* Whole maps are not for a ring that is filling up: they would push out what is new. */
static __always_inline bool ring_has_room(__u64 space)
{
	void *ring = ring_of(space);

	return ring && bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < ring_bytes / 2;
}

#endif
