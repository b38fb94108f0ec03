/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that make and remove mappings: brk, mmap, munmap, SysV shared memory,
 * shadow stacks, remap_file_pages. Knows nothing of protections or moves.
 */
#include <stdlib.h>
#include <string.h>
#include "call_model_private.h"

/* Private memory backed by nothing: all about it is in the arguments. */
static bool mmap__is_plain(const struct call *c)
{
	uint64_t type = c->args[3] & ABI_MAP_TYPE;

	return c->args[3] & ABI_MAP_ANONYMOUS && !(c->args[3] & ABI_MAP_HUGETLB) &&
	       (type == ABI_MAP_PRIVATE || type == ABI_MAP_DROPPABLE);
}

/* The region as far as the arguments of mmap tell it. */
static struct region mmap__region(const struct model *m, struct range at)
{
	uint64_t flags = m->c->args[3], type = flags & ABI_MAP_TYPE;
	struct region r = model__anonymous(m, at, m->c->args[2]);

	if (type == ABI_MAP_SHARED || type == ABI_MAP_SHARED_VALIDATE)
		r.flags |= REGION_SHARED;
	if (flags & ABI_MAP_STACK)
		r.flags |= REGION_STACK;
	/* MAP_DROPPABLE implies VM_NORESERVE (mm/mmap.c, do_mmap). */
	if (flags & ABI_MAP_NORESERVE || type == ABI_MAP_DROPPABLE)
		r.flags |= REGION_NORESERVE;
	if (flags & ABI_MAP_GROWSDOWN)
		r.flags |= REGION_GROWSDOWN;
	if (flags & ABI_MAP_LOCKED)
		r.flags |= REGION_LOCKED;
	if (flags & ABI_MAP_HUGETLB) {
		r.flags |= REGION_HUGETLB;
		r.flags &= ~(uint32_t)REGION_LOCKED;
	}
	return r;
}

/*
 * mmap(MAP_FIXED) that fails may have unmapped what was there: a driver's
 * mmap is asked after the old pages are gone (mm/vma.c, __mmap_region).
 */
static int mmap__failed(struct model *m)
{
	if (!call__mutates(m->c))
		return 0;
	switch (model__target(m, m->range)) {
	case TARGET_GONE:
		return model__put(m, m->range, NULL, 0);
	case TARGET_UNCLEAR:
		/* Without a look at an empty range there is nothing to lose. */
		if (m->c->has_region || model__maps_any(m, m->range))
			model__unknown(m, "mmap failed, maybe after unmapping");
		return 0;
	default:
		return 0;
	}
}

int model__mmap(struct model *m)
{
	struct region r = mmap__region(m, m->range), kernel;
	uint32_t stack = r.flags & REGION_STACK;
	int found;

	if (call__failed(m->c))
		return mmap__failed(m);
	if (range__empty(m->range))
		return 0;
	if (m->strict && !call__maps_over(m->c) && model__maps_any(m, m->range))
		model__unknown(m, "mmap gave an address that was in use");
	if (!mmap__is_plain(m->c)) {
		found = model__kernel_region(m, m->range.start, &kernel);
		if (found < 0)
			return found;
		if (!found)
			model__unknown(m, "mmap of something that was not seen");
		else if (m->strict && kernel.end < m->range.end)
			model__unknown(m, "mmap of less than was asked");
		if (found) {
			r = kernel;
			r.end = m->range.end;
			r.flags |= stack;
		}
	}
	return model__put(m, m->range, &r, 1);
}

int model__munmap(struct model *m)
{
	/* All or nothing (mm/vma.c, do_vmi_align_munmap). */
	return call__failed(m->c) ? 0 : model__put(m, m->range, NULL, 0);
}

/*
 * The new break is known, and the old one: no need to ask what is mapped
 * there. On failure brk gives the break as it was (mm/mmap.c, brk).
 */
int model__brk(struct model *m)
{
	const struct call *c = m->c;
	struct layout *layout = m->space->layout;
	uint64_t old = c->args[1] ? c->args[1] : layout->brk;
	struct region r;

	if (call__failed(c))
		return 0;
	layout->brk = (uint64_t)c->ret;
	if (c->args[2])
		layout->start_brk = c->args[2];
	if ((uint64_t)c->ret != c->args[0])
		return 0;
	if (!old) {
		model__unknown(m, "brk from an unknown break");
		return 0;
	}
	if ((uint64_t)c->ret < old)
		return model__put(m, m->range, NULL, 0);
	if (m->strict && model__maps_any(m, m->range))
		model__unknown(m, "brk grew over a mapping");
	r = model__anonymous(m, m->range, ABI_PROT_READ | ABI_PROT_WRITE);
	return model__put(m, m->range, &r, 1);
}

int model__map_shadow_stack(struct model *m)
{
	struct region r = model__anonymous(m, m->range, ABI_PROT_READ | ABI_PROT_WRITE);

	if (call__failed(m->c) || range__empty(m->range))
		return 0;
	if (m->strict && model__maps_any(m, m->range))
		model__unknown(m, "map_shadow_stack gave an address that was in use");
	r.flags |= REGION_SHADOW_STACK;
	/* arch/x86/kernel/shstk.c, alloc_shstk: writable, never executable. */
	r.flags &= ~(uint32_t)REGION_EXEC;
	return model__put(m, m->range, &r, 1);
}

int model__shmat(struct model *m)
{
	const struct call *c = m->c;
	struct region r;
	int found;

	if (call__failed(c))
		return 0;
	found = model__kernel_region(m, m->range.start, &r);
	if (found < 0)
		return found;
	if (!found) {
		model__unknown(m, "shmat of something that was not seen");
		return 0;
	}
	if (m->strict && !(c->args[2] & ABI_SHM_REMAP) && model__maps_any(m, m->range))
		model__unknown(m, "shmat gave an address that was in use");
	r.end = m->range.end;
	return model__put(m, m->range, &r, 1);
}

/* ipc/shm.c, newseg: the name of every segment; hugetlb ones too. */
static bool region__is_sysv(const struct backings *backings, const struct region *r)
{
	return r->flags & REGION_OFFSET &&
	       strncmp(backings__get(backings, r->backing)->name, "/SYSV", 5) == 0;
}

/*
 * shmdt(addr) removes what is left of the segment that was attached there:
 * the first region, at or after addr, of which addr is where its offset 0
 * would be, and further ones of the same segment (ipc/shm.c, ksys_shmdt). Not
 * modelled, for it takes the segment's size: what mremap made longer than the
 * segment, and was then cut in pieces, stays where it is beyond that size.
 */
static const struct region *shmdt__next(struct region_iter *it, const struct region *r,
					const struct backings *backings, uint64_t addr,
					uint32_t backing)
{
	for (; r; r = region_iter__next(it)) {
		if (!region__is_sysv(backings, r) || r->start - addr != r->offset ||
		    r->start < addr)
			continue;
		if (!backing || r->backing == backing)
			return r;
	}
	return NULL;
}

struct range model__shmdt_range(const struct model_space *space, const struct call *c)
{
	struct range at = { 0, 0 };
	const struct region *r;
	struct region_iter it;
	uint32_t backing;

	if (call__failed(c))
		return at;
	r = region_iter__init(&it, space->map, c->args[0]);
	r = shmdt__next(&it, r, space->backings, c->args[0], 0);
	if (!r)
		return at;
	at.start = r->start;
	backing = r->backing;
	while (r) {
		at.end = r->end;
		r = region_iter__next(&it);
		r = shmdt__next(&it, r, space->backings, c->args[0], backing);
	}
	return at;
}

int model__shmdt(struct model *m)
{
	const struct region *r;
	uint32_t backing;
	struct range at;
	int err;

	if (call__failed(m->c))
		return 0;
	if (!m->strict)
		model__unknown(m, "shmdt over a map that may be torn");
	if (range__empty(m->range)) {
		model__unknown(m, "shmdt of something that was not seen");
		return 0;
	}
	backing = model__at(m, m->range.start)->backing;
	for (at = m->range; !range__empty(at); at.start = at.end, at.end = m->range.end) {
		struct region_iter it;

		r = region_iter__init(&it, m->space->map, at.start);
		r = shmdt__next(&it, r, m->space->backings, m->c->args[0], backing);
		if (!r || r->start >= m->range.end)
			break;
		at.start = r->start;
		at.end = r->end;
		/* What is sealed stays, without an error (same place). */
		err = r->flags & REGION_SEALED ? 0 : model__put(m, at, NULL, 0);
		if (err)
			return err;
	}
	return 0;
}

/* It maps the file anew, MAP_FIXED, and fails like that. */
int model__remap_file_pages(struct model *m)
{
	const struct region *was = model__at(m, m->range.start);
	struct region r;

	if (call__failed(m->c))
		return mmap__failed(m);
	if (!was || !(was->flags & REGION_OFFSET)) {
		model__unknown(m, "remap_file_pages of something that was not seen");
		return 0;
	}
	/* What is there now may be something that came later. */
	if (!m->strict)
		model__unknown(m, "remap_file_pages over a map that may be torn");
	r = *was;
	r.start = m->range.start;
	r.end = m->range.end;
	r.offset = m->c->args[3] * REGION_PAGE;
	/* A new mapping: it has forgotten what madvise and mseal said. */
	r.flags &= REGION_PERMS | REGION_OFFSET | REGION_LOCKED | REGION_HUGETLB;
	if (m->space->lock_future && !model__is_special(m, &r))
		r.flags |= REGION_LOCKED;
	return model__put(m, m->range, &r, 1);
}
