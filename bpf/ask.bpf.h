/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers to what user space asks of a space from outside, through an iterator.
 * No lock is held: one that stands still is read at once, as no writer has the
 * lock and its number of sections is the same afterwards; of any other the next
 * section tells.
 */
#ifndef MEMTRACE_ASK_BPF_H
#define MEMTRACE_ASK_BPF_H

#include "section.bpf.h"

/* kernel/locking/rwsem.c: what is left of the count are flags of waiters. */
#define RWSEM_READERS (~0xffll)

/*
 * Read before anything else: who has the lock for reading may be unmapping
 * still, after its section. It cannot begin to without a section of its own.
 */
static __always_inline bool mm_has_readers(struct mm_struct *mm)
{
	return mm->mmap_lock.count.counter & RWSEM_READERS;
}

/*
 * Read anew: what was read before it may not stand for it (nor does a load by itself order).
 * The lock first: a section under way keeps its number until it ends, and one that ends
 * between the two has changed it. Of a task that ends, mm may be freed, and another's by
 * now, with just this number: it is the task's own as long as the task has it (exit_mm(),
 * kernel/exit.c).
 */
static __always_inline bool mm_stands_still(struct task_struct *task, struct mm_struct *mm,
					    const struct mt_space *sp, __u64 seq)
{
	bool still;

	barrier();
	still = !mm_write_locked(mm);
	barrier();
	still = still && section_number(mm, sp) == seq;
	barrier();
	return still && (__u64)task->mm == (__u64)mm;
}

static __always_inline void ask_head(struct mt_event *e, __u64 space, __u32 tgid, __u32 type)
{
	struct mt_space *sp = space_by_id(space);

	__builtin_memset(e, 0, sizeof(*e));
	e->type = type;
	e->space = space;
	e->lost = sp ? sp->lost_total : 0;
	e->ts_ns = bpf_ktime_get_ns();
	e->tgid = e->tid = tgid;
}

/* Sends the map as it is, and says whether it stood still meanwhile. */
static __always_inline bool ask_send_map(struct scratch *s, struct task_struct *task,
					 struct mm_struct *mm, const struct mt_space *sp)
{
	__u32 flags = mm_has_readers(mm) ? MT_REGIONS_UNSETTLED : 0;
	__u64 seq = section_number(mm, sp);
	bool still;

	if (mm_write_locked(mm))
		return false;
	s->space = 0;
	flags |= walk_pieces(s, mm, seq, REGIONS_IN_MAPLE);
	still = mm_stands_still(task, mm, sp, seq);
	walk_send_piece(s, still ? flags : flags | MT_REGIONS_STALE);
	/* A section that came between makes it old before it is read. */
	return still && mm_stands_still(task, mm, sp, seq);
}

static __always_inline void ask_walk(struct task_struct *task, struct mm_struct *mm, __u64 space,
				     __u32 tgid)
{
	struct mt_space *sp = space_by_id(space);
	struct scratch *s;

	if (!sp)
		return;
	/* First: a section that ends meanwhile finds it. */
	space_want(&sp->want_walk);
	s = scratch_get();
	if (!s)
		return;
	ask_head(&s->head, space, tgid, MT_EVENT_REGIONS);
	/* What it loses by the way is noticed by whoever asked. */
	if (ask_send_map(s, task, mm, sp))
		sp->want_walk = 0;
	scratch_put(s);
}

static __always_inline void ask_audit(struct task_struct *task, struct mm_struct *mm, __u64 space,
				      __u32 tgid)
{
	struct mt_space *sp = space_by_id(space);
	struct scratch *s;
	__u32 flags;
	__u64 seq;

	if (!sp)
		return;
	space_want(&sp->want_audit);
	flags = mm_has_readers(mm) ? MT_AUDIT_UNSETTLED : 0;
	seq = section_number(mm, sp);
	if (mm_write_locked(mm))
		return;
	s = scratch_get();
	if (!s)
		return;
	if (!walk_hash(s, mm))
		flags |= MT_AUDIT_BAD;
	if (mm_stands_still(task, mm, sp, seq)) {
		ask_head(&s->head, space, tgid, MT_EVENT_AUDIT);
		audit_send(s, seq, flags);
		sp->want_audit = 0;
	}
	scratch_put(s);
}

/* The map of whoever reads, as if it were that of a space: to see that walks are right. */
static __always_inline void ask_self(struct task_struct *task, struct mm_struct *mm, __u64 space)
{
	struct mt_space none = {};
	struct scratch *s = scratch_get();

	if (!s)
		return;
	ask_head(&s->head, space, tgid_seen(task), MT_EVENT_REGIONS);
	ask_send_map(s, task, mm, &none);
	scratch_put(s);
}

#endif
