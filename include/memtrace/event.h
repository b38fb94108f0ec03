/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wire format: what the BPF programs send and user space decodes.
 * Nothing else is shared between the two. Every record starts with
 * struct mt_event; all times are CLOCK_MONOTONIC in ns; all vm counters
 * are in pages; all address ranges are [start, end).
 */
#ifndef MEMTRACE_EVENT_H
#define MEMTRACE_EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define MT_COMM_LEN 16
#define MT_PATH_LEN 4096  /* bytes of path components in one record */
#define MT_NAME_LEN 80	  /* ANON_VMA_NAME_MAX_LEN of include/linux/mm.h */
#define MT_REGIONS_LEN 16384 /* bytes of regions in one MT_EVENT_REGIONS */

/*
 * The memory system calls, with the number of arguments that their enter
 * tracepoint carries (one more and the program fails to attach, -EACCES).
 * Order is the wire value; append only.
 */
#define MT_CALLS(X)                   \
	X(BRK, brk, 1)                \
	X(MMAP, mmap, 6)              \
	X(MUNMAP, munmap, 2)          \
	X(MPROTECT, mprotect, 3)      \
	X(PKEY_MPROTECT, pkey_mprotect, 4) \
	X(MREMAP, mremap, 5)          \
	X(REMAP_FILE_PAGES, remap_file_pages, 5) \
	X(MADVISE, madvise, 3)        \
	X(PROCESS_MADVISE, process_madvise, 5) \
	X(MLOCK, mlock, 2)            \
	X(MLOCK2, mlock2, 3)          \
	X(MUNLOCK, munlock, 2)        \
	X(MLOCKALL, mlockall, 1)      \
	X(MUNLOCKALL, munlockall, 0)  \
	X(MSYNC, msync, 3)            \
	X(MINCORE, mincore, 3)        \
	X(SHMAT, shmat, 3)            \
	X(SHMDT, shmdt, 1)            \
	X(PRCTL, prctl, 5)            \
	X(MBIND, mbind, 6)            \
	X(MSEAL, mseal, 3)            \
	X(MAP_SHADOW_STACK, map_shadow_stack, 3)

enum mt_call_id {
	MT_CALL_NONE = 0,
#define X(id, name, nargs) MT_CALL_##id,
	MT_CALLS(X)
#undef X
	MT_CALL_NR
};

enum mt_event_type {
	MT_EVENT_CALL = 1,
	MT_EVENT_FORK,	  /* a process or thread was created */
	MT_EVENT_EXEC,	  /* a process got a new space; MT_EVENT_REGIONS follow */
	MT_EVENT_EXIT,	  /* a thread ended, and with MT_EXIT_GROUP its process */
	MT_EVENT_REGIONS, /* part of a walk over a whole space */
	MT_EVENT_SECTION, /* a write section ended: what is mapped now where it wrote */
	MT_EVENT_AUDIT,	  /* what the map must be like: a hash, and the mm's counters */
	MT_EVENT_NR
};

#define MT_RINGS_MAX 8

/* Why an event that was seen could not be sent. */
#define MT_LOSSES(X)                                                  \
	X(RING, ring, "the ring was full")                            \
	X(SHARE, share, "the space had used up its share of the ring") \
	X(SCRATCH, scratch, "scratch space was in use on that CPU")   \
	X(MISSED, missed, "the kernel skipped a program of ours")     \
	X(MALFORMED, malformed, "a record could not be decoded")      \
	X(TEST, test, "dropped on purpose (--test-drop)")

enum mt_loss {
#define X(id, name, text) MT_LOSS_##id,
	MT_LOSSES(X)
#undef X
	MT_LOSS_NR
};

/* First in every record. */
struct mt_event {
	__u16 type; /* enum mt_event_type */
	__u16 flags;
	__u32 lost; /* events of this space lost so far, all causes (wraps) */
	__u64 space;
	__u64 ts_ns; /* 0: not read, as of the record before it */
	__u32 tgid; /* in the tracing user's pid namespace */
	__u32 tid;
	char comm[MT_COMM_LEN];
};

/* Counters of the mm, read when the event was made (pages, or regions). */
struct mt_counters {
	__u64 total_vm;
	__u64 stack_vm; /* regions that grow down */
	__u64 locked_vm;
	__u64 data_vm;
	__u32 map_count;
	__u32 def_flags; /* low 32 bits of mm->def_flags: what MCL_FUTURE set */
};

/* What names regions heap and stack: mm->start_brk and so on, in bytes. */
struct mt_layout {
	__u64 start_brk, brk;
	__u64 start_stack;
	__u64 task_size; /* below 4 GiB: a 32-bit process */
};

enum mt_name_class {
	MT_NAME_NONE = 0,
	MT_NAME_PATH,	    /* components, leaf first, each NUL-terminated */
	MT_NAME_PSEUDO,	    /* one component; printed "/NAME (deleted)" */
	MT_NAME_ANON_INODE, /* one component; printed "anon_inode:NAME" */
	MT_NAME_LITERAL,    /* printed as it is: "[vdso]" */
	MT_NAME_ANON_VMA,   /* PR_SET_VMA_ANON_NAME; printed "[anon:NAME]" */
	MT_NAME_SAME,	    /* the name of the region before it in the walk */
	MT_NAME_KNOWN,	    /* sent before, with the same number in mt_region.file */
	MT_NAME_NR
};

#define MT_NAME_DELETED 0x1   /* " (deleted)" follows the path */
#define MT_NAME_TRUNCATED 0x2 /* the path was longer than MT_PATH_LEN */

/* One region as the kernel has it; name_len bytes of name follow, padded to 8. */
struct mt_region {
	__u64 start, end;
	__u64 vm_flags;
	__u64 pgoff; /* in pages of 4 KiB (PAGE_SIZE) */
	__u64 ino;
	__u32 dev; /* kernel dev_t: major << 20 | minor */
	__u16 name_len;
	__u8 name_class; /* enum mt_name_class */
	__u8 name_flags;
	__u32 page_shift; /* of a hugetlb region; else 0 */
	__u32 file; /* tier truth: stands for the name of a file; 0: it has no number */
};

/* mt_event.flags of an MT_EVENT_CALL: which tails follow, in this order. */
#define MT_CALL_LIMITS 0x01    /* struct mt_limits: an error return */
#define MT_CALL_LAYOUT 0x02    /* struct mt_layout: prctl(PR_SET_MM) */
#define MT_CALL_NAME 0x04      /* char[MT_NAME_LEN]: prctl(PR_SET_VMA) */
#define MT_CALL_REGION 0x08    /* struct mt_region and its name */
#define MT_CALL_NO_ENTER 0x10  /* began before we attached: enter_ns is 0 */
#define MT_CALL_NO_REGION 0x20 /* a region was looked for and not found */
#define MT_CALL_READ_EXEC 0x40 /* personality READ_IMPLIES_EXEC */
#define MT_CALL_NAME_NULL 0x80 /* prctl(PR_SET_VMA) with a NULL name */

/*
 * One system call, sent at its exit. args are the system call's own, but for
 * brk: args[1] is mm->brk at entry (0 unknown; tier ordered: when its section
 * began), args[2] mm->start_brk.
 */
struct mt_call {
	struct mt_event e; /* ts_ns: at exit */
	__u32 call;	   /* enum mt_call_id */
	__u32 seen_after;  /* tier ordered: sections since, when its region was looked at */
	__u64 enter_ns;
	__u64 args[6];
	__s64 ret;
	__u64 seq;    /* tier ordered: of its write section; 0: it had none */
	__u64 target; /* the space acted on; e.space but for process_madvise */
	__u64 cookie; /* its struct mt_stack has it as well; 0: no stack was taken */
	/* With a cookie: what it stands for of all that was asked of this call; stack.bpf.h. */
	__u64 for_bytes, for_calls;
	struct mt_counters mm;
};

#define MT_STACK_REGS 12
#define MT_STACK_BYTES 16384
#define MT_STACK_LARGE (1u << 20) /* calls that ask for so much have tokens of their own */
#define MT_STACK_TOKENS 2048	  /* of each sort, that may lie there unused */
#define MT_STACK_CHAIN 48	  /* return addresses from outside of those bytes */

/* struct mt_stack.regs: what functions keep for their callers, by DWARF numbers (psABIs). */
#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
#define MT_STACK_KEPT { 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30 }
#define MT_STACK_FP 10 /* which of them is the frame pointer */
#else
#define MT_STACK_KEPT { 3, 6, 12, 13, 14, 15 } /* rbx, rbp, r12 to r15 */
#define MT_STACK_FP 1
#endif

/*
 * The user's registers and stack as a call that asked for memory ends. These
 * records have a ring of their own, where each comes before its call's record.
 */
struct mt_stack {
	__u64 cookie;
	__u64 space;
	__u32 tgid, tid; /* in the tracing user's pid namespace */
	__u32 call;	 /* enum mt_call_id */
	__u32 len;	 /* bytes that follow: what lies from sp upwards */
	__u64 ip, sp;
	__u64 regs[MT_STACK_REGS];
	__u64 chain_at; /* where frame pointers first lead out of these bytes */
	__u32 chain_n;
	__u32 chain_ended; /* 1: by a frame pointer of 0, as the outermost frame has it */
	__u64 chain[MT_STACK_CHAIN]; /* return addresses from there on */
};

/* The limits an error may have hit, in bytes (RLIM_INFINITY: ~0). */
struct mt_limits {
	__u64 as, data, memlock, stack;
};

#define MT_FORK_THREAD 0x1   /* the new task is a thread of e.tgid */
#define MT_FORK_SHARED 0x2   /* vfork or CLONE_VM: it shares the space */
#define MT_FORK_NO_BASE 0x4  /* the parent was not in scope: no map to copy */

struct mt_fork {
	struct mt_event e; /* the parent's; ts_ns: now; space: the parent's or 0 */
	__u64 enter_ns;	   /* when the parent entered clone (0 unknown) */
	__u64 child_space;
	__u32 child_tgid, child_tid;
	__u64 child_start_ns; /* start_boottime, with the pid an identity */
	__u64 seq; /* tier ordered: of the section in which the map was copied; 0: unknown */
	__u64 child_sp; /* the child's stack pointer as it begins; 0: unknown */
	struct mt_counters mm; /* of the child's space */
	struct mt_layout layout;
};

struct mt_exec {
	struct mt_event e; /* space: the new one; comm: the new one */
	__u64 old_space;   /* 0 when it was not in scope */
	__u64 old_written; /* how far its ring had been written then, see live_ring.c */
	__u32 old_tid;	   /* the thread that called, before it became the leader */
	__u32 pad;
	__u64 start_ns;
	struct mt_counters mm;
	struct mt_layout layout;
};

#define MT_EXIT_GROUP 0x1 /* the last thread of its process */

struct mt_exit {
	struct mt_event e;
	__u32 exit_code; /* as wait(2) gives it */
	__u32 pad;
};

/*
 * Sections of a space are numbered in so many bits: what all kernels have
 * (mm_lock_seq counts two for each since 6.12). User space makes them whole.
 */
#define MT_SEQ_BITS 31
#define MT_SEQ_MASK ((1ull << MT_SEQ_BITS) - 1)

#define MT_REGIONS_LAST 0x1  /* the walk is complete with this record */
#define MT_REGIONS_BAD 0x2   /* the walk failed: what came is not a map */
#define MT_REGIONS_STALE 0x4 /* sections went by meanwhile: another walk follows */
/* total_vm, data_vm and stack_vm may still fall: an unmapping goes on after its section. */
#define MT_REGIONS_UNSETTLED 0x8
#define MT_REGIONS_UNLOCKED 0x10 /* only its last record knows whether it is one map or torn */

struct mt_regions {
	struct mt_event e;
	__u64 seq;   /* tiers truth, ordered: number of the first section not in it */
	__u32 first; /* number of the first region in this record within the walk */
	__u32 count;
	__u32 len; /* bytes of struct mt_region and names that follow */
	__u32 pad;
	struct mt_counters mm;
};

/* The bits of vm_flags that maps keep: include/linux/mm.h. */
#define MT_VM_READ 0x1u
#define MT_VM_WRITE 0x2u
#define MT_VM_EXEC 0x4u
#define MT_VM_MAYSHARE 0x80u
#define MT_VM_GROWSDOWN 0x100u
#define MT_VM_LOCKED 0x2000u
#define MT_VM_DONTCOPY 0x20000u
#define MT_VM_NORESERVE 0x200000u
#define MT_VM_HUGETLB 0x400000u
#define MT_VM_SHADOW_STACK (1ull << 37) /* x86: VM_HIGH_ARCH_5; arm64 has another there */
#define MT_VM_SEALED (1ull << 42)
#define MT_VM_SEALED_OLD (1ull << 63) /* until 6.17 */
#define MT_VM_HASHED                                                                        \
	(MT_VM_READ | MT_VM_WRITE | MT_VM_EXEC | MT_VM_MAYSHARE | MT_VM_GROWSDOWN |         \
	 MT_VM_LOCKED | MT_VM_DONTCOPY | MT_VM_NORESERVE | MT_VM_HUGETLB)

/*
 * The hash over all regions of a space, in order: the same on both sides.
 * flags: MT_VM_HASHED of vm_flags; offset: bytes into a file, 0 without one.
 * The four products do not wait for each other; the odd numbers are arbitrary.
 */
static inline __attribute__((always_inline)) __u64 mt_hash_region(__u64 hash, __u64 start,
								  __u64 end, __u64 flags,
								  __u64 offset)
{
	hash += start * 0x9e3779b97f4a7c15ull + end * 0xc2b2ae3d27d4eb4full +
		flags * 0xd6e8feb86659fd93ull + offset * 0xa0761d6478bd642full;
	return (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9ull;
}

#define MT_AUDIT_UNSETTLED 0x1 /* as MT_REGIONS_UNSETTLED */
#define MT_AUDIT_BAD 0x2       /* the walk failed */

/* What the map of a space is like before its section seq: sent every so many sections. */
struct mt_audit {
	struct mt_event e;
	__u64 seq;
	__u64 hash;
	struct mt_counters mm;
};

/*
 * Who held the lock, where no system call of ours did: told as well as it can
 * be. Values below MT_CALL_NR are calls.
 */
#define MT_ORIGINS(X)                                                            \
	X(CLONE, fork, "fork copied the map")                                    \
	X(SYSCALL, syscall, "another system call; its number is known")          \
	X(COMPAT, compat, "a 32-bit system call")                                \
	X(FAULT, fault, "a page fault: a stack grew")                            \
	X(IO_URING, io_uring, "a worker of io_uring, for what was asked before") \
	X(KERNEL, kernel, "a kernel thread")                                     \
	X(OTHER_TASK, other, "a task with another address space: ptrace, process_madvise")

enum mt_origin {
	MT_ORIGIN_FIRST = 63,
#define X(id, name, text) MT_ORIGIN_##id,
	MT_ORIGINS(X)
#undef X
	MT_ORIGIN_NR
};

#define MT_SECTION_FULL 0x1	  /* the regions are all there are */
#define MT_SECTION_DOWNGRADED 0x2 /* total_vm may still change before the next section */

/*
 * Tier truth: sent under the lock, at the end of a write section (mmap_lock
 * held for writing). The count regions that follow are all that overlap
 * [lo, hi) or touch it, whole.
 *
 * Tier ordered: sent under the lock, at the beginning of a section, and without
 * regions, when no record of a call will bring its number: somebody changes the
 * space in a way that is not seen. With a call for origin: one of several
 * sections of that call, and not the one that changes regions.
 */
struct mt_section {
	struct mt_event e;
	__u64 lo, hi; /* [lo, hi): what may have changed; empty: nothing */
	__u64 seq;    /* number of this section in its space: +1 each */
	__u32 origin; /* enum mt_call_id or mt_origin */
	__s32 nr;     /* of the system call, -1 unknown */
	__u32 count;  /* regions that follow */
	__u32 len;    /* bytes that follow */
	struct mt_counters mm;
	struct mt_layout layout;
};

/* What user space asks about a space: it comes at once, or with the next section. */
enum mt_ask {
	MT_ASK_WALK = 1, /* the whole map */
	MT_ASK_AUDIT,	 /* an MT_EVENT_AUDIT */
};

/* One address space in scope, in the table that both sides read. */
struct mt_space {
	__u64 calls; /* that ended */
	__u64 lost[MT_LOSS_NR];
	__u64 lost_total; /* events of all types */
	__u64 lost_calls; /* of them */
	__u64 mm;    /* its pointer */
	__u64 sections; /* write sections seen to end; tier ordered: to begin */
	__u32 owner; /* the process for which it came into scope */
	__u32 want_walk; /* all regions are wanted at the next section */
	__u32 want_audit;
	__u32 pad;
	__u64 share_lap; /* bpf/share.bpf.h: how often the ring had been gone through */
	__u64 share_bytes[2]; /* taken of a crowded ring, in even laps and in odd ones */
};

/* What the task iterator writes for each thread of a space in scope. */
struct mt_task {
	__u64 space;
	__u64 start_ns; /* of the process: the leader's start_boottime */
	__u64 user_sp;	/* stack pointer in user space, 0 unknown */
	__u32 tgid, tid;
	__u32 uid;
	__u32 in_call; /* enum mt_call_id of a call under way, or 0 */
	char comm[MT_COMM_LEN];
	struct mt_counters mm;
	struct mt_layout layout;
	__u64 ts_ns; /* when it was read */
	/* tier truth: number of the section under way, or of the next; ordered: of the last */
	__u64 seq;
	__u64 write_locked;
	__u64 other_mm; /* it is in the middle of exec: seq is of another space */
};

/* Answer to a look-up of one address: the region that holds it, or 0, 0. */
struct mt_lookup {
	__u64 addr;
	__u64 start, end;
};

/* Counted in the kernel, per CPU; seen before anything can be lost. */
struct mt_stats {
	__u64 seen[MT_EVENT_NR];
	__u64 lost[MT_EVENT_NR][MT_LOSS_NR];
	__u64 no_space; /* spaces left untraced: the table of spaces was full */
	__u64 no_state; /* threads left untraced: no memory for their state */
	/* Calls that asked for memory and worked; those whose stack was taken, or found no room. */
	__u64 stacks_asked, stacks_taken, stacks_lost;
	__u64 stacks_bytes_asked, stacks_bytes_taken;
};

#endif
