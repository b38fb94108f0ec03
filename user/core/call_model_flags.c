/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that change what is true of mappings but not their extent: locks,
 * madvise, names, seals. Locks and DONTFORK are not printed in maps, but they
 * part regions and decide what a child gets.
 */
#include <stdio.h>
#include <string.h>
#include "call_model_private.h"

/* Takes the locks off and, when it is not 0, sets the flag at arg. */
static int edit__lock(struct model *m, struct region *r, const void *arg)
{
	if (!model__is_special(m, r))
		r->flags = (r->flags & ~(uint32_t)REGION_LOCKED) | *(const uint32_t *)arg;
	return 0;
}

/* What an edit to flag would make of the sum of locked bytes. */
static uint64_t locked_after(const struct model *m, struct range at, uint32_t flag)
{
	uint64_t sum = region_map__totals(m->space->map)->locked;
	const struct region *r;
	struct region_iter it;

	for (r = region_iter__init(&it, m->space->map, at.start); r && r->start < at.end;
	     r = region_iter__next(&it)) {
		uint64_t start = r->start > at.start ? r->start : at.start;
		uint64_t end = r->end < at.end ? r->end : at.end;
		uint32_t flags = r->flags;

		if (model__is_special(m, r))
			continue;
		flags = (flags & ~(uint32_t)REGION_LOCKED) | flag;
		if (flags & ~r->flags)
			sum += end - start;
		else if (r->flags & ~flags)
			sum -= end - start;
	}
	return sum;
}

/*
 * Locks stop at a hole (-ENOMEM) and stay when pages cannot be had (-EAGAIN,
 * or -ENOMEM without access), but -ENOMEM is also the limit, met before
 * anything was done (mm/mlock.c, do_mlock). The kernel's own sum tells.
 */
static int lock(struct model *m, uint32_t flag)
{
	struct range at = m->range;
	uint64_t now, unchanged, applied;
	int err;

	if (!call__mutates(m->c) || range__empty(at))
		return 0;
	if (!call__failed(m->c)) {
		err = model__expect_mapped(m, at, "mlock worked over a gap");
		return err ? err : model__edit(m, at, edit__lock, &flag);
	}
	at.end = model__first_gap(m, at);
	now = m->c->mm.locked_vm * REGION_PAGE;
	unchanged = region_map__totals(m->space->map)->locked;
	applied = locked_after(m, at, flag);
	if (now == unchanged && now != applied)
		return 0;
	return model__edit(m, at, edit__lock, &flag);
}

int model__mlock(struct model *m)
{
	return lock(m, REGION_LOCKED);
}

int model__munlock(struct model *m)
{
	return lock(m, 0);
}

/* mm/mlock.c, apply_mlockall_flags. */
int model__mlockall(struct model *m)
{
	uint32_t flags = (uint32_t)m->c->args[0], locked = REGION_LOCKED;
	struct range all = { 0, SPACE_TOP };

	if (call__failed(m->c))
		return 0;
	m->space->lock_future = flags & ABI_MCL_FUTURE;
	m->space->lock_on_fault = flags & ABI_MCL_FUTURE && flags & ABI_MCL_ONFAULT;
	return flags & ABI_MCL_CURRENT ? model__edit(m, all, edit__lock, &locked) : 0;
}

int model__munlockall(struct model *m)
{
	struct range all = { 0, SPACE_TOP };
	uint32_t unlocked = 0;

	if (call__failed(m->c))
		return 0;
	m->space->lock_future = false;
	m->space->lock_on_fault = false;
	return model__edit(m, all, edit__lock, &unlocked);
}

/*
 * Goes on over holes and tells of them with -ENOMEM at the end (mm/madvise.c,
 * madvise_walk_vmas); -EINVAL is MADV_DOFORK that met device memory.
 */
int model__madvise(struct model *m)
{
	struct flag_edit fork = { REGION_DONTFORK, 0 };
	int err = 0;

	if (!call__mutates(m->c) || range__empty(m->range))
		return 0;
	if (call__failed(m->c) && m->c->ret != -ENOMEM) {
		model__unknown(m, "madvise failed half-way");
		return 0;
	}
	if ((uint32_t)m->c->args[2] == ABI_MADV_DONTFORK)
		fork.set = REGION_DONTFORK;
	if (!call__failed(m->c))
		err = model__expect_mapped(m, m->range, "madvise worked over a gap");
	return err ? err : model__edit(m, m->range, region_edit__flags, &fork);
}

/* Its ranges are in the caller's memory: what it did to whom is not known. */
int model__process_madvise(struct model *m)
{
	if (call__mutates(m->c))
		model__unknown(m, "process_madvise changed what a child gets");
	return 0;
}

/* mm/mseal.c: all of the range or nothing of it. */
int model__mseal(struct model *m)
{
	struct flag_edit seal = { 0, REGION_SEALED };
	int err;

	if (call__failed(m->c) || range__empty(m->range))
		return 0;
	err = model__expect_mapped(m, m->range, "mseal worked over a gap");
	return err ? err : model__edit(m, m->range, region_edit__flags, &seal);
}

#define ZERO_NAME "/dev/zero (deleted)"
#define SHMEM_NAME "[anon_shmem:"

/* Shared anonymous memory, whatever it is called (mm/shmem.c, shmem_zero_setup). */
static bool is_anon_shmem(const struct backing *b)
{
	return strcmp(b->name, ZERO_NAME) == 0 ||
	       strncmp(b->name, SHMEM_NAME, strlen(SHMEM_NAME)) == 0;
}

/* Only what no file backs can be named (mm/madvise.c, madvise_vma_anon_name). */
static bool can_be_named(const struct model *m, const struct region *r)
{
	return !(r->flags & REGION_OFFSET) ||
	       is_anon_shmem(backings__get(m->space->backings, r->backing));
}

static int edit__name(struct model *m, struct region *r, const void *arg)
{
	const char *name = arg;
	struct backing named = *backings__get(m->space->backings, r->backing);
	char text[MT_NAME_LEN * 4 + 32];
	bool shmem = r->flags & REGION_OFFSET;

	/* The kernel keeps a name for those too, and prints their own. */
	if (model__is_special(m, r) || !can_be_named(m, r))
		return 0;
	if (!shmem && !*name) {
		r->backing = BACKING_ANON;
		return 0;
	}
	snprintf(text, sizeof(text), "%s%s]", shmem ? SHMEM_NAME : "[anon:", name);
	named.name = shmem && !*name ? ZERO_NAME : text;
	return backings__intern(m->space->backings, &named, &r->backing);
}

/* -EBADF: a file's mapping was met; those before it have their names. */
static uint64_t first_unnameable(const struct model *m, struct range at)
{
	const struct region *r;
	struct region_iter it;

	for (r = region_iter__init(&it, m->space->map, at.start); r && r->start < at.end;
	     r = region_iter__next(&it))
		if (!can_be_named(m, r))
			return r->start > at.start ? r->start : at.start;
	return at.end;
}

static int set_name(struct model *m)
{
	struct range at = m->range;
	int err;

	if (range__empty(at) || m->c->ret == -EINVAL)
		return 0;
	if (!m->c->has_name) {
		model__unknown(m, "a name that was not seen");
		return 0;
	}
	if (!call__failed(m->c)) {
		err = model__expect_mapped(m, at, "a name was given to a gap");
		if (err)
			return err;
	} else if (m->c->ret == -EBADF) {
		at.end = first_unnameable(m, at);
		/* Over a map that may be torn, what stopped it may not be there. */
		if (at.end == m->range.end || !m->strict)
			model__unknown(m, "prctl failed half-way");
	} else if (m->c->ret != -ENOMEM) {
		model__unknown(m, "prctl failed half-way");
		return 0;
	}
	return model__edit(m, at, edit__name, m->c->name);
}

int model__prctl(struct model *m)
{
	uint32_t option = (uint32_t)m->c->args[0];

	if (option == ABI_PR_SET_VMA && m->c->args[1] == ABI_PR_SET_VMA_ANON_NAME)
		return set_name(m);
	if (option == ABI_PR_SET_MM && !call__failed(m->c) && m->c->has_layout)
		*m->space->layout = m->c->layout;
	return 0;
}
