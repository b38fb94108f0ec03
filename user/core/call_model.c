/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The call model's frame: which handler applies which call, what a change is
 * told to have done, and the ways to touch a map that all handlers share.
 * Knows no call's own rules.
 */
#include "call_model.h"

#include <stdlib.h>
#include <string.h>
#include "call_model_private.h"

static const model_handler handlers[MT_CALL_NR] = {
	[MT_CALL_BRK] = model__brk,
	[MT_CALL_MMAP] = model__mmap,
	[MT_CALL_MUNMAP] = model__munmap,
	[MT_CALL_MPROTECT] = model__mprotect,
	[MT_CALL_PKEY_MPROTECT] = model__mprotect,
	[MT_CALL_MREMAP] = model__mremap,
	[MT_CALL_REMAP_FILE_PAGES] = model__remap_file_pages,
	[MT_CALL_MADVISE] = model__madvise,
	[MT_CALL_PROCESS_MADVISE] = model__process_madvise,
	[MT_CALL_MLOCK] = model__mlock,
	[MT_CALL_MLOCK2] = model__mlock,
	[MT_CALL_MUNLOCK] = model__munlock,
	[MT_CALL_MLOCKALL] = model__mlockall,
	[MT_CALL_MUNLOCKALL] = model__munlockall,
	[MT_CALL_SHMAT] = model__shmat,
	[MT_CALL_SHMDT] = model__shmdt,
	[MT_CALL_PRCTL] = model__prctl,
	[MT_CALL_MSEAL] = model__mseal,
	[MT_CALL_MAP_SHADOW_STACK] = model__map_shadow_stack,
	/* msync, mincore and mbind change nothing that a map shows. */
};

int raw_region__intern(const struct raw_region *raw, struct backings *backings,
		       struct region *ret_region)
{
	struct region r = raw->region;
	int err;

	r.flags &= ~(uint32_t)REGION_OFFSET;
	r.backing = BACKING_ANON;
	if (!raw->anonymous) {
		err = backings__intern(backings, &raw->backing, &r.backing);
		if (err)
			return err;
		if (raw->backing.has_contents)
			r.flags |= REGION_OFFSET;
	}
	if (!(r.flags & REGION_OFFSET))
		r.offset = 0;
	*ret_region = r;
	return 0;
}

void model__unknown(struct model *m, const char *why)
{
	if (m->change->kind == CHANGE_UNKNOWN)
		return;
	m->change->kind = CHANGE_UNKNOWN;
	m->change->why = why;
}

static void model__applied(struct model *m)
{
	if (m->change->kind == CHANGE_NONE)
		m->change->kind = CHANGE_APPLIED;
}

/*
 * -EINVAL of the map means that a region broke its rules: it came from the
 * kernel or from a recording, so it is a fault of the input and not of ours.
 */
static int model__replace(struct model *m, struct range at, const struct region *regions, size_t n)
{
	struct change change = *m->change;
	int err;

	change__add(&change, m->space->backings, at.start, at.end, m->space->map, regions, n);
	err = region_map__replace(m->space->map, at.start, at.end, regions, n);
	if (err == -EINVAL) {
		model__unknown(m, "a region that cannot be");
		return 0;
	}
	if (err)
		return err;
	*m->change = change;
	model__applied(m);
	return 0;
}

int model__put(struct model *m, struct range at, const struct region *regions, size_t n)
{
	return range__empty(at) ? 0 : model__replace(m, at, regions, n);
}

int model__edit(struct model *m, struct range at, region_edit edit, const void *arg)
{
	struct region *regions = NULL;
	long n, i;
	int err = 0;

	if (range__empty(at))
		return 0;
	n = region_map__slice(m->space->map, at.start, at.end, &regions);
	if (n <= 0)
		return (int)n;
	for (i = 0; i < n && !err; i++)
		err = edit(m, &regions[i], arg);
	if (!err)
		err = model__replace(m, at, regions, (size_t)n);
	free(regions);
	return err;
}

int region_edit__flags(struct model *m, struct region *r, const void *arg)
{
	const struct flag_edit *edit = arg;

	(void)m;
	r->flags = (r->flags & ~edit->clear) | edit->set;
	return 0;
}

const struct region *model__at(const struct model *m, uint64_t addr)
{
	const struct region *r = region_map__find(m->space->map, addr);

	return r && r->start <= addr ? r : NULL;
}

bool model__maps_any(const struct model *m, struct range at)
{
	const struct region *r = region_map__find(m->space->map, at.start);

	return !range__empty(at) && r && r->start < at.end;
}

uint64_t model__first_gap(const struct model *m, struct range at)
{
	struct region_iter it;
	const struct region *r;
	uint64_t addr = at.start;

	for (r = region_iter__init(&it, m->space->map, addr); r && addr < at.end;
	     r = region_iter__next(&it)) {
		if (r->start > addr)
			return addr;
		addr = r->end;
	}
	return addr < at.end ? addr : at.end;
}

/* Extends r, which grows down, to start. What a file holds goes on below. */
static int map__grow(struct region_map *map, const struct region *r, uint64_t start)
{
	struct region grown = *r;

	if (grown.flags & REGION_OFFSET)
		grown.offset -= r->start - start;
	grown.start = start;
	grown.end = r->start;
	return region_map__replace(map, start, r->start, &grown, 1);
}

int model__expect_mapped(struct model *m, struct range at, const char *why)
{
	const struct region *above;
	uint64_t gap;
	int err;

	while ((gap = model__first_gap(m, at)) < at.end) {
		above = region_map__find(m->space->map, gap);
		if (above && above->flags & REGION_GROWSDOWN) {
			at.start = above->start;
			err = map__grow(m->space->map, above, gap);
			if (err)
				return err;
			model__applied(m);
			continue;
		}
		if (m->strict)
			model__unknown(m, why);
		if (!above)
			return 0;
		at.start = above->start;
	}
	return 0;
}

int model__kernel_region(const struct model *m, uint64_t addr, struct region *ret_region)
{
	const struct raw_region *raw = &m->c->region;
	struct region r;
	int err;

	if (!m->c->has_region || raw->region.start > addr || raw->region.end <= addr)
		return 0;
	err = raw_region__intern(raw, m->space->backings, &r);
	if (err)
		return err;
	if (r.flags & REGION_OFFSET)
		r.offset += addr - r.start;
	r.start = addr;
	*ret_region = r;
	return 1;
}

bool model__looks_like(const struct model *m, const struct region *r, const struct raw_region *raw)
{
	const struct backing *b = backings__get(m->space->backings, r->backing);

	if ((r->flags ^ raw->region.flags) & REGION_PERMS)
		return false;
	if (raw->anonymous || r->backing == BACKING_ANON)
		return raw->anonymous == (r->backing == BACKING_ANON);
	/* Not the name: a file may be renamed or deleted at any time. */
	return b->ino == raw->backing.ino && b->dev_major == raw->backing.dev_major &&
	       b->dev_minor == raw->backing.dev_minor;
}

enum target model__target(const struct model *m, struct range at)
{
	const struct region *first = region_map__find(m->space->map, at.start);
	const struct raw_region *raw = &m->c->region;
	bool mapped = model__maps_any(m, at);
	uint64_t start;

	if (range__empty(at))
		return TARGET_EMPTY;
	if (m->c->no_region || (m->c->has_region && raw->region.start >= at.end))
		return mapped ? TARGET_GONE : TARGET_EMPTY;
	if (!m->c->has_region || !mapped)
		return TARGET_UNCLEAR;
	start = first->start > at.start ? first->start : at.start;
	if (!model__looks_like(m, first, raw))
		return TARGET_UNCLEAR;
	if (raw->region.start <= at.start && start == at.start)
		return TARGET_KEPT;
	/* A region that grows down may begin lower than we know. */
	if (raw->region.start == start ||
	    (raw->region.start < start && first->flags & REGION_GROWSDOWN))
		return TARGET_KEPT;
	return TARGET_UNCLEAR;
}

struct region model__anonymous(const struct model *m, struct range at, uint64_t prot)
{
	struct region r = { .start = at.start, .end = at.end, .backing = BACKING_ANON };

	if (prot & ABI_PROT_READ)
		r.flags |= REGION_READ;
	if (prot & ABI_PROT_WRITE)
		r.flags |= REGION_WRITE;
	/* mm/mmap.c, do_mmap and do_brk_flags: READ_IMPLIES_EXEC. */
	if (prot & ABI_PROT_EXEC || (prot & ABI_PROT_READ && m->c->read_implies_exec))
		r.flags |= REGION_EXEC;
	if (m->space->lock_future)
		r.flags |= REGION_LOCKED;
	return r;
}

bool model__is_special(const struct model *m, const struct region *r)
{
	const char *name = backings__get(m->space->backings, r->backing)->name;

	if (r->flags & REGION_HUGETLB)
		return true;
	/* [vdso], [vvar], [uprobes], [vsyscall]: VM_DONTEXPAND or the gate. */
	if (name[0] == '[')
		return strncmp(name, "[anon", 5) && strcmp(name, "[heap]") &&
		       strcmp(name, "[stack]");
	/* Devices that map their own pages are VM_IO, VM_PFNMAP or VM_MIXEDMAP. */
	if (strncmp(name, "/dev/", 5) == 0)
		return strncmp(name, "/dev/shm/", 9) && strncmp(name, "/dev/zero", 9);
	return strncmp(name, "anon_inode:", 11) == 0;
}

/* The range that the change is told to be about: needs the map as it was. */
static struct range model__range(const struct model_space *space, const struct call *c)
{
	struct range ranges[2] = { { 0, 0 }, { 0, 0 } };
	struct call known;
	const struct region *r;

	if (c->id == MT_CALL_SHMDT)
		return model__shmdt_range(space, c);
	if (c->id == MT_CALL_MREMAP)
		return model__mremap_range(space, c);
	if (c->id == MT_CALL_BRK && !c->args[1]) {
		known = *c;
		known.args[1] = space->layout->brk;
		call__ranges(&known, ranges);
		return ranges[0];
	}
	call__ranges(c, ranges);
	if ((c->id == MT_CALL_MPROTECT || c->id == MT_CALL_PKEY_MPROTECT) &&
	    c->args[2] & ABI_PROT_GROWSDOWN && !c->has_region) {
		r = region_map__find(space->map, ranges[0].start);
		if (r && r->start < ranges[0].end)
			ranges[0].start = r->start;
	}
	return ranges[0];
}

/* The ranges in which c may part what is mapped there. */
static size_t call__cuts(const struct call *c, struct range ret_ranges[2])
{
	size_t n = call__ranges(c, ret_ranges);

	switch (c->id) {
	case MT_CALL_MMAP:
		return call__maps_over(c) ? n : 0;
	case MT_CALL_MREMAP:
		/* Else the target was free. */
		return n > 1 && !(c->args[3] & ABI_MREMAP_FIXED) ? 1 : n;
	case MT_CALL_MUNMAP:
	case MT_CALL_MPROTECT:
	case MT_CALL_PKEY_MPROTECT:
	case MT_CALL_MADVISE:
	case MT_CALL_MLOCK:
	case MT_CALL_MLOCK2:
	case MT_CALL_MUNLOCK:
	case MT_CALL_MSEAL:
		return n;
	default:
		return 0;
	}
}

/*
 * The call is about to cut a region that grows down at or below the edge that
 * the map knows. If it has grown further, what is left below looks like
 * nothing in the map, and nothing would ever ask for it.
 *
 *	kernel	    [ grown ........ known ]
 *	call		  [......)		(munmap, mprotect ...)
 */
static bool model__cuts_growth(const struct model *m)
{
	struct range ranges[2];
	const struct region *r;
	size_t n = call__cuts(m->c, ranges);

	while (n--) {
		r = region_map__find(m->space->map, ranges[n].start);
		if (r && r->start >= ranges[n].start && r->flags & REGION_GROWSDOWN)
			return true;
	}
	return false;
}

/* Nothing has grown that the map does not have: mm->stack_vm agrees. */
static bool model__has_all_growth(const struct model *m)
{
	const struct region_totals *totals = region_map__totals(m->space->map);

	return m->c->mm.total_vm && m->c->mm.stack_vm * REGION_PAGE == totals->grows_down;
}

int call_model__apply(struct model_space *space, const struct call *c, bool strict,
		      struct change *ret_change)
{
	struct change change = { .kind = CHANGE_NONE };
	struct model m = { .space = space, .c = c, .strict = strict, .change = &change };
	bool cuts_growth;
	int err = 0;

	m.range = model__range(space, c);
	change.start = m.range.start;
	change.end = m.range.end;
	cuts_growth = strict && model__cuts_growth(&m);
	if ((unsigned int)c->id < MT_CALL_NR && handlers[c->id])
		err = handlers[c->id](&m);
	if (err)
		model__unknown(&m, "no memory");
	if (cuts_growth && change.kind == CHANGE_APPLIED && !model__has_all_growth(&m))
		model__unknown(&m, "something that may have grown down was cut");
	change__settle(&change, space->map);
	*ret_change = change;
	return err;
}

struct region_map *call_model__fork(const struct region_map *parent)
{
	struct region_map *child = region_map__new();
	struct region *regions = NULL;
	long n, i, kept = 0;
	int err = 0;

	if (!child)
		return NULL;
	n = region_map__slice(parent, 0, UINT64_MAX, &regions);
	for (i = 0; i < n; i++) {
		if (regions[i].flags & REGION_DONTFORK)
			continue;
		regions[kept] = regions[i];
		regions[kept++].flags &= ~(uint32_t)REGION_LOCKED;
	}
	if (kept)
		err = region_map__replace(child, 0, UINT64_MAX, regions, (size_t)kept);
	free(regions);
	if (n < 0 || err) {
		region_map__free(child);
		return NULL;
	}
	return child;
}

int call_model__grow_down(struct region_map *map, uint64_t start, uint64_t end)
{
	const struct region *r;
	struct range at = range__between(start, end);

	if (range__empty(at))
		return -ENOENT;
	r = region_map__find(map, at.end - 1);
	if (!r || r->start >= at.end || !(r->flags & REGION_GROWSDOWN))
		r = region_map__before(map, at.end - 1);
	if (!r || !(r->flags & REGION_GROWSDOWN))
		return -ENOENT;
	return r->start > at.start ? map__grow(map, r, at.start) : 0;
}
