/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an iterator tells of each thread that is in scope, and how one that runs
 * already is brought into it. Knows nothing of what the answers are for.
 */
#ifndef MEMTRACE_SCAN_BPF_H
#define MEMTRACE_SCAN_BPF_H

#include "ask.bpf.h"
#include "order.bpf.h"

/* Learns who reads: paths and pids are shown as the reader sees them. */
static __always_inline void learn_self(void)
{
	struct task_struct *me = (struct task_struct *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(me, thread_pid);
	struct upid upid = {};

	self.root_dentry = (__u64)BPF_CORE_READ(me, fs, root.dentry);
	self.root_mnt = (__u64)BPF_CORE_READ(me, fs, root.mnt);
	self.pid_level = BPF_CORE_READ(pid, level);
	read_upid(pid, self.pid_level, &upid);
	self.pid_ns = (__u64)upid.ns;
	self.tgid = BPF_CORE_READ(me, tgid);
}

/* Brings a task that runs already into scope. */
static __always_inline struct task_state *scan_attach(struct task_struct *task, __u64 mm)
{
	__u64 *id = bpf_map_lookup_elem(&mm_spaces, &mm);
	__u64 space = id && space_by_id(*id) ? *id : 0;

	/* vfork: it shares a space in scope, and is in scope by that. */
	if (!space) {
		if (!scope_matches(task))
			return NULL;
		space = space_add(mm, tgid_seen(task), 0);
	}
	return space ? task_join(task, space, mm) : NULL;
}

/* mm: the task's when it was looked at; it may have ended, and with it its mm, since. */
static __always_inline void fill_task(struct mt_task *rec, struct task_struct *task,
				      struct mm_struct *mm, const struct task_state *ts,
				      __u64 user_sp)
{
	struct mt_space *space = space_by_id(ts->space);

	rec->space = ts->space;
	rec->tgid = ts->tgid;
	rec->tid = ts->tid;
	rec->user_sp = user_sp;
	rec->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	rec->uid = BPF_CORE_READ(task, real_cred, uid.val);
	rec->in_call = ts->uncounted ? 0 : ts->call;
	rec->ts_ns = bpf_ktime_get_ns();
	bpf_core_read(rec->comm, sizeof(rec->comm), &task->comm);
	rec->seq = space ? section_newest(mm, space) : 0;
	rec->write_locked = (tier_truth || tier_ordered) && mm_write_locked(mm);
	barrier();
	read_counters(mm, &rec->mm);
	read_layout(mm, &rec->layout);
	barrier();
	/* What was read in between is of this number only if it is still the newest. */
	if (tier_ordered)
		rec->write_locked |= mm_write_locked(mm) ||
				     (space && rec->seq != section_newest(mm, space));
	barrier();
	rec->other_mm = (__u64)mm != ts->mm || (__u64)task->mm != ts->mm;
}

static __always_inline int scan_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u64 args[6] = {}, sp = 0;
	struct task_state *ts;
	struct mm_struct *mm;
	struct scratch *s;
	long nr = -1;

	if (!self.tgid)
		learn_self();
	if (!task || (task->flags & PF_KTHREAD))
		return 0;
	mm = task->mm;
	if (!mm || (scan.tgid && tgid_seen(task) != scan.tgid))
		return 0;
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs) && use_task_storage)
		nr = task_syscall((void *)bpf_task_pt_regs(task), args, &sp);
	ts = state_of(task, false);
	if (scan.attach && (!ts || !ts->space)) {
		ts = scan_attach(task, (__u64)mm);
		if (ts)
			call_adopt(ts, nr, args);
	}
	if (!ts || !ts->space)
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	fill_task((void *)s->rec, task, mm, ts, sp);
	bpf_seq_write(ctx->meta->seq, s->rec, sizeof(struct mt_task));
	scratch_put(s);
	return 0;
}

#endif
