/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The second map of each space, how it is brought up to the kernel's, and how
 * the two are compared: as if all neighbours that continue each other were
 * merged, for the kernel's boundaries cannot be derived from calls.
 */
#include "shadow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What maps print, what locks and a child's map depend on, and what refuses calls. */
#define COMPARED                                                                              \
	(REGION_PERMS | REGION_LOCKED | REGION_DONTFORK | REGION_GROWSDOWN | REGION_HUGETLB | \
	 REGION_SEALED | REGION_SHADOW_STACK | REGION_OFFSET)

static void need(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "model-truth: out of memory\n");
	exit(1);
}

struct shadow *shadows__find(struct shadows *all, uint64_t id)
{
	struct shadow *sh;

	HASH_FIND(hh, all->by_id, &id, sizeof(id), sh);
	return sh;
}

struct shadow *shadows__get(struct shadows *all, uint64_t id)
{
	struct shadow *sh = shadows__find(all, id);

	if (sh)
		return sh;
	sh = calloc(1, sizeof(*sh));
	need(sh);
	sh->id = id;
	sh->map = region_map__new();
	need(sh->map);
	HASH_ADD(hh, all->by_id, id, sizeof(sh->id), sh);
	return sh;
}

void shadows__sweep(struct shadows *all)
{
	struct shadow *sh, *tmp;

	HASH_ITER(hh, all->by_id, sh, tmp) {
		if (tracker__space(all->tracker, sh->id))
			continue;
		HASH_DEL(all->by_id, sh);
		region_map__free(sh->map);
		free(sh);
	}
}

void shadow__sync(struct shadows *all, struct shadow *sh, const struct space *truth,
		  struct range at)
{
	const struct backings *theirs = tracker__backings(all->tracker);
	struct region *regions = NULL;
	long n = region_map__slice(truth->map, at.start, at.end, &regions), i;

	need(n >= 0);
	for (i = 0; i < n; i++) {
		/* Calls do not tell it, and the model's neighbours merge. */
		regions[i].flags &= ~(uint32_t)REGION_APART;
		if (regions[i].backing == BACKING_ANON)
			continue;
		need(!backings__intern(all->backings, backings__get(theirs, regions[i].backing),
				       &regions[i].backing));
	}
	need(!region_map__replace(sh->map, at.start, at.end, regions, (size_t)n));
	free(regions);
}

static bool overlap(struct range a, struct range b)
{
	return a.start < b.end && b.start < a.end;
}

void shadow__overtake(struct shadows *all, struct shadow *sh, const struct space *truth,
		      struct range at, uint32_t tid)
{
	struct shadow_section *sec;

	shadow__sync(all, sh, truth, at);
	for (sec = sh->sections; sec < sh->sections + SHADOW_SECTIONS; sec++) {
		if (sec->open && sec->tid != tid && overlap(sec->at, at))
			sec->tainted = true;
	}
}

void shadow__note_section(struct shadow *sh, uint32_t tid, struct range at)
{
	struct shadow_section *sec = &sh->sections[sh->next++ % SHADOW_SECTIONS];
	int i;

	/* One of a call that has taken as long as all these is kept: much overlaps it. */
	for (i = 0; i < SHADOW_SECTIONS && sec->open; i++) {
		sec->tainted = true;
		sec = &sh->sections[sh->next++ % SHADOW_SECTIONS];
	}
	*sec = (struct shadow_section){ .tid = tid, .open = true, .at = at };
}

static struct range hull(struct range a, struct range b)
{
	if (a.start >= a.end)
		return b;
	if (b.start < b.end) {
		a.start = b.start < a.start ? b.start : a.start;
		a.end = b.end > a.end ? b.end : a.end;
	}
	return a;
}

struct shadow_own shadow__close_sections(struct shadow *sh, uint32_t tid, struct range call)
{
	struct shadow_own own = { .at = call };
	struct shadow_section *sec;
	bool begun = false;
	uint32_t i;

	for (i = 0; i < SHADOW_SECTIONS; i++) {
		sec = &sh->sections[i];
		if (sec->open && sec->tid == tid)
			own.at = hull(own.at, sec->at);
	}
	/* Oldest first: what others did after our first section, or is not told yet. */
	for (i = 0; i < SHADOW_SECTIONS; i++) {
		sec = &sh->sections[(sh->next + i) % SHADOW_SECTIONS];
		if (sec->tid == tid) {
			begun |= sec->open;
			own.overlapped |= sec->open && sec->tainted;
			sec->open = false;
			continue;
		}
		own.others |= sec->open;
		if ((begun || sec->open) && overlap(sec->at, own.at))
			own.overlapped = true;
	}
	return own;
}

/* The region that holds addr, or NULL; *next becomes where that ends, if it is nearer. */
static const struct region *holder(const struct region_map *map, uint64_t addr, uint64_t *next)
{
	const struct region *r = region_map__find(map, addr);
	uint64_t end;

	if (!r)
		return NULL;
	end = r->start > addr ? r->start : r->end;
	if (end < *next)
		*next = end;
	return r->start > addr ? NULL : r;
}

static const char *flag_name(uint32_t flags)
{
	return flags & REGION_SHARED	? "sharing" :
	       flags & REGION_RWX	? "protection" :
	       flags & REGION_LOCKED	? "lock" :
	       flags & REGION_DONTFORK	? "DONTFORK" :
	       flags & REGION_GROWSDOWN ? "GROWSDOWN" :
	       flags & REGION_HUGETLB	? "HUGETLB" :
	       flags & REGION_SEALED	? "seal" :
	       flags & REGION_OFFSET	? "contents" :
					  "shadow stack";
}

static const char *differs_at(const struct shadows *all, const struct region *m,
			      const struct region *t, uint64_t addr)
{
	const struct backing *a, *b;
	uint32_t flags;

	if (!m || !t)
		return m ? "mapped by the model alone" : t ? "mapped by the kernel alone" : NULL;
	flags = (m->flags ^ t->flags) & COMPARED;
	if (flags)
		return flag_name(flags);
	if (m->flags & REGION_OFFSET &&
	    m->offset + (addr - m->start) != t->offset + (addr - t->start))
		return "offset";
	a = backings__get(all->backings, m->backing);
	b = backings__get(tracker__backings(all->tracker), t->backing);
	if (a->ino != b->ino || a->dev_major != b->dev_major || a->dev_minor != b->dev_minor ||
	    a->page_shift != b->page_shift)
		return "backing";
	return strcmp(a->name, b->name) ? "name" : NULL;
}

bool shadow__differs(const struct shadows *all, const struct shadow *sh, const struct space *truth,
		     struct range at, struct range *ret_at, const char **ret_what)
{
	const char *what = NULL, *now;
	uint64_t addr, next;

	*ret_at = (struct range){ 0, 0 };
	for (addr = at.start; addr < at.end; addr = next) {
		next = at.end;
		now = differs_at(all, holder(sh->map, addr, &next), holder(truth->map, addr, &next),
				 addr);
		if (what && now != what)
			break;
		if (now && !what)
			ret_at->start = addr;
		what = now;
		if (what)
			ret_at->end = next;
	}
	*ret_what = what;
	return what;
}

static void print_map(FILE *to, const char *title, const struct region_map *map,
		      const struct backings *backings, struct range at)
{
	const struct region *r = region_map__before(map, at.start);
	const struct backing *b;
	struct region_iter it;
	char perms[5];

	fprintf(to, "    %s:\n", title);
	for (r = region_iter__init(&it, map, r ? r->start : at.start); r;
	     r = region_iter__next(&it)) {
		b = backings__get(backings, r->backing);
		region__perms(r->flags, perms);
		fprintf(to,
			"      %" PRIx64 "-%" PRIx64 " %s flags %04x %" PRIx64 " %x:%x %" PRIu64
			" %s\n",
			r->start, r->end, perms, r->flags & COMPARED, r->offset, b->dev_major,
			b->dev_minor, b->ino, b->name);
		if (r->start >= at.end)
			break;
	}
}

void shadow__print(FILE *to, const struct shadows *all, const struct shadow *sh,
		   const struct space *truth, struct range at)
{
	print_map(to, "the model", sh->map, all->backings, at);
	print_map(to, "the kernel", truth->map, tracker__backings(all->tracker), at);
}
