/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the session share. Included by session*.c only. */
#ifndef MEMTRACE_CMD_SESSION_PRIVATE_H
#define MEMTRACE_CMD_SESSION_PRIVATE_H

#include "option_value.h"
#include "session.h"

#define NS_PER_MS 1000000ull
#define SESSION_BATCH 65536

/* What is known of a space that somebody still has. */
struct still {
	uint64_t space;
	uint32_t tid; /* only this thread; 0: any */
	bool found, in_call;
	struct mt_task task;
};

/* session.c */
void session__nap(uint64_t ns);
/* Takes in all that has come. It may end spaces and processes: look them up again. */
void session__drain(struct session *s);
/*
 * Whether anybody still has that space, what its counters are, and whether a
 * call is under way. All threads are looked at: vfork shares spaces.
 */
bool session__ask_space(struct session *s, const struct space *space, uint32_t tid,
			struct still *ret);
void session__stats(struct session *s, struct mt_stats *ret);
/* One try to prove the map of a space exact; true as well when it has ended. */
bool session__prove(struct session *s, uint64_t id, uint64_t proofs);

/* session_truth.c: tier truth. */
/* Reads our own map by a walk; -ENOTSUP when it is not what /proc/self/maps says. */
int session__try_truth(struct live *live, char *why, size_t why_len);
/*
 * Asks for the whole maps that are wanted, each again after a while, longer and
 * longer; with now UINT64_MAX at once. Returns 0 or -errno.
 */
int session__ask_walks(struct session *s, uint64_t now);
/* Looks for sections that are missing though nothing has come after them. */
void session__check_numbers(struct session *s, uint64_t now);
/* One try to prove the map exact; proofs: how many it had when it was asked for. */
bool session__prove_truth(struct session *s, uint64_t id, uint64_t proofs);
/* Before the closing report: every map is audited, or read again. */
void session__prove_all(struct session *s);
/* Goes on with the tier below: the maps of this one cannot be trusted. */
void session__lower(struct session *s);

/* session_heap.c: what is resident as tracing ends. */
void session__heap_end(struct session *s);

/* session_malloc.c: asks what is free and kept of all who were named, in so much time. */
void session__look_at_malloc(struct session *s, uint64_t budget_ns);

/* session_limits.c: of /proc/PID/limits what is wanted. */
void session__read_limits(struct session *s);

/* session_watch.c: what no event tells: sampled, or read, now and then; last: now. */
void session__watch(struct session *s, uint64_t now, bool last);

/* session_verify.c: compares what stands still with /proc/PID/maps; all: now. */
void session__verify(struct session *s, uint64_t now, bool all);

#endif
