// SPDX-License-Identifier: GPL-2.0
/*
 * The programs: each reads what it is given and calls into one of the headers.
 * enter_* and exit_call are attached to the system calls (exit first, so that
 * no call is seen to begin and not to end), life_* to fork, exec and exit;
 * scan_tasks and lookup_region run when user space reads them.
 */
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "scan.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline int enter_call(__u32 call, const __u64 args[6])
{
	bool ours = call != MT_CALL_PRCTL || prctl_is_ours(args[0]);
	struct task_state *ts = call_enter(call, ours);

	if (!ts)
		return 0;
	__builtin_memcpy(ts->args, args, sizeof(ts->args));
	if (call == MT_CALL_BRK) {
		struct task_struct *task = current_task();

		ts->args[1] = have_task_btf ? task->mm->brk : BPF_CORE_READ(task, mm, brk);
		ts->args[2] = have_task_btf ? task->mm->start_brk :
					      BPF_CORE_READ(task, mm, start_brk);
	}
	if (call == MT_CALL_PROCESS_MADVISE)
		ts->target = pidfd_space(current_task(), args[0]);
	return 0;
}

#define X(ID, name, nargs)                                                                \
	SEC("tp/syscalls/sys_enter_" #name)                                               \
	int enter_##name(struct syscall_enter_ctx *ctx)                                   \
	{                                                                                 \
		__u64 args[6] = {};                                                       \
		_Pragma("unroll") for (int i = 0; i < nargs; i++) args[i] = ctx->args[i]; \
		return enter_call(MT_CALL_##ID, args);                                    \
	}

MT_CALLS(X)
#undef X

/* Attached to the exit of each of the calls. */
SEC("tp/syscalls/sys_exit_any")
int exit_call(struct syscall_exit_ctx *ctx)
{
	return call_exit(ctx, REGIONS_IN_MAPLE);
}

SEC("tp/syscalls/sys_exit_any")
int exit_call_list(struct syscall_exit_ctx *ctx)
{
	return call_exit(ctx, REGIONS_IN_LIST);
}

/* When a thread entered clone: the child's map was copied at some time after that. */
static __noinline int enter_clone_any(void)
{
	struct task_state *ts = state_of(current_task(), false);

	if (ts)
		ts->clone_ns = bpf_ktime_get_ns();
	return 0;
}

#define CLONE(name)                         \
	SEC("tp/syscalls/sys_enter_" #name) \
	int enter_##name(void *ctx)         \
	{                                   \
		return enter_clone_any();   \
	}
CLONE(clone)
CLONE(clone3)
CLONE(fork)
CLONE(vfork)

#define CLONE_EXIT(name)                   \
	SEC("tp/syscalls/sys_exit_" #name) \
	int order_exit_##name(void *ctx)   \
	{                                  \
		return order_clone_end();  \
	}
CLONE_EXIT(clone)
CLONE_EXIT(clone3)
CLONE_EXIT(fork)
CLONE_EXIT(vfork)

static __always_inline __u64 lost_of(__u64 space)
{
	struct mt_space *sp = space_by_id(space);

	return sp ? sp->lost_total : 0;
}

/* Sends the new space's whole map: nobody but the caller has its mm yet. */
static __always_inline void walk_new(struct task_struct *task, struct mm_struct *mm,
				     const struct mt_event *head, enum region_store store)
{
	struct mt_space *sp = space_by_id(head->space);
	struct scratch *s = scratch_get();

	if (!s) {
		count_seen(MT_EVENT_REGIONS);
		count_lost(MT_EVENT_REGIONS, head->space, MT_LOSS_SCRATCH);
		return;
	}
	s->head = *head;
	s->head.type = MT_EVENT_REGIONS;
	walk_all(s, mm, sp ? next_section(mm, sp) : 0, 0, store);
	scratch_put(s);
}

static __always_inline int process_fork(struct task_struct *parent, struct task_struct *child)
{
	struct task_state *ps = state_of(parent, false), *cs;
	__u64 mm = (__u64)child->mm, space = ps ? ps->space : 0, child_space;
	bool shared = mm == (__u64)parent->mm;
	struct mt_fork *f;

	if (!mm || stopped || (child->flags & PF_KTHREAD))
		return 0;
	cs = preemptible ? state_of(child, false) : NULL;
	if (cs && cs->space && cs->mm == mm)
		return 0; /* again_life_fork */
	if (shared && space) {
		child_space = space;
	} else {
		if (!(space && scope_follow) && !scope_matches(child))
			return 0;
		/*
		 * Where a child's map is copied from what is known of its parent's, the
		 * fork must come between the parent's calls: both have one ring.
		 */
		child_space = space_add(mm, tgid_seen(child), tier_truth ? 0 : space);
		if (!child_space)
			return 0;
	}
	cs = task_join(child, child_space, mm);
	if (!cs)
		return 0;
	count_seen(MT_EVENT_FORK);
	f = record_reserve(MT_EVENT_FORK, child_space, sizeof(*f));
	if (!f)
		return 0;
	fill_head(&f->e, parent, MT_EVENT_FORK, space, lost_of(space));
	f->e.tgid = tgid_seen(parent);
	f->e.tid = pid_seen(parent);
	f->e.flags = (child->tgid == parent->tgid ? MT_FORK_THREAD : 0) |
		     (shared ? MT_FORK_SHARED : 0) | (space ? 0 : MT_FORK_NO_BASE);
	f->enter_ns = ps ? ps->clone_ns : 0;
	f->child_space = child_space;
	f->child_tgid = cs->tgid;
	f->child_tid = cs->tid;
	f->child_start_ns = BPF_CORE_READ(child, group_leader, start_boottime);
	f->seq = tier_ordered && ps && !shared ? order_clone_take(ps) : 0;
	f->child_sp = task_sp(child);
	read_counters(child->mm, &f->mm);
	read_layout(child->mm, &f->layout);
	record_submit(f);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(life_fork, struct task_struct *parent, struct task_struct *child)
{
	return STILL(preemptible, process_fork(parent, child));
}

/* A child that came into scope shows its map. */
static __always_inline int walk_child(struct task_struct *parent, struct task_struct *child)
{
	struct task_state *ts = state_of(child, false);
	struct mt_event head;

	if (!ts || !ts->space || stopped || child->mm == parent->mm)
		return 0;
	if (ts->shown_mm == ts->mm)
		return 0; /* again_truth_fork */
	ts->shown_mm = ts->mm;
	fill_head(&head, parent, MT_EVENT_REGIONS, ts->space, lost_of(ts->space));
	head.tgid = head.tid = ts->tgid;
	walk_new(child, child->mm, &head, REGIONS_IN_MAPLE);
	return 0;
}

/* Attached after life_fork. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(truth_fork, struct task_struct *parent, struct task_struct *child)
{
	return STILL(preemptible, walk_child(parent, child));
}

/* For the reason that LOCK_PROGRAMS(again_lock) has. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(again_life_fork, struct task_struct *parent, struct task_struct *child)
{
	return STILL(preemptible, process_fork(parent, child));
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(again_truth_fork, struct task_struct *parent, struct task_struct *child)
{
	return STILL(preemptible, walk_child(parent, child));
}

/* Apart, for the stack: what walks goes deep, and all of it has 512 bytes. */
static __noinline int exec_send(struct task_struct *task, const struct mt_event *head,
				__u64 old_space, __u32 old_tid)
{
	struct mt_exec *e;

	count_seen(MT_EVENT_EXEC);
	e = record_reserve(MT_EVENT_EXEC, head->space, sizeof(*e));
	if (!e)
		return 0;
	e->e = *head;
	e->old_space = old_space;
	e->old_written = ring_written(old_space);
	e->old_tid = old_tid;
	e->pad = 0;
	e->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	read_counters(task->mm, &e->mm);
	read_layout(task->mm, &e->layout);
	record_submit(e);
	return 0;
}

static __always_inline int process_exec(struct task_struct *task, enum region_store store)
{
	struct task_state *ts = state_of(task, false);
	__u64 old = ts ? ts->space : 0, space = 0, mm = (__u64)task->mm;
	__u32 tgid = tgid_seen(task), old_tid = ts ? ts->tid : 0;
	struct mt_space *sp = old ? space_by_id(old) : NULL;
	struct mt_event head;

	if (stopped || (preemptible && ts && ts->shown_mm == mm))
		return 0; /* that: again_life_exec */
	/* A process stays in scope when it execs; a vfork child of it only with -f. */
	if ((old && (scope_follow || (sp && sp->owner == tgid))) || scope_matches(task))
		space = space_add(mm, tgid, 0);
	if (!space && !old)
		return 0;
	if (ts)
		ts->space = 0;
	ts = space ? task_join(task, space, mm) : NULL;
	if (space && !ts)
		return 0;
	if (ts)
		ts->shown_mm = mm;
	fill_head(&head, task, MT_EVENT_EXEC, space, 0);
	head.tgid = head.tid = tgid;
	exec_send(task, &head, old, old_tid);
	if (space)
		walk_new(task, task->mm, &head, store);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(life_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return STILL(preemptible, process_exec(task, REGIONS_IN_MAPLE));
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(again_life_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return STILL(preemptible, process_exec(task, REGIONS_IN_MAPLE));
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(life_exec_list, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return process_exec(task, REGIONS_IN_LIST);
}

static __always_inline int process_exit(struct task_struct *task)
{
	struct task_state *ts = state_of(task, false);
	struct mt_space *sp;
	struct mt_exit *e;
	bool group;

	if (!ts || !ts->space || stopped)
		return 0;
	sp = space_by_id(ts->space);
	group = !BPF_CORE_READ(task, signal, live.counter);
	/* Another process may get its id: it is not the one that was asked for. */
	if (group)
		bpf_map_delete_elem(&targets, &ts->tgid);
	count_seen(MT_EVENT_EXIT);
	e = record_reserve(MT_EVENT_EXIT, ts->space, sizeof(*e));
	if (e) {
		fill_head(&e->e, task, MT_EVENT_EXIT, ts->space, sp ? sp->lost_total : 0);
		e->e.tgid = ts->tgid;
		e->e.tid = ts->tid;
		e->e.flags = group ? MT_EXIT_GROUP : 0;
		e->exit_code = task->exit_code;
		e->pad = 0;
		record_submit(e);
	}
	ts->space = 0;
	state_forget(task);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(life_exit, struct task_struct *task)
{
	return STILL(preemptible, process_exit(task));
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(again_life_exit, struct task_struct *task)
{
	return STILL(preemptible, process_exit(task));
}

/*
 * The tracepoints had the path of a memory cgroup for a second argument until
 * 6.13; which form to load is seen by their number of arguments.
 */
#define LOCK_PROGRAMS(prefix)                                                              \
	SEC("tp_btf/mmap_lock_acquire_returned")                                           \
	int BPF_PROG(prefix##_acquire, struct mm_struct *mm, bool write, bool success)     \
	{                                                                                  \
		return STILL(preemptible, lock_acquired(mm, write, success));              \
	}                                                                                  \
	SEC("tp_btf/mmap_lock_released")                                                   \
	int BPF_PROG(prefix##_release, struct mm_struct *mm, bool write)                   \
	{                                                                                  \
		return write ? STILL(preemptible,                                          \
				     section_end(bpf_get_current_task_btf(), mm, false)) : \
			       0;                                                          \
	}
LOCK_PROGRAMS(lock)

/*
 * The kernel skips a program while a task that it took the CPU from is in it
 * (kernel/trace/bpf_trace.c, __bpf_trace_run). Where programs on tracepoints can
 * be preempted, all on tracepoints are there twice, the one after the other: done
 * again, nothing comes of them, and that both are skipped is rare, and told. Those
 * of system calls are not: perf keeps the CPU (perf_syscall_enter()).
 */
LOCK_PROGRAMS(again_lock)

SEC("tp_btf/mmap_lock_acquire_returned")
int BPF_PROG(lockcg_acquire, struct mm_struct *mm, const char *path, bool write, bool success)
{
	return lock_acquired(mm, write, success);
}

SEC("tp_btf/mmap_lock_released")
int BPF_PROG(lockcg_release, struct mm_struct *mm, const char *path, bool write)
{
	return write ? section_end(bpf_get_current_task_btf(), mm, false) : 0;
}

SEC("tp_btf/mmap_lock_acquire_returned")
int BPF_PROG(order_acquire, struct mm_struct *mm, bool write, bool success)
{
	return write && success ? order_begin(mm) : 0;
}

SEC("tp_btf/mmap_lock_acquire_returned")
int BPF_PROG(ordercg_acquire, struct mm_struct *mm, const char *path, bool write, bool success)
{
	return write && success ? order_begin(mm) : 0;
}

SEC("tp_btf/ma_write")
int BPF_PROG(tree_write, const char *fn, struct ma_state *mas)
{
	return STILL(preemptible, section_write(bpf_get_current_task_btf(), mas));
}

SEC("tp_btf/ma_write")
int BPF_PROG(again_tree_write, const char *fn, struct ma_state *mas)
{
	return STILL(preemptible, section_write(bpf_get_current_task_btf(), mas));
}

/*
 * The mm's last user has gone (mm/mmap.c, exit_mmap()): a fork may get its address
 * for a new one before user space has heard of the end.
 */
SEC("tp_btf/exit_mmap")
int BPF_PROG(tree_gone, struct mm_struct *mm)
{
	__u64 key = (__u64)mm;

	bpf_map_delete_elem(&mm_spaces, &key);
	return 0;
}

SEC("iter/task")
int scan_tasks(struct bpf_iter__task *ctx)
{
	return STILL(have_preempt, scan_task(ctx));
}

/*
 * Answers what user space asked of spaces, through whichever of its threads
 * comes first. One in the middle of exec has another mm already.
 */
static __always_inline int answer_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_state *ts;
	struct mm_struct *mm;
	__u32 *ask, what;

	if (!task)
		return 0;
	mm = task->mm;
	if (!mm)
		return 0;
	if (scan.self_space && task->tgid == self.tgid && task->pid == task->tgid)
		ask_self(task, mm, scan.self_space);
	ts = state_of(task, false);
	if (!ts || !ts->space || (__u64)mm != ts->mm)
		return 0;
	ask = bpf_map_lookup_elem(&asked, &ts->space);
	if (!ask)
		return 0;
	what = *ask;
	bpf_map_delete_elem(&asked, &ts->space);
	if (what == MT_ASK_WALK)
		ask_walk(task, mm, ts->space, ts->tgid);
	else
		ask_audit(task, mm, ts->space, ts->tgid);
	return 0;
}

SEC("iter/task")
int truth_ask(struct bpf_iter__task *ctx)
{
	return STILL(have_preempt, answer_task(ctx));
}

/* Where a region that grows by itself is now: one struct mt_lookup. */
static __always_inline int region_lookup(struct bpf_iter__task *ctx, enum region_store store)
{
	struct mt_lookup res = { .addr = scan.lookup };
	struct task_struct *task = ctx->task;
	struct scratch *s;

	if (scan.looked || !task || !task->mm || tgid_seen(task) != scan.tgid)
		return 0;
	s = scratch_get();
	if (!s)
		return 0;
	scan.looked = 1;
	s->len = 0;
	if (walk_one(s, task->mm, res.addr, store)) {
		struct mt_region *r = (void *)s->rec;

		res.start = r->start;
		res.end = r->end;
	}
	scratch_put(s);
	bpf_seq_write(ctx->meta->seq, &res, sizeof(res));
	return 0;
}

SEC("iter/task")
int lookup_region(struct bpf_iter__task *ctx)
{
	return STILL(have_preempt, region_lookup(ctx, REGIONS_IN_MAPLE));
}

SEC("iter/task")
int lookup_region_list(struct bpf_iter__task *ctx)
{
	return region_lookup(ctx, REGIONS_IN_LIST);
}

/*
 * Run by user space (bpf_prog_test_run(), 5.10) in place of system calls on maps:
 * these make the kernel skip programs of tracepoints that fire on their CPU
 * meanwhile, which is when they are preempted (bpf_disable_instrumentation()).
 */
SEC("raw_tp")
int ask_space(void *ctx)
{
	struct mt_space *sp = space_by_id(ask.space);
	__u32 want = ask.want;
	__u64 *id, mm;

	ask.found = sp != NULL;
	if (want)
		bpf_map_update_elem(&asked, &ask.space, &want, BPF_ANY);
	if (!sp)
		return 0;
	__builtin_memcpy(&ask.state, sp, sizeof(ask.state));
	if (!ask.forget)
		return 0;
	/* In tier truth the mm's end does it; the pointer may belong to a younger space by now. */
	mm = ask.state.mm;
	id = tier_truth ? NULL : bpf_map_lookup_elem(&mm_spaces, &mm);
	if (id && *id == ask.space)
		bpf_map_delete_elem(&mm_spaces, &mm);
	bpf_map_delete_elem(&spaces, &ask.space);
	return 0;
}
