/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs keep: settings, spaces, the state of each task, counters,
 * scratch. All state lives here; no other header declares a map.
 */
#ifndef MEMTRACE_MAPS_BPF_H
#define MEMTRACE_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "memtrace/event.h"

/* Settings: fixed before load, so that what is off costs nothing. */
const volatile bool use_task_storage = true; /* else a hash by task pointer */
const volatile __u32 nr_cpus = 1;	     /* that there may be */
const volatile bool tier_truth;		     /* write sections are seen */
const volatile bool call_regions;	     /* tier truth: calls bring regions as below it */
const volatile bool tier_ordered;	     /* write sections are numbered */
const volatile bool clock_calls = true;	     /* false: when a call ended is told by who reads */
const volatile bool have_cast;		     /* bpf_rdonly_cast(): kernel.bpf.h, READ() */
const volatile bool have_preempt;	     /* bpf_preempt_disable(): kernel.bpf.h, STILL() */
const volatile bool preemptible;	     /* so are programs on tracepoints */
const volatile bool scope_all;		     /* -a, narrowed by what follows */
const volatile bool scope_follow;	     /* -f: children of what is in scope */
const volatile bool filter_comm_set, filter_uid_set, filter_cgroup_set;
const volatile char filter_comm[MT_COMM_LEN];
const volatile __u32 filter_uid;
const volatile __u64 filter_cgroup;
const volatile __u64 ring_bytes = 64 << 20; /* of each; a power of two */
const volatile __u32 n_rings = 1;	    /* a power of two; 1: events, else rings */
const volatile __u32 test_drop;		    /* --test-drop: one record in so many; 0: none */
const volatile bool test_drop_quietly;
const volatile bool take_stacks;	    /* of calls that ask for memory: stack.bpf.h */
const volatile __u64 stacks_bytes = 8 << 20; /* of their ring; a power of two */
const volatile __u32 self_tgid; /* in the initial pid namespace, 0: ask */

/* A write section under way: mmap_lock held for writing. */
struct section {
	__u64 mm; /* 0: none */
	__u64 space;
	__u64 lo, hi; /* what the tree was written in so far, both ends included */
	__u64 brk;    /* when it began */
	__u64 room;   /* enum ring_room of its record */
};

/* The calls that ask for memory: each has sums of its own. */
enum stack_sort { STACK_BRK, STACK_MMAP, STACK_MREMAP, STACK_MPROTECT, STACK_SHMAT, STACK_NR };

/*
 * What a thread asks of one of them is parted into strata of `step` bytes, each with
 * one point at random: the call that asks for the byte there is the stratum's sample,
 * and stands for all of it. 0: each call is its own sample. See stack.bpf.h.
 */
struct stack_stratum {
	__u64 step;
	__u64 at;    /* bytes of it that were asked for */
	__u64 point; /* below step */
	__u64 owed;  /* of samples that could not be taken: the next one has that too */
	__u64 mean;  /* bytes of a call, of late */
};

/*
 * What is remembered of a task whose space is in scope. It sticks to the task
 * and not to its tid: exec by a thread that is not the leader changes the tid
 * in the middle of a call.
 */
struct task_state {
	__u64 space; /* 0: not in scope */
	__u64 mm;    /* pointer, to notice that the task has another one now */
	__u64 shown_mm; /* whose whole map its fork or exec has sent; 0: none yet */
	__u64 enter_ns;
	__u64 clone_ns; /* when it entered clone */
	/* Tier ordered: the number of the section of the call under way, of a clone; 0: none yet */
	__u64 seq, clone_seq;
	__u64 args[6];
	__u64 target;
	__u32 unaudited;	    /* sections since it last sent an audit */
	struct section sections[2]; /* fork holds the parent's lock and the child's */
	__u32 call;		    /* enum mt_call_id under way, or 0 */
	__u32 uncounted;	    /* began before we attached */
	__u32 tgid, tid;	    /* in the tracing user's namespace */
	/* take_stacks: and what goes with this call's stack. */
	struct stack_stratum strata[STACK_NR];
	__u64 cookie, for_bytes, for_calls;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 20);
} events SEC(".maps");

/* Stacks never push out what maps are made of. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} stacks SEC(".maps");

/* Where there are several: ring_of() in share.bpf.h says which. User space makes them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MT_RINGS_MAX);
	__type(key, __u32);
	__uint(value_size, sizeof(__u32));
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct mt_space);
} spaces SEC(".maps");

/* mm pointer -> space; below tier truth an entry may be stale, and is then overwritten. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} mm_spaces SEC(".maps");

/* Spaces of which user space wants to know more: enum mt_ask. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u32);
} asked SEC(".maps");

/* -p and COMMAND: processes in scope by themselves. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u8);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} task_states SEC(".maps");

/* The same before 5.11, by task pointer. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct task_state);
} task_states_hash SEC(".maps");

/* One of each CPU; as many as there may be. User space reads them without a system call. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mt_stats);
} stats SEC(".maps");

#define NODE_WORDS 32 /* a node of the maple tree is 256 bytes (lib/maple_tree.c) */

/*
 * Files whose names were sent, for each space, so that they come in order: what a
 * name hangs on. What is renamed is another file to us; one that a directory
 * above was renamed of keeps the name that it had. A stale entry does no harm:
 * it is never met again, for its inode has another number.
 */
struct file_key {
	__u64 space;
	__u64 inode, ino;
	__u64 dentry, parent, hash_len, mnt;
	__u32 deleted;
	__u32 generation; /* of all names: files_generation */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct file_key);
	__type(value, __u32);
} files SEC(".maps");

/* The longest record: a call with every tail, or a piece of a walk. */
#define RECORD_LEN (MT_REGIONS_LEN + MT_PATH_LEN + 1024)

struct scratch {
	__u32 users;
	__u32 len;	      /* of rec so far */
	__u64 lo, hi;	      /* of the walk, both ends included */
	__u64 seq;	      /* of the pieces */
	__u64 last_file;      /* whose name was written last */
	__u64 dentry, mnt;    /* of a path on the way up */
	__u32 path_at;	      /* where it begins */
	__u64 space;	      /* whose files have numbers: name.bpf.h; 0: they have names */
	__u32 files;	      /* numbers given on this CPU */
	__u32 names;	      /* of files, in the record */
	__u32 limit;	      /* regions wanted; 0: all */
	__u32 found;	      /* regions so far */
	__u32 slot;	      /* of the current node: walk.bpf.h, node_seek() */
	struct file_key file; /* whose name is looked for */
	__u32 error;
	__u32 first;	 /* number of the first region in the piece being filled */
	__u32 piecewise; /* send a piece when it is full; else stop */
	__u32 hashing;	 /* only hash what is found */
	__u64 hash;
	struct mt_counters counters; /* of the mm walked, as the walk began */
	struct mt_event head;	     /* of the pieces */
	__u64 root;
	__u64 min, max; /* what the current node covers, both ends included */
	__u64 pivot;	/* where the current slot ends, included */
	struct {
		__u64 addr;
		__u32 leaf;
		__u32 pivots;		 /* how many it has */
		__u32 pivot_at, slot_at; /* words before them */
		__u64 words[NODE_WORDS]; /* a copy, where it cannot be read in place */
	} node;
	char rec[RECORD_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* What the task iterators are asked for, and what they found out of us. */
struct {
	__u32 tgid;	  /* only this process, in the user's namespace; 0: all */
	__u32 attach;	  /* bring what matches into scope */
	__u64 lookup;	  /* address of a region to find in tgid's space */
	__u64 self_space; /* for trying the walk: the space that tgid's map is sent as */
	__u32 looked;	  /* a thread of it was found: the others have the same space */
} scan = {};

/* What ask_space is asked for, and its answer. */
struct {
	__u64 space;
	__u32 forget; /* and take it off the tables */
	__u32 want;   /* enum mt_ask: note that this is wanted of it; 0: nothing */
	__u32 found;
	struct mt_space state;
} ask = {};

struct {
	__u64 root_dentry, root_mnt; /* of the reader: paths stop there */
	__u64 pid_ns;
	__u32 pid_level; /* of the pid namespace; 0: the initial one */
	__u32 tgid;	 /* ours, in the initial namespace */
} self = {};

__u64 last_space_id = 0;
__u64 wants = 0;	    /* times that want_walk or want_audit was set in a space */
__u64 wants_served = 0;	    /* those that nobody waits for any more */
__u32 files_generation = 0; /* raised when a name may have been lost, and by user space */

/* Stacks that may be taken yet, of calls below MT_STACK_LARGE and above: user space adds to it. */
__s64 stack_tokens[2] = {};

/* Nothing is seen from now on: detaching takes seconds, one grace period a program. */
bool stopped = false;

static __always_inline struct mt_stats *stats_of_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&stats, &cpu);
}

static __always_inline struct mt_space *space_by_id(__u64 id)
{
	return bpf_map_lookup_elem(&spaces, &id);
}

static __always_inline struct scratch *scratch_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

static __always_inline void scratch_put(struct scratch *s)
{
	__sync_fetch_and_add(&s->users, -1);
}

/*
 * The scratch of this CPU, or NULL when an interrupted program has it: it is
 * whose own count is the only one. Before 5.12 an atomic operation gives no
 * result (5ca419f2864a), and one that does is refused even in dead code.
 */
static __always_inline struct scratch *scratch_get(void)
{
	struct scratch *s = scratch_of_cpu();

	if (!s)
		return NULL;
	__sync_fetch_and_add(&s->users, 1);
	if (*(volatile __u32 *)&s->users == 1)
		return s;
	scratch_put(s);
	return NULL;
}

/* The next len bytes of the record, or NULL when it is full. */
static __always_inline void *scratch_room(struct scratch *s, __u32 len)
{
	__u32 at = s->len;

	if (at > RECORD_LEN - len)
		return NULL;
	s->len = at + len;
	return &s->rec[at];
}

#endif
