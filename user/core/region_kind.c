/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells what a region is for from what backs it, its neighbours and the mm's
 * layout. Keeps nothing, and looks at a bounded number of neighbours, so that a
 * whole map takes linear time. Must not know calls or processes.
 */
#include "region_kind.h"

#include <string.h>

/* Regions either side among which an image's executable region is looked for. */
#define IMAGE_NEIGHBOURS 16

/* HEAP_MAX_SIZE of glibc malloc/arena.c on 64-bit: heaps are aligned to it. */
#define ARENA_WINDOW (64ULL << 20)

struct lookup {
	const struct backings *backings;
	const struct layout *layout;
};

/* What a name tells of its backing. The first prefix that matches counts. */
enum name_class {
	NAME_PRIVATE_MEMORY, /* shared: shared memory; private: like no file at all */
	NAME_SHARED_MEMORY,  /* shared: shared memory; private: a file */
	NAME_DEVICE,
	NAME_FILE,
};

static enum name_class backing__class(const struct backing *b)
{
	static const struct {
		const char *prefix;
		enum name_class class;
	} prefixes[] = {
		{ "/dev/zero", NAME_PRIVATE_MEMORY },	   /* mm/shmem.c, shmem_zero_setup() */
		{ "/anon_hugepage", NAME_PRIVATE_MEMORY }, /* mmap(MAP_HUGETLB) */
		{ "/memfd:", NAME_SHARED_MEMORY },
		{ "/SYSV", NAME_SHARED_MEMORY }, /* ipc/shm.c, newseg() */
		{ "/dev/shm/", NAME_SHARED_MEMORY },
		{ "/dev/hugepages/", NAME_SHARED_MEMORY }, /* where hugetlbfs is mounted */
		{ "[anon_shmem:", NAME_SHARED_MEMORY },	   /* PR_SET_VMA over shared memory */
		{ "/dev/", NAME_DEVICE },
		{ "/dmabuf:", NAME_DEVICE },
		{ "/[aio]", NAME_DEVICE }, /* fs/aio.c: the ring of io_setup(2) */
		{ "anon_inode:", NAME_DEVICE },
		{ "socket:", NAME_DEVICE },
		{ "pipe:", NAME_DEVICE },
	};
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (!strncmp(b->name, prefixes[i].prefix, strlen(prefixes[i].prefix)))
			return prefixes[i].class;
	}
	return NAME_FILE;
}

bool backing__is_file(const struct backing *b)
{
	return b->has_contents && backing__class(b) == NAME_FILE;
}

/* No file and no special mapping: nothing, or a name given by PR_SET_VMA_ANON_NAME. */
static bool is_fileless(const struct region *r, const struct backing *b)
{
	return r->backing == BACKING_ANON ||
	       (!b->has_contents && (!b->name[0] || !strncmp(b->name, "[anon:", 6)));
}

static bool is_private_anon(const struct region *r, const struct lookup *in)
{
	const struct backing *b = backings__get(in->backings, r->backing);

	if (r->flags & REGION_SHARED)
		return false;
	return is_fileless(r, b) || (b->has_contents && backing__class(b) == NAME_PRIVATE_MEMORY);
}

/* Without a file, so that vm_file does not name it first. */
static bool is_nameable(const struct region *r, const struct lookup *in)
{
	return !(r->flags & REGION_SHARED) &&
	       is_fileless(r, backings__get(in->backings, r->backing));
}

/*
 * vma_is_initial_heap() of include/linux/mm.h. Before 6.6 the kernel compared
 * with <= and >=, and so gave the name also to what only touches the heap.
 */
static bool is_heap(const struct region *r, const struct lookup *in)
{
	return r->start < in->layout->brk && r->end > in->layout->start_brk && is_nameable(r, in);
}

/* vma_is_initial_stack() of include/linux/mm.h. */
static bool is_main_stack(const struct region *r, const struct lookup *in)
{
	uint64_t start_stack = in->layout->start_stack;

	return start_stack && r->start <= start_stack && r->end >= start_stack &&
	       is_nameable(r, in);
}

static bool is_thread_stack(const struct region *r, const struct lookup *in)
{
	return r->flags & REGION_STACK && r->flags & REGION_RWX && is_private_anon(r, in);
}

const char *region__name(const struct region *r, const struct backings *backings,
			 const struct layout *layout)
{
	struct lookup in = { backings, layout };

	if (is_heap(r, &in))
		return "[heap]";
	if (is_main_stack(r, &in))
		return "[stack]";
	return backings__get(backings, r->backing)->name;
}

/* A private mapping of a file that may be a program or a library. */
static bool is_image_part(const struct region *r, const struct lookup *in)
{
	const struct backing *b = backings__get(in->backings, r->backing);
	enum name_class class;

	if (r->flags & REGION_SHARED || !b->has_contents)
		return false;
	class = backing__class(b);
	return class == NAME_FILE || class == NAME_SHARED_MEMORY;
}

static bool is_text_of(const struct region *r, const struct region *other)
{
	return other->backing == r->backing && other->flags & REGION_EXEC &&
	       !(other->flags & REGION_SHARED);
}

/*
 * True when r, which is at, or a region close by is an executable mapping of the same
 * file. Others may lie between: an image has holes, and what was mapped into them.
 */
static bool is_image(const struct region_iter *at, const struct region *r)
{
	struct region_iter it = *at;
	const struct region *other;
	int i;

	if (is_text_of(r, r))
		return true;
	for (i = 0; i < IMAGE_NEIGHBOURS && (other = region_iter__next(&it)); i++) {
		if (is_text_of(r, other))
			return true;
	}
	it = *at;
	for (i = 0; i < IMAGE_NEIGHBOURS && (other = region_iter__prev(&it)); i++) {
		if (is_text_of(r, other))
			return true;
	}
	return false;
}

static enum region_kind image_kind(const struct region_iter *at, const struct region *r)
{
	if (!is_image(at, r))
		return KIND_FILE_PRIVATE;
	if (r->flags & REGION_EXEC)
		return KIND_TEXT;
	return r->flags & REGION_WRITE ? KIND_DATA : KIND_RODATA;
}

/* The kernel's load of .bss is anonymous, and follows the file's last data. */
static bool is_bss(const struct region_iter *at, const struct region *r, const struct lookup *in)
{
	struct region_iter it = *at;
	const struct region *prev = region_iter__prev(&it);

	return prev && prev->end == r->start && is_image_part(prev, in) &&
	       image_kind(&it, prev) == KIND_DATA;
}

/*
 * glibc reserves 64 MiB, aligned, and opens it from below (malloc/arena.c, new_heap):
 *	[ accessible ][ no access	]
 *	^ aligned			^ the window's end
 */
static bool is_arena(const struct region *r, const struct region *next, const struct lookup *in)
{
	return !(r->start & (ARENA_WINDOW - 1)) && next && next->start == r->end &&
	       next->end == r->start + ARENA_WINDOW && !(next->flags & REGION_RWX) &&
	       is_private_anon(next, in);
}

/* Of private anonymous memory, heap and main stack excepted. */
static enum region_kind anonymous_kind(const struct region_iter *at, const struct region *r,
				       const struct lookup *in)
{
	struct region_iter it = *at;
	const struct region *next = region_iter__next(&it);

	if (is_thread_stack(r, in))
		return KIND_THREAD_STACK;
	if (!(r->flags & REGION_RWX)) {
		if (next && next->start == r->end && region__len(r) <= REGION_GUARD_MAX &&
		    (is_main_stack(next, in) || is_thread_stack(next, in)))
			return KIND_GUARD;
		return is_bss(at, r, in) ? KIND_BSS : KIND_RESERVED;
	}
	if (r->flags & REGION_EXEC)
		return KIND_JIT;
	if (is_arena(r, next, in))
		return KIND_ARENA;
	return is_bss(at, r, in) ? KIND_BSS : KIND_ANONYMOUS;
}

/* Of what a file or a special mapping backs. */
static enum region_kind backed_kind(const struct region_iter *at, const struct region *r,
				    const struct lookup *in)
{
	const struct backing *b = backings__get(in->backings, r->backing);

	if (!b->has_contents && !strncmp(b->name, "[v", 2))
		return KIND_VDSO; /* [vdso], [vvar], [vvar_vclock], [vsyscall], [vectors] of arm */
	if (r->backing == BACKING_ANON)
		return KIND_SHARED_MEMORY; /* shared, and its backing is not known */
	if (r->flags & REGION_SHARED) {
		switch (backing__class(b)) {
		case NAME_PRIVATE_MEMORY:
		case NAME_SHARED_MEMORY:
			return KIND_SHARED_MEMORY;
		case NAME_FILE:
			return KIND_FILE_SHARED;
		default:
			return KIND_OTHER;
		}
	}
	return is_image_part(r, in) ? image_kind(at, r) : KIND_OTHER;
}

static enum region_kind kind_at(const struct region_iter *at, const struct region *r,
				const struct lookup *in)
{
	if (is_heap(r, in))
		return KIND_HEAP;
	if (is_main_stack(r, in))
		return KIND_STACK;
	if (is_private_anon(r, in))
		return anonymous_kind(at, r, in);
	return backed_kind(at, r, in);
}

enum region_kind region__kind(const struct region_iter *at, const struct backings *backings,
			      const struct layout *layout)
{
	struct lookup in = { backings, layout };

	return kind_at(at, region_iter__at(at), &in);
}

void region_map__kind_bytes(const struct region_map *map, const struct backings *backings,
			    const struct layout *layout, uint64_t ret_bytes[KIND_NR])
{
	struct lookup in = { backings, layout };
	const struct region *r;
	struct region_iter at;

	memset(ret_bytes, 0, KIND_NR * sizeof(*ret_bytes));
	for (r = region_iter__init(&at, map, 0); r; r = region_iter__next(&at))
		ret_bytes[kind_at(&at, r, &in)] += region__len(r);
}
