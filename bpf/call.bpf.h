/* SPDX-License-Identifier: GPL-2.0 */
/* Pairs the enter and exit of a memory system call and sends one record of it. */
#ifndef MEMTRACE_CALL_BPF_H
#define MEMTRACE_CALL_BPF_H

#include "scope.bpf.h"
#include "stack.bpf.h"
#include "walk.bpf.h"

/* include/uapi/asm-generic/mman-common.h, linux/mman.h, linux/prctl.h */
#define MAP_TYPE 0x0f
#define MAP_PRIVATE 0x02
#define MAP_DROPPABLE 0x08
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_HUGETLB 0x40000
#define PROT_EXEC 0x4
#define PROT_GROWSDOWN 0x01000000
#define MREMAP_FIXED 2
#define PR_SET_MM 35
#define PR_SET_VMA 0x53564d41
#define EINVAL 22

/* Of prctl, only what concerns the address space is a memory call. */
static __always_inline bool prctl_is_ours(__u64 option)
{
	return option == PR_SET_MM || option == PR_SET_VMA;
}

/* The state of a task in scope that makes a call now, or NULL. */
static __always_inline struct task_state *call_state(struct task_struct *task)
{
	struct task_state *ts = state_of(task, false);
	__u64 mm, *id;

	if (!ts || !ts->space || stopped)
		return NULL;
	mm = (__u64)CURRENT_READ(task, mm);
	if (ts->mm == mm)
		return ts;
	/* It was found by the scan in the middle of an exec. */
	id = bpf_map_lookup_elem(&mm_spaces, &mm);
	return id ? task_join(task, *id, mm) : NULL;
}

/*
 * A call of a task in scope begins: its state to put the arguments into, or
 * NULL. The test of a task that is not in scope comes first and is one look-up.
 * A call that is not ours is only noted, so that its exit is not taken for
 * another's.
 */
static __always_inline struct task_state *call_enter(__u32 call, bool ours)
{
	struct task_state *ts = call_state(current_task());

	if (!ts)
		return NULL;
	if (tier_truth) {
		ts->enter_ns = bpf_ktime_get_ns();
		return NULL;
	}
	ts->call = MT_CALL_NONE;
	if (!ours)
		return NULL;
	ts->call = call;
	ts->seq = 0;
	ts->uncounted = 0;
	ts->target = ts->space;
	ts->enter_ns = bpf_ktime_get_ns();
	return ts;
}

static __always_inline bool call_failed(__s64 ret)
{
	return ret < 0 && ret >= -4095;
}

/* An error, or a brk that did not get what it asked for: the limits may tell why. */
static __always_inline bool call_refused(const struct task_state *ts, __u32 call, __s64 ret)
{
	if (call == MT_CALL_BRK)
		return ts->args[0] && (__u64)ret != ts->args[0];
	return call_failed(ret);
}

/*
 * Whether user space needs to see the kernel's region to know what the call
 * did (struct call in user/core/call.h says which calls), and at which address.
 */
static __always_inline bool wants_region(const struct task_state *ts, __u32 call, __s64 ret,
					 __u64 *ret_addr)
{
	bool failed = call_failed(ret);
	__u64 type;

	/* Its write section tells. */
	if (tier_truth && !call_regions)
		return false;
	*ret_addr = failed ? ts->args[0] : ret;
	switch (call) {
	case MT_CALL_MMAP:
		if (failed)
			return ts->args[3] & MAP_FIXED;
		type = ts->args[3] & MAP_TYPE;
		return !(ts->args[3] & MAP_ANONYMOUS) || (ts->args[3] & MAP_HUGETLB) ||
		       (type != MAP_PRIVATE && type != MAP_DROPPABLE);
	case MT_CALL_MREMAP:
		if (failed) {
			*ret_addr = ts->args[4];
			return ts->args[3] & MREMAP_FIXED;
		}
		return true;
	case MT_CALL_SHMAT:
	case MT_CALL_MAP_SHADOW_STACK:
		return !failed;
	case MT_CALL_MPROTECT:
	case MT_CALL_PKEY_MPROTECT:
		*ret_addr = ts->args[0];
		return failed ? ret != -EINVAL : ts->args[2] & PROT_GROWSDOWN;
	case MT_CALL_MUNMAP:
	case MT_CALL_REMAP_FILE_PAGES:
		return failed && ret != -EINVAL;
	}
	return false;
}

/* A flood of other calls must not hide that memory became executable. */
static __always_inline enum ring_room call_room(__u32 call, const __u64 args[6])
{
	return (call == MT_CALL_MPROTECT || call == MT_CALL_PKEY_MPROTECT) && args[2] & PROT_EXEC ?
		       ROOM_EXEC :
		       ROOM_ORDINARY;
}

static __always_inline void fill_call(struct mt_call *c, const struct task_state *ts,
				      struct task_struct *task, __u32 call, __s64 ret, __u64 lost)
{
	fill_head(&c->e, task, MT_EVENT_CALL, ts->space, lost);
	c->e.tgid = ts->tgid;
	c->e.tid = ts->tid;
	c->call = call;
	c->seq = tier_ordered ? ts->seq : 0;
	c->seen_after = 0;
	c->enter_ns = ts->uncounted ? 0 : ts->enter_ns;
	__builtin_memcpy(c->args, ts->args, sizeof(c->args));
	c->ret = ret;
	c->target = ts->target;
	c->cookie = take_stacks ? ts->cookie : 0;
	c->for_bytes = take_stacks ? ts->for_bytes : 0;
	c->for_calls = take_stacks ? ts->for_calls : 0;
	read_counters_of_current(task, &c->mm);
	if (ts->uncounted)
		c->e.flags |= MT_CALL_NO_ENTER;
	if (CURRENT_READ(task, personality) & READ_IMPLIES_EXEC)
		c->e.flags |= MT_CALL_READ_EXEC;
}

static __always_inline void put_limits(struct scratch *s, struct mt_call *c,
				       struct task_struct *task)
{
	struct mt_limits *to = scratch_room(s, sizeof(*to));

	if (!to)
		return;
	read_limits(task, to);
	c->e.flags |= MT_CALL_LIMITS;
}

static __always_inline void put_layout(struct scratch *s, struct mt_call *c, struct mm_struct *mm)
{
	struct mt_layout *to = scratch_room(s, sizeof(*to));

	if (!to)
		return;
	read_layout(mm, to);
	c->e.flags |= MT_CALL_LAYOUT;
}

/* The name given to PR_SET_VMA_ANON_NAME; NULL takes a name off. */
static __always_inline void put_anon_name(struct scratch *s, struct mt_call *c, __u64 user)
{
	char *to = scratch_room(s, MT_NAME_LEN);

	if (!to)
		return;
	__builtin_memset(to, 0, MT_NAME_LEN);
	if (!user || bpf_probe_read_user_str(to, MT_NAME_LEN, (void *)user) < 0)
		c->e.flags |= MT_CALL_NAME_NULL;
	c->e.flags |= MT_CALL_NAME;
}

/*
 * Tier ordered: how many sections have begun since the call's own, after its
 * region was looked at. One that is not counted yet has the lock already.
 */
static __always_inline __u32 sections_since(const struct task_state *ts,
					    const struct mt_space *sp, struct mm_struct *mm)
{
	__u64 locked = mm_write_locked(mm);

	barrier();
	return *(const volatile __u64 *)&sp->sections + locked - ts->seq;
}

/* A record with tails is put together in scratch space and copied once. */
static __always_inline int call_send_long(struct task_state *ts, struct task_struct *task,
					  __u32 call, __s64 ret, enum region_store store)
{
	struct scratch *s = scratch_get();
	struct mt_space *sp;
	struct mm_struct *mm;
	struct mt_call *c;
	__u64 addr;

	if (!s) {
		count_lost(MT_EVENT_CALL, ts->space, MT_LOSS_SCRATCH);
		return 0;
	}
	sp = space_by_id(ts->space);
	c = (void *)s->rec;
	fill_call(c, ts, task, call, ret, sp ? sp->lost_total : 0);
	s->len = sizeof(*c);
	mm = CURRENT_READ(task, mm);
	if (call_refused(ts, call, ret)) {
		put_limits(s, c, task);
	} else if (call == MT_CALL_PRCTL) {
		if (ts->args[0] == PR_SET_MM)
			put_layout(s, c, mm);
		else
			put_anon_name(s, c, ts->args[4]);
	}
	if (wants_region(ts, call, ret, &addr))
		c->e.flags |= walk_one(s, mm, addr, store) ? MT_CALL_REGION : MT_CALL_NO_REGION;
	if (tier_ordered && sp && c->e.flags & (MT_CALL_REGION | MT_CALL_NO_REGION))
		c->seen_after = sections_since(ts, sp, mm);
	record_output_in(call_room(call, ts->args), s, MT_EVENT_CALL, ts->space);
	scratch_put(s);
	return 0;
}

static __always_inline int call_send(struct task_state *ts, struct task_struct *task, __u32 call,
				     __s64 ret, __u64 lost, enum region_store store)
{
	struct mt_call *c;
	__u64 addr;

	if (call_refused(ts, call, ret) || call == MT_CALL_PRCTL ||
	    wants_region(ts, call, ret, &addr))
		return call_send_long(ts, task, call, ret, store);
	c = record_reserve_in(call_room(call, ts->args), MT_EVENT_CALL, ts->space, sizeof(*c));
	if (!c)
		return 0;
	fill_call(c, ts, task, call, ret, lost);
	record_submit(c);
	return 0;
}

/*
 * The space of the process behind a pidfd, 0 when it is not in scope. The
 * struct pid was in file->private_data before pidfs (cb12fd8e0dab, 6.9), and is
 * in the inode since.
 */
static __noinline __u64 pidfd_space(struct task_struct *task, __u32 fd)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct hlist_node *node;
	struct task_struct *other;
	struct file *file, **fds;
	struct pid *pid;
	__u64 mm, *id;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return 0;
	fds = BPF_CORE_READ(fdt, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), fds + fd) || !file)
		return 0;
	pid = BPF_CORE_READ(file, private_data);
	if (!pid)
		pid = BPF_CORE_READ(file, f_inode, i_private);
	node = BPF_CORE_READ(pid, tasks[0].first);
	if (!node)
		return 0;
	other = (void *)node - bpf_core_field_offset(struct task_struct, pid_links);
	mm = (__u64)BPF_CORE_READ(other, mm);
	id = mm ? bpf_map_lookup_elem(&mm_spaces, &mm) : NULL;
	return id ? *id : 0;
}

/*
 * Tier truth needs no program at the enter of a call: what was asked for is
 * still in the registers when it ends. False when the call is none of ours.
 */
static __always_inline bool call_take(struct task_state *ts, struct task_struct *task, long nr)
{
	__u32 call = call_of_syscall(nr);
	__u64 sp;

	task_syscall((void *)bpf_task_pt_regs(task), ts->args, &sp);
	if (!call || (call == MT_CALL_PRCTL && !prctl_is_ours(ts->args[0])))
		return false;
	ts->call = call;
	ts->target = ts->space;
	if (call == MT_CALL_BRK) {
		ts->args[1] = ts->sections[0].brk;
		ts->args[2] = task->mm->start_brk;
	}
	if (call == MT_CALL_PROCESS_MADVISE)
		ts->target = pidfd_space(task, ts->args[0]);
	return true;
}

static __always_inline int call_exit(struct syscall_exit_ctx *ctx, enum region_store store)
{
	struct task_struct *task = current_task();
	struct task_state *ts = tier_truth ? call_state(task) : state_of(task, false);
	struct mt_space *sp;

	/* A call under way when all stops is not seen to end: it could end at any time later. */
	if (!ts || (!tier_truth && stopped))
		return 0;
	if (tier_truth ? !call_take(ts, task, (int)ctx->nr) : !ts->call)
		return 0;
	/*
	 * In tier truth the sections' numbers tell of losses and of what is on its
	 * way, so that nothing has to be looked up or counted for the space.
	 */
	sp = tier_truth ? NULL : space_by_id(ts->space);
	if (sp || tier_truth) {
		count_seen(MT_EVENT_CALL);
		if (sp && !ts->uncounted)
			__sync_fetch_and_add(&sp->calls, 1);
		if (take_stacks)
			stack_sample(ts, task, ctx->ret);
		call_send(ts, task, ts->call, ctx->ret, sp ? sp->lost_total : 0, store);
	}
	/* Last: who scans sees the call under way, or finds it counted. */
	ts->call = MT_CALL_NONE;
	ts->enter_ns = 0;
	return 0;
}

/* A thread that is in a call when its space comes into scope: see it end. */
static __always_inline void call_adopt(struct task_state *ts, long nr, const __u64 args[6])
{
	__u32 call = call_of_syscall(nr);

	if (tier_truth || !call || (call == MT_CALL_PRCTL && !prctl_is_ours(args[0])))
		return;
	__builtin_memcpy(ts->args, args, sizeof(ts->args));
	if (call == MT_CALL_BRK)
		ts->args[1] = ts->args[2] = 0;
	ts->target = ts->space;
	ts->seq = 0;
	ts->uncounted = 1;
	ts->call = call;
}

#endif
