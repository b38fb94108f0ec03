/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small kernel for property tests: an address space as an array with one
 * entry a page, each call carried out on it as the man pages and mm/ say, and
 * reported as the BPF programs would. Knows nothing of the model or the tracker.
 */
#ifndef MEMTRACE_TESTS_SMALL_KERNEL_H
#define MEMTRACE_TESTS_SMALL_KERNEL_H

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/call_model.h"

#define PAGES 96u
#define BASE 0x7f0000000000ULL
#define PAGE_LEN 4096ULL
#define BRK_PAGES 16u /* the last ones are the heap's */
#define FIXED_NOREPLACE 0x100000
#define DONTUNMAP 4
#define SET_VMA 0x53564d41

/* What a page's backing is; FILE_RO cannot be made writable when shared. */
enum back { ANON, FILE_RW, FILE_RO, NAME_ONE, NAME_TWO, BACKS };

struct page {
	bool mapped, locked, dontfork, sealed, noreserve;
	uint32_t perms;
	enum back back;
	uint64_t pgoff;
};

struct op {
	uint32_t what, page, pages, to, to_pages, pick, bits;
};

struct world {
	struct page pages[PAGES];
	uint32_t index[BACKS];
	uint64_t brk;
	uint32_t reported; /* the page that report() was last asked about */
	bool lock_future, read_implies_exec, strict;
	struct model_space space;
	struct layout layout;
	char broken[200];
};

static uint64_t rng_state;

static uint32_t rng(uint32_t n)
{
	rng_state = rng_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((rng_state >> 33) % n);
}

static uint64_t addr_of(uint32_t page)
{
	return BASE + page * PAGE_LEN;
}

static struct backing backing_of(enum back back)
{
	static const struct backing backs[BACKS] = {
		[ANON] = { .name = "" },
		[FILE_RW] = { .ino = 7, .name = "/rw", .has_contents = true },
		[FILE_RO] = { .ino = 8, .name = "/ro", .has_contents = true },
		[NAME_ONE] = { .name = "[anon:one]" },
		[NAME_TWO] = { .name = "[anon:two]" },
	};

	return backs[back];
}

static bool is_file(const struct page *p)
{
	return p->back == FILE_RW || p->back == FILE_RO;
}

static struct region region_of(const struct world *w, uint32_t page)
{
	const struct page *p = &w->pages[page];
	struct region r = { addr_of(page), addr_of(page + 1), 0, p->perms, w->index[p->back] };

	r.flags |= p->locked ? REGION_LOCKED : 0;
	r.flags |= p->dontfork ? REGION_DONTFORK : 0;
	r.flags |= p->sealed ? REGION_SEALED : 0;
	r.flags |= p->noreserve ? REGION_NORESERVE : 0;
	if (is_file(p)) {
		r.flags |= REGION_OFFSET;
		r.offset = p->pgoff * PAGE_LEN;
	}
	return r;
}


/* The region that holds or follows page, as the BPF side reports it. */
static void report(struct world *w, struct call *c, uint32_t page)
{
	struct region r, next;
	uint32_t i = page, first;

	w->reported = page;
	while (i < PAGES && !w->pages[i].mapped)
		i++;
	if (i >= PAGES) {
		c->no_region = true;
		return;
	}
	for (first = i; first > 0 && w->pages[first - 1].mapped; first--) {
		r = region_of(w, first - 1);
		next = region_of(w, first);
		if (!region__continues(&r, &next))
			break;
	}
	r = region_of(w, first);
	for (i = first + 1; i < PAGES && w->pages[i].mapped; i++) {
		next = region_of(w, i);
		if (!region__continues(&r, &next))
			break;
		r.end = next.end;
	}
	c->has_region = true;
	c->region.region = r;
	c->region.anonymous = w->pages[first].back == ANON;
	c->region.backing = backing_of(w->pages[first].back);
}

static bool any(const struct world *w, uint32_t page, uint32_t n, bool sealed)
{
	for (uint32_t i = page; i < page + n; i++)
		if (w->pages[i].mapped && (!sealed || w->pages[i].sealed))
			return true;
	return false;
}

static void unmap(struct world *w, uint32_t page, uint32_t n)
{
	memset(&w->pages[page], 0, n * sizeof(w->pages[0]));
}

/* Where n pages are free, below the heap; PAGES when nowhere. */
static uint32_t find_free(const struct world *w, uint32_t n)
{
	for (uint32_t i = PAGES - BRK_PAGES; i-- > 0;)
		if (i + n <= PAGES - BRK_PAGES && !any(w, i, n, false))
			return i;
	return PAGES;
}

static uint32_t perms_of(const struct world *w, uint64_t prot)
{
	uint32_t perms = (prot & PROT_READ ? REGION_READ : 0) |
			 (prot & PROT_WRITE ? REGION_WRITE : 0) |
			 (prot & PROT_EXEC ? REGION_EXEC : 0);

	if (w->read_implies_exec && prot & PROT_READ)
		perms |= REGION_EXEC;
	return perms;
}

static void do_mmap(struct world *w, const struct op *op, struct call *c)
{
	enum back back = op->bits % 3 ? ANON : op->bits & 8 ? FILE_RW : FILE_RO;
	bool shared = back != ANON && op->bits & 16, fails = op->pick % 11 == 0;
	static const int how[] = { MAP_FIXED, MAP_FIXED, FIXED_NOREPLACE, 0 };
	uint32_t at = op->page, n = op->pages;
	struct page page = { .mapped = true, .back = back };
	int flags = how[op->pick % 4] | (op->bits & 32 ? MAP_NORESERVE : 0) |
		    (op->bits % 7 ? 0 : MAP_LOCKED) | (shared ? MAP_SHARED : MAP_PRIVATE) |
		    (back == ANON ? MAP_ANONYMOUS : 0);

	c->id = MT_CALL_MMAP;
	c->args[0] = addr_of(at);
	c->args[1] = n * PAGE_LEN - op->bits % 4000;
	c->args[2] = op->pick >> 8 & 7;
	c->args[3] = (uint64_t)flags;
	if (back == FILE_RO && shared)
		c->args[2] &= ~(uint64_t)PROT_WRITE;
	if (flags & FIXED_NOREPLACE && any(w, at, n, false)) {
		c->ret = -EEXIST;
		return;
	}
	if (!(flags & (MAP_FIXED | FIXED_NOREPLACE))) {
		at = find_free(w, n);
		c->ret = at == PAGES ? -ENOMEM : 0;
	}
	if (flags & MAP_FIXED && any(w, at, n, true))
		c->ret = -EPERM;
	if (!c->ret && flags & MAP_FIXED && fails) {
		unmap(w, at, n); /* a device that refuses */
		c->ret = -ENODEV;
	}
	if (c->ret) {
		if (flags & MAP_FIXED)
			report(w, c, at);
		return;
	}
	page.perms = perms_of(w, c->args[2]) | (shared ? REGION_SHARED : 0);
	page.locked = flags & MAP_LOCKED || w->lock_future;
	page.noreserve = flags & MAP_NORESERVE;
	for (uint32_t i = 0; i < n; i++) {
		page.pgoff = back == ANON ? 0 : op->to + i;
		w->pages[at + i] = page;
	}
	c->ret = (int64_t)addr_of(at);
	if (back != ANON)
		report(w, c, at);
}

static void do_munmap(struct world *w, const struct op *op, struct call *c)
{
	c->id = MT_CALL_MUNMAP;
	c->args[0] = addr_of(op->page);
	c->args[1] = op->pages * PAGE_LEN;
	if (any(w, op->page, op->pages, true)) {
		c->ret = -EPERM;
		report(w, c, op->page);
		return;
	}
	unmap(w, op->page, op->pages);
}

static void do_mprotect(struct world *w, const struct op *op, struct call *c)
{
	uint64_t prot = op->bits & 7;

	c->id = op->bits & 8 ? MT_CALL_MPROTECT : MT_CALL_PKEY_MPROTECT;
	c->args[0] = addr_of(op->page);
	c->args[1] = op->pages * PAGE_LEN;
	c->args[2] = prot;
	for (uint32_t i = op->page; i < op->page + op->pages && !c->ret; i++) {
		struct page *p = &w->pages[i];

		if (!p->mapped)
			c->ret = -ENOMEM;
		else if (p->sealed)
			c->ret = -EPERM;
		else if (p->back == FILE_RO && p->perms & REGION_SHARED && prot & PROT_WRITE)
			c->ret = -EACCES;
		else
			p->perms = (p->perms & REGION_SHARED) | perms_of(w, prot);
	}
	if (c->ret)
		report(w, c, op->page);
}

/* One vma, as far as pages can tell. */
static bool is_one(const struct world *w, uint32_t page, uint32_t n)
{
	struct region a, b;

	for (uint32_t i = page; i < page + n; i++) {
		if (i >= PAGES || !w->pages[i].mapped)
			return false;
		a = region_of(w, i);
		if (i > page) {
			b = region_of(w, i - 1);
			if (!region__continues(&b, &a))
				return false;
		}
	}
	return true;
}

static void move_pages(struct world *w, uint32_t from, uint32_t to, uint32_t old, uint32_t new,
		       bool keeps)
{
	uint32_t both = old < new ? old : new;

	for (uint32_t i = 0; i < new; i++) {
		if (i < both && !w->pages[from + i].mapped)
			continue; /* a gap moves nothing */
		if (i < both || !old) {
			w->pages[to + i] = w->pages[from + (old ? i : 0)];
			w->pages[to + i].pgoff += old || !is_file(&w->pages[to + i]) ? 0 : i;
		} else {
			w->pages[to + i] = w->pages[to + i - 1];
			w->pages[to + i].pgoff += is_file(&w->pages[to + i]);
		}
	}
	if (keeps || !old) /* the vma that stays is unlocked as a whole */
		for (uint32_t i = 0; keeps && i < old; i++)
			w->pages[from + i].locked = false;
	else
		unmap(w, from, old);
}

static int64_t check_mremap(const struct world *w, const struct op *op, uint32_t old, uint32_t new,
			    uint64_t flags)
{
	uint32_t kept = old < new ? old : new;
	bool fixed = flags & MREMAP_FIXED, only_moves = fixed && old == new;

	if (fixed && op->page < op->to + new && op->to < op->page + old)
		return -EINVAL;
	if (!w->pages[op->page].mapped)
		return -EFAULT;
	if (any(w, op->page, old ? old : 1, true) || (fixed && any(w, op->to, new, true)))
		return -EPERM;
	if (!old && !(w->pages[op->page].perms & REGION_SHARED))
		return -EINVAL;
	if (!only_moves && !is_one(w, op->page, kept))
		return -EFAULT;
	return 0;
}

static void do_mremap(struct world *w, const struct op *op, struct call *c)
{
	static const uint64_t hows[] = { 0, 1, 1, 3, 3, 3, 1 | DONTUNMAP, 3 | DONTUNMAP };
	uint32_t old = op->bits % 9 ? op->pages : 0, new = op->to_pages, to = op->page;
	uint64_t flags = hows[op->pick % 8];

	if (flags & DONTUNMAP || op->bits & 64)
		new = old = op->pages < op->to_pages ? op->pages : op->to_pages;
	c->id = MT_CALL_MREMAP;
	c->args[0] = addr_of(op->page);
	c->args[1] = old * PAGE_LEN;
	c->args[2] = new *PAGE_LEN;
	c->args[3] = flags;
	c->args[4] = addr_of(op->to);
	c->ret = check_mremap(w, op, old, new, flags);
	if (!c->ret && flags & MREMAP_FIXED) {
		to = op->to;
		if (old != new)
			unmap(w, to, new);
		/* A duplicate onto its own source: only now is it missed. */
		c->ret = w->pages[op->page].mapped ? 0 : -EFAULT;
	} else if (!c->ret && (flags & DONTUNMAP || !old || new > old)) {
		bool grows = old && new > old && !(flags & DONTUNMAP) &&
			     op->page + new <= PAGES - BRK_PAGES &&
			     !any(w, op->page + old, new - old, false) && op->bits & 128;

		to = grows ? op->page : find_free(w, new);
		/* Nowhere, or not even asked to move. */
		if (to == PAGES || (!grows && !(flags & MREMAP_MAYMOVE)))
			c->ret = -ENOMEM;
	}
	if (c->ret) {
		if (flags & MREMAP_FIXED)
			report(w, c, op->to);
		return;
	}
	if (to != op->page) {
		move_pages(w, op->page, to, old, new, flags & DONTUNMAP);
	} else {
		for (uint32_t i = old; i < new; i++) {
			w->pages[to + i] = w->pages[to + i - 1];
			w->pages[to + i].pgoff += is_file(&w->pages[to + i]);
		}
		if (new < old)
			unmap(w, to + new, old - new);
	}
	c->ret = (int64_t)addr_of(to);
	report(w, c, to);
}

static void do_mlock(struct world *w, const struct op *op, struct call *c)
{
	bool lock = op->bits & 1;

	c->id = lock ? MT_CALL_MLOCK : MT_CALL_MUNLOCK;
	/* Rounds out: a few bytes into the first page, and of the last. */
	c->args[0] = addr_of(op->page) + op->bits % 100;
	c->args[1] = op->pages * PAGE_LEN - 200;
	for (uint32_t i = op->page; i < op->page + op->pages && !c->ret; i++) {
		if (w->pages[i].mapped)
			w->pages[i].locked = lock;
		else
			c->ret = -ENOMEM;
	}
}

static void do_mlockall(struct world *w, const struct op *op, struct call *c)
{
	uint32_t flags = op->bits % 4;

	c->id = flags ? MT_CALL_MLOCKALL : MT_CALL_MUNLOCKALL;
	c->args[0] = flags;
	w->lock_future = flags & MCL_FUTURE;
	for (uint32_t i = 0; i < PAGES; i++)
		if (w->pages[i].mapped && (flags & MCL_CURRENT || !flags))
			w->pages[i].locked = flags;
}

static void do_madvise(struct world *w, const struct op *op, struct call *c)
{
	c->id = MT_CALL_MADVISE;
	c->args[0] = addr_of(op->page);
	c->args[1] = op->pages * PAGE_LEN;
	c->args[2] = op->bits & 1 ? MADV_DONTFORK : op->bits & 2 ? MADV_DOFORK : MADV_DONTNEED;
	for (uint32_t i = op->page; i < op->page + op->pages; i++) {
		if (!w->pages[i].mapped)
			c->ret = -ENOMEM;
		else if (c->args[2] != MADV_DONTNEED)
			w->pages[i].dontfork = c->args[2] == MADV_DONTFORK;
	}
}

static void do_name(struct world *w, const struct op *op, struct call *c)
{
	static const enum back backs[] = { NAME_ONE, NAME_TWO, ANON };
	static const char *const names[] = { "one", "two", "" };

	c->id = MT_CALL_PRCTL;
	c->args[0] = SET_VMA;
	c->args[2] = addr_of(op->page);
	c->args[3] = op->pages * PAGE_LEN;
	c->has_name = true;
	strcpy(c->name, names[op->bits % 3]);
	for (uint32_t i = op->page; i < op->page + op->pages; i++) {
		if (w->pages[i].mapped && is_file(&w->pages[i])) {
			c->ret = -EBADF;
			return;
		}
		if (w->pages[i].mapped)
			w->pages[i].back = backs[op->bits % 3];
		else
			c->ret = -ENOMEM;
	}
}

static void do_seal(struct world *w, const struct op *op, struct call *c)
{
	uint32_t n = op->pages % 4 + 1;

	c->id = MT_CALL_MSEAL;
	c->args[0] = addr_of(op->page);
	c->args[1] = n * PAGE_LEN;
	/* Seldom: what is sealed can never be changed again. */
	if (op->pick % 8)
		c->args[1] = 0;
	if (!c->args[1])
		return;
	for (uint32_t i = op->page; i < op->page + n; i++)
		if (!w->pages[i].mapped)
			c->ret = -ENOMEM;
	for (uint32_t i = op->page; i < op->page + n && !c->ret; i++)
		w->pages[i].sealed = true;
}

static void do_brk(struct world *w, const struct op *op, struct call *c)
{
	uint64_t start = addr_of(PAGES - BRK_PAGES);
	uint64_t want = op->bits % 8 ? start + op->to % BRK_PAGES * PAGE_LEN + op->bits % 4096 : 0;
	struct page page = { .mapped = true, .perms = REGION_READ | REGION_WRITE };

	c->id = MT_CALL_BRK;
	c->args[0] = want;
	c->args[1] = op->bits & 16 ? w->brk : 0;
	c->ret = (int64_t)w->brk;
	if (want < start)
		return;
	page.perms |= w->read_implies_exec ? REGION_EXEC : 0;
	page.locked = w->lock_future;
	for (uint32_t i = PAGES - BRK_PAGES; i < PAGES; i++) {
		if (addr_of(i) >= want)
			unmap(w, i, 1);
		else if (addr_of(i) >= w->brk)
			w->pages[i] = page;
	}
	w->brk = want;
	c->ret = (int64_t)want;
}

static void do_remap_file_pages(struct world *w, const struct op *op, struct call *c)
{
	c->id = MT_CALL_REMAP_FILE_PAGES;
	c->args[0] = addr_of(op->page) + op->bits % 4096;
	c->args[1] = op->pages * PAGE_LEN + op->bits % 4096;
	c->args[3] = op->to;
	if (!is_one(w, op->page, op->pages) || !(w->pages[op->page].perms & REGION_SHARED)) {
		c->ret = -EINVAL;
		return;
	}
	if (any(w, op->page, op->pages, true)) {
		c->ret = -EPERM;
		report(w, c, op->page);
		return;
	}
	for (uint32_t i = 0; i < op->pages; i++) {
		w->pages[op->page + i].pgoff = op->to + i;
		w->pages[op->page + i].dontfork = false;
		w->pages[op->page + i].noreserve = false;
		w->pages[op->page + i].locked |= w->lock_future;
	}
}

static void (*const calls[])(struct world *w, const struct op *op, struct call *c) = {
	do_mmap,   do_mmap,	do_mmap,     do_mmap,	  do_mmap,   do_mmap,	do_munmap,
	do_munmap, do_mprotect, do_mprotect, do_mprotect, do_mremap, do_mremap, do_mremap,
	do_mlock,  do_mlockall, do_madvise,  do_name,	  do_seal,   do_brk,	do_remap_file_pages,
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static void op__random(struct op *op)
{
	uint32_t room = PAGES - BRK_PAGES;

	op->what = rng(CALLS);
	op->page = rng(room);
	op->pages = rng(12) + 1;
	op->to = rng(room);
	op->to_pages = rng(12) + 1;
	op->pick = rng(1 << 20);
	op->bits = rng(1 << 20);
	if (op->pages > room - op->page)
		op->pages = room - op->page;
	if (op->to_pages > room - op->to)
		op->to_pages = room - op->to;
}

#endif
