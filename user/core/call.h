/* SPDX-License-Identifier: GPL-2.0 */
/* A memory system call as user space sees it: decoded, checked, its names escaped. */
#ifndef MEMTRACE_CORE_CALL_H
#define MEMTRACE_CORE_CALL_H

#include <stdbool.h>
#include "memtrace/event.h"
#include "backing.h"
#include "region.h"
#include "region_kind.h"

/* A region that the kernel reported, its backing not interned yet. */
struct raw_region {
	struct region region; /* backing is unset */
	struct backing backing;
	bool anonymous; /* backing is to be ignored */
};

struct call {
	enum mt_call_id id;
	/* Of a change that no call of ours made (id is MT_CALL_NONE): enum mt_origin. */
	uint32_t origin;
	int32_t nr; /* MT_ORIGIN_SYSCALL: of the system call */
	uint32_t tgid, tid;
	char comm[MT_COMM_LEN * 4 + 1]; /* escaped */
	uint64_t space;	 /* of the caller */
	uint64_t target; /* the space acted on */
	uint64_t enter_ns, exit_ns; /* enter_ns 0: not known */
	bool uncounted;		    /* began before we attached: mt_space.calls has it not */
	uint64_t seq; /* tier ordered: of its write section; 0: it had none */
	uint32_t seen_after; /* tier ordered: sections begun since, when region was looked at */
	uint64_t args[6]; /* brk: args[1] the break before (0 unknown), args[2] start_brk */
	int64_t ret;	  /* result, or -errno */
	struct mt_counters mm; /* at exit */
	bool read_implies_exec;
	bool has_limits, has_layout, has_name;
	bool has_region; /* the kernel's region at the address acted on (see below) */
	bool no_region;	 /* looked for, and nothing is mapped there */
	struct mt_limits limits;
	struct layout layout;
	char name[MT_NAME_LEN * 4 + 1]; /* PR_SET_VMA_ANON_NAME, escaped; "" takes it off */
	/*
	 * Its stack, when it was sampled (stacks.h; 0: not), and what that stands for of all
	 * that was asked for by such calls: bytes, and in how many. Else 0, 0.
	 */
	uint32_t stack;
	uint64_t for_bytes, for_calls;
	/*
	 * The region holding, or else following, the address:
	 * - mmap, map_shadow_stack, shmat that worked and made anything but plain
	 *   private anonymous memory: at ret;
	 * - mremap that worked: at ret;
	 * - mprotect with PROT_GROWSDOWN that worked: at args[0];
	 * - mprotect, pkey_mprotect, munmap and remap_file_pages that failed with
	 *   anything but EINVAL: at args[0];
	 * - mmap(MAP_FIXED) that failed: at args[0]; mremap(MREMAP_FIXED): at args[4].
	 * It may be larger than what the call made (merged).
	 */
	struct raw_region region;
};

static inline bool call__failed(const struct call *c)
{
	return c->ret < 0 && c->ret >= -4095;
}

/* An error, or a brk that did not get what it asked for: brk never says -1. */
static inline bool call__refused(const struct call *c)
{
	if (c->id == MT_CALL_BRK)
		return c->args[0] && (uint64_t)c->ret != c->args[0];
	return call__failed(c);
}

/* "mmap" for MT_CALL_MMAP. */
const char *call__name(enum mt_call_id id);

/* "mmap"; or "fault", "io_uring", ...: what else has changed a map. */
const char *call__what(const struct call *c);

/* 0 (MT_CALL_NONE) when no call has that name. */
enum mt_call_id call__by_name(const char *name);

/* The call may change the regions that /proc/PID/maps prints, locks or DONTFORK. */
bool call__mutates(const struct call *c);

/*
 * The addresses that the call may act on, rounded out to pages: false when
 * none. mremap acts on two ranges; whole-space calls (mlockall) give
 * [0, ~0). Ranges that would wrap are cut at the top.
 */
struct range {
	uint64_t start, end; /* [start, end) */
};
size_t call__ranges(const struct call *c, struct range ret_ranges[2]);

#endif
