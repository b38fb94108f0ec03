/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Live input: loads and attaches the BPF programs and reads their ring. The
 * only code that includes libbpf, beside the probing in features.c.
 */
#ifndef MEMTRACE_INPUT_LIVE_H
#define MEMTRACE_INPUT_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "memtrace/event.h"
#include "tier.h"

struct live;

/* The rings between the BPF programs and us: see live_ring.h. */
struct ring_sizes {
	uint64_t bytes; /* of all together, a power of two */
	unsigned int n; /* a power of two up to MT_RINGS_MAX */
	uint64_t stacks; /* bytes of the ring beside them that stacks are sent by */
};

/* Which spaces are traced: decided in the kernel. */
struct live_scope {
	bool all;	  /* everything, narrowed by the next three */
	bool follow;	  /* children of what is in scope */
	const char *comm; /* NULL any */
	bool uid_set, cgroup_set;
	uint32_t uid;
	uint64_t cgroup_id; /* of cgroup v2: its inode number */
	enum tier tier;
	uint32_t test_drop; /* one record in so many gets lost on purpose; 0: none */
	bool test_drop_quietly;
	bool clocks;		 /* tier truth: when calls begin and end is wanted, which costs */
	bool regions;		 /* tier truth: calls bring regions as below it, for tests */
	bool stacks;		 /* of calls that ask for memory are taken */
	struct ring_sizes rings; /* of both, 0: what fits the machine */
};

/*
 * Loads the programs: what asks the kernel works from now on, and nothing is
 * seen yet. Returns 0 or -errno; why then says which step failed, in a sentence.
 */
int live__open(const struct live_scope *scope, struct live **ret, char *why, size_t why_len);

/*
 * Loads the programs of a tier and takes them away again. Returns 0, or -errno
 * with a sentence in why.
 */
int live__try(enum tier tier, char *why, size_t why_len);

/*
 * Attaches them. Nothing is in scope yet but what scope->all gives to new
 * processes: add targets, then scan. Returns as live__open.
 */
int live__attach(struct live *live, char *why, size_t why_len);

/* Detaches at once and frees; what is in the ring is gone. NULL is allowed. */
void live__close(struct live *live);

/*
 * Nothing is seen from now on, not even how calls under way end. When this
 * returns, after one grace period of the kernel, all that was seen is counted,
 * and is in the rings or lost. Detaching (close) takes longer: the kernel waits
 * for a grace period at each of some fifty tracepoints.
 */
void live__stop(struct live *live);

/* From now on process tgid is in scope by itself. Returns 0 or -errno. */
int live__add_target(struct live *live, uint32_t tgid);

/*
 * Calls cb for every thread in scope (of process tgid, or of all for 0), after
 * bringing those that match into scope if attach is set. The kernel may show
 * a thread twice. Returns 0, -errno, or what cb returned when not 0.
 */
typedef int (*live_task_fn)(void *ctx, const struct mt_task *task);
int live__scan(struct live *live, uint32_t tgid, bool attach, live_task_fn cb, void *ctx);

/*
 * Notes what is wanted of a space, and answers all that was noted: through the
 * ring, at once if the space stands still, else with its next write section.
 * Tier truth. Each returns 0 or -errno.
 */
int live__ask(struct live *live, uint64_t space, enum mt_ask what);
int live__answer(struct live *live);

/*
 * How often something was asked of a space, or lost of it. Sections look whether
 * theirs is meant until live__served() says that so many times are over with.
 */
uint64_t live__wants(const struct live *live);
void live__served(struct live *live, uint64_t wants);

/* All names of files are sent anew. */
void live__forget_names(struct live *live);

/* Sends the map of our own process, as that of the space given. */
int live__walk_self(struct live *live, uint64_t space);

/*
 * Asks which region of process tgid's space holds addr, or is the next above
 * it. Returns 0, -ENOENT when there is none or the process is gone, or -errno.
 */
int live__lookup(struct live *live, uint32_t tgid, uint64_t addr, struct mt_lookup *ret);

/*
 * Gives up to max records to cb, those of each space in their order. Returns
 * their number. cb must not fail: what it cannot take it counts.
 */
typedef void (*live_record_fn)(void *ctx, const void *data, size_t len);
long live__consume(struct live *live, long max, live_record_fn cb, void *ctx);

/* Of all rings together. */
size_t live__ring_bytes(const struct live *live);

/* All that had come when it was called, however fast more comes. */
void live__drain(struct live *live, live_record_fn cb, void *ctx);

/* Stacks are taken: they were asked for, and the kernel can give them (5.15). */
bool live__has_stacks(const struct live *live);

/*
 * Stacks, struct mt_stack each, as live__consume(). Where live__stacks_crowded()
 * their ring is more than half full.
 */
long live__consume_stacks(struct live *live, long max, live_record_fn cb, void *ctx);
bool live__stacks_crowded(const struct live *live);

/* How many may be taken yet, of calls below MT_STACK_LARGE and of the others. */
enum live_stack_size { LIVE_STACK_SMALL, LIVE_STACK_LARGE, LIVE_STACK_NR };
int64_t live__stack_tokens(const struct live *live, enum live_stack_size size);
void live__add_stack_tokens(struct live *live, enum live_stack_size size, int64_t n);

/* The kernel numbers write sections itself: before 6.4 the programs count. */
bool live__numbers_sections(const struct live *live);

/* The kernel's own counters of a space. Returns 0 or -ENOENT. */
int live__space(struct live *live, uint64_t space, struct mt_space *ret);

/* Takes a space that has ended off the kernel's tables. */
void live__forget(struct live *live, uint64_t space);

/* The newest space's id: later ones are higher. */
uint64_t live__newest(const struct live *live);

/* For one that takes over from another: sees nothing yet, and no id is used again. */
void live__wait_after(struct live *live, uint64_t newest);
/* The end of live__wait_after() and of live__stop(). */
void live__start(struct live *live);

/* Takes spaces up to id newest that `known` does not know off the kernel's tables. */
typedef bool (*live_known_fn)(void *ctx, uint64_t space);
void live__forget_unknown(struct live *live, uint64_t newest, live_known_fn known, void *ctx);

/*
 * How often the kernel skipped a program of ours that maps are made from, for whatever
 * task: inside another program, or because a task that it took the CPU from was in it.
 */
uint64_t live__missed(const struct live *live);

/*
 * Sums over all CPUs. What programs that were skipped would have sent counts as
 * seen, and as lost (MT_LOSS_MISSED); but sections that the kernel numbers, which
 * the tracker misses by their numbers (tracker_totals.missing).
 */
void live__stats(struct live *live, struct mt_stats *ret);

#endif
