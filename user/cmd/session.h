/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tracing session: live input, tracker and sink put together. Owns when
 * /proc/PID/maps is read: for bases, and for counted resyncs.
 */
#ifndef MEMTRACE_CMD_SESSION_H
#define MEMTRACE_CMD_SESSION_H

#include "core/map_compare.h"
#include "core/tracker.h"
#include "input/decode.h"
#include "input/live.h"
#include "output/sink.h"
#include "session_stacks.h"

struct session {
	struct live *live;
	struct tracker *tracker;
	struct decoder *decoder;
	struct sink *sink; /* not owned */
	struct observer observer;
	struct session_stacks *stacks; /* NULL: none are taken */
	uint64_t begin_ns;
	uint64_t lost_seen; /* in the kernel, when it was last looked at */
	uint64_t lives_lost, missed; /* of lost_seen */
	uint64_t checked_ns;
	uint64_t scanned_space; /* the newest when all threads were last scanned */
	bool scan_again;
	bool truth, ordered;
	struct live_scope scope; /* as it was loaded */
	/* A tier that could not be held: stopped, and its counts so far. */
	struct live *retired;
	struct mt_stats past;
	bool stuck; /* nor could a lower one be had */
	uint64_t numbers_ns; /* when the kernel's numbers may be looked at again */
	uint64_t wants, wants_ns; /* live__wants(), and since when nothing was wanted */
	bool watches; /* files and cgroups as well (session_watch.c) */
	uint64_t sampled_ns, watched_ns; /* when what rises, and what files tell, was looked at */
	uint64_t watch_ns;		 /* how long until the latter is again */
	uint32_t watched_tgid;		 /* the last, when there was no time for all */
	uint64_t verify_ns; /* --verify; 0 never */
	uint64_t verified, differences;
	uint64_t sample_ns, sample_next_ns; /* --interval; 0 never */
	uint32_t sample_first; /* the process whose resident memory is read first; 0: any */
	uint32_t malloc_first; /* the same of whose heaps are read first */
	uint64_t malloc_ns;    /* when heaps were last looked at */
	bool malloc_stuck; /* a process does not let its memory be read */
	/* A line for people: on stderr. */
	void (*tell)(const char *text);
	void (*differs)(const struct space *space, const struct map_difference *diff);
};

/* How much had come when it was looked. */
enum session_flow {
	FLOW_NONE,
	FLOW_LITTLE,
	FLOW_MUCH, /* of a ring more than a little was used */
	FLOW_MORE, /* there may be more already */
};

uint64_t session__now(void); /* CLOCK_MONOTONIC, ns */

/*
 * Loads and attaches: what takes privileges that nothing later takes. Tier truth
 * is tried on our own map first. Returns 0 or -errno with a sentence in why;
 * -ENOTSUP: a lower tier may do.
 */
int session__load(struct session *s, const struct live_scope *scope, char *why, size_t why_len);

/* Gets ready for what has been loaded to come. calls: the sink is told of each call. */
int session__open(struct session *s, struct sink *sink, bool calls);
void session__close(struct session *s);

/* Brings what runs already into scope and reads its bases. Returns 0 or -errno. */
int session__attach(struct session *s);

/*
 * Handles what has come, at most some milliseconds' worth, and reads again what
 * is uncertain.
 */
enum session_flow session__pump(struct session *s);

/* Notes what is resident of all that has been attached to: before events are handled. */
void session__heap_start(struct session *s);
/* Tells the sink of every process what its memory is for, when the interval is over. */
void session__sample(struct session *s, uint64_t now);

/* Nobody wakes us: we sleep the longer, the less comes. before_ms: the last time; 0 at first. */
int session__wait_ms(int before_ms, enum session_flow flow);

/* Writes the map of every live process to the sink, exact if that can be had. */
void session__maps(struct session *s);

/* What is known so far: what was seen in the kernel may be on its way to us yet. */
void session__summary(struct session *s, struct summary *ret);

/* Detaches, drains the ring and writes the closing report of *ret. */
void session__finish(struct session *s, uint64_t lines_dropped, struct summary *ret);

/* The tier that the session has now. */
const char *session__tier(const struct session *s);

#endif
