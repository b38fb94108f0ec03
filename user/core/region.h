/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region: one line of /proc/PID/maps. What it is made of, how two of them
 * merge, and the closed list of kinds. Knows nothing of maps or calls.
 */
#ifndef MEMTRACE_CORE_REGION_H
#define MEMTRACE_CORE_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT_4K 12
#define REGION_PAGE 4096ULL
/* What is longer, inaccessible and below a stack has merged with its guard, or has none. */
#define REGION_GUARD_MAX (1ULL << 20)

/* Attributes of a region. The first four are what /proc/PID/maps prints. */
enum region_flags {
	REGION_READ = 1 << 0,
	REGION_WRITE = 1 << 1,
	REGION_EXEC = 1 << 2,
	REGION_SHARED = 1 << 3,	   /* 's': VM_MAYSHARE */
	REGION_LOCKED = 1 << 4,	   /* VM_LOCKED */
	REGION_DONTFORK = 1 << 5,  /* VM_DONTCOPY: a child does not get it */
	REGION_GROWSDOWN = 1 << 6, /* VM_GROWSDOWN */
	REGION_STACK = 1 << 7,	   /* made with MAP_STACK, or holds a thread's sp */
	REGION_NORESERVE = 1 << 8,
	REGION_HUGETLB = 1 << 9,
	REGION_SEALED = 1 << 10,
	REGION_SHADOW_STACK = 1 << 11,
	REGION_OFFSET = 1 << 12,   /* offset counts: set when backing has contents */
	/* The kernel keeps it apart from what comes before, however alike they are. */
	REGION_APART = 1 << 13,
};
#define REGION_RWX (REGION_READ | REGION_WRITE | REGION_EXEC)
#define REGION_PERMS (REGION_RWX | REGION_SHARED)

/*
 * Invariant: start < end, both page-aligned; offset is a multiple of the page
 * size, and 0 without REGION_OFFSET. Who builds a region sets REGION_OFFSET
 * exactly when its backing has contents (never with BACKING_ANON), so that what
 * cuts and merges regions need not look the backing up: with the flag an offset
 * moves with the start and goes on from neighbour to neighbour; without it
 * ([vdso], [anon:name], plain anonymous memory) there is none to move.
 */
struct region {
	uint64_t start, end; /* [start, end) */
	uint64_t offset;     /* into what backs it, in bytes */
	uint32_t flags;	     /* enum region_flags */
	uint32_t backing;    /* index into struct backings; BACKING_ANON: none */
};

/*
 * Kinds, as they are spelled in every output. A region's kind is derived
 * (region_kind.h), never stored: it depends on neighbours and on the layout.
 */
#define REGION_KINDS(X)                                                    \
	X(TEXT, "text", "code of a program or library")                    \
	X(RODATA, "rodata", "read-only data of a program or library")      \
	X(DATA, "data", "writable data of a program or library")           \
	X(BSS, "bss", "zeroed data that follows a program or library")     \
	X(HEAP, "heap", "the program break (brk)")                         \
	X(ARENA, "arena", "heap of a glibc malloc arena")                  \
	X(STACK, "stack", "stack of the main thread")                      \
	X(THREAD_STACK, "thread-stack", "stack of another thread")         \
	X(GUARD, "guard", "no access, beside a stack")                     \
	X(ANONYMOUS, "anonymous", "private memory backed by no file")      \
	X(RESERVED, "reserved", "private memory without access")           \
	X(FILE_PRIVATE, "file-private", "private mapping of a file")       \
	X(FILE_SHARED, "file-shared", "shared mapping of a file")          \
	X(SHARED_MEMORY, "shared-memory", "shm, memfd, SysV or shared anonymous memory") \
	X(VDSO, "vdso", "mapped by the kernel: vdso, vvar, vsyscall")      \
	X(JIT, "jit", "executable memory backed by no file")               \
	X(OTHER, "other", "a device or another special mapping")

enum region_kind {
#define X(id, name, text) KIND_##id,
	REGION_KINDS(X)
#undef X
	KIND_NR
};

/* "heap" for KIND_HEAP. Never NULL. */
const char *region_kind__name(enum region_kind kind);

/* Fills perms with "rw-p" and a NUL. */
void region__perms(uint32_t flags, char perms[5]);

static inline uint64_t region__len(const struct region *r)
{
	return r->end - r->start;
}

/* r, if it holds addr; *next is where that ends, or begins, if that is nearer. */
static inline const struct region *region__at(const struct region *r, uint64_t addr,
					      uint64_t *next)
{
	uint64_t edge = r ? r->start > addr ? r->start : r->end : *next;

	if (edge < *next)
		*next = edge;
	return r && r->start <= addr ? r : NULL;
}

/*
 * True when b continues a: adjacent, same flags and backing, and with
 * REGION_OFFSET the offset goes on. The regions of a struct region_map never
 * satisfy this for two neighbours.
 */
bool region__continues(const struct region *a, const struct region *b);

#endif
