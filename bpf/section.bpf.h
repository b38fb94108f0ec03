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

/* include/linux/sched.h */
#define PF_IO_WORKER 0x00000010
#define PF_USER_WORKER 0x00004000
#define TS_COMPAT 0x0002 /* arch/x86/include/asm/thread_info.h */
#define STACK_SIZE 65536 /* at least THREAD_SIZE */
#define HUGE_UP(len) (((len) + (2ull << 20) - 1) & ~((2ull << 20) - 1))

/* The kernel numbers them. */
#define have_lock_seq                                                            \
	(bpf_core_field_exists(((struct mm_struct *)0)->mm_lock_seq.sequence) || \
	 bpf_core_field_exists(((struct mm_struct___int *)0)->mm_lock_seq))

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
		return mm->mm_lock_seq.sequence >> 1;
	if (bpf_core_field_exists(old->mm_lock_seq))
		return BPF_CORE_READ(old, mm_lock_seq) & MT_SEQ_MASK;
	return sp ? sp->sections & MT_SEQ_MASK : 0;
}

/*
 * The space of an mm that a task has locked, its own or another's; 0: not in
 * scope. A task is joined to its own before it can lock it, but for the workers
 * of io_uring and vhost, of which no fork tells (kernel/fork.c, create_io_thread()).
 */
static __always_inline __u64 space_of_mm(struct task_struct *task, const struct task_state *ts,
					 struct mm_struct *mm)
{
	__u64 key = (__u64)mm, *id;

	if (ts && ts->space && ts->mm == key)
		return ts->space;
	if (!ts && (__u64)task->mm == key && !(task->flags & (PF_IO_WORKER | PF_USER_WORKER)))
		return 0;
	id = bpf_map_lookup_elem(&mm_spaces, &key);
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
	__u64 space = space_of_mm(task, ts, mm);
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
	sec->brk = mm->brk;
	sec->room = ROOM_ORDINARY;
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
		brk = mm->brk;
		if (brk != sec->brk)
			section_add(sec, brk < sec->brk ? brk : sec->brk,
				    brk < sec->brk ? sec->brk - brk : brk - sec->brk);
		return false;
	case MT_CALL_MMAP:
		if (args[3] & MAP_FIXED)
			section_add(sec, args[0], args[1]);
		return false;
	case MT_CALL_MREMAP:
		/* Of huge pages it takes whole ones (mm/mremap.c); an exact fit is not traced. */
		section_add(sec, args[0], HUGE_UP(args[1] > args[2] ? args[1] : args[2]));
		if (args[3] & MREMAP_FIXED)
			section_add(sec, args[4], HUGE_UP(args[2]));
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
#define is_compat(task) ((task)->thread_info.status & TS_COMPAT)
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
	if (task->flags & PF_KTHREAD)
		return MT_ORIGIN_KERNEL;
	*ret_full = true;
	if (task->flags & PF_IO_WORKER)
		return MT_ORIGIN_IO_URING;
	nr = task_syscall((void *)bpf_task_pt_regs(task), args, &sp);
	*ret_nr = nr;
	if ((__u64)task->mm != (__u64)mm)
		return MT_ORIGIN_OTHER_TASK;
	/* Faults take the lock to write for a stack that grows: the tree is told (mm/vma.c). */
	*ret_full = nr >= 0;
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
	sec->room = call_room(call, args);
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
	/* Who has changed another's space has not come to live there. */
	if (head->origin == MT_ORIGIN_OTHER_TASK)
		s->head.tgid = s->head.tid = 0;
	record_output(s, MT_EVENT_SECTION, sec->space);
	walk_all(s, mm, seq + 1, head->e.flags & MT_SECTION_DOWNGRADED ? MT_REGIONS_UNSETTLED : 0,
		 REGIONS_IN_MAPLE);
}

static __always_inline void section_send(struct scratch *s, struct section *sec,
					 struct mt_section *head, struct mm_struct *mm, bool full)
{
	s->len = sizeof(*head);
	s->found = s->error = 0;
	s->space = sec->space;
	if (!full && sec->lo <= sec->hi) {
		head->lo = sec->lo & ~(PAGE_SIZE - 1);
		head->hi = (sec->hi + PAGE_SIZE) & ~(PAGE_SIZE - 1);
		/*
		 * What has merged with its neighbours is seen whole. Neighbours that
		 * were cut off are not sent: to replace [lo, hi) cuts them likewise.
		 */
		walk(s, mm, head->lo, head->hi - 1, 0, 0, REGIONS_IN_MAPLE);
	}
	if (full || s->error) {
		section_send_all(s, sec, head, mm);
		return;
	}
	head->count = s->found;
	head->len = s->len - sizeof(*head);
	record_output_in(sec->room, s, MT_EVENT_SECTION, sec->space);
}

/*
 * The space, where something of it is needed: numbers of our own, or because
 * user space has asked for a walk of one or another.
 */
static __always_inline struct mt_space *section_space(const struct section *sec)
{
	return !have_lock_seq || wants != wants_served ? space_by_id(sec->space) : NULL;
}

/* Under the lock, after the section's own record. */
static __noinline int section_audit(struct scratch *s, struct mm_struct *mm, __u64 seq,
				    __u32 flags)
{
	if (!walk_hash(s, mm))
		flags |= MT_AUDIT_BAD;
	audit_send(s, seq, flags);
	return 0;
}

static __always_inline void section_fill(struct scratch *s, struct task_struct *task,
					 struct task_state *ts, struct section *sec,
					 struct mm_struct *mm, bool downgrade)
{
	struct mt_space *sp = section_space(sec);
	struct mt_section *head = (void *)s->rec;
	__u64 seq = section_number(mm, sp);
	bool full, audit;

	head->e.type = MT_EVENT_SECTION;
	head->e.flags = downgrade ? MT_SECTION_DOWNGRADED : 0;
	head->e.lost = 0;
	head->e.space = sec->space;
	head->e.ts_ns = 0; /* their order is in their numbers */
	read_comm_of_current(task, head->e.comm);
	head->e.tgid = ts->space ? ts->tgid : tgid_seen(task);
	head->e.tid = ts->space ? ts->tid : pid_seen(task);
	head->lo = head->hi = 0;
	head->seq = seq;
	head->origin = section_origin(task, sec, mm, &head->nr, &full);
	/* For how long memory was writable before it was executable is told. */
	if (head->origin == MT_CALL_MMAP || head->origin == MT_CALL_MPROTECT ||
	    head->origin == MT_CALL_PKEY_MPROTECT)
		head->e.ts_ns = bpf_ktime_get_ns();
	read_counters_in_place(mm, &head->mm);
	read_layout_in_place(mm, &head->layout);
	audit = ++ts->unaudited >= AUDIT_SECTIONS + AUDIT_SECTIONS_REGION * head->mm.map_count;
	if (sp && sp->want_audit) {
		sp->want_audit = 0;
		audit = true;
	}
	/* Before it is sent: what gets lost of it wants another. */
	if (sp && sp->want_walk && (full || ring_has_room(sec->space))) {
		sp->want_walk = 0;
		full = true;
	}
	if (audit)
		s->head = head->e;
	section_send(s, sec, head, mm, full);
	if (audit) {
		ts->unaudited = 0;
		section_audit(s, mm, seq + 1, downgrade ? MT_AUDIT_UNSETTLED : 0);
	}
	if (sp)
		sp->sections++;
}

static __always_inline void section_lost(const struct section *sec)
{
	struct mt_space *sp = section_space(sec);

	count_lost(MT_EVENT_SECTION, sec->space, MT_LOSS_SCRATCH);
	if (sp)
		sp->sections++;
}

static __noinline int section_end(struct task_struct *task, struct mm_struct *mm, bool downgrade)
{
	struct task_state *ts = state_of(task, false);
	struct section *sec = ts ? section_of(ts, (__u64)mm) : NULL;
	struct scratch *s;

	if (!sec)
		return 0;
	if (!stopped) {
		count_seen(MT_EVENT_SECTION);
		s = scratch_get();
		if (s) {
			section_fill(s, task, ts, sec, mm, downgrade);
			scratch_put(s);
		} else {
			section_lost(sec);
		}
	}
	sec->mm = 0;
	return 0;
}

/*
 * Regions that munmap takes out are put into a tree on its stack first
 * (mm/vma.c, vms_gather_munmap_vmas()): of no interest, and soon seen. Compared
 * and not subtracted: kernels such as 6.1 and 6.12 refuse to take an unknown number
 * from a pointer that has a type.
 */
static __always_inline bool on_stack(const struct task_struct *task, const void *at)
{
	__u64 start = (__u64)task->stack, end = start + STACK_SIZE;

	if ((__u64)at < start)
		return false;
	barrier_var(end);
	return (__u64)at < end;
}

static __always_inline int section_write(struct task_struct *task, struct ma_state *mas)
{
	struct task_state *ts;
	struct section *sec;
	__u64 mm;

	if (on_stack(task, mas->tree))
		return 0;
	ts = state_of(task, false);
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
