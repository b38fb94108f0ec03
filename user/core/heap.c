// SPDX-License-Identifier: GPL-2.0
/* Which part of a process's memory a stretch belongs to; see heap.h. */
#include "heap.h"

#include <stdio.h>
#include <string.h>

#define KIB 1024ull
#define MIB (1024 * KIB)

/*
 * A range without access that is at least as long was reserved to be used piece
 * by piece; shorter ones are guards, or stacks of some library's own threads.
 */
#define RESERVATION_MIN MIB
/* Allocators that replace malloc(3) map no less at once (jemalloc 2 MiB, mimalloc 64 KiB). */
#define REPLACING_MIN (64 * KIB)
/* V8's pages (kRegularPageSize) are so long, and so aligned; the JVM's are larger. */
#define RUNTIME_ALIGN (256 * KIB)
#define FRAMES_MAX 12 /* between malloc(3) and its mmap(2) there are some three */

struct allocator {
	const char *name, *file;
	bool replaces;
};

static const struct allocator allocators[HEAP_ALLOCATOR_NR] = {
#define X(id, name, file, replaces) { name, file, replaces },
	HEAP_ALLOCATORS(X)
#undef X
};

const char *heap_part__name(enum heap_part part)
{
	static const char *const names[HEAP_PART_NR] = {
#define X(id, name, text) name,
		HEAP_PARTS(X)
#undef X
	};

	return (unsigned int)part < HEAP_PART_NR ? names[part] : "other";
}

struct heap_state heap__sum(const struct heap *heap)
{
	struct heap_state sum = { 0 };
	int i;

	for (i = 0; i < HEAP_PART_NR; i++) {
		sum.reserved += heap->part[i].reserved;
		sum.committed += heap->part[i].committed;
		sum.returned += heap->part[i].returned;
		sum.resident += heap->part[i].resident;
	}
	return sum;
}

const char *heap__allocators_text(uint32_t found, char buf[HEAP_ALLOCATORS_ROOM])
{
	const char *last = "";
	size_t len = 0;
	int i;

	buf[0] = '\0';
	for (i = 0; i < HEAP_ALLOCATOR_NR && len < HEAP_ALLOCATORS_ROOM; i++) {
		if (!(found & 1u << i) || !strcmp(last, allocators[i].name))
			continue;
		last = allocators[i].name;
		len += (size_t)snprintf(buf + len, HEAP_ALLOCATORS_ROOM - len, "%s%s",
					len ? ", " : "", last);
	}
	return buf;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

uint32_t heap__allocators_of_file(const char *path)
{
	const char *name = base_name(path);
	uint32_t found = 0;
	int i;

	for (i = 0; i < HEAP_ALLOCATOR_NR; i++) {
		const char *file = allocators[i].file;

		if (!file)
			continue;
		/* "node", and no program whose name only begins so. */
		if (begins(file, "lib") ? begins(name, file) : !strcmp(name, file))
			found |= 1u << i;
	}
	return found;
}

static bool malloc_is_replaced(uint32_t found)
{
	int i;

	for (i = 0; i < HEAP_ALLOCATOR_NR; i++) {
		if (found & 1u << i && allocators[i].replaces)
			return true;
	}
	return false;
}

/*
 * runtime/malloc.go (mallocinit): on 64-bit systems the heap's arenas are asked for
 * at 0x00c0 << 32 and up. The kernel itself places nothing there: what it chooses
 * lies below the stack, and programs far below or, with PIE, far above.
 */
bool heap__is_go(uint64_t addr)
{
	return addr >= 0xc0ull << 32 && addr < 0xc1ull << 32;
}

/*
 * asm-generic/mman-common.h. malloc/malloc.c of glibc, sysmalloc_mmap(): a block of
 * at least M_MMAP_THRESHOLD (128 KiB) is mmap(NULL, size, RW, PRIVATE | ANONYMOUS),
 * size being what was asked for and a header, rounded up to pages. Anybody may map
 * so; but programs ask for round sizes, and what is a page more than round is most
 * likely such a block. Blocks of sizes that are not round are not told by this, but
 * by their stacks or by name (glibc.mem.decorate_maps) alone.
 */
uint32_t heap__hints(uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags)
{
	const uint64_t map_private_anonymous = 0x22, map_stack = 0x20000, read_write = 3;
	uint32_t hints = 0;

	if (flags & map_stack)
		hints |= HEAP_HINT_STACK;
	if (!addr && prot == read_write && flags == map_private_anonymous && len > 128 * KIB &&
	    len % (64 * KIB) == REGION_PAGE)
		hints |= HEAP_HINT_BLOCK;
	return hints;
}

/* Names given by prctl(2), PR_SET_VMA_ANON_NAME: who gives one knows. */
static bool named_part(const struct heap_view *view, const struct region *r, enum heap_part *ret)
{
	static const struct {
		const char *name;
		enum heap_part part;
	} names[] = {
		/* glibc 2.39 and newer with glibc.mem.decorate_maps */
		{ "[anon: glibc: malloc arena", HEAP_ARENA },
		{ "[anon: glibc: malloc", HEAP_LARGE },
		{ "[anon: glibc: pthread", HEAP_THREAD_STACK },
		{ "[anon: Go: ", HEAP_ALLOCATOR }, /* Go 1.25 and newer */
		{ "[anon:jemalloc", HEAP_ALLOCATOR },
		{ "[anon:tcmalloc", HEAP_ALLOCATOR },
		{ "[anon:mimalloc", HEAP_ALLOCATOR },
		{ "[anon:partition_alloc", HEAP_ALLOCATOR },
		{ "[anon:v8", HEAP_ALLOCATOR },
		{ "[anon:js-gc-heap", HEAP_ALLOCATOR },
		/* bionic and ART */
		{ "[anon:libc_malloc", HEAP_ALLOCATOR },
		{ "[anon:scudo:", HEAP_ALLOCATOR },
		{ "[anon:dalvik-", HEAP_ALLOCATOR },
		{ "[anon:stack_and_tls:", HEAP_THREAD_STACK },
	};
	const char *name = backings__get(view->backings, r->backing)->name;
	size_t i;

	if (!begins(name, "[anon:"))
		return false;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (begins(name, names[i].name)) {
			*ret = names[i].part;
			return true;
		}
	}
	return false;
}

static bool is_libc(const char *module)
{
	const char *name = base_name(module);

	return begins(name, "libc.so") || begins(name, "libc-2.");
}

/* The entries of malloc(3) that need more memory: all that a stripped libc names. */
static bool is_malloc(const char *function)
{
	static const char *const names[] = {
		"malloc", "calloc", "realloc", "reallocarray", "memalign", "aligned_alloc",
		"posix_memalign", "valloc", "pvalloc", "__libc_malloc", "__libc_calloc",
		"__libc_realloc", "__libc_memalign", "sysmalloc", "sysmalloc_mmap", "_int_malloc",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(function, names[i]))
			return true;
	}
	return false;
}

/* Allocators and runtimes that are linked into the program, by how they name functions. */
static bool is_linked_in(const char *function)
{
	static const char *const names[] = { "je_", "_rjem_", "mi_", "_mi_", "tcmalloc::",
					     "v8::", "runtime.sys", "runtime.(*mheap)" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (begins(function, names[i]))
			return true;
	}
	return false;
}

enum frame_role heap__frame_role(const struct frame *frame)
{
	if (heap__allocators_of_file(frame->module) || is_linked_in(frame->function))
		return FRAME_ALLOCATOR;
	return is_libc(frame->module) && is_malloc(frame->function) ? FRAME_MALLOC : FRAME_OTHER;
}

/* Whose call it was: the innermost frame that is an allocator's. */
static enum frame_role asked_by(const struct heap_view *view, uint32_t id)
{
	const struct stack *stack = view->stacks ? stacks__stack(view->stacks, id) : NULL;
	size_t i;

	if (!stack || !stack->n)
		return FRAME_UNKNOWN;
	for (i = 0; i < stack->n && i < FRAMES_MAX; i++) {
		enum frame_role role = stacks__role(view->stacks, stack->frames[i]);

		if (role != FRAME_OTHER)
			return role;
	}
	return stack->cut ? FRAME_UNKNOWN : FRAME_OTHER;
}

/* By its size and place alone, where no call and no name tells. */
static bool looks_like_allocator(const struct heap_stretch *s)
{
	const struct region *r = s->region;

	if (heap__is_go(s->start))
		return true;
	if (r->flags & REGION_RWX && s->reserved >= RESERVATION_MIN)
		return true;
	if (malloc_is_replaced(s->allocators))
		return s->end - s->start >= REPLACING_MIN;
	return s->allocators && !(s->hints & HEAP_HINT_BLOCK) &&
	       (r->flags & REGION_NORESERVE || !(s->start & (RUNTIME_ALIGN - 1)));
}

/* Of private memory without a file: no stack as far as regions tell, and no break. */
static enum heap_part anonymous_part(const struct heap_view *view, const struct heap_stretch *s)
{
	bool accessible = s->region->flags & REGION_RWX;
	enum heap_part named;
	enum frame_role by;

	if (named_part(view, s->region, &named))
		return named;
	if (s->hints & HEAP_HINT_STACK)
		return HEAP_THREAD_STACK;
	if (s->before != HEAP_ANONYMOUS)
		return s->before;
	by = asked_by(view, s->stack);
	if (by == FRAME_ALLOCATOR)
		return HEAP_ALLOCATOR;
	/* What malloc(3) makes accessible later is an arena's: grow_heap() of arena.c. */
	if (by == FRAME_MALLOC && accessible)
		return s->hints & HEAP_HINT_COMMIT ? HEAP_ARENA : HEAP_LARGE;
	if (looks_like_allocator(s))
		return HEAP_ALLOCATOR;
	return by == FRAME_UNKNOWN && s->hints & HEAP_HINT_BLOCK ? HEAP_LARGE : HEAP_ANONYMOUS;
}

enum heap_part heap__part(const struct heap_view *view, const struct heap_stretch *s)
{
	static const unsigned char by_kind[KIND_NR] = {
		[KIND_TEXT] = HEAP_FILE,
		[KIND_RODATA] = HEAP_FILE,
		[KIND_DATA] = HEAP_FILE,
		[KIND_BSS] = HEAP_FILE,
		[KIND_HEAP] = HEAP_BREAK,
		[KIND_ARENA] = HEAP_ARENA,
		[KIND_STACK] = HEAP_STACK,
		[KIND_THREAD_STACK] = HEAP_THREAD_STACK,
		[KIND_GUARD] = HEAP_THREAD_STACK,
		[KIND_FILE_PRIVATE] = HEAP_FILE,
		[KIND_FILE_SHARED] = HEAP_FILE,
		[KIND_SHARED_MEMORY] = HEAP_SHARED,
		[KIND_VDSO] = HEAP_OTHER,
		[KIND_JIT] = HEAP_JIT,
		[KIND_OTHER] = HEAP_OTHER,
	};
	enum region_kind kind;

	kind = region__kind(s->at, view->backings, view->layout);
	/* The heap of Go, and of others, may have the very shape of an arena of glibc's. */
	if (kind == KIND_ARENA && (heap__is_go(s->start) || s->before == HEAP_ALLOCATOR ||
				   malloc_is_replaced(s->allocators)))
		return HEAP_ALLOCATOR;
	if (kind == KIND_ANONYMOUS || kind == KIND_RESERVED)
		return anonymous_part(view, s);
	return by_kind[kind];
}
