/* SPDX-License-Identifier: GPL-2.0 */
/* Which spaces are traced. Decided at attach, fork and exec, and then it sticks. */
#ifndef MEMTRACE_SCOPE_BPF_H
#define MEMTRACE_SCOPE_BPF_H

#include "kernel.bpf.h"

#define CGROUP_DEPTH 32
#define SPACE_ID_TRIES 8
#define EEXIST 17

/* What a new task has. Not on the stack: callers are six deep, and 512 bytes are for all. */
static const struct task_state no_state;

static __always_inline struct task_state *state_of(struct task_struct *task, bool create)
{
	__u64 key = (__u64)task;

	if (use_task_storage)
		return bpf_task_storage_get(&task_states, task, NULL,
					    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (create)
		bpf_map_update_elem(&task_states_hash, &key, &no_state, BPF_NOEXIST);
	return bpf_map_lookup_elem(&task_states_hash, &key);
}

static __always_inline void state_forget(struct task_struct *task)
{
	__u64 key = (__u64)task;

	/* Task storage goes with its task. */
	if (!use_task_storage)
		bpf_map_delete_elem(&task_states_hash, &key);
}

static __noinline bool cgroup_matches(struct task_struct *task)
{
	struct cgroup *cgrp = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	int i;

	for (i = 0; i < CGROUP_DEPTH && cgrp; i++) {
		struct cgroup_subsys_state *parent;

		if (BPF_CORE_READ(cgrp, kn, id) == filter_cgroup)
			return true;
		parent = BPF_CORE_READ(cgrp, self.parent);
		cgrp = parent ? BPF_CORE_READ(parent, cgroup) : NULL;
	}
	return false;
}

/* The task is in scope by itself, whatever its parent is. */
static __noinline bool scope_matches(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	__u32 tgid = pid_seen(leader), i;
	char comm[MT_COMM_LEN];

	if (!tgid || BPF_CORE_READ(task, tgid) == self.tgid)
		return false;
	if (bpf_map_lookup_elem(&targets, &tgid))
		return true;
	if (!scope_all)
		return false;
	if (filter_uid_set && BPF_CORE_READ(task, real_cred, uid.val) != filter_uid)
		return false;
	if (filter_cgroup_set && !cgroup_matches(task))
		return false;
	if (!filter_comm_set)
		return true;
	/* A process is known by its leader's name. */
	bpf_core_read(comm, sizeof(comm), &leader->comm);
	for (i = 0; i < MT_COMM_LEN; i++) {
		if (comm[i] != filter_comm[i])
			return false;
		if (!comm[i])
			break;
	}
	return true;
}

/*
 * Brings an mm into scope as a new space: its id, or 0 when the table is full.
 * The id's low bits are the number of its ring: that of `beside`, or any for 0.
 * The count gives no result (scratch_get says why), so two CPUs may read the
 * same number: whose entry is refused takes the next one.
 */
static __noinline __u64 space_add(__u64 mm, __u32 owner, __u64 beside)
{
	struct mt_space sp = {};
	struct mt_stats *st;
	long err;
	__u64 id;
	int i;

	sp.owner = owner;
	sp.mm = mm;
	for (i = 0; i < SPACE_ID_TRIES; i++) {
		__sync_fetch_and_add(&last_space_id, 1);
		id = *(volatile __u64 *)&last_space_id;
		/* In turn; with one ring it is the number itself. */
		id = id * n_rings + ((beside ? beside : id) & (n_rings - 1));
		err = bpf_map_update_elem(&spaces, &id, &sp, BPF_NOEXIST);
		if (err == -EEXIST)
			continue;
		if (!err && !bpf_map_update_elem(&mm_spaces, &mm, &id, BPF_ANY))
			return id;
		if (!err)
			bpf_map_delete_elem(&spaces, &id);
		break;
	}
	st = stats_of_cpu();
	if (st)
		__sync_fetch_and_add(&st->no_space, 1);
	return 0;
}

/* Notes that a task belongs to a space: NULL when there is no memory for it. */
static __always_inline struct task_state *task_join(struct task_struct *task, __u64 space, __u64 mm)
{
	struct task_state *ts = state_of(task, true);
	struct mt_stats *st;

	if (!ts) {
		st = stats_of_cpu();
		if (st)
			__sync_fetch_and_add(&st->no_state, 1);
		return NULL;
	}
	ts->mm = mm;
	ts->call = 0;
	ts->clone_ns = 0;
	ts->seq = ts->clone_seq = 0;
	ts->shown_mm = 0;
	ts->cookie = 0;
	__builtin_memset(ts->strata, 0, sizeof(ts->strata));
	ts->tgid = tgid_seen(task);
	ts->tid = pid_seen(task);
	ts->space = space;
	return ts;
}

#endif
