/* SPDX-License-Identifier: GPL-2.0 */
/* Who has made or changed memory: a call, or what else there is. Plain data. */
#ifndef MEMTRACE_CORE_CAUSE_H
#define MEMTRACE_CORE_CAUSE_H

#include <stdbool.h>
#include <stdint.h>
#include "memtrace/event.h"

/* Beside enum mt_call_id and enum mt_origin. */
#define CAUSES(X)                                                  \
	X(OTHERS, "others", "one of many: there was no room for more") \
	X(FOUND, "found", "it was there when tracing began")       \
	X(EXEC, "exec", "the program was executed")                \
	X(UNSEEN, "unseen", "a change that was not seen")

enum cause_what {
	CAUSE_FIRST = MT_ORIGIN_NR,
#define X(id, name, text) CAUSE_##id,
	CAUSES(X)
#undef X
	CAUSE_NR
};

#define CAUSE_COMM (MT_COMM_LEN * 4 + 4)

/* All before first_ns is the key; equal ones are one, with the times of first and last. */
struct cause {
	uint32_t what; /* enum mt_call_id, enum mt_origin or enum cause_what */
	int32_t nr;    /* MT_ORIGIN_SYSCALL: of the system call */
	uint32_t tid;  /* 0: of no thread */
	uint32_t stack;
	uint32_t flags; /* REGION_RWX and REGION_LOCKED: what it made of the memory */
	uint32_t returned; /* it gave pages back: madvise(2), MADV_DONTNEED and its like */
	char comm[CAUSE_COMM]; /* of the thread, escaped; the rest zeroed */
	uint64_t first_ns, last_ns, count;
};
#define CAUSE_KEY offsetof(struct cause, first_ns)

/* "mmap"; "fault"; "exec". Never NULL. */
const char *cause__name(uint32_t what);

#endif
