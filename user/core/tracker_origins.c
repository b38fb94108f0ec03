// SPDX-License-Identifier: GPL-2.0
/*
 * What a call, or whatever else, means for who made what: told when the map has
 * the change already, by a section or by the call model. Knows no tier.
 */
#include "tracker_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPACE_END (1ull << 57)
#define SITES_NOTED 16 /* of a process */

void tracker__set_stacks(struct tracker *t, const struct stacks *stacks)
{
	t->stacks = stacks;
}

const struct stacks *tracker__stacks(const struct tracker *t)
{
	return t->stacks;
}

void tracker__set_ledger(struct tracker *t, struct ledger *ledger)
{
	t->ledger = ledger;
}

/* asm-generic/mman-common.h: madvise(2) that gives pages back, or lets them be taken. */
static bool returns_pages(const struct call *c)
{
	if (c->id != MT_CALL_MADVISE || call__failed(c))
		return false;
	return c->args[2] == 4 || c->args[2] == 8 || c->args[2] == 9 || c->args[2] == 24;
}

static struct origins *origins_of(struct space *s)
{
	if (!s->origins)
		s->origins = origins__new();
	return s->origins;
}

/* What is there now, where something else was: rec tells of that. */
static enum region_kind kind_now(const struct tracker *t, const struct space *s,
				 const struct call_record *rec)
{
	const struct change *ch = rec->change;
	struct region_iter at;

	if (rec->region_name && !ch->old_end)
		return rec->kind;
	if (!region_iter__init(&at, s->map, ch->committed && ch->last ? ch->first : ch->start))
		return KIND_ANONYMOUS;
	return region__kind(&at, t->backings, &s->layout);
}

static struct heap_view view_of(const struct tracker *t, const struct space *s)
{
	return (struct heap_view){ t->backings, &s->layout, t->stacks };
}

/* As stack.bpf.h sees it. */
static uint64_t asked_bytes(const struct call *c)
{
	switch (c->id) {
	case MT_CALL_BRK: return (uint64_t)c->ret - c->args[1];
	case MT_CALL_MREMAP: return c->args[2] - c->args[1];
	case MT_CALL_MPROTECT: case MT_CALL_PKEY_MPROTECT: return c->args[1];
	/* What nobody may touch, and shmat(2), count as a page each. */
	case MT_CALL_MMAP: return c->args[2] & 7 ? c->args[1] : 0;
	default: return 0;
	}
}

static struct origin_act act_of(const struct tracker *t, const struct space *s,
				const struct call_record *rec)
{
	const struct call *c = rec->call;
	const struct change *ch = rec->change;
	bool worked = !call__failed(c);
	struct origin_act act = {
		.cause = { .what = c->id != MT_CALL_NONE ? (uint32_t)c->id : c->origin,
			   .nr = c->origin == MT_ORIGIN_SYSCALL ? c->nr : 0,
			   .tid = c->tid,
			   .stack = c->stack },
		.start = ch->start & ~(REGION_PAGE - 1),
		.end = ch->end < SPACE_END ? ch->end : SPACE_END,
		.creates = worked && (c->id == MT_CALL_MMAP || c->id == MT_CALL_SHMAT ||
				      c->id == MT_CALL_REMAP_FILE_PAGES),
		.returns = returns_pages(c),
		.names = worked && c->id == MT_CALL_PRCTL,
		.ts_ns = c->exit_ns,
		.sample = { asked_bytes(c), c->for_bytes, c->for_calls },
	};

	memcpy(act.cause.comm, c->comm, strnlen(c->comm, sizeof(c->comm) - 1));
	if (worked && c->id == MT_CALL_MMAP)
		act.hints = heap__hints(c->args[0], c->args[1], c->args[2], c->args[3]);
	if (c->id == MT_CALL_MREMAP && ch->moved_from && c->args[1] < SPACE_END) {
		act.from = ch->moved_from;
		act.from_end = (act.from + c->args[1] + REGION_PAGE - 1) & ~(REGION_PAGE - 1);
	}
	if (ch->committed)
		act.kind = kind_now(t, s, rec);
	return act;
}

void origins__of_call(struct tracker *t, struct space *s, const struct call_record *rec)
{
	const struct change *ch = rec->change;
	bool all = ch->end >= SPACE_END;
	struct heap_view view = view_of(t, s);
	struct origin_act act;

	if (!s->has_base || (!ch->last && ch->kind == CHANGE_NONE && !returns_pages(rec->call)) ||
	    !origins_of(s))
		return;
	act = act_of(t, s, rec);
	act.view = &view;
	/* shmdt(2) may act on anything: what has changed is what it acted on. */
	if (all && ch->last) {
		act.start = ch->first;
		act.end = ch->last;
	}
	if (act.end & (REGION_PAGE - 1))
		act.end = (act.end | (REGION_PAGE - 1)) + 1;
	if (act.end <= act.start)
		return;
	origins__apply(s->origins, s->map, &act);
	if (all || act.from || !ch->last || (ch->first >= act.start && ch->last <= act.end))
		return;
	/* It reached further than it asked for: mprotect(2) with PROT_GROWSDOWN, huge pages. */
	act.start = ch->first;
	act.end = ch->last;
	act.creates = false;
	origins__apply(s->origins, s->map, &act);
}

static void apply_all(const struct tracker *t, struct space *s, uint32_t what, bool quiet,
		      uint64_t ts_ns)
{
	struct heap_view view = view_of(t, s);
	struct origin_act act = { .cause = { .what = what },
				  .end = SPACE_END,
				  .quiet = quiet,
				  .no_growth = true,
				  .everything = quiet,
				  .view = &view,
				  .ts_ns = ts_ns };

	if (s->has_base && origins_of(s))
		origins__apply(s->origins, s->map, &act);
}

void origins__of_base(const struct tracker *t, struct space *s, bool first, uint64_t ts_ns)
{
	uint32_t born = s->born ? s->born : CAUSE_FOUND;

	apply_all(t, s, first ? born : CAUSE_UNSEEN, first, ts_ns);
}

void origins__of_fork(const struct tracker *t, const struct space *parent, struct space *child,
		      uint64_t ts_ns)
{
	struct origins *copy = parent->origins ? origins__fork(parent->origins) : NULL;

	child->born = MT_ORIGIN_CLONE;
	if (!copy)
		return;
	origins__free(child->origins);
	child->origins = copy;
	apply_all(t, child, MT_ORIGIN_CLONE, true, ts_ns);
}

/* A child of vfork(2) has not made what is its parent's. */
static bool has_made(const struct process *p, const struct space *s)
{
	return s->tgid == p->tgid && s->origins;
}

void process__note_heap(const struct tracker *t, struct process *p, struct space *s,
			uint64_t ts_ns)
{
	/* What it had noted before was of another program. */
	process__drop_sites(p);
	if (!has_made(p, s))
		return;
	/* What the records of calls that were lost had to tell. */
	apply_all(t, s, CAUSE_UNSEEN, false, ts_ns);
	origins__heap(s->origins, &p->heap_end);
}

void process__note_sites(const struct tracker *t, struct process *p, const struct space *s,
			 bool last)
{
	struct site top[SITES_NOTED];
	const struct intern *sites;
	size_t n;
	uint32_t i;

	if (!has_made(p, s))
		return;
	suspects__note(p, s);
	sites = origins__sites(s->origins);
	for (i = 0; i < sites->n; i++) {
		struct site_sums sums = site__sums(intern__at(sites, i));

		site_sums__add(&p->site_sums, &sums);
	}
	if (last && t->ledger)
		ledger__note(t->ledger, p->tgid, p->comm, sites);
	n = sites__top(sites, top, SITES_NOTED);
	p->sites = n ? calloc(n, sizeof(*p->sites)) : NULL;
	if (!p->sites)
		return;
	memcpy(p->sites, top, n * sizeof(*top));
	p->n_sites = n;
}

void process__drop_sites(struct process *p)
{
	free(p->sites);
	p->sites = NULL;
	p->n_sites = 0;
	p->site_sums = (struct site_sums){ 0 };
}
