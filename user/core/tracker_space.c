// SPDX-License-Identifier: GPL-2.0
/*
 * One space: when its map is exact and when not. Owns bases, walks, windows of
 * calls under way and the comparison with the kernel's counters.
 */
#include "tracker_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Records are made a moment after their time is taken: no order within this. */
#define WINDOW_SLACK_NS 1000000ull
/* A space that is new or was just read is left alone: most children exec at once. */
#define WHOLE_END (1ull << 57)

static void tell_state(const struct tracker *t, const struct space *s, uint64_t ts_ns)
{
	struct state_record rec = {
		.ts_ns = ts_ns,
		.process = tracker__process((struct tracker *)t, s->tgid),
		.space = s,
		.exact = s->exact,
		.why = s->why,
	};

	if (t->observer && t->observer->state)
		t->observer->state(t->observer_ctx, &rec);
}

struct space *space__get(struct tracker *t, uint64_t id, uint32_t tgid, uint64_t ts_ns)
{
	struct space *s;

	HASH_FIND(hh, t->spaces, &id, sizeof(id), s);
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->id = id;
	s->tgid = tgid;
	s->map = region_map__new();
	if (!s->map) {
		free(s);
		return NULL;
	}
	HASH_ADD(hh, t->spaces, id, sizeof(s->id), s);
	if (!s->hh.tbl) {
		region_map__free(s->map);
		free(s);
		return NULL;
	}
	s->why = "not read yet";
	s->uncertain_ns = ts_ns;
	t->uncertain_spaces++;
	t->totals.spaces++;
	return s;
}

void space__free(struct tracker *t, struct space *s)
{
	if (!s->exact)
		t->uncertain_spaces--;
	HASH_DEL(t->spaces, s);
	region_map__free(s->map);
	free(s->windows);
	free(s->walk);
	free(s);
}

void space__uncertain(struct tracker *t, struct space *s, const char *why, uint64_t ts_ns)
{
	if (!s->exact)
		return;
	s->exact = false;
	s->why = why;
	s->uncertain_ns = ts_ns;
	t->uncertain_spaces++;
	tell_state(t, s, ts_ns);
}

void space__exact(struct tracker *t, struct space *s, uint64_t ts_ns)
{
	bool first = !s->has_base;

	s->has_base = true;
	if (s->exact)
		return;
	s->exact = true;
	s->why = NULL;
	t->uncertain_spaces--;
	if (!first)
		tell_state(t, s, ts_ns);
}

struct model_space space__model(struct tracker *t, struct space *s)
{
	return (struct model_space){
		.map = s->map,
		.backings = t->backings,
		.layout = &s->layout,
		.lock_future = s->lock_future,
		.lock_on_fault = s->lock_on_fault,
	};
}

int space__set_map(struct tracker *t, struct space *s, struct region *regions, size_t n,
		   uint64_t begin_ns, uint64_t end_ns)
{
	struct region_map *map = region_map__new();
	struct process *p;
	int err = -ENOMEM;
	bool first;

	if (map)
		err = region_map__replace(map, 0, WHOLE_END, regions, n);
	free(regions);
	if (err) {
		region_map__free(map);
		return err;
	}
	region_map__free(s->map);
	s->map = map;
	s->grown = 0;
	s->base_begin_ns = begin_ns;
	s->base_end_ns = s->last_base_ns = end_ns;
	first = !s->has_base;
	if (first) {
		t->totals.bases++;
	} else if (!s->exact) {
		s->resyncs++;
		t->totals.resyncs++;
	}
	space__exact(t, s, end_ns);
	p = first ? tracker__process(t, s->tgid) : NULL;
	if (p && p->space == s->id)
		process__note_start(t, p, s);
	return 0;
}

/* The stack pointers of threads that were found tell which regions are their stacks. */
static void mark_thread_stacks(struct tracker *t, const struct space *s, struct region *regions,
			       size_t n)
{
	struct thread *th, *tmp;
	struct process *p;
	size_t lo, hi, mid;

	HASH_ITER(hh, t->threads, th, tmp) {
		if (!th->user_sp || th->tid == th->tgid)
			continue;
		p = tracker__process(t, th->tgid);
		if (!p || p->space != s->id)
			continue;
		for (lo = 0, hi = n; lo < hi;) {
			mid = lo + (hi - lo) / 2;
			if (regions[mid].end <= th->user_sp)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (lo < n && regions[lo].start <= th->user_sp &&
		    regions[lo].backing == BACKING_ANON)
			regions[lo].flags |= REGION_STACK;
	}
}

int tracker__base(struct tracker *t, uint64_t space, const struct raw_region *raw, size_t n,
		  uint64_t begin_ns, uint64_t end_ns)
{
	struct space *s = tracker__space(t, space);
	struct region *regions;
	size_t i;
	int err;

	if (!s)
		return 0;
	regions = calloc(n ? n : 1, sizeof(*regions));
	if (!regions)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		err = raw_region__intern(&raw[i], t->backings, &regions[i]);
		if (err) {
			free(regions);
			return err;
		}
	}
	mark_thread_stacks(t, s, regions, n);
	return space__set_map(t, s, regions, n, begin_ns, end_ns);
}

static int walk_append(struct tracker *t, struct space *s, const struct walk_event *ev)
{
	uint32_t i;
	int err;

	if (s->walk_n + ev->count > s->walk_size) {
		size_t size = 2 * (s->walk_n + ev->count);
		struct region *grown = realloc(s->walk, size * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->walk = grown;
		s->walk_size = size;
	}
	for (i = 0; i < ev->count; i++) {
		err = raw_region__intern(&ev->regions[i], t->backings, &s->walk[s->walk_n]);
		if (err)
			return err;
		if (t->truth)
			s->walk[s->walk_n].flags |= REGION_APART;
		s->walk_n++;
	}
	return 0;
}

int tracker__on_walk(struct tracker *t, const struct walk_event *ev)
{
	struct space *s = tracker__space(t, ev->space);
	struct region *walk;
	int err;

	t->totals.lives++;
	/* Its last process has ended, or what made it was lost: a call will ask again. */
	if (!s)
		return 0;
	if (ev->first == 0)
		s->walk_n = 0;
	if (ev->bad || ev->first != s->walk_n) {
		s->walk_n = 0;
		return 0;
	}
	err = walk_append(t, s, ev);
	if (err || !ev->last)
		return err;
	walk = s->walk;
	s->walk = NULL;
	s->walk_size = 0;
	if (t->truth && s->last_seq >= ev->seq && s->last_seq) {
		/* Sections went by while it was walked. */
		free(walk);
		s->walk_n = 0;
		return 0;
	}
	s->next_seq = ev->seq;
	err = space__set_map(t, s, walk, s->walk_n, ev->ts_ns, ev->ts_ns);
	s->walk_n = 0;
	if (!err && !t->truth)
		space__check_totals(t, s, &s->mm, ev->ts_ns);
	return err;
}

static bool windows_overlap(const struct window *a, const struct window *b)
{
	return a->tid != b->tid && a->exit_ns > b->enter_ns && b->exit_ns > a->enter_ns &&
	       a->start < b->end && b->start < a->end;
}

/* Both acted on the same place at the same time: whose map that makes unknown. */
static void conflict(struct tracker *t, struct space *s, const struct window *old,
		     const struct window *new)
{
	uint64_t child = old->child_space ? old->child_space : new->child_space;
	struct space *c;

	if (old->child_space && new->child_space)
		return; /* two copies read the same */
	t->totals.conflicts++;
	c = child ? tracker__space(t, child) : NULL;
	if (!child)
		space__uncertain(t, s, "calls of two threads overlapped in time and range",
				 new->exit_ns);
	else if (c)
		space__uncertain(t, c, "its parent's map changed while it was copied",
				 new->exit_ns);
}

int space__window(struct tracker *t, struct space *s, const struct window *w)
{
	uint32_t i, at;

	if (s->threads <= 1)
		return 0;
	if (!s->windows) {
		s->windows = calloc(SPACE_WINDOWS, sizeof(*s->windows));
		if (!s->windows)
			return -ENOMEM;
	}
	at = (s->window_next + SPACE_WINDOWS - 1) % SPACE_WINDOWS;
	if (s->window_count && s->windows[at].tid == w->tid)
		s->same_tid_run++;
	else
		s->same_tid_run = 0;
	for (i = 0; i < s->window_count && s->same_tid_run < s->window_count; i++) {
		const struct window *old = &s->windows[at];

		if (old->exit_ns + WINDOW_SLACK_NS < w->enter_ns)
			break;
		if (windows_overlap(old, w))
			conflict(t, s, old, w);
		at = (at + SPACE_WINDOWS - 1) % SPACE_WINDOWS;
	}
	if (i == SPACE_WINDOWS && s->windows[s->window_next].exit_ns > w->enter_ns)
		space__uncertain(t, s, "a call lasted longer than calls are remembered",
				 w->exit_ns);
	s->windows[s->window_next] = *w;
	s->window_next = (s->window_next + 1) % SPACE_WINDOWS;
	if (s->window_count < SPACE_WINDOWS)
		s->window_count++;
	return 0;
}

/* What grew by itself can only be a stack; with one of them it is known which. */
static bool explain_growth(struct space *s, uint64_t bytes)
{
	const struct region_totals *totals = region_map__totals(s->map);
	const struct region *r;
	struct region_iter it;

	if (!totals->grows_down_regions)
		return false;
	if (totals->grows_down_regions > 1) {
		s->grown += bytes;
		return true;
	}
	for (r = region_iter__init(&it, s->map, 0); r; r = region_iter__next(&it)) {
		if (r->flags & (REGION_GROWSDOWN | REGION_SHADOW_STACK))
			break;
	}
	return r && bytes < r->start && !call_model__grow_down(s->map, r->start - bytes, r->end);
}

bool space__check_totals(struct tracker *t, struct space *s, const struct mt_counters *mm,
			 uint64_t ts_ns)
{
	const struct region_totals *totals = region_map__totals(s->map);
	uint64_t have = totals->bytes + s->grown, want = mm->total_vm * REGION_PAGE;
	uint64_t stack = totals->grows_down + s->grown;

	t->totals.audits++;
	if (have == want)
		return true;
	if (want > have && mm->stack_vm * REGION_PAGE > stack &&
	    want - have == mm->stack_vm * REGION_PAGE - stack && explain_growth(s, want - have))
		return true;
	t->totals.audit_failures++;
	space__uncertain(t, s, "the kernel's counters disagree: no call that we see did this",
			 ts_ns);
	return false;
}

void space__check_section(struct tracker *t, struct space *s, const struct section_event *ev)
{
	const struct region_totals *totals = region_map__totals(s->map);

	t->totals.audits++;
	if (totals->regions == ev->mm.map_count &&
	    (ev->downgraded || totals->bytes == ev->mm.total_vm * REGION_PAGE))
		return;
	t->totals.audit_failures++;
	space__uncertain(t, s, "the kernel's counters disagree", ev->ts_ns);
}

bool tracker__audit(struct tracker *t, struct space *s, const struct mt_counters *mm,
		    uint64_t ts_ns)
{
	return s->has_base && space__check_totals(t, s, mm, ts_ns);
}

size_t tracker__growing(const struct space *s, uint64_t *ret_addrs, size_t n)
{
	const struct region *r;
	struct region_iter it;
	size_t i = 0;

	if (!region_map__totals(s->map)->grows_down_regions)
		return 0;
	for (r = region_iter__init(&it, s->map, 0); r && i < n; r = region_iter__next(&it)) {
		if (r->flags & REGION_GROWSDOWN)
			ret_addrs[i++] = r->end - 1;
	}
	return i;
}

int tracker__grown(struct space *s, const struct mt_lookup *found)
{
	const struct region *r = region_map__find(s->map, found->addr);
	uint64_t grown;
	int err;

	/* The kernel may have merged or split it: only a lower edge is news. */
	if (!r || r->start > found->addr || found->start > found->addr ||
	    found->end <= found->addr || found->start >= r->start)
		return 0;
	grown = r->start - found->start;
	err = call_model__grow_down(s->map, found->start, r->end);
	if (!err)
		s->grown -= grown < s->grown ? grown : s->grown;
	return err == -ENOENT ? 0 : err;
}

struct space *tracker__next_wanted(struct tracker *t, struct space *after, uint64_t not_after_ns)
{
	struct space *s = after ? after->hh.next : t->spaces;

	if (!t->uncertain_spaces)
		return NULL;
	for (; s; s = s->hh.next) {
		if (!s->exact && !s->ended && s->uncertain_ns <= not_after_ns &&
		    s->last_base_ns <= not_after_ns)
			return s;
	}
	return NULL;
}

void tracker__on_lost(struct tracker *t, uint64_t space, uint32_t lost, uint64_t ts_ns)
{
	struct space *s;
	struct lost_record rec;

	if (!space)
		return;
	s = tracker__space(t, space);
	/* Records of several CPUs may come a little out of order: only a rise counts. */
	if (!s || (int32_t)(lost - s->lost) <= 0)
		return;
	rec = (struct lost_record){ ts_ns, space, s->tgid, lost - s->lost };
	s->lost = lost;
	if (t->observer && t->observer->lost)
		t->observer->lost(t->observer_ctx, &rec);
	space__uncertain(t, s, "events were lost", ts_ns);
}

void tracker__all_uncertain(struct tracker *t, const char *why, uint64_t ts_ns)
{
	struct space *s, *tmp;

	HASH_ITER(hh, t->spaces, s, tmp)
		space__uncertain(t, s, why, ts_ns);
}
