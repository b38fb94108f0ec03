/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Facts about a call that need no map: its name, whether it may change one,
 * and the addresses it acts on. Arguments are a stranger's: nothing wraps.
 */
#include "call.h"

#include <string.h>
#include "call_model_private.h"

static const char *const names[MT_CALL_NR] = { [MT_CALL_NONE] = "none",
#define X(id, name, nargs) [MT_CALL_##id] = #name,
					       MT_CALLS(X)
#undef X
};

const char *call__name(enum mt_call_id id)
{
	return (unsigned int)id < MT_CALL_NR ? names[id] : names[MT_CALL_NONE];
}

const char *call__what(const struct call *c)
{
	static const char *const origins[MT_ORIGIN_NR] = {
#define X(id, name, text) [MT_ORIGIN_##id] = #name,
		MT_ORIGINS(X)
#undef X
	};

	if (c->id == MT_CALL_NONE && c->origin < MT_ORIGIN_NR && origins[c->origin])
		return origins[c->origin];
	return call__name(c->id);
}

enum mt_call_id call__by_name(const char *name)
{
	for (int id = MT_CALL_NONE + 1; id < MT_CALL_NR; id++)
		if (strcmp(names[id], name) == 0)
			return (enum mt_call_id)id;
	return MT_CALL_NONE;
}

/* The kernel takes it as an int. */
static bool sets_fork(uint32_t advice)
{
	return advice == ABI_MADV_DONTFORK || advice == ABI_MADV_DOFORK;
}

/* Failures that may have changed something: KERNEL.md section 1. */
static bool failed__mutates(const struct call *c)
{
	int err = (int)-c->ret;

	switch (c->id) {
	case MT_CALL_MMAP:
		/* EBADF is found before the lock (mm/mmap.c, ksys_mmap_pgoff). */
		return call__maps_over(c) && err != EBADF && page__aligned(c->args[0]) &&
		       c->args[1] && addr__add(c->args[0], c->args[1]) < SPACE_TOP;
	case MT_CALL_MREMAP:
		return c->args[3] & ABI_MREMAP_FIXED;
	case MT_CALL_MPROTECT:
	case MT_CALL_PKEY_MPROTECT:
		/* EINVAL too: half a huge page, met after other regions. */
		return page__aligned(c->args[0]) && c->args[1];
	case MT_CALL_REMAP_FILE_PAGES:
		return err != EINVAL;
	case MT_CALL_MLOCK:
	case MT_CALL_MLOCK2:
	case MT_CALL_MUNLOCK:
		return err == ENOMEM || err == EAGAIN;
	case MT_CALL_MADVISE:
		return sets_fork(c->args[2]) && page__aligned(c->args[0]);
	case MT_CALL_PRCTL:
		return (uint32_t)c->args[0] == ABI_PR_SET_VMA && err != EINVAL;
	default:
		return false;
	}
}

bool call__mutates(const struct call *c)
{
	if (call__failed(c))
		return failed__mutates(c);
	switch (c->id) {
	case MT_CALL_BRK:
		return (uint64_t)c->ret == c->args[0];
	case MT_CALL_MMAP:
	case MT_CALL_MUNMAP:
	case MT_CALL_MREMAP:
	case MT_CALL_REMAP_FILE_PAGES:
	case MT_CALL_MLOCKALL:
	case MT_CALL_MUNLOCKALL:
	case MT_CALL_SHMAT:
	case MT_CALL_SHMDT:
	case MT_CALL_MAP_SHADOW_STACK:
		return true;
	case MT_CALL_MPROTECT:
	case MT_CALL_PKEY_MPROTECT:
	case MT_CALL_MLOCK:
	case MT_CALL_MLOCK2:
	case MT_CALL_MUNLOCK:
	case MT_CALL_MSEAL:
		return c->args[1];
	case MT_CALL_MADVISE:
		return c->args[1] && sets_fork(c->args[2]);
	case MT_CALL_PROCESS_MADVISE:
		return sets_fork(c->args[3]);
	case MT_CALL_PRCTL:
		return (uint32_t)c->args[0] == ABI_PR_SET_VMA ||
		       (uint32_t)c->args[0] == ABI_PR_SET_MM;
	default:
		return false;
	}
}

uint64_t backing__round_up(const struct backing *b, uint64_t len)
{
	uint64_t page = REGION_PAGE;

	/* 16 GiB is the largest huge page of any architecture. */
	if (b && b->page_shift > PAGE_SHIFT_4K && b->page_shift <= 34)
		page = 1ULL << b->page_shift;
	if (len >= SPACE_TOP - page)
		return SPACE_TOP;
	return (len + page - 1) & ~(page - 1);
}

static bool holds(const struct raw_region *raw, uint64_t addr)
{
	return raw->region.start <= addr && addr < raw->region.end;
}

/* How much of len the kernel rounded it to, at the region that it reported. */
static uint64_t rounded(const struct call *c, uint64_t len)
{
	bool huge = c->has_region && !c->region.anonymous;

	return backing__round_up(huge ? &c->region.backing : NULL, len);
}

static struct range mmap__range(const struct call *c)
{
	struct range none = { 0, 0 };

	if (!call__failed(c))
		return range__of((uint64_t)c->ret, rounded(c, c->args[1]));
	return call__maps_over(c) ? range__of(c->args[0], c->args[1]) : none;
}

static struct range brk__range(const struct call *c)
{
	uint64_t old = c->args[1] ? c->args[1] : c->args[2];
	uint64_t new = (uint64_t)c->ret;
	struct range none = { 0, 0 };

	if (call__failed(c) || new != c->args[0])
		return none;
	/* Both ends round up (mm/mmap.c, brk): so do they here. */
	if (new < old)
		return range__between(page__up(new), old);
	return range__between(old ? page__up(old) : 0, new);
}

static struct range mprotect__range(const struct call *c)
{
	struct range r = range__of(c->args[0], c->args[1]);

	if (c->args[2] & ABI_PROT_GROWSDOWN && !range__empty(r) && c->has_region &&
	    c->region.region.start < r.end)
		r.start = page__down(c->region.region.start);
	return r;
}

static struct range shmat__range(const struct call *c)
{
	struct range r = { 0, 0 };

	if (call__failed(c))
		return r;
	r.start = page__down((uint64_t)c->ret);
	r.end = ~0ULL;
	if (c->has_region && holds(&c->region, r.start))
		r.end = page__up(c->region.region.end);
	return r;
}

static struct range prctl__range(const struct call *c)
{
	struct range none = { 0, 0 };

	if ((uint32_t)c->args[0] != ABI_PR_SET_VMA || c->args[1] != ABI_PR_SET_VMA_ANON_NAME)
		return none;
	return range__of(c->args[2], c->args[3]);
}

/* Of calls that act on one range. */
static struct range call__range(const struct call *c)
{
	struct range none = { 0, 0 }, all = { 0, ~0ULL };

	switch (c->id) {
	case MT_CALL_BRK:
		return brk__range(c);
	case MT_CALL_MMAP:
		return mmap__range(c);
	case MT_CALL_MPROTECT:
	case MT_CALL_PKEY_MPROTECT:
		return mprotect__range(c);
	case MT_CALL_MUNMAP:
	case MT_CALL_MADVISE:
	case MT_CALL_MLOCK:
	case MT_CALL_MLOCK2:
	case MT_CALL_MUNLOCK:
	case MT_CALL_MSYNC:
	case MT_CALL_MINCORE:
	case MT_CALL_MBIND:
	case MT_CALL_MSEAL:
		return range__of(c->args[0], c->args[1]);
	case MT_CALL_REMAP_FILE_PAGES:
		/* Rounds down (mm/mmap.c, remap_file_pages). */
		return range__of(page__down(c->args[0]), page__down(c->args[1]));
	case MT_CALL_MLOCKALL:
	case MT_CALL_MUNLOCKALL:
		return all;
	case MT_CALL_PROCESS_MADVISE:
		return sets_fork(c->args[3]) ? all : none;
	case MT_CALL_SHMAT:
		return shmat__range(c);
	case MT_CALL_SHMDT:
		/* Its search begins at the address (ipc/shm.c, ksys_shmdt). */
		all.start = page__down(c->args[0]);
		return all;
	case MT_CALL_PRCTL:
		return prctl__range(c);
	case MT_CALL_MAP_SHADOW_STACK:
		return call__failed(c) ? none : range__of((uint64_t)c->ret, c->args[1]);
	default:
		return none;
	}
}

static size_t mremap__ranges(const struct call *c, struct range ret_ranges[2])
{
	uint64_t from = c->args[0], new_len = rounded(c, c->args[2]);
	uint64_t old_len = rounded(c, c->args[1]);
	struct range to = { 0, 0 };
	size_t n = 0;

	if (!call__failed(c) && (uint64_t)c->ret != from)
		to = range__of((uint64_t)c->ret, new_len);
	else if (call__failed(c) && c->args[3] & ABI_MREMAP_FIXED)
		to = range__of(c->args[4], new_len);
	ret_ranges[n] = range__of(from, new_len > old_len ? new_len : old_len);
	n += !range__empty(ret_ranges[n]);
	if (!range__empty(to))
		ret_ranges[n++] = to;
	return n;
}

size_t call__ranges(const struct call *c, struct range ret_ranges[2])
{
	if (c->id == MT_CALL_MREMAP)
		return mremap__ranges(c, ret_ranges);
	ret_ranges[0] = call__range(c);
	return !range__empty(ret_ranges[0]);
}
