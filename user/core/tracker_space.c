// SPDX-License-Identifier: GPL-2.0
/*
 * One space: when its map is exact and when not. Owns bases, walks, windows of
 * calls under way and the comparison with the kernel's counters.
 */
#include "tracker_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A record is made a moment after its time was taken: a loss that it tells of may be as new. */
#define LOSS_SLACK_NS 1000000ull
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
	s->uncertain_ns = s->blind_ns = ts_ns;
	s->lineage = id;
	t->uncertain_spaces++;
	t->totals.spaces++;
	return s;
}

void space__free(struct tracker *t, struct space *s)
{
	if (!s->exact)
		t->uncertain_spaces--;
	HASH_DEL(t->spaces, s);
	order__free(t, s);
	region_map__free(s->map);
	origins__free(s->origins);
	suspects__free(t, s);
	kept_stacks__free(s);
	free(s->windows);
	free(s->writtens);
	free(s->walk);
	free(s);
}

void space__uncertain(struct tracker *t, struct space *s, const char *why, uint64_t ts_ns)
{
	if (!s->exact && !s->due)
		return;
	if (!s->due)
		t->uncertain_spaces++;
	s->due = false;
	s->exact = false;
	s->why = why;
	s->uncertain_seq = s->next_seq;
	s->uncertain_ns = ts_ns;
	tell_state(t, s, ts_ns);
}

void space__due(struct tracker *t, struct space *s, uint64_t ts_ns)
{
	if (!s->exact)
		return;
	s->exact = false;
	s->due = true;
	s->due_ns = 0;
	s->why = "its whole map is on the way";
	s->uncertain_ns = ts_ns;
	t->uncertain_spaces++;
}

void space__exact(struct tracker *t, struct space *s, bool first, uint64_t ts_ns)
{
	bool quiet = first || s->due;

	s->has_base = true;
	if (s->exact)
		return;
	s->exact = true;
	s->due = false;
	s->asks = 0;
	s->why = NULL;
	t->uncertain_spaces--;
	if (!quiet)
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
		   uint64_t begin_ns, uint64_t end_ns, const struct walk_event *ev)
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
	s->copied_ns = 0;
	s->base_begin_ns = begin_ns;
	s->base_end_ns = s->last_base_ns = end_ns;
	first = !s->has_base;
	if (first) {
		t->totals.bases++;
	} else if (!s->exact && !s->due) {
		s->resyncs++;
		t->totals.resyncs++;
	}
	s->has_base = true;
	origins__of_base(t, s, first, end_ns);
	if (!ev || audit__walk(t, s, ev))
		space__exact(t, s, first, end_ns);
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
	struct base_span span = { .begin_ns = begin_ns, .end_ns = end_ns };

	return tracker__base_numbered(t, space, raw, n, &span);
}

int tracker__base_numbered(struct tracker *t, uint64_t space, const struct raw_region *raw,
			   size_t n, const struct base_span *span)
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
	err = space__set_map(t, s, regions, n, span->begin_ns, span->end_ns, NULL);
	if (!err && t->ordered)
		order__begin(t, s, span);
	return err;
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

/* Notes a piece that begins a walk; true when ev does not go on with the walk under way. */
static bool walk_breaks(struct tracker *t, struct space *s, const struct walk_event *ev)
{
	if (ev->first == 0) {
		s->walk_n = 0;
		s->walk_seq = ev->seq;
	}
	if (!ev->bad && !ev->stale && ev->first == s->walk_n && ev->seq == s->walk_seq)
		return false;
	s->walk_n = 0;
	/* A piece got lost: another walk need not wait. */
	if (!ev->bad && !ev->stale)
		s->asks = 0;
	if (t->truth && ev->bad && !ev->stale)
		audit__bad_walk(t, s, ev->ts_ns);
	return true;
}

int tracker__on_walk(struct tracker *t, const struct walk_event *ev)
{
	struct process *p = tracker__process(t, ev->tgid);
	struct region *walk;
	struct space *s;
	int err;

	t->totals.lives++;
	if (process__has_left(p, ev->space))
		return 0;
	/* In tier truth the last walk may come when its last process has ended. */
	s = t->truth ? tracker__space(t, ev->space) :
		       space__get(t, ev->space, ev->tgid, ev->ts_ns);
	if (!s)
		return t->truth ? 0 : -ENOMEM;
	/*
	 * In tier truth it may be walked by whoever has it locked. That may be the
	 * parent in a fork, where the mm of a space that has ended was given to the
	 * child, and the exec that ended it is still to be read from another ring.
	 */
	if (p && (!t->truth || s->tgid == p->tgid))
		process__move(t, p, s);
	if (walk_breaks(t, s, ev))
		return 0;
	err = walk_append(t, s, ev);
	if (err || !ev->last)
		return err;
	walk = s->walk;
	s->walk = NULL;
	s->walk_size = 0;
	if (t->truth && s->numbered && truth__number(s, ev->seq) < s->next_seq) {
		/* Sections have come since that are not in it. */
		free(walk);
		s->walk_n = 0;
		return 0;
	}
	if (t->truth)
		truth__advance(t, s, truth__number(s, ev->seq), ev->ts_ns);
	truth__tell_walk(t, s, walk, s->walk_n, ev->ts_ns);
	err = space__set_map(t, s, walk, s->walk_n, ev->ts_ns, ev->ts_ns, t->truth ? ev : NULL);
	s->walk_n = 0;
	if (!err && !t->truth)
		space__check_totals(t, s, &s->mm, ev->ts_ns);
	if (!err && t->ordered)
		order__begin(t, s, &(struct base_span){ ev->ts_ns, ev->ts_ns, ev->seq - 1,
							ev->seq - 1 });
	if (err == -EINVAL && t->truth)
		audit__bad_walk(t, s, ev->ts_ns);
	/* Pieces that do not fit together are no map: as if the walk had failed. */
	return err == -EINVAL ? 0 : err;
}

/* The spaces that were copied from s, or from such a copy, at since_ns or later. */
static void copies_uncertain(struct tracker *t, const struct space *s, uint64_t since_ns,
			     uint64_t ts_ns)
{
	struct space *c, *tmp;

	HASH_ITER(hh, t->spaces, c, tmp) {
		if (c->lineage == s->lineage && c->copied_ns > s->copied_ns &&
		    c->copied_ns >= since_ns)
			space__uncertain(t, c, "its parent's map changed while it was copied",
					 ts_ns);
	}
}

void space__lost(struct tracker *t, struct space *s, const char *why, uint64_t ts_ns)
{
	space__uncertain(t, s, why, ts_ns);
	/* It may have been the birth of a thread. */
	s->strangers = true;
	if (s->blind_ns < ts_ns + LOSS_SLACK_NS)
		s->blind_ns = ts_ns + LOSS_SLACK_NS;
	/* A single thread's fork comes after its calls, and tells of their loss. */
	if (s->has_copies && s->windows)
		copies_uncertain(t, s, 0, ts_ns);
	s->has_copies = false;
	order__broken(t, s);
}

/*
 * Records come in the order in which they were made, not carried out. Only
 * what ended before the new one began came surely first.
 */
static bool windows_conflict(const struct window *old, const struct window *new)
{
	return old->tid != new->tid && old->exit_ns > new->enter_ns && old->start < new->end &&
	       new->start < old->end && !(old->copies && new->copies);
}

static void window_add(struct space *s, const struct window *w)
{
	struct window *to = &s->windows[s->window_next];

	*to = *w;
	to->before_ns = s->window_latest_ns;
	if (s->window_latest_ns < w->exit_ns)
		s->window_latest_ns = w->exit_ns;
	s->window_next = (s->window_next + 1) % SPACE_WINDOWS;
	if (s->window_count < SPACE_WINDOWS)
		s->window_count++;
}

/* What a window made unknown: why the space is, and since when its copies are. */
struct doubt {
	const char *why;
	uint64_t copies_ns;
};

static void doubt__add(struct doubt *d, const struct window *w, uint64_t copies_ns, const char *why)
{
	if (w->copies)
		copies_ns = w->exit_ns;
	else if (why)
		d->why = why;
	if (copies_ns < d->copies_ns)
		d->copies_ns = copies_ns;
}

static void compare_windows(const struct space *s, const struct window *w, struct doubt *d)
{
	static const char overlapped[] = "calls of two threads overlapped in time and range";
	uint32_t i, at = s->window_next;
	const struct window *old = NULL;

	for (i = 0; i < s->window_count; i++) {
		at = (at + SPACE_WINDOWS - 1) % SPACE_WINDOWS;
		old = &s->windows[at];
		if (windows_conflict(old, w))
			doubt__add(d, w, old->copies ? old->exit_ns : UINT64_MAX,
				   old->copies ? NULL : overlapped);
		if (old->exit_ns <= w->enter_ns && old->before_ns <= w->enter_ns)
			return;
	}
	if (old && old->before_ns > w->enter_ns)
		doubt__add(d, w, w->enter_ns, "a call lasted longer than calls are remembered");
}

int space__window(struct tracker *t, struct space *s, const struct window *w)
{
	uint32_t newest = (s->window_next + SPACE_WINDOWS - 1) % SPACE_WINDOWS;
	struct doubt doubt = { .copies_ns = UINT64_MAX };

	/* A call of a thread that is gone may still overlap: once begun, it goes on. */
	if (s->threads <= 1 && !s->strangers && !s->windows)
		return 0;
	if (!s->windows) {
		s->windows = calloc(SPACE_WINDOWS, sizeof(*s->windows));
		if (!s->windows)
			return -ENOMEM;
	}
	if (s->window_count && s->windows[newest].tid == w->tid)
		s->same_tid_run++;
	else
		s->same_tid_run = 0;
	if (s->same_tid_run < s->window_count)
		compare_windows(s, w, &doubt);
	if (doubt.why || doubt.copies_ns != UINT64_MAX)
		t->totals.conflicts++;
	if (w->enter_ns < s->blind_ns)
		doubt__add(&doubt, w, UINT64_MAX, "a call that was not seen may have overlapped");
	if (doubt.why)
		space__uncertain(t, s, doubt.why, w->exit_ns);
	if (doubt.copies_ns != UINT64_MAX)
		copies_uncertain(t, s, doubt.copies_ns, w->exit_ns);
	window_add(s, w);
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

/*
 * What is writable and private has a counter of its own, so that a change of
 * protection that nobody told of shows as well (mm/mmap.c, vm_stat_account()).
 * /proc/PID/maps does not say which regions grow down: where the stacks do not
 * agree this one cannot either.
 */
static bool protections_agree(const struct space *s, const struct mt_counters *mm)
{
	const struct region_totals *totals = region_map__totals(s->map);

	return mm->stack_vm * REGION_PAGE != totals->grows_down + s->grown ||
	       mm->data_vm * REGION_PAGE == totals->data;
}

bool space__check_totals(struct tracker *t, struct space *s, const struct mt_counters *mm,
			 uint64_t ts_ns)
{
	const struct region_totals *totals = region_map__totals(s->map);
	uint64_t have = totals->bytes + s->grown, want = mm->total_vm * REGION_PAGE;
	uint64_t stack = totals->grows_down + s->grown;

	t->totals.audits++;
	if (have == want && protections_agree(s, mm))
		return true;
	if (want > have && mm->stack_vm * REGION_PAGE > stack &&
	    want - have == mm->stack_vm * REGION_PAGE - stack && explain_growth(s, want - have))
		return true;
	t->totals.audit_failures++;
	space__uncertain(t, s, "the kernel's counters disagree: no call that we see did this",
			 ts_ns);
	return false;
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
	/* In tier truth only sections make the map, and their numbers tell of them. */
	if (!t->truth)
		space__lost(t, s, "events were lost", ts_ns);
}

void tracker__all_uncertain(struct tracker *t, const char *why, uint64_t ts_ns)
{
	struct space *s, *tmp;

	tracker__expire(t, UINT64_MAX);
	HASH_ITER(hh, t->spaces, s, tmp)
		space__lost(t, s, why, ts_ns);
}
