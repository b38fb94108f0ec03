/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tier ordered: write sections are numbered under mmap_lock, and the number goes
 * with the record of the call that made the section. Walks nothing.
 *
 * The number is given when the lock has been taken and not when it is given up:
 * until 5.16 (10994316089c) mmap_lock_released is traced after up_write().
 * Sections exclude each other, so both orders are the same.
 */
#ifndef MEMTRACE_ORDER_BPF_H
#define MEMTRACE_ORDER_BPF_H

#include "section.bpf.h"

/* Of the last section that has begun; tier truth: of the one under way, or the next. */
static __always_inline __u64 section_newest(struct mm_struct *mm, const struct mt_space *sp)
{
	if (tier_ordered)
		return *(const volatile __u64 *)&sp->sections;
	return tier_truth ? section_number(mm, sp) : 0;
}

/* The first that is not in a walk which is made now, of an mm that nobody else has. */
static __always_inline __u64 next_section(struct mm_struct *mm, const struct mt_space *sp)
{
	return section_newest(mm, sp) + (tier_ordered ? 1 : 0);
}

/* A number that no record of a call or fork brings. */
static __noinline int order_send(struct task_struct *task, struct mm_struct *mm, __u64 space,
				 __u64 seq, __u64 origin)
{
	const struct task_state *ts = state_of(task, false);
	struct mt_space *sp = space_by_id(space);
	struct mt_section *rec;

	count_seen(MT_EVENT_SECTION);
	rec = record_reserve(MT_EVENT_SECTION, space, sizeof(*rec));
	if (!rec)
		return 0;
	fill_head(&rec->e, task, MT_EVENT_SECTION, space, sp ? sp->lost_total : 0);
	rec->e.tgid = ts && ts->space ? ts->tgid : tgid_seen(task);
	rec->e.tid = ts && ts->space ? ts->tid : pid_seen(task);
	rec->lo = rec->hi = 0;
	rec->seq = seq;
	rec->origin = origin;
	rec->nr = origin >> 32;
	rec->count = rec->len = 0;
	read_counters(mm, &rec->mm);
	read_layout(mm, &rec->layout);
	record_submit(rec);
	return 0;
}

/*
 * System calls that take the lock for writing and leave the regions as they are:
 * the first three the bit map of keys (arch/x86/include/asm/pkeys.h,
 * mm/mprotect.c), mm->flags or VM_MERGEABLE (kernel/sys.c), set_mempolicy_home_node
 * a policy (mm/mempolicy.c).
 */
#if defined(__TARGET_ARCH_x86)
#define is_neutral(nr, args) \
	((nr) == 330 || (nr) == 331 || (nr) == 450 || ((nr) == 157 && !prctl_is_ours((args)[0])))
#else
#define is_neutral(nr, args) \
	((nr) == 289 || (nr) == 290 || (nr) == 450 || ((nr) == 167 && !prctl_is_ours((args)[0])))
#endif

/*
 * Whose section it is that no call of ours made; 0: it changes nothing that has
 * to be in order, and gets no number. A stack that grows (since 6.5 in a section,
 * 8d7071af8907) shows in the mm's counters.
 */
static __always_inline __u64 order_origin(struct task_struct *task, struct task_state *ts,
					  struct mm_struct *mm)
{
	__u64 args[6] = {}, sp;
	long nr = -2;

	if ((__u64)task->mm != (__u64)mm)
		/* khugepaged and ksmd change pages, never regions. */
		return (task->flags & (PF_KTHREAD | PF_IO_WORKER)) == PF_KTHREAD ?
			       0 :
			       MT_ORIGIN_OTHER_TASK;
	if (task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER))
		return MT_ORIGIN_KERNEL;
	if (ts && ts->clone_ns)
		return MT_ORIGIN_CLONE;
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		nr = task_syscall((void *)bpf_task_pt_regs(task), args, &sp);
	if (nr == -1)
		return 0;
	if (is_compat(task))
		return MT_ORIGIN_COMPAT | (__u64)nr << 32;
	if (is_neutral(nr, args))
		return 0;
	return MT_ORIGIN_SYSCALL | (__u64)nr << 32;
}

/*
 * Which of several sections changes regions: the last. Only a page fault while
 * arguments are read (prctl's name, the vector of process_madvise) and
 * MADV_COLLAPSE (mm/khugepaged.c) make more than one, and neither does after the
 * one that counts: mm/mmap.c, mremap.c, mprotect.c, mlock.c, madvise.c and
 * ipc/shm.c take the lock once, and what is populated afterwards takes it for
 * reading (mm/gup.c, __mm_populate()).
 */
static __always_inline void order_of_call(struct task_struct *task, struct task_state *ts,
					  struct mm_struct *mm, __u64 seq)
{
	if (ts->seq)
		order_send(task, mm, ts->space, ts->seq, ts->call);
	ts->seq = seq;
	if (ts->call == MT_CALL_BRK && !ts->uncounted)
		ts->args[1] = mm->brk;
}

/* mmap_lock has been taken for writing. */
static __always_inline int order_begin(struct mm_struct *mm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *ts = state_of(task, false);
	__u64 space = space_of_mm(task, ts, mm), origin = 0, seq;
	bool of_call = ts && ts->call && ts->mm == (__u64)mm;
	struct mt_space *sp;

	/* Nobody uses it any more: exit_mmap() takes it apart. */
	if (!space || stopped || !mm->mm_users.counter)
		return 0;
	if (!of_call) {
		origin = order_origin(task, ts, mm);
		if (!origin)
			return 0;
	}
	sp = space_by_id(space);
	if (!sp)
		return 0;
	seq = ++sp->sections;
	if (of_call) {
		order_of_call(task, ts, mm, seq);
	} else if (origin == MT_ORIGIN_CLONE && ts && !ts->clone_seq) {
		ts->clone_seq = seq;
	} else {
		order_send(task, mm, space, seq, origin);
	}
	return 0;
}

/* The number under which a clone has copied the map: its record takes it along. */
static __always_inline __u64 order_clone_take(struct task_state *ts)
{
	__u64 seq = ts->clone_seq;

	ts->clone_seq = 0;
	return seq;
}

/* A clone ends: where no record of the fork took its number along, it goes alone. */
static __noinline int order_clone_end(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *ts = state_of(task, false);
	__u64 seq;

	if (!ts)
		return 0;
	seq = order_clone_take(ts);
	ts->clone_ns = 0;
	if (seq && ts->space && !stopped)
		order_send(task, task->mm, ts->space, seq, MT_ORIGIN_CLONE);
	return 0;
}

#endif
