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
#define WALK_STEPS (1 << 21)
#define LIST_STEPS 256 /* regions of a fresh exec before 6.1: some 20 */

enum walk_error { WALK_OK, WALK_DEEP, WALK_READ, WALK_NODE, WALK_ROOM };

/* A region fits into the record as long as this much is left. */
#define REGION_ROOM (sizeof(struct mt_region) + MT_PATH_LEN + COMPONENT_LEN)

/* Sends what is in the record as one piece, and begins the next. */
static __noinline int walk_send_piece(struct scratch *s, __u32 flags)
{
	struct mt_regions *head = (void *)s->rec;

	head->e = s->head;
	head->e.flags = flags;
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
	__u64 flags = BPF_CORE_READ(vma, vm_flags) & MT_VM_HASHED, offset = 0;

	if (BPF_CORE_READ(vma, vm_file))
		offset = BPF_CORE_READ(vma, vm_pgoff) * PAGE_SIZE;
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

static __always_inline bool walk_push(struct scratch *s, __u64 encoded, __u64 min, __u64 max)
{
	__u32 type = (encoded >> 3) & 15, depth = s->depth;
	struct level *l;

	if (depth >= WALK_DEPTH) {
		s->error = WALK_DEEP;
		return false;
	}
	if (type < MAPLE_LEAF_64 || type > MAPLE_ARANGE_64) {
		s->error = WALK_NODE;
		return false;
	}
	l = &s->levels[depth];
	if (bpf_probe_read_kernel(l->words, sizeof(l->words),
				  (void *)(encoded & ~MAPLE_NODE_MASK))) {
		s->error = WALK_READ;
		return false;
	}
	l->min = l->cur = min;
	l->max = max;
	l->slot = 0;
	l->leaf = type;
	s->depth = depth + 1;
	return true;
}

#define WORD(type, field) (bpf_core_field_offset(type, field) / 8)
#define COUNT(type, field) (bpf_core_field_size(type, field) / 8)

/* Looks at one slot of the deepest node: 0 goes on, 1 ends (bpf_loop callback). */
static long walk_step(__u32 i, void *ctx)
{
	__u32 deepest, slot, pivots, pivot_at, slot_at;
	struct scratch *s = scratch_of_cpu();
	__u64 pivot, entry, min;
	struct level *l;

	if (!s)
		return 1;
	/* What is compared is the register that the verifier has to know bounds of. */
	deepest = s->depth - 1;
	barrier_var(deepest);
	if (deepest >= WALK_DEPTH)
		return 1;
	l = &s->levels[deepest];
	if (l->leaf == MAPLE_ARANGE_64) {
		pivots = COUNT(struct maple_arange_64, pivot);
		pivot_at = WORD(struct maple_arange_64, pivot);
		slot_at = WORD(struct maple_arange_64, slot);
	} else {
		pivots = COUNT(struct maple_range_64, pivot);
		pivot_at = WORD(struct maple_range_64, pivot);
		slot_at = WORD(struct maple_range_64, slot);
	}
	slot = l->slot;
	if (slot > pivots) {
		s->error = WALK_NODE;
		return 1;
	}
	/* The last slot used has the node's own maximum for a pivot, or none (0). */
	pivot = slot < pivots ? l->words[(pivot_at + slot) & (NODE_WORDS - 1)] : l->max;
	if (!pivot || pivot > l->max)
		pivot = l->max;
	entry = l->words[(slot_at + slot) & (NODE_WORDS - 1)];
	min = l->cur;
	if (pivot >= l->max || pivot >= s->hi)
		s->depth--;
	l->slot = slot + 1;
	l->cur = pivot + 1;
	if (pivot < s->lo || min > s->hi || entry < PAGE_SIZE)
		return 0;
	if (l->leaf == MAPLE_LEAF_64)
		return !walk_region(entry, min, pivot + 1);
	/* A node that was left already makes room for its last child. */
	return !walk_push(s, entry, min, pivot);
}

static __always_inline void walk_maple(struct scratch *s, struct mm_struct *mm)
{
	__u64 root = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);

	s->depth = 0;
	/* xa_is_node(): the root of more than one entry has bit 1 set */
	if ((root & 3) != 2 || root < PAGE_SIZE) {
		s->error = WALK_NODE;
		return;
	}
	if (walk_push(s, root, 0, ~0ull))
		bpf_loop(WALK_STEPS, walk_step, NULL, 0);
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
	if (store == REGIONS_IN_MAPLE)
		walk_maple(s, mm);
	else
		walk_list(s, mm);
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
	walk(s, mm, addr, ~0ull, 1, 0, store);
	return s->found == 1;
}

#endif
