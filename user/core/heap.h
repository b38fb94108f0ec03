/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the memory of a process is for, one step above the kinds of regions: the
 * break, glibc's arenas, blocks that malloc(3) maps, other allocators, stacks,
 * files. Which part memory belongs to is settled when it is made or becomes
 * accessible, and stays (origins.h keeps it). Pure; knows no process.
 */
#ifndef MEMTRACE_CORE_HEAP_H
#define MEMTRACE_CORE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backing.h"
#include "region_kind.h"
#include "region_map.h"
#include "stacks.h"

/* Parts, as they are spelled in every output. ANONYMOUS is what nothing tells of. */
#define HEAP_PARTS(X)                                                              \
	X(ANONYMOUS, "anonymous", "mapped without a file; who uses it is not known") \
	X(BREAK, "break", "the program break (brk), where malloc(3) begins")       \
	X(ARENA, "arena", "glibc malloc's other arenas")                           \
	X(LARGE, "large-blocks", "blocks that malloc(3) mapped one by one")        \
	X(ALLOCATOR, "allocator", "another allocator, or a runtime: jemalloc, V8") \
	X(THREAD_STACK, "thread-stack", "stacks of threads")                       \
	X(STACK, "stack", "stack of the main thread")                              \
	X(JIT, "jit", "executable memory backed by no file")                       \
	X(FILE, "file", "programs, libraries and other files; bss too")            \
	X(SHARED, "shared-memory", "shm, memfd, SysV or shared anonymous memory")  \
	X(OTHER, "other", "vdso, devices and the like")

enum heap_part {
#define X(id, name, text) HEAP_##id,
	HEAP_PARTS(X)
#undef X
	HEAP_PART_NR
};

/* "break" for HEAP_BREAK. Never NULL. */
const char *heap_part__name(enum heap_part part);

/* In bytes. */
struct heap_state {
	uint64_t reserved;  /* mapped without access */
	uint64_t committed; /* accessible */
	uint64_t peak;	    /* the most that was committed */
	/*
	 * What calls gave back so far: unmapped, made inaccessible, or advised away
	 * (MADV_DONTNEED and its like) and still committed. Pages that were not there
	 * count as well: what is resident tells.
	 */
	uint64_t returned;
	uint64_t resident; /* has_resident: as the kernel said at that moment */
};

struct heap {
	struct heap_state part[HEAP_PART_NR];
	uint32_t allocators; /* those that were found: 1 << enum heap_allocator */
	bool has_resident;
};

/* All parts together; peak stays 0: they were not at one moment. */
struct heap_state heap__sum(const struct heap *heap);

/*
 * Allocators and runtimes that have a part of their own, by the first letters of
 * the file's name. REPLACES: malloc(3) is theirs, and none of it glibc's.
 */
#define HEAP_ALLOCATORS(X)                                \
	X(JEMALLOC, "jemalloc", "libjemalloc.so", true)    \
	X(TCMALLOC, "tcmalloc", "libtcmalloc", true)       \
	X(MIMALLOC, "mimalloc", "libmimalloc", true)       \
	X(SNMALLOC, "snmalloc", "libsnmalloc", true)       \
	X(JVM, "JVM", "libjvm.so", false)                  \
	X(V8, "V8", "libv8", false)                        \
	X(NODE, "V8", "libnode.so", false)                 \
	X(NODE_PROGRAM, "V8", "node", false)               \
	X(GO, "Go", NULL, false)

enum heap_allocator {
#define X(id, name, file, replaces) HEAP_ALLOCATOR_##id,
	HEAP_ALLOCATORS(X)
#undef X
	HEAP_ALLOCATOR_NR
};

/* "jemalloc, V8" for the allocators that were found; "" for none. Returns buf. */
#define HEAP_ALLOCATORS_ROOM 96
const char *heap__allocators_text(uint32_t allocators, char buf[HEAP_ALLOCATORS_ROOM]);

/* The allocators that a file which a space has mapped executable stands for. */
uint32_t heap__allocators_of_file(const char *path);

/* By the names of its function and module. */
enum frame_role heap__frame_role(const struct frame *frame);

/* What the arguments of a call tell of the memory that it made. */
enum heap_hint {
	HEAP_HINT_STACK = 1 << 0,  /* MAP_STACK: pthread_create(3) */
	HEAP_HINT_BLOCK = 1 << 1,  /* the shape of a block of glibc's: heap__hints() */
	HEAP_HINT_COMMIT = 1 << 2, /* it was there, and had no access */
};

/* Of mmap(2) with these arguments. */
uint32_t heap__hints(uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags);

/* What all memory of a space is judged by. stacks may be NULL. */
struct heap_view {
	const struct backings *backings;
	const struct layout *layout;
	const struct stacks *stacks;
};

/* One stretch of memory that was made, or became accessible. */
struct heap_stretch {
	const struct region_iter *at; /* in the map as it is now */
	const struct region *region;  /* there, that holds the stretch */
	uint64_t start, end;
	uint32_t stack;		  /* of the call; 0: not known */
	uint32_t hints;
	uint64_t reserved;	  /* bytes without access of which it was a piece; 0: none */
	enum heap_part before;	  /* of that, or of what it goes on from; ANONYMOUS: unknown */
	uint32_t allocators;	  /* found so far in this space */
};

enum heap_part heap__part(const struct heap_view *view, const struct heap_stretch *s);

/* The address is one that the runtime of Go asks for, and nobody else. */
bool heap__is_go(uint64_t addr);

/* Resident bytes of [start, end). */
struct resident {
	uint64_t start, end, bytes;
};

#endif
