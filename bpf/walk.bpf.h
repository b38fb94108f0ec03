/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks the regions of an mm in order and puts each into the scratch record:
 * the maple tree (6.1+, lib/maple_tree.c), or the rb-tree and list before it.
 * Nothing is locked here: whoever calls knows why what is found is whole.
 */
#ifndef MEMTRACE_WALK_BPF_H
#define MEMTRACE_WALK_BPF_H

#include "emit.bpf.h"
#include "name.bpf.h"

/* include/linux/maple_tree.h: enum maple_type, and the low bits of a node pointer */
#define MAPLE_LEAF_64 1
#define MAPLE_RANGE_64 2
#define MAPLE_ARANGE_64 3
#define MAPLE_NODE_MASK 255ull
#define MAPLE_SLOTS 16
#define WALK_DEPTH 10
#define WALK_STEPS (1 << 20)
#define LIST_STEPS 256 /* regions of a fresh exec before 6.1: some 20 */

enum walk_error { WALK_OK, WALK_DEEP, WALK_READ, WALK_NODE, WALK_ROOM };

/* A region fits into the record as long as this much is left. */
#define REGION_ROOM (sizeof(struct mt_region) + MT_PATH_LEN + COMPONENT_LEN)

/* Sends what is in the record as one piece, and begins the next. */
static __noinline int walk_send_piece(struct scratch *s, __u32 flags)
{
	struct mt_regions *head = (void *)s->rec;

	head->e = s->head;
	head->e.flags = flags | (s->space ? 0 : MT_REGIONS_UNLOCKED);
	head->seq = s->seq;
	head->first = s->first;
	head->count = s->found - s->first;
	head->len = s->len - sizeof(*head);
	head->pad = 0;
	head->mm = s->counters;
	count_seen(MT_EVENT_REGIONS);
	record_output(s, MT_EVENT_REGIONS, s->head.space);
	s->first = s->found;
	s->last_file = 0;
	s->len = sizeof(*head);
	return 0;
}

/* Of a region only what the hash of all regions is made of. */
static __always_inline int hash_region(struct scratch *s, struct vm_area_struct *vma, __u64 start,
				       __u64 end)
{
	__u64 flags = READ(struct vm_area_struct, vma, vm_flags) & MT_VM_HASHED, offset = 0;

	if (READ(struct vm_area_struct, vma, vm_file))
		offset = READ(struct vm_area_struct, vma, vm_pgoff) * PAGE_SIZE;
	s->hash = mt_hash_region(s->hash, start, end, flags, offset);
	s->found++;
	return 1;
}

/*
 * One region found: true when the walk is to go on. Not static and given numbers
 * only: so the verifier looks at it once and not at each step of a walk
 * (51c39bb1d5d1, 5.6), which is too much for it where the walk is a plain loop.
 */
__noinline int walk_region(__u64 vma, __u64 start, __u64 end)
{
	struct scratch *s = scratch_of_cpu();

	if (!s)
		return 0;
	if (s->hashing)
		return hash_region(s, (void *)vma, start, end);
	if (s->len > RECORD_LEN - REGION_ROOM) {
		if (!s->piecewise) {
			s->error = WALK_ROOM;
			return 0;
		}
		walk_send_piece(s, 0);
	}
	if (put_region(s, (void *)vma, start, end))
		return 0;
	return !s->limit || s->found < s->limit;
}

#define WORD(type, field) (bpf_core_field_offset(type, field) / 8)
#define COUNT(type, field) (bpf_core_field_size(type, field) / 8)

/* Turns to the node that a slot names: 0, or why not. */
static __always_inline __u32 node_enter(struct scratch *s, __u64 encoded)
{
	__u32 type = (encoded >> 3) & 15;

	if (type < MAPLE_LEAF_64 || type > MAPLE_ARANGE_64)
		return WALK_NODE;
	s->node.leaf = type == MAPLE_LEAF_64;
	s->node.addr = encoded & ~MAPLE_NODE_MASK;
	s->node.pivots = COUNT(struct maple_range_64, pivot);
	s->node.pivot_at = WORD(struct maple_range_64, pivot);
	s->node.slot_at = WORD(struct maple_range_64, slot);
	if (type == MAPLE_ARANGE_64) {
		s->node.pivots = COUNT(struct maple_arange_64, pivot);
		s->node.pivot_at = WORD(struct maple_arange_64, pivot);
		s->node.slot_at = WORD(struct maple_arange_64, slot);
	}
	/* Read word by word where that is a plain load. */
	if (!have_cast &&
	    bpf_probe_read_kernel(s->node.words, sizeof(s->node.words), (void *)s->node.addr))
		return WALK_READ;
	return WALK_OK;
}

static __always_inline __u64 node_word(const struct scratch *s, __u32 i)
{
	__u64 at;

	if (!have_cast)
		return s->node.words[i & (NODE_WORDS - 1)];
	/* Any type with a word in it would do. */
	at = s->node.addr + i * 8 - bpf_core_field_offset(struct maple_range_64, pivot);
	return ((struct maple_range_64 *)bpf_rdonly_cast(
			(void *)at, bpf_core_type_id_kernel(struct maple_range_64)))
		->pivot[0];
}

/* Where the slot ends, included: the last one used has the node's maximum, or 0. */
static __always_inline __u64 node_pivot(const struct scratch *s, __u32 slot)
{
	__u64 pivot;

	if (slot >= s->node.pivots)
		return s->max;
	pivot = node_word(s, s->node.pivot_at + slot);
	return !pivot || pivot > s->max ? s->max : pivot;
}

static __always_inline __u64 node_slot(const struct scratch *s, __u32 slot)
{
	return node_word(s, s->node.slot_at + slot);
}

/*
 * Goes to the first slot of the current node that ends at or after s->lo: from
 * s->min to s->pivot. Both are kept in memory so that the verifier forgets what
 * they were, and looks at what follows once and not for each slot. Not static,
 * so that it looks at this loop once and not at each depth.
 */
__noinline int node_seek(struct scratch *s)
{
	__u64 pivot;
	__u32 slot;

	if (!s)
		return false;
	for (slot = 0; slot < MAPLE_SLOTS; slot++) {
		pivot = node_pivot(s, slot);
		if (pivot >= s->lo) {
			s->slot = slot;
			s->pivot = pivot;
			return true;
		}
		s->min = pivot + 1;
	}
	return false;
}

/* Down to the leaf that holds s->lo. */
static __always_inline bool walk_down(struct scratch *s)
{
	__u64 encoded = s->root;
	int depth;

	s->min = 0;
	s->max = ~0ull;
	for (depth = 0; depth < WALK_DEPTH; depth++) {
		s->error = node_enter(s, encoded);
		if (s->error)
			return false;
		if (!node_seek(s)) {
			s->error = WALK_NODE;
			return false;
		}
		if (s->node.leaf)
			return true;
		s->max = s->pivot;
		encoded = node_slot(s, s->slot);
	}
	s->error = WALK_DEEP;
	return false;
}

/*
 * Takes the regions of one leaf, from s->lo on: 0 goes on, 1 ends. Each leaf is
 * come to from the root: that is a few loads for some ten regions, and nothing has
 * to be remembered. Not static, for walk_region()'s reason: whoever calls it may
 * come here in many states, and loading took seconds when each was looked at.
 */
__noinline int walk_leaf(struct scratch *s)
{
	__u64 entry, pivot;
	__u32 n;

	if (!s || !walk_down(s))
		return 1;
	for (n = 0; n < MAPLE_SLOTS && s->min <= s->hi; n++) {
		pivot = node_pivot(s, s->slot);
		entry = node_slot(s, s->slot);
		if (entry >= PAGE_SIZE && !walk_region(entry, s->min, pivot + 1))
			return 1;
		s->min = pivot + 1;
		s->slot++;
		if (pivot >= s->max)
			break;
	}
	s->lo = s->min;
	return !s->min || s->min > s->hi;
}

static long walk_next_leaf(__u32 i, void *ctx)
{
	return walk_leaf(scratch_of_cpu()) != 0;
}

static __always_inline void walk_maple(struct scratch *s)
{
	/* xa_is_node(): the root of more than one entry has bit 1 set */
	if ((s->root & 3) != 2 || s->root < PAGE_SIZE)
		s->error = WALK_NODE;
	/* Most walks end in the leaf that they begin in. */
	else if (!walk_leaf(s))
		bpf_loop(WALK_STEPS, walk_next_leaf, NULL, 0);
}

/* Before 6.1: down the rb-tree to the first region that ends after lo, then along the list. */
static __always_inline void walk_list(struct scratch *s, struct mm_struct *mm)
{
	struct vm_area_struct *vma = NULL;
	struct rb_node *node;
	int i;

	if (!s->lo) {
		vma = BPF_CORE_READ(mm, mmap);
	} else {
		node = BPF_CORE_READ(mm, mm_rb.rb_node);
		for (i = 0; i < 40 && node; i++) {
			struct vm_area_struct *v =
				(void *)node - bpf_core_field_offset(struct vm_area_struct, vm_rb);

			if (BPF_CORE_READ(v, vm_end) > s->lo) {
				vma = v;
				node = BPF_CORE_READ(node, rb_left);
			} else {
				node = BPF_CORE_READ(node, rb_right);
			}
		}
	}
	for (i = 0; i < LIST_STEPS && vma; i++) {
		__u64 start = BPF_CORE_READ(vma, vm_start);

		if (start > s->hi || !walk_region((__u64)vma, start, BPF_CORE_READ(vma, vm_end)))
			return;
		vma = BPF_CORE_READ(vma, vm_next);
	}
	if (vma)
		s->error = WALK_DEEP;
}

static __always_inline void walk(struct scratch *s, struct mm_struct *mm, __u64 lo, __u64 hi,
				 __u32 limit, __u32 piecewise, enum region_store store)
{
	s->lo = lo;
	s->hi = hi;
	s->limit = limit;
	s->piecewise = piecewise;
	s->found = s->first = 0;
	s->last_file = 0;
	s->error = WALK_OK;
	if (store == REGIONS_IN_LIST) {
		walk_list(s, mm);
		return;
	}
	s->root = (__u64)mm->mm_mt.ma_root;
	walk_maple(s);
}

/*
 * Walks everything and sends all pieces but the last, which stays in the record:
 * returns its flags. seq: the first section that is not in the walk.
 */
static __always_inline __u32 walk_pieces(struct scratch *s, struct mm_struct *mm, __u64 seq,
					 enum region_store store)
{
	s->len = sizeof(struct mt_regions);
	s->seq = seq;
	read_counters(mm, &s->counters);
	walk(s, mm, 0, ~0ull, 0, 1, store);
	if (s->error || s->found != s->counters.map_count)
		return MT_REGIONS_LAST | MT_REGIONS_BAD;
	return MT_REGIONS_LAST;
}

/* The hash over everything: false when the walk failed. */
static __always_inline bool walk_hash(struct scratch *s, struct mm_struct *mm)
{
	s->hash = 0;
	s->hashing = 1;
	read_counters(mm, &s->counters);
	walk(s, mm, 0, ~0ull, 0, 0, REGIONS_IN_MAPLE);
	s->hashing = 0;
	return !s->error && s->found == s->counters.map_count;
}

/*
 * Sends the whole map of a space in pieces. It must be still: under its lock,
 * or nobody but the caller has it yet (exec, fork).
 */
static __always_inline void walk_all(struct scratch *s, struct mm_struct *mm, __u64 seq,
				     __u32 flags, enum region_store store)
{
	s->space = s->head.space;
	flags |= walk_pieces(s, mm, seq, store);
	walk_send_piece(s, flags);
}

/*
 * Appends the first region that ends after addr; false when there is none. Read
 * without the lock, right after the call by its own thread: another thread's
 * change at the same place and time shows as an overlap of the two calls.
 */
static __always_inline bool walk_one(struct scratch *s, struct mm_struct *mm, __u64 addr,
				     enum region_store store)
{
	s->space = 0;
	walk(s, mm, addr, ~0ull, 1, 0, store);
	return s->found == 1;
}

#endif
