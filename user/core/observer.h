/* SPDX-License-Identifier: GPL-2.0 */
/* What the tracker tells: the records that every output is made of. */
#ifndef MEMTRACE_CORE_OBSERVER_H
#define MEMTRACE_CORE_OBSERVER_H

#include "call.h"
#include "call_model.h"
#include "finding_kind.h"
#include "protections.h"
#include "space.h"

enum process_what { PROCESS_FOUND, PROCESS_FORK, PROCESS_EXEC, PROCESS_EXIT };

struct process_record {
	uint64_t ts_ns;
	enum process_what what;
	const struct process *process;
	uint64_t space;
};

/* Limits that a failed call may have hit. */
enum limit {
	LIMIT_NONE,
	LIMIT_AS,
	LIMIT_DATA,
	LIMIT_MEMLOCK,
	LIMIT_STACK,
	LIMIT_MAP_COUNT,
	LIMIT_CGROUP, /* no call fails at it: that comes near is told */
};

struct call_record {
	const struct call *call;
	const struct change *change;
	const struct process *process; /* of the caller */
	const struct space *space;     /* acted on */
	enum limit limit;	       /* call__failed(call) only */
	uint64_t limit_bytes;	       /* its value: bytes, or regions for LIMIT_MAP_COUNT */
	const char *region_name;       /* "[heap]", a path, "[anon]": of the range acted on */
	enum region_kind kind;
};

/* How much a finding deserves to be looked at. */
#define SEVERITIES(X)          \
	X(INFO, "info")        \
	X(WARNING, "warning")  \
	X(CRITICAL, "critical")

enum severity {
#define X(id, name) SEVERITY_##id,
	SEVERITIES(X)
#undef X
	SEVERITY_NR
};
const char *severity__name(enum severity severity);

struct finding {
	uint64_t ts_ns;
	enum finding_kind kind;
	const struct process *process;
	const struct space *space;
	uint32_t tid;
	uint64_t start, end;	       /* the range, or 0, 0 */
	uint64_t bytes;		       /* how much grew, failed, was locked */
	enum severity severity;
	uint32_t old_flags, new_flags; /* PROTECTION */
	enum prot_class class;	       /* PROTECTION */
	uint64_t count;		       /* PROTECTION: how often so far at this place */
	enum region_kind region_kind;
	const char *region_name;       /* NULL: it is of no region */
	const struct call_record *call; /* that caused it, or NULL */
	const struct leak *leak;	/* LEAK: who, and the evidence */
	uint64_t left_ns; /* NEAR: until it is reached at the present rate; 0: it is not */
	char text[160];			/* one plain sentence, escaped */
};

struct state_record {
	uint64_t ts_ns;
	const struct space *space;
	const struct process *process; /* one that has the space, or NULL */
	bool exact;
	const char *why;
};

struct lost_record {
	uint64_t ts_ns;
	uint64_t space;
	uint32_t tgid;
	uint64_t count; /* since it was last told */
};

/* A map was found to be wrong: it is uncertain from then on, and is read again. */
struct audit_record {
	uint64_t ts_ns;
	const struct space *space;
	const struct process *process; /* one that has the space, or NULL */
	const char *why;
	const char *expected, *got; /* lines of /proc/PID/maps and of the map; or NULL */
};

struct observer {
	void (*process)(void *ctx, const struct process_record *rec);
	void (*call)(void *ctx, const struct call_record *rec);
	void (*refused)(void *ctx, const struct call_record *rec); /* each call that failed */
	void (*finding)(void *ctx, const struct finding *finding);
	void (*state)(void *ctx, const struct state_record *rec);
	void (*lost)(void *ctx, const struct lost_record *rec);
	void (*audit)(void *ctx, const struct audit_record *rec);
};

#endif
