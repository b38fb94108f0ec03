/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the call model share: the numbers of the system call
 * interface, ranges that cannot wrap, and the few ways in which a handler may
 * touch the map. Included by call.c and call_model*.c only.
 */
#ifndef MEMTRACE_CORE_CALL_MODEL_PRIVATE_H
#define MEMTRACE_CORE_CALL_MODEL_PRIVATE_H

#include <errno.h>
#include "call_model.h"

/*
 * include/uapi/asm-generic/mman*.h, linux/mman.h, linux/shm.h, linux/prctl.h:
 * spelled out because the headers of an old distribution lack the newest, and
 * because arguments may come from a recording made elsewhere.
 */
enum {
	ABI_PROT_READ = 0x1,
	ABI_PROT_WRITE = 0x2,
	ABI_PROT_EXEC = 0x4,
	ABI_PROT_RWX = 0x7,
	ABI_PROT_GROWSDOWN = 0x01000000,
	ABI_PROT_GROWSUP = 0x02000000,

	ABI_MAP_TYPE = 0xf,
	ABI_MAP_SHARED = 0x1,
	ABI_MAP_PRIVATE = 0x2,
	ABI_MAP_SHARED_VALIDATE = 0x3,
	ABI_MAP_DROPPABLE = 0x8,
	ABI_MAP_FIXED = 0x10,
	ABI_MAP_ANONYMOUS = 0x20,
	ABI_MAP_GROWSDOWN = 0x100,
	ABI_MAP_LOCKED = 0x2000,
	ABI_MAP_NORESERVE = 0x4000,
	ABI_MAP_STACK = 0x20000,
	ABI_MAP_HUGETLB = 0x40000,
	ABI_MAP_FIXED_NOREPLACE = 0x100000,

	ABI_MREMAP_MAYMOVE = 1,
	ABI_MREMAP_FIXED = 2,
	ABI_MREMAP_DONTUNMAP = 4,

	ABI_MADV_DONTFORK = 10,
	ABI_MADV_DOFORK = 11,

	ABI_MCL_CURRENT = 1,
	ABI_MCL_FUTURE = 2,
	ABI_MCL_ONFAULT = 4,

	ABI_SHM_REMAP = 040000,

	ABI_PR_SET_MM = 35,
	ABI_PR_SET_VMA = 0x53564d41,
	ABI_PR_SET_VMA_ANON_NAME = 0,
};

/* No user address is as high: 57 bits with five-level page tables. */
#define SPACE_TOP (1ULL << 57)

static inline uint64_t page__down(uint64_t addr)
{
	return addr & ~(REGION_PAGE - 1);
}

static inline bool page__aligned(uint64_t addr)
{
	return page__down(addr) == addr;
}

/* Rounds up, but never beyond SPACE_TOP. */
static inline uint64_t page__up(uint64_t addr)
{
	return addr >= SPACE_TOP ? SPACE_TOP : page__down(addr + REGION_PAGE - 1);
}

/* a + b, or SPACE_TOP where that would be beyond. */
static inline uint64_t addr__add(uint64_t a, uint64_t b)
{
	return a >= SPACE_TOP || b > SPACE_TOP - a ? SPACE_TOP : a + b;
}

static inline bool range__empty(struct range r)
{
	return r.start >= r.end;
}

/* Rounded out to pages and cut at SPACE_TOP; empty when nothing is left. */
static inline struct range range__of(uint64_t addr, uint64_t len)
{
	struct range r = { page__down(addr), addr };

	if (len)
		r.end = page__up(addr__add(addr, len));
	return r;
}

/* As range__of, of exact ends. */
static inline struct range range__between(uint64_t start, uint64_t end)
{
	struct range r = { page__down(start), page__up(end) };

	return r;
}

/* mmap that gives its address and may replace what is there. */
static inline bool call__maps_over(const struct call *c)
{
	return c->args[3] & ABI_MAP_FIXED && !(c->args[3] & ABI_MAP_FIXED_NOREPLACE);
}

/* len rounded up to the pages of b (hugetlbfs), at most SPACE_TOP. */
uint64_t backing__round_up(const struct backing *b, uint64_t len);

/* One call being applied. */
struct model {
	struct model_space *space;
	const struct call *c;
	bool strict;
	struct change *change;
	struct range range; /* what the change describes */
};

typedef int (*model_handler)(struct model *m);

int model__brk(struct model *m);
int model__mmap(struct model *m);
int model__munmap(struct model *m);
int model__shmat(struct model *m);
int model__shmdt(struct model *m);
int model__map_shadow_stack(struct model *m);
int model__remap_file_pages(struct model *m);
int model__mremap(struct model *m);
int model__mprotect(struct model *m);
int model__mlock(struct model *m);
int model__munlock(struct model *m);
int model__mlockall(struct model *m);
int model__munlockall(struct model *m);
int model__madvise(struct model *m);
int model__process_madvise(struct model *m);
int model__prctl(struct model *m);
int model__mseal(struct model *m);

/* The range that a change by c is about, given the map before. */
struct range model__shmdt_range(const struct model_space *space, const struct call *c);
struct range model__mremap_range(const struct model_space *space, const struct call *c);

/*
 * The two ways to change the map; both add to the change what they do and make
 * it CHANGE_APPLIED. put replaces, edit calls edit() for each region in range
 * (a copy, cut to it), which may change its flags and backing and returns 0 or
 * -ENOMEM. Empty ranges are no work.
 */
int model__put(struct model *m, struct range at, const struct region *regions, size_t n);
typedef int (*region_edit)(struct model *m, struct region *r, const void *arg);
int model__edit(struct model *m, struct range at, region_edit edit, const void *arg);

/* An edit: takes off the first of two flag words and sets the second. */
struct flag_edit {
	uint32_t clear, set;
};
int region_edit__flags(struct model *m, struct region *r, const void *arg);

/* The change becomes CHANGE_UNKNOWN; the first reason given stays. */
void model__unknown(struct model *m, const char *why);

/* The region that holds addr, or NULL. */
const struct region *model__at(const struct model *m, uint64_t addr);
bool model__maps_any(const struct model *m, struct range at);
/* The first address in range that is not mapped, or its end. */
uint64_t model__first_gap(const struct model *m, struct range at);

/*
 * A call worked that cannot work over a gap: regions that grow down have
 * grown into the gaps below them (mm/vma.c, expand_downwards), and what gaps
 * are left contradict the map (why).
 */
int model__expect_mapped(struct model *m, struct range at, const char *why);

/*
 * The kernel's region at addr, cut to begin there. Returns 1, 0 when the
 * kernel did not report one that holds addr, or -ENOMEM.
 */
int model__kernel_region(const struct model *m, uint64_t addr, struct region *ret_region);

/* Both regions print the same, addresses and offset apart. */
bool model__looks_like(const struct model *m, const struct region *r, const struct raw_region *raw);

/*
 * What is in a range whose old pages a failed call may have unmapped, by the
 * region that the kernel has at or after its start.
 */
enum target {
	TARGET_EMPTY, /* nothing was there, nothing is */
	TARGET_KEPT,  /* what was there still is */
	TARGET_GONE,  /* what was there is not */
	TARGET_UNCLEAR,
};
enum target model__target(const struct model *m, struct range at);

/* A region of private anonymous memory as a call of prot makes it now. */
struct region model__anonymous(const struct model *m, struct range at, uint64_t prot);

/* mlock(2) has no effect on r (mm/mlock.c, mlock_fixup: VM_SPECIAL, hugetlb). */
bool model__is_special(const struct model *m, const struct region *r);

#endif
