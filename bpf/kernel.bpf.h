/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel differences, each by the existence of a field or helper and never by
 * version, and the few kernel inlines that have to be written again.
 */
#ifndef MEMTRACE_KERNEL_BPF_H
#define MEMTRACE_KERNEL_BPF_H

#include "maps.bpf.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
/* include/linux/fs.h: bit 25 since 6.5 (62d53c4a1dfe), bit 24 since 6.14 */
#define FMODE_BACKING_EITHER (3u << 24)
/* include/uapi/linux/magic.h */
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define FUSE_SUPER_MAGIC 0x65735546
#define READ_IMPLIES_EXEC 0x0400000 /* include/uapi/linux/personality.h */
#define PAGE_SIZE 4096ull

/*
 * What programs on syscalls/sys_enter_* and sys_exit_* are given: perf's own
 * struct syscall_tp_t (kernel/trace/trace_syscalls.c, perf_call_bpf_enter), not
 * the record of the event. Its first two members have changed shape but never
 * size: arguments and result have always been at 16, also where RHEL 9.3 made
 * struct trace_entry longer.
 */
struct syscall_enter_ctx {
	__u64 head[2];
	unsigned long args[6];
};

struct syscall_exit_ctx {
	__u64 head;
	int nr; /* a whole word in the kernel, of which only this half is written */
	long ret;
};

/*
 * bpf_get_current_task_btf() came with 5.11 (3ca1032ab7ab); its result can be
 * read like any pointer. Before, every field needs a bpf_probe_read_kernel().
 */
#define have_task_btf bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

static __always_inline struct task_struct *current_task(void)
{
	if (have_task_btf)
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

#define CURRENT_READ(ptr, field) (have_task_btf ? (ptr)->field : BPF_CORE_READ(ptr, field))

/*
 * Reads a field through any pointer: by a plain load where a pointer can be
 * given a type (fd264ca02094, 6.2), else by a helper, which takes some ten times
 * as long. Reading where nothing is gives 0 both ways. The weak symbol is there
 * when the kernel has it; user space says so.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define READ(type, ptr, field)                                                                    \
	(have_cast ?                                                                              \
		 ((type *)bpf_rdonly_cast((void *)(ptr), bpf_core_type_id_kernel(type)))->field : \
		 BPF_CORE_READ((type *)(ptr), field))

/*
 * Programs of iterators can be preempted, and since 7.0 those of tracepoints as
 * well (include/linux/tracepoint.h: SRCU and not a section without preemption).
 * What runs on that CPU meanwhile would find our scratch taken. So nobody else
 * gets the CPU while do_what is done, when `needed` (fc7566ad0a82, 6.11).
 */
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

#define STILL(needed, do_what)                 \
	({                                     \
		if (needed)                    \
			bpf_preempt_disable(); \
		do_what;                       \
		if (needed)                    \
			bpf_preempt_enable();  \
		0;                             \
	})

/*
 * Until 6.0 regions hang in a list and an rb-tree, then in a maple tree
 * (d4af56c5c7c6), which is walked by bpf_loop() (e6f2dd0f8067, 5.17). A kernel
 * that does not know of callbacks (69c087ba6225, 5.13) refuses a program that
 * has one even where it is never reached. So whatever walks is there twice, as
 * a program for each kind, and user space asks BTF for mm_struct.mm_mt and
 * loads one of them.
 */
enum region_store { REGIONS_IN_LIST, REGIONS_IN_MAPLE };

/* FIELD(f) reads a field of the mm, in the way that the context allows. */
#define FILL_COUNTERS(to, FIELD)                    \
	do {                                        \
		(to)->total_vm = FIELD(total_vm);   \
		(to)->stack_vm = FIELD(stack_vm);   \
		(to)->locked_vm = FIELD(locked_vm); \
		(to)->data_vm = FIELD(data_vm);     \
		(to)->map_count = FIELD(map_count); \
		(to)->def_flags = FIELD(def_flags); \
	} while (0)

static __always_inline void read_counters(struct mm_struct *mm, struct mt_counters *to)
{
#define FIELD(f) BPF_CORE_READ(mm, f)
	FILL_COUNTERS(to, FIELD);
#undef FIELD
}

/* Of an mm that the kernel has given us, whose fields can be read in place. */
static __always_inline void read_counters_in_place(struct mm_struct *mm, struct mt_counters *to)
{
#define FIELD(f) mm->f
	FILL_COUNTERS(to, FIELD);
#undef FIELD
}

static __always_inline void read_counters_of_current(struct task_struct *task,
						     struct mt_counters *to)
{
	if (have_task_btf)
		read_counters_in_place(task->mm, to);
	else
		read_counters(BPF_CORE_READ(task, mm), to);
}

/* The current task's name: 16 bytes at a time where they can be read like that. */
static __always_inline void read_comm_of_current(struct task_struct *task, char to[MT_COMM_LEN])
{
	if (!have_task_btf) {
		bpf_get_current_comm(to, MT_COMM_LEN);
		return;
	}
	*(__u64 *)&to[0] = *(__u64 *)&task->comm[0];
	*(__u64 *)&to[8] = *(__u64 *)&task->comm[8];
}

static __always_inline void read_layout(struct mm_struct *mm, struct mt_layout *to)
{
	to->start_brk = BPF_CORE_READ(mm, start_brk);
	to->brk = BPF_CORE_READ(mm, brk);
	to->start_stack = BPF_CORE_READ(mm, start_stack);
	to->task_size = BPF_CORE_READ(mm, task_size);
}

static __always_inline void read_layout_in_place(struct mm_struct *mm, struct mt_layout *to)
{
	to->start_brk = mm->start_brk;
	to->brk = mm->brk;
	to->start_stack = mm->start_stack;
	to->task_size = mm->task_size;
}

static __always_inline void read_limits(struct task_struct *task, struct mt_limits *to)
{
	struct signal_struct *sig = BPF_CORE_READ(task, signal);

	/* include/uapi/asm-generic/resource.h */
	to->data = BPF_CORE_READ(sig, rlim[2].rlim_cur);
	to->stack = BPF_CORE_READ(sig, rlim[3].rlim_cur);
	to->memlock = BPF_CORE_READ(sig, rlim[8].rlim_cur);
	to->as = BPF_CORE_READ(sig, rlim[9].rlim_cur);
}

/*
 * The number and namespace of a pid at one level; numbers[] is as long as the
 * pid's own level asks for (include/linux/pid.h).
 */
static __always_inline void read_upid(struct pid *pid, __u32 level, struct upid *to)
{
	void *at = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
		   level * bpf_core_type_size(struct upid);

	bpf_probe_read_kernel(&to->nr, sizeof(to->nr), at + bpf_core_field_offset(struct upid, nr));
	bpf_probe_read_kernel(&to->ns, sizeof(to->ns), at + bpf_core_field_offset(struct upid, ns));
}

/*
 * A pid as the tracing user's pid namespace has it (pid_nr_ns); 0 when it is
 * not seen there.
 */
static __always_inline __u32 pid_seen(struct task_struct *task)
{
	struct upid upid = {};
	struct pid *pid;

	if (!self.pid_level)
		return BPF_CORE_READ(task, pid);
	pid = BPF_CORE_READ(task, thread_pid);
	if (!pid || self.pid_level > BPF_CORE_READ(pid, level))
		return 0;
	read_upid(pid, self.pid_level, &upid);
	return (__u64)upid.ns == self.pid_ns ? upid.nr : 0;
}

static __always_inline __u32 tgid_seen(struct task_struct *task)
{
	return pid_seen(BPF_CORE_READ(task, group_leader));
}

#define RWSEM_WRITER 1ll /* kernel/locking/rwsem.c: RWSEM_WRITER_LOCKED */

static __always_inline bool mm_write_locked(struct mm_struct *mm)
{
	/* Odd inside; two words to read, for one of them may not be what we take it for. */
	if (bpf_core_field_exists(mm->mm_lock_seq.sequence) && mm->mm_lock_seq.sequence & 1)
		return true;
	return mm->mmap_lock.count.counter & RWSEM_WRITER;
}

/*
 * Number and arguments of the system call that a task is in; -1 when unknown.
 * regs: as bpf_task_pt_regs() gives them, which can be read in place.
 */
static __always_inline long task_syscall(struct pt_regs *regs, __u64 args[6], __u64 *ret_sp)
{
	long nr = -1;
#if defined(__TARGET_ARCH_x86)
	nr = (int)regs->orig_ax;
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
	*ret_sp = regs->sp;
#elif defined(__TARGET_ARCH_arm64)
	nr = regs->syscallno;
	args[0] = regs->orig_x0;
	args[1] = regs->regs[1];
	args[2] = regs->regs[2];
	args[3] = regs->regs[3];
	args[4] = regs->regs[4];
	args[5] = regs->regs[5];
	*ret_sp = regs->sp;
#endif
	return nr;
}

/*
 * Where a task's stack is in user space; 0: not known. Of a child in its fork that is
 * what clone(2) was given: copy_thread() of arch/ARCH/kernel/process.c has set it.
 */
static __always_inline __u64 task_sp(struct task_struct *task)
{
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return 0;
	return ((struct pt_regs *)bpf_task_pt_regs(task))->sp;
}

/* arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h (arm64) */
/* clang-format off */
#define SYSCALL_NUMBERS(X) \
	X(BRK, 12, 214) \
	X(MMAP, 9, 222) \
	X(MUNMAP, 11, 215) \
	X(MPROTECT, 10, 226) \
	X(PKEY_MPROTECT, 329, 288) \
	X(MREMAP, 25, 216) \
	X(REMAP_FILE_PAGES, 216, 234) \
	X(MADVISE, 28, 233) \
	X(PROCESS_MADVISE, 440, 440) \
	X(MLOCK, 149, 228) \
	X(MLOCK2, 325, 284) \
	X(MUNLOCK, 150, 229) \
	X(MLOCKALL, 151, 230) \
	X(MUNLOCKALL, 152, 231) \
	X(MSYNC, 26, 227) \
	X(MINCORE, 27, 232) \
	X(SHMAT, 30, 196) \
	X(SHMDT, 67, 197) \
	X(PRCTL, 157, 167) \
	X(MBIND, 237, 235) \
	X(MSEAL, 462, 462) \
	X(MAP_SHADOW_STACK, 453, 453)
/* clang-format on */
#if defined(__TARGET_ARCH_x86)
#define SYSCALL_NUMBER(x86, arm64) x86
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_NUMBER(x86, arm64) arm64
#endif

static __always_inline __u32 call_of_syscall(long nr)
{
	switch (nr) {
#define X(ID, x86, arm64)                \
	case SYSCALL_NUMBER(x86, arm64): \
		return MT_CALL_##ID;
		SYSCALL_NUMBERS(X)
#undef X
	}
	return MT_CALL_NONE;
}

/* Of the file system that it is on. */
static __always_inline unsigned long dentry_magic(struct dentry *dentry)
{
	struct super_block *sb = READ(struct dentry, dentry, d_sb);

	return READ(struct super_block, sb, s_magic);
}

/*
 * What /proc/PID/maps shows of a file on overlayfs is the user's path and
 * inode, which newer kernels keep in struct backing_file (fs/proc/task_mmu.c
 * since def3ae83da02, "fs: store real path instead of fake path in backing
 * file f_path"). Before, f_path is the user's already. The flag that tells such
 * files has moved, to a bit that had another meaning; so what lies behind the
 * struct file is believed only when it is a dentry of a file system that opens
 * backing files.
 */
static __always_inline bool backing_path(struct file *file, struct path *ret_path)
{
	struct backing_file *backing = (struct backing_file *)file;
	struct dentry *dentry;
	__u64 magic;

	if (!bpf_core_field_exists(backing->user_path) ||
	    !(READ(struct file, file, f_mode) & FMODE_BACKING_EITHER))
		return false;
	dentry = READ(struct backing_file, backing, user_path.dentry);
	if (!dentry)
		return false;
	magic = dentry_magic(dentry);
	if (magic != OVERLAYFS_SUPER_MAGIC && magic != FUSE_SUPER_MAGIC)
		return false;
	ret_path->dentry = dentry;
	ret_path->mnt = READ(struct backing_file, backing, user_path.mnt);
	return true;
}

static __always_inline void file_shown(struct file *file, struct path *ret_path,
				       struct inode **ret_inode)
{
	if (backing_path(file, ret_path)) {
		*ret_inode = READ(struct dentry, ret_path->dentry, d_inode);
		return;
	}
	*ret_inode = READ(struct file, file, f_inode);
	ret_path->mnt = READ(struct file, file, f_path.mnt);
	ret_path->dentry = READ(struct file, file, f_path.dentry);
}

#endif
