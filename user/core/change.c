/* SPDX-License-Identifier: GPL-2.0 */
/* Two pictures of one range, before and after, compared stretch by stretch. */
#include "change.h"

#define WX (REGION_WRITE | REGION_EXEC)

/* What a stretch was, and is; NULL: not mapped. */
struct stretch {
	uint64_t start, end;
	const struct region *was, *is;
	bool same; /* the same memory, whatever is allowed */
};

/* A name may be given and taken (prctl(2), PR_SET_VMA_ANON_NAME): what it names stays. */
static bool is_same(const struct backings *backings, const struct region *a, const struct region *b)
{
	const struct backing *x, *y;

	if (!a || !b || (a->flags ^ b->flags) & (REGION_SHARED | REGION_OFFSET))
		return false;
	if (!(a->flags & REGION_OFFSET))
		return true;
	if (a->offset - a->start != b->offset - b->start)
		return false;
	x = backings__get(backings, a->backing);
	y = backings__get(backings, b->backing);
	return x == y ||
	       (x->ino == y->ino && x->dev_major == y->dev_major && x->dev_minor == y->dev_minor);
}

static void count(struct change *ch, const struct stretch *s)
{
	bool access_was = s->was && s->was->flags & REGION_RWX;
	bool access_is = s->is && s->is->flags & REGION_RWX;
	uint64_t bytes = s->end - s->start;

	if (s->was && !s->same)
		ch->unmapped += bytes;
	if (s->is && !s->same)
		ch->mapped += bytes;
	if (access_is && (!access_was || !s->same))
		ch->committed += bytes;
	if (access_was && (!access_is || !s->same))
		ch->uncommitted += bytes;
}

static uint32_t wx_of(const struct stretch *s)
{
	uint32_t was = s->was && s->same ? s->was->flags & WX : 0;
	uint32_t is = s->is ? s->is->flags & WX : 0;

	if (is == WX)
		return was == WX ? 0 : CHANGE_W_AND_X;
	if (was == REGION_WRITE && is == REGION_EXEC)
		return CHANGE_W_TO_X;
	return was == REGION_EXEC && is == REGION_WRITE ? CHANGE_X_TO_W : 0;
}

static bool transition__goes_on(const struct transition *t, const struct transition *next)
{
	if (t->end != next->start || t->what != next->what)
		return false;
	return !(t->what & TRANSITION_IS) ||
	       (t->new_flags == next->new_flags && t->old_flags == next->old_flags);
}

static void add_transition(struct change *ch, const struct stretch *s)
{
	struct transition *last = &ch->transitions[ch->n_transitions];
	struct transition t = {
		.start = s->start,
		.end = s->end,
		.old_flags = s->was ? (uint16_t)s->was->flags : 0,
		.new_flags = s->is ? (uint16_t)s->is->flags : 0,
		.what = (s->was ? TRANSITION_WAS : 0) | (s->is ? TRANSITION_IS : 0) |
			(s->same ? TRANSITION_SAME : 0),
	};

	if (ch->n_transitions && transition__goes_on(last - 1, &t)) {
		last[-1].end = t.end;
	} else if (ch->n_transitions < CHANGE_TRANSITIONS) {
		*last = t;
		ch->n_transitions++;
	} else {
		ch->more_transitions = true;
		if (wx_of(s))
			last[-1] = t;
	}
}

/* The pieces of a change do not come in the order of their addresses (mremap). */
static void note_first(uint32_t *flags, uint64_t *end, const struct region *r, uint64_t at)
{
	if (!r || (*end && *end <= at))
		return;
	*flags = r->flags;
	*end = at;
}

static void add_stretch(struct change *ch, const struct stretch *s)
{
	if (s->same && !((s->was->flags ^ s->is->flags) & REGION_RWX))
		return;
	if (!s->was && !s->is)
		return;
	count(ch, s);
	ch->wx |= wx_of(s);
	add_transition(ch, s);
	ch->mixed |= s->was && ch->old_end && (s->was->flags ^ ch->old_flags) & REGION_PERMS;
	note_first(&ch->old_flags, &ch->old_end, s->was, s->end);
	note_first(&ch->new_flags, &ch->new_end, s->is, s->end);
	if (!ch->last || s->start < ch->first)
		ch->first = s->start;
	if (s->end > ch->last)
		ch->last = s->end;
}

void change__add(struct change *ch, const struct backings *backings, uint64_t start, uint64_t end,
		 const struct region_map *was, const struct region *is, size_t n_is)
{
	struct region_iter it;
	const struct region *r = region_iter__init(&it, was, start);
	struct stretch s = { .start = start };
	size_t i = 0;

	for (; s.start < end; s.start = s.end) {
		s.end = end;
		while (r && r->end <= s.start)
			r = region_iter__next(&it);
		while (i < n_is && is[i].end <= s.start)
			i++;
		s.was = region__at(r, s.start, &s.end);
		s.is = region__at(i < n_is ? &is[i] : NULL, s.start, &s.end);
		s.same = is_same(backings, s.was, s.is);
		add_stretch(ch, &s);
	}
}

void change__settle(struct change *ch, const struct region_map *map)
{
	const struct region *r;

	if (ch->last || ch->start >= ch->end)
		return;
	r = region_map__find(map, ch->start);
	if (r && r->start < ch->end)
		ch->old_flags = ch->new_flags = r->flags;
}
