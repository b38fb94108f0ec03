/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Write sections: what lies between taking mmap_lock for writing and giving it
 * up, or down to reading. At its end, still under the lock, the regions where
 * it wrote are read from the tree and sent: order, and truth, are the kernel's.
 */
#ifndef MEMTRACE_SECTION_BPF_H
#define MEMTRACE_SECTION_BPF_H

#include "audit.bpf.h"
#include "call.bpf.h"

#define PF_IO_WORKER 0x00000010 /* include/linux/sched.h */
#define TS_COMPAT 0x0002	/* arch/x86/include/asm/thread_info.h */
#define RWSEM_WRITER 1ll	/* kernel/locking/rwsem.c: RWSEM_WRITER_LOCKED */

/*
 * The number of the section under way, or of the next one: mm_lock_seq is a
 * seqcount since 6.12 (03a001b156d2: odd inside, +2 a section), before that an
 * int that the end of a section raises (5e31275cc997, 6.4), and before that
 * there is none: then ours counts.
 */
static __always_inline __u64 section_number(struct mm_struct *mm, const struct mt_space *sp)
{
	struct mm_struct___int *old = (void *)mm;

	if (bpf_core_field_exists(mm->mm_lock_seq.sequence))
		return BPF_CORE_READ(mm, mm_lock_seq.sequence) >> 1;
	if (bpf_core_field_exists(old->mm_lock_seq))
		return BPF_CORE_READ(old, mm_lock_seq) & MT_SEQ_MASK;
	return sp->sections & MT_SEQ_MASK;
}

static __always_inline bool mm_write_locked(struct mm_struct *mm)
{
	if (bpf_core_field_exists(mm->mm_lock_seq.sequence) &&
	    BPF_CORE_READ(mm, mm_lock_seq.sequence) & 1)
		return true;
	return BPF_CORE_READ(mm, mmap_lock.count.counter) & RWSEM_WRITER;
}

/* The space of an mm, wherever the caller comes from; 0: not in scope. */
static __always_inline __u64 space_of_mm(const struct task_state *ts, __u64 mm)
{
	__u64 *id;

	if (ts && ts->space && ts->mm == mm)
		return ts->space;
	id = bpf_map_lookup_elem(&mm_spaces, &mm);
	return id ? *id : 0;
}

static __always_inline struct section *section_of(struct task_state *ts, __u64 mm)
{
	if (ts->sections[0].mm == mm)
		return &ts->sections[0];
	if (ts->sections[1].mm == mm)
		return &ts->sections[1];
	return NULL;
}

static __always_inline int section_begin(struct task_struct *task, struct mm_struct *mm)
{
	struct task_state *ts = state_of(task, false);
	__u64 space = space_of_mm(ts, (__u64)mm);
	struct section *sec;

	/* Nobody uses it any more: exit_mmap() takes it apart. */
	if (!space || stopped || !mm->mm_users.counter)
		return 0;
	if (!ts)
		ts = state_of(task, true);
	if (!ts)
		return 0;
	sec = section_of(ts, (__u64)mm);
	if (!sec)
		sec = ts->sections[0].mm ? &ts->sections[1] : &ts->sections[0];
	sec->mm = (__u64)mm;
	sec->space = space;
	sec->lo = ~0ull;
	sec->hi = 0;
	sec->brk = BPF_CORE_READ(mm, brk);
	return 0;
}

static __always_inline void section_add(struct section *sec, __u64 addr, __u64 len)
{
	__u64 start = addr & ~(PAGE_SIZE - 1);
	__u64 end = start + ((len + (addr - start) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));

	if (end <= start)
		return;
	if (start < sec->lo)
		sec->lo = start;
	if (end - 1 > sec->hi)
		sec->hi = end - 1;
}

/*
 * Adds what the system call acts on: an exact-fit munmap and what changes flags
 * in place write nothing to the tree that is traced. Returns true when it is
 * not known what may have changed: then all is looked at.
 */
static __always_inline bool section_add_call(struct section *sec, struct mm_struct *mm, __u32 call,
					     const __u64 args[6])
{
	__u64 brk;

	switch (call) {
	case MT_CALL_BRK:
		brk = BPF_CORE_READ(mm, brk);
		if (brk != sec->brk)
			section_add(sec, brk < sec->brk ? brk : sec->brk,
				    brk < sec->brk ? sec->brk - brk : brk - sec->brk);
		return false;
	case MT_CALL_MMAP:
		if (args[3] & MAP_FIXED)
			section_add(sec, args[0], args[1]);
		return false;
	case MT_CALL_MREMAP:
		section_add(sec, args[0], args[1] > args[2] ? args[1] : args[2]);
		if (args[3] & MREMAP_FIXED)
			section_add(sec, args[4], args[2]);
		return false;
	case MT_CALL_MPROTECT:
	case MT_CALL_PKEY_MPROTECT:
	case MT_CALL_MUNMAP:
	case MT_CALL_MLOCK:
	case MT_CALL_MLOCK2:
	case MT_CALL_MUNLOCK:
	case MT_CALL_MADVISE:
	case MT_CALL_MBIND:
	case MT_CALL_MSEAL:
	case MT_CALL_REMAP_FILE_PAGES:
		section_add(sec, args[0], args[1]);
		return false;
	case MT_CALL_SHMAT:
	case MT_CALL_MSYNC:
	case MT_CALL_MINCORE:
	case MT_CALL_MAP_SHADOW_STACK:
		return false;
	case MT_CALL_PRCTL:
		if (args[0] == PR_SET_VMA)
			section_add(sec, args[2], args[3]);
		return args[0] != PR_SET_VMA;
	}
	return true;
}

#if defined(__TARGET_ARCH_x86)
#define is_clone(nr) ((nr) == 56 || (nr) == 57 || (nr) == 58 || (nr) == 435)
#define is_compat(task) (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT)
#else
#define is_clone(nr) ((nr) == 220 || (nr) == 435)
#define is_compat(task) false
#endif
/* Whose section it is, and what may have changed; *ret_full: look at everything. */
static __always_inline __u32 section_origin(struct task_struct *task, struct section *sec,
					    struct mm_struct *mm, __s32 *ret_nr, bool *ret_full)
{
	__u64 args[6] = {}, sp;
	__u32 call;
	long nr;

	*ret_full = false;
	*ret_nr = -1;
	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return MT_ORIGIN_KERNEL;
	*ret_full = true;
	if (BPF_CORE_READ(task, flags) & PF_IO_WORKER)
		return MT_ORIGIN_KERNEL;
	nr = task_syscall((void *)bpf_task_pt_regs(task), args, &sp);
	*ret_nr = nr;
	if ((__u64)BPF_CORE_READ(task, mm) != (__u64)mm)
		return MT_ORIGIN_OTHER_TASK;
	if (nr < 0)
		return MT_ORIGIN_FAULT;
	if (is_compat(task))
		return MT_ORIGIN_COMPAT;
	if (is_clone(nr)) {
		*ret_full = false;
		return MT_ORIGIN_CLONE;
	}
	call = call_of_syscall(nr);
	if (!call)
		return MT_ORIGIN_SYSCALL;
	*ret_full = section_add_call(sec, mm, call, args);
	return call;
}

/* Everything there is, in pieces; the head alone takes the section's number. */
static __always_inline void section_send_all(struct scratch *s, struct section *sec,
					     struct mt_section *head, struct mm_struct *mm)
{
	__u64 seq = head->seq;

	head->e.flags |= MT_SECTION_FULL;
	head->lo = head->hi = 0;
	head->count = head->len = 0;
	s->len = sizeof(*head);
	s->head = head->e;
	s->head.type = MT_EVENT_REGIONS;
	record_output(s, MT_EVENT_SECTION, sec->space);
	walk_all(s, mm, seq + 1, head->e.flags & MT_SECTION_DOWNGRADED ? MT_REGIONS_UNSETTLED : 0,
		 REGIONS_IN_MAPLE);
}

static __always_inline void section_send(struct scratch *s, struct section *sec,
					 struct mt_section *head, struct mm_struct *mm, bool full)
{
	s->len = sizeof(*head);
	s->found = s->error = 0;
	if (!full && sec->lo <= sec->hi) {
		head->lo = sec->lo & ~(PAGE_SIZE - 1);
		head->hi = (sec->hi + PAGE_SIZE) & ~(PAGE_SIZE - 1);
		/* One further on each side: they may have merged with what is here. */
		walk(s, mm, head->lo ? head->lo - 1 : 0, head->hi, 0, 0, REGIONS_IN_MAPLE);
	}
	if (full || s->error) {
		section_send_all(s, sec, head, mm);
		return;
	}
	head->count = s->found;
	head->len = s->len - sizeof(*head);
	record_output(s, MT_EVENT_SECTION, sec->space);
}

/* Under the lock, after the section's own record. */
static __always_inline void section_audit(struct scratch *s, struct task_struct *task,
					  struct mt_space *sp, const struct section *sec,
					  struct mm_struct *mm, __u64 seq, __u32 flags)
{
	sp->unhashed = 0;
	sp->want_audit = 0;
	if (!walk_hash(s, mm))
		flags |= MT_AUDIT_BAD;
	fill_head(&s->head, task, MT_EVENT_AUDIT, sec->space, sp->lost_total);
	audit_send(s, &s->head, seq, flags);
}

static __noinline int section_end(struct task_struct *task, struct mm_struct *mm, bool downgrade)
{
	struct task_state *ts = state_of(task, false);
	struct mt_section *head;
	struct section *sec;
	struct mt_space *sp;
	struct scratch *s;
	bool full, walk;
	__u64 seq;

	if (!ts)
		return 0;
	sec = section_of(ts, (__u64)mm);
	if (!sec)
		return 0;
	sp = space_by_id(sec->space);
	if (!sp || stopped) {
		sec->mm = 0;
		return 0;
	}
	count_seen(MT_EVENT_SECTION);
	seq = section_number(mm, sp);
	s = scratch_get();
	if (!s) {
		count_lost(MT_EVENT_SECTION, sec->space, MT_LOSS_SCRATCH);
	} else {
		head = (void *)s->rec;
		fill_head(&head->e, task, MT_EVENT_SECTION, sec->space, sp->lost_total);
		head->e.tgid = ts->space ? ts->tgid : tgid_seen(task);
		head->e.tid = ts->space ? ts->tid : pid_seen(task);
		if (downgrade)
			head->e.flags |= MT_SECTION_DOWNGRADED;
		head->lo = head->hi = 0;
		head->seq = seq;
		head->origin = section_origin(task, sec, mm, &head->nr, &full);
		read_counters(mm, &head->mm);
		read_layout(mm, &head->layout);
		walk = sp->want_walk && ring_has_room();
		/* Before: what of the walk gets lost wants it again. */
		if (walk || full)
			sp->want_walk = 0;
		section_send(s, sec, head, mm, full || walk);
		if (audit_due(sp, head->mm.map_count))
			section_audit(s, task, sp, sec, mm, seq + 1,
				      downgrade ? MT_AUDIT_UNSETTLED : 0);
		scratch_put(s);
	}
	/* Last: who reads this finds the record in the ring. */
	sp->next_seq = (seq + 1) & MT_SEQ_MASK;
	sp->sections++;
	sec->mm = 0;
	return 0;
}

static __always_inline int section_write(struct task_struct *task, struct ma_state *mas)
{
	struct task_state *ts = state_of(task, false);
	struct section *sec;
	__u64 mm;

	if (!ts || !(ts->sections[0].mm | ts->sections[1].mm))
		return 0;
	mm = (__u64)mas->tree - bpf_core_field_offset(struct mm_struct, mm_mt);
	sec = section_of(ts, mm);
	if (!sec)
		return 0;
	if (mas->index < sec->lo)
		sec->lo = mas->index;
	if (mas->last > sec->hi)
		sec->hi = mas->last;
	return 0;
}

/* mmap_lock_acquire_returned: taken for writing, or given down to reading by its writer. */
static __always_inline int lock_acquired(struct mm_struct *mm, bool write, bool success)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!success)
		return 0;
	return write ? section_begin(task, mm) : section_end(task, mm, true);
}

#endif
