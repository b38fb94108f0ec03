// SPDX-License-Identifier: GPL-2.0
/*
 * The origin map, see origins.h. A region's flags are those of the memory when it
 * was last looked at, so that what differs from the map is what has changed.
 */
#include "origins_private.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_FLAGS (REGION_RWX | REGION_LOCKED)
#define FEW 16

/* The new picture of a range, and what has been found out on the way. */
struct sync {
	struct origins *o;
	const struct origin_act *act;
	struct region *list;
	size_t n, room;
	uint32_t cause, cause_flags; /* of the last that was looked up */
	bool has_cause, changed;
	uint32_t site; /* + 1; 0: not looked up */
	uint64_t grew;
	struct region few[FEW];
};

/* For every act: what of the list is not used is not written either. */
static void sync__init(struct sync *s, struct origins *o, const struct origin_act *act)
{
	memset(s, 0, offsetof(struct sync, few));
	s->o = o;
	s->act = act;
	s->list = s->few;
	s->room = FEW;
}

/* What stands for all that there is no room for; of trails one for each part. */
static bool first_numbers(struct intern *causes, struct intern *trails)
{
	struct cause others = { .what = CAUSE_OTHERS };
	struct trail trail = { 0 };

	intern__init(causes, sizeof(others), CAUSE_KEY, ORIGINS_CAUSES_MAX);
	intern__init(trails, sizeof(trail), sizeof(trail), ORIGINS_TRAILS_MAX);
	intern__get(causes, &others);
	for (; trail.part < HEAP_PART_NR; trail.part++)
		intern__get(trails, &trail);
	return causes->n && trails->n == HEAP_PART_NR;
}

struct origins *origins__new(void)
{
	struct origins *o = calloc(1, sizeof(*o));
	bool begun;

	if (!o)
		return NULL;
	begun = first_numbers(&o->causes, &o->trails);
	sites__init(&o->sites);
	o->map = region_map__new();
	if (begun && o->map && o->sites.n)
		return o;
	origins__free(o);
	return NULL;
}

void origins__free(struct origins *o)
{
	if (!o)
		return;
	region_map__free(o->map);
	intern__fini(&o->causes);
	intern__fini(&o->trails);
	intern__fini(&o->sites);
	free(o);
}

/* Where there is no room for another, all but the part is forgotten. */
static uint32_t trail_number(struct intern *trails, const struct trail *trail)
{
	uint32_t number = intern__get(trails, trail);

	return number ? number : trail->part;
}

/* ---------------------------------------------------------------- one range anew */

static uint32_t cause_number(struct sync *s, uint32_t flags)
{
	struct cause key = s->act->cause, *c;

	if (s->has_cause && s->cause_flags == flags)
		return s->cause;
	key.flags = flags;
	key.returned = s->act->returns;
	key.first_ns = key.last_ns = s->act->ts_ns;
	key.count = 0;
	s->cause = intern__get(&s->o->causes, &key);
	c = intern__at(&s->o->causes, s->cause);
	c->last_ns = s->act->ts_ns;
	c->count++;
	s->cause_flags = flags;
	s->has_cause = true;
	return s->cause;
}

static void push_change(struct trail *trail, uint32_t cause)
{
	if (trail->changes[0] == cause)
		return;
	memmove(trail->changes + 1, trail->changes,
		(ORIGINS_HISTORY - 1) * sizeof(trail->changes[0]));
	trail->changes[0] = cause;
}

/* The site for which this act makes memory accessible. */
static uint32_t site_number(struct sync *s, uint64_t bytes)
{
	if (s->act->no_growth)
		return 0;
	if (!s->site)
		s->site = sites__of(&s->o->sites, &s->act->cause, s->act->kind) + 1;
	s->grew += bytes;
	return s->site;
}

static int push(struct sync *s, const struct region *r)
{
	struct region *last = s->n ? &s->list[s->n - 1] : NULL, *list;

	if (last && region__continues(last, r)) {
		last->end = r->end;
		return 0;
	}
	if (s->n == s->room) {
		list = malloc(2 * s->room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		memcpy(list, s->list, s->n * sizeof(*list));
		if (s->list != s->few)
			free(s->list);
		s->list = list;
		s->room *= 2;
	}
	s->list[s->n++] = *r;
	return 0;
}

/* What is known of [start, end): was as the origin map had it, is as the map has it. */
static int push_stretch(struct sync *s, uint64_t start, uint64_t end, const struct region *was,
			const struct region_iter *at)
{
	const struct region *is = region_iter__at(at);
	struct region r = { .start = start, .end = end, .flags = is->flags & KEPT_FLAGS };
	bool creates = !was || s->act->creates;
	bool access_was = was && was->flags & REGION_RWX, access_is = r.flags & REGION_RWX;
	bool other = creates || s->act->returns || s->act->names || was->flags != r.flags;
	struct origins_stretch stretch = { at, is, was, start, end, creates };
	struct trail trail = { 0 };

	if (!other) {
		r.backing = was->backing;
		return push(s, &r);
	}
	s->changed = true;
	if (!creates)
		trail = *trail_of(s->o, was);
	if (creates)
		trail.creator = cause_number(s, r.flags);
	else if (!s->act->quiet && !s->act->names)
		push_change(&trail, cause_number(s, r.flags));
	if (creates || s->act->names || r.flags & ~was->flags & REGION_RWX)
		trail.part = origins_heap__part(s->o, s->act, &stretch);
	if (s->act->returns && access_was && access_is)
		s->o->heap.returned[trail.part] += end - start;
	if (!access_is || s->act->returns)
		trail.site = 0;
	else if (creates && access_was)
		/* The same addresses anew: the loader's second mapping is no growth. */
		trail.site = trail_of(s->o, was)->site;
	else if (!access_was)
		trail.site = site_number(s, end - start);
	r.backing = trail_number(&s->o->trails, &trail);
	return push(s, &r);
}

static void keep_one(struct origins *o, const struct region *r, uint64_t bytes, bool more)
{
	const struct trail *trail = trail_of(o, r);

	if (trail->site) {
		site__keep(intern__at(&o->sites, trail->site - 1), bytes, more);
		o->kept += more ? bytes : -bytes;
	}
	if (r->flags & REGION_RWX)
		origins_heap__keep(o, trail->part, bytes, more);
}

/* What the map has in [start, end), where `it` is at the first that ends above start. */
static void keep(struct origins *o, struct region_iter it, uint64_t start, uint64_t end, bool more)
{
	const struct region *r;
	uint64_t from, to;

	for (r = region_iter__at(&it); r && r->start < end; r = region_iter__next(&it)) {
		from = r->start > start ? r->start : start;
		to = r->end < end ? r->end : end;
		keep_one(o, r, to - from, more);
	}
}

static void keep_all(struct origins *o, bool more)
{
	struct region_iter first;

	region_iter__init(&first, o->map, 0);
	keep(o, first, 0, UINT64_MAX, more);
}

/* was: where the map has what ends above start first. */
static int replace(struct origins *o, struct region_iter was, uint64_t start, uint64_t end,
		   const struct region *list, size_t n)
{
	size_t i;
	int err;

	keep(o, was, start, end, false);
	err = region_map__replace(o->map, start, end, list, n);
	if (err) {
		keep(o, was, start, end, true);
		return err;
	}
	for (i = 0; i < n; i++)
		keep_one(o, &list[i], region__len(&list[i]), true);
	return 0;
}

static int sync_range(struct sync *s, const struct region_map *map, uint64_t start, uint64_t end)
{
	struct region_iter is_at, was_at;
	const struct region *is = region_iter__init(&is_at, map, start);
	const struct region *was = region_iter__init(&was_at, s->o->map, start);
	struct region_iter first_was = was_at;
	const struct region *a, *b;
	uint64_t at, next;
	int err = 0;

	for (at = start; at < end && !err; at = next) {
		next = end;
		while (is && is->end <= at)
			is = region_iter__next(&is_at);
		while (was && was->end <= at)
			was = region_iter__next(&was_at);
		a = region__at(was, at, &next);
		b = region__at(is, at, &next);
		if (b)
			err = push_stretch(s, at, next, a, &is_at);
		else
			s->changed |= a != NULL;
	}
	if (!err && s->changed)
		err = replace(s->o, first_was, start, end, s->list, s->n);
	return err;
}

static int apply(struct origins *o, const struct region_map *map, const struct origin_act *act);

/* mremap(2): what is known of the old place goes to the new one, as far as it is as long. */
static int move(struct origins *o, const struct region_map *map, const struct origin_act *act)
{
	uint64_t shift = act->start - act->from, len = act->end - act->start;
	uint64_t from_end = act->from_end - act->from > len ? act->from + len : act->from_end;
	struct origin_act rest = *act;
	struct region_iter was;
	struct region *list;
	struct trail trail;
	long n = region_map__slice(o->map, act->from, from_end, &list), i;
	struct sync s;
	int err = 0;

	if (n < 0)
		return (int)n;
	sync__init(&s, o, act);
	for (i = 0; i < n; i++) {
		list[i].start += shift;
		list[i].end += shift;
		trail = *trail_of(o, &list[i]);
		push_change(&trail, cause_number(&s, list[i].flags));
		list[i].backing = trail_number(&o->trails, &trail);
	}
	rest.start = act->from;
	rest.end = act->from_end;
	rest.from = rest.from_end = 0;
	rest.no_growth = true;
	/* Out of the old place first: what is kept is kept once. */
	err = apply(o, map, &rest);
	if (!err) {
		region_iter__init(&was, o->map, act->start);
		err = replace(o, was, act->start, act->end, list, (size_t)n);
	}
	free(list);
	return err;
}

static int apply(struct origins *o, const struct region_map *map, const struct origin_act *act)
{
	struct sync s;
	int err = 0;

	sync__init(&s, o, act);
	if (act->from < act->from_end)
		err = move(o, map, act);
	if (!err && act->start < act->end)
		err = sync_range(&s, map, act->start, act->end);
	if (s.list != s.few)
		free(s.list);
	if (!err && s.site) {
		sites__grew(&o->sites, s.site - 1, &act->cause, act->kind, s.grew, &act->sample,
			    act->ts_ns);
		o->grown += s.grew;
	}
	return err;
}

/* ---------------------------------------------------------------- room */

/* What is let go, the least first; all: who made what is not known at all from now on. */
enum weed { WEED_UNUSED, WEED_HISTORIES, WEED_ALL };

struct tables {
	struct intern causes, trails;
	uint32_t *number; /* of a cause, by the one it had; 0: not asked for yet */
};

static int tables__init(struct tables *t, const struct origins *o)
{
	t->number = calloc(o->causes.n, sizeof(*t->number));
	return first_numbers(&t->causes, &t->trails) && t->number ? 0 : -ENOMEM;
}

static void tables__fini(struct tables *t)
{
	intern__fini(&t->causes);
	intern__fini(&t->trails);
	free(t->number);
}

static uint32_t tables__cause(struct tables *t, const struct origins *o, uint32_t old)
{
	if (old && !t->number[old])
		t->number[old] = intern__get(&t->causes, intern__at(&o->causes, old));
	return t->number[old];
}

static uint32_t tables__trail(struct tables *t, const struct origins *o, struct trail trail,
			      enum weed how)
{
	bool forgets = how >= WEED_HISTORIES;
	int i;

	trail.creator = forgets ? 0 : tables__cause(t, o, trail.creator);
	for (i = 0; i < ORIGINS_HISTORY; i++)
		trail.changes[i] = forgets ? 0 : tables__cause(t, o, trail.changes[i]);
	if (how == WEED_ALL)
		trail.site = 0;
	return trail_number(&t->trails, &trail);
}

/* to is from, or a child of it: has its map, and of its trails and causes what ranges have. */
static int renumber(struct origins *to, const struct origins *from, enum weed how)
{
	struct tables t;
	struct region *list = NULL;
	struct trail trail;
	int err = tables__init(&t, from);
	long n = err ? 0 : region_map__slice(from->map, 0, UINT64_MAX, &list), i;

	if (n < 0)
		err = (int)n;
	for (i = 0; i < n; i++) {
		trail = *trail_of(from, &list[i]);
		/* In a child nothing has grown. */
		if (to != from)
			trail.site = 0;
		list[i].backing = tables__trail(&t, from, trail, how);
	}
	if (!err)
		err = region_map__replace(to->map, 0, UINT64_MAX, list, (size_t)n);
	if (!err) {
		intern__fini(&to->causes);
		intern__fini(&to->trails);
		to->causes = t.causes;
		to->trails = t.trails;
		t.causes = t.trails = (struct intern){ 0 };
	}
	tables__fini(&t);
	free(list);
	return err;
}

static int weed(struct origins *o, enum weed how)
{
	int err;

	/* No longer of a site; of its part still. */
	if (how == WEED_ALL)
		keep_all(o, false);
	err = renumber(o, o, how);
	if (how == WEED_ALL)
		keep_all(o, true);
	return err;
}

struct origins *origins__fork(const struct origins *parent)
{
	struct origins *o = origins__new();

	if (!o || renumber(o, parent, WEED_UNUSED)) {
		origins__free(o);
		return NULL;
	}
	memcpy(o->heap.committed, parent->heap.committed, sizeof(o->heap.committed));
	memcpy(o->heap.peak, parent->heap.committed, sizeof(o->heap.peak));
	o->heap.allocators = parent->heap.allocators;
	o->left = parent->left;
	return o;
}

static bool tables_full(const struct origins *o, uint32_t eighths)
{
	return o->trails.n > ORIGINS_TRAILS_MAX / 8 * eighths ||
	       o->causes.n > ORIGINS_CAUSES_MAX / 8 * eighths;
}

/*
 * Who traces for weeks sees more causes than there is room for, most of memory
 * that is long gone. Done when the tables fill, so seldom: each makes room for
 * a quarter of them at least, for what there is in the end is a trail for each part.
 */
static int thin_tables(struct origins *o)
{
	enum weed how;
	int err = 0;

	if (!tables_full(o, 7))
		return 0;
	for (how = WEED_UNUSED; how <= WEED_ALL && !err && tables_full(o, 5); how++)
		err = weed(o, how);
	return err;
}

/*
 * After WEED_ALL there are about as many ranges as the map has regions (more only
 * where parts meet within one), and no fewer can be had: of a map larger than the
 * bound the next act would weed in vain. So it is done again when they have
 * doubled since they were fewest: memory is bounded by the map itself then, and a
 * weed costs each range that came since no more than a fixed time.
 */
static int thin_ranges(struct origins *o)
{
	const struct region_totals *totals = region_map__totals(o->map);
	int err;

	if (totals->regions < o->left)
		o->left = totals->regions;
	if (totals->regions <= ORIGINS_RANGES_MAX || totals->regions <= 2 * o->left)
		return 0;
	err = weed(o, WEED_HISTORIES);
	if (!err && totals->regions > ORIGINS_RANGES_MAX / 4 * 3)
		err = weed(o, WEED_ALL);
	if (!err)
		o->left = totals->regions > ORIGINS_RANGES_MAX / 4 * 3 ? totals->regions : 0;
	return err;
}

static int make_room(struct origins *o)
{
	int err = thin_tables(o);

	return err ? err : thin_ranges(o);
}

int origins__apply(struct origins *o, const struct region_map *map, const struct origin_act *act)
{
	uint64_t before[HEAP_PART_NR];
	int err;

	memcpy(before, o->heap.committed, sizeof(before));
	if (act->everything && act->view)
		origins_heap__look(o, map, act->view);
	err = apply(o, map, act);
	origins_heap__settle(o, before, act->quiet);
	return err ? err : make_room(o);
}

/* ---------------------------------------------------------------- looking */

const struct trail *origins__trail(const struct origins *o, uint64_t addr, uint64_t *ret_end)
{
	const struct region *r = region_map__find(o->map, addr);

	if (!r || r->start > addr)
		return NULL;
	*ret_end = r->end;
	return trail_of(o, r);
}

const struct cause *origins__cause(const struct origins *o, uint32_t number)
{
	return intern__at(&o->causes, number < o->causes.n ? number : 0);
}

const struct intern *origins__sites(const struct origins *o)
{
	return &o->sites;
}

uint64_t origins__kept(const struct origins *o)
{
	return o->kept;
}

uint64_t origins__grown(const struct origins *o)
{
	return o->grown;
}

size_t origins__ranges(const struct origins *o)
{
	return region_map__totals(o->map)->regions;
}

size_t origins__footprint(const struct origins *o)
{
	return region_map__footprint(o->map);
}

const char *origins__check(const struct origins *o, const struct region_map *map)
{
	uint64_t *kept = calloc(o->sites.n, sizeof(*kept)), committed[HEAP_PART_NR] = { 0 };
	const char *broken = kept ? region_map__check(o->map) : "no memory";
	const struct region *r;
	struct region_iter it;
	const struct trail *t;
	uint64_t all = 0;
	uint32_t i;

	if (!broken && region_map__totals(o->map)->bytes != region_map__totals(map)->bytes)
		broken = "not the pages that are mapped";
	for (r = region_iter__init(&it, o->map, 0); !broken && r; r = region_iter__next(&it)) {
		t = trail_of(o, r);
		if (t->site)
			kept[t->site - 1] += region__len(r);
		if (t->site && !(r->flags & REGION_RWX))
			broken = "kept, and not accessible";
		if (r->flags & REGION_RWX)
			committed[t->part] += region__len(r);
	}
	if (!broken && memcmp(committed, o->heap.committed, sizeof(committed)))
		broken = "what is committed of a part is not the sum of its pages";
	for (i = 0; !broken && i < o->sites.n; i++) {
		if (((struct site *)intern__at(&o->sites, i))->kept_own != kept[i])
			broken = "what is kept of a site is not the sum of its pages";
		all += kept[i];
	}
	if (!broken && all != o->kept)
		broken = "what is kept of all sites is not their sum";
	free(kept);
	return broken;
}
