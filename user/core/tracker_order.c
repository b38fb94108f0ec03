// SPDX-License-Identifier: GPL-2.0
/*
 * Tier ordered: the calls of a space are applied in the order of their write
 * sections. Owns what has come before its turn, and which numbers are awaited;
 * what an event means is tracker.c's.
 */
#include "tracker_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * A thread may be kept from sending its record for as long as a time slice, or
 * for as long as mmap(MAP_POPULATE) populates, while others go on.
 */
#define HELD_MAX 65536
#define HELD_BYTES_MAX (64u << 20) /* of all spaces together */
#define WATCHES 64
#define SLOTS_FIRST 64

enum held_kind { HELD_CALL, HELD_FORK, HELD_SECTION, HELD_EXIT };

/* An event whose turn has not come; what it points to is part of it. */
struct held {
	struct held *next;
	size_t bytes;
	uint32_t tgid;
	enum held_kind kind;
	bool copies;
	union {
		struct call call;
		struct fork_event fork;
		struct section_event section;
		struct exit_event exit;
	};
};

/* The event with that number, and those without one that came after it. */
struct slot {
	struct held *numbered;
	struct held *after, **after_end;
};

/* A region that was looked at late: nobody may have changed it up to section until. */
struct watch {
	uint64_t start, end, until;
};

/*
 * Slots are a ring: number n is at n % size, for next_seq <= n < next_seq + size.
 * A child that waits for its parent's map has the number 0 as its next.
 */
struct order {
	struct slot *slots;
	size_t size, count;
	uint64_t highest;  /* that is held */
	uint64_t since_ns; /* time of what came first since the last turn */
	bool awaits_map;
	uint32_t n_watches;
	struct watch watches[WATCHES];
};

static struct order *order__get(struct space *s)
{
	if (!s->order)
		s->order = calloc(1, sizeof(*s->order));
	return s->order;
}

static bool space__waits(const struct space *s)
{
	return s->order && (s->order->count || s->order->awaits_map);
}

static struct slot *order__slot(struct order *o, uint64_t seq)
{
	return &o->slots[seq & (o->size - 1)];
}

/* ---------------------------------------------------------------- what is held */

static struct held *held__new(enum held_kind kind, uint32_t tgid, const void *event, size_t size,
			      const char *name)
{
	size_t name_len = name ? strlen(name) + 1 : 0;
	size_t bytes = sizeof(struct held) + name_len;
	struct held *h = calloc(1, bytes);

	if (!h)
		return NULL;
	h->bytes = bytes;
	h->kind = kind;
	h->tgid = tgid;
	memcpy(&h->call, event, size);
	if (name_len) {
		memcpy(h + 1, name, name_len);
		h->call.region.backing.name = (const char *)(h + 1);
	}
	return h;
}

static int grow(struct order *o, uint64_t next_seq, uint64_t seq)
{
	size_t size = o->size ? o->size : SLOTS_FIRST, old_size = o->size, i;
	struct slot *old = o->slots, *slots;

	while (seq - next_seq >= size)
		size *= 2;
	if (size == o->size)
		return 0;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	o->slots = slots;
	o->size = size;
	for (i = 0; i < old_size; i++) {
		struct slot *from = &old[(next_seq + i) & (old_size - 1)];
		struct slot *to = order__slot(o, next_seq + i);

		*to = *from;
		if (!to->after)
			to->after_end = NULL;
	}
	free(old);
	return 0;
}

/*
 * Keeps an event for its turn, or, without a number (seq 0), until all that is
 * held now has had its turn. Takes h over only when it returns 0.
 */
static int hold(struct tracker *t, struct space *s, struct held *h, uint64_t seq, uint64_t ts_ns)
{
	struct order *o = s->order;
	uint64_t at = seq ? seq : s->next_seq > o->highest ? s->next_seq : o->highest;
	struct slot *slot;

	if (at - s->next_seq >= HELD_MAX || o->count >= HELD_MAX ||
	    t->held_bytes + h->bytes > HELD_BYTES_MAX)
		return -E2BIG;
	if (grow(o, s->next_seq, at))
		return -ENOMEM;
	slot = order__slot(o, at);
	if (seq && slot->numbered)
		return -EEXIST;
	if (seq) {
		slot->numbered = h;
	} else {
		if (!slot->after)
			slot->after_end = &slot->after;
		*slot->after_end = h;
		slot->after_end = &h->next;
	}
	if (!o->count++)
		o->since_ns = ts_ns;
	if (seq > o->highest)
		o->highest = seq;
	t->held_bytes += h->bytes;
	return 0;
}

static void foreign_section(struct tracker *t, struct space *s, const struct section_event *ev)
{
	static const char *const why[] = {
		[MT_ORIGIN_CLONE - MT_ORIGIN_CLONE] = NULL,
		[MT_ORIGIN_SYSCALL - MT_ORIGIN_CLONE] =
			"a system call that is not followed may have changed it",
		[MT_ORIGIN_COMPAT - MT_ORIGIN_CLONE] = "a 32-bit system call may have changed it",
		[MT_ORIGIN_FAULT - MT_ORIGIN_CLONE] = NULL,
		[MT_ORIGIN_KERNEL - MT_ORIGIN_CLONE] = "io_uring may have changed it",
		[MT_ORIGIN_OTHER_TASK - MT_ORIGIN_CLONE] = "another process may have changed it",
	};
	size_t i = ev->origin - MT_ORIGIN_CLONE;

	/* One of several sections of a call whose record is to come: call.c. */
	if (ev->origin < MT_CALL_NR || ev->seq <= s->base_begin_seq)
		return;
	if (i >= sizeof(why) / sizeof(why[0]))
		space__uncertain(t, s, "something unknown may have changed it", ev->ts_ns);
	else if (why[i])
		space__uncertain(t, s, why[i], ev->ts_ns);
}

/* A child that has lost its order meanwhile has also lost what it did to the copy. */
static bool awaits_copy(struct tracker *t, const struct held *h)
{
	const struct space *child = h->copies ? tracker__space(t, h->fork.child_space) : NULL;

	return child && child->order && child->order->awaits_map;
}

/* Its turn has come. By id, here and below: what is applied may be the end of its space. */
static int take_turn(struct tracker *t, uint64_t space, const struct held *h)
{
	struct space *s;

	switch (h->kind) {
	case HELD_CALL:
		return tracker__apply_call(t, &h->call);
	case HELD_FORK:
		return awaits_copy(t, h) ? tracker__copy_map(t, &h->fork) : 0;
	case HELD_SECTION:
		s = tracker__space(t, space);
		if (s)
			foreign_section(t, s, &h->section);
		return 0;
	case HELD_EXIT:
		return tracker__apply_exit(t, &h->exit);
	}
	return 0;
}

/* All that is held at one number. */
static int take_slot(struct tracker *t, struct space *s, uint64_t seq)
{
	struct slot *slot = order__slot(s->order, seq);
	struct held *first = slot->numbered ? slot->numbered : slot->after, *h, *next;
	uint64_t id = s->id;
	int err = 0, one;

	if (slot->numbered)
		first->next = slot->after;
	memset(slot, 0, sizeof(*slot));
	for (h = first; h; h = h->next) {
		s->order->count--;
		t->held_bytes -= h->bytes;
	}
	for (h = first; h; h = next) {
		next = h->next;
		one = take_turn(t, id, h);
		err = err ? err : one;
		free(h);
	}
	return err;
}

static bool holds(const struct space *s)
{
	return s && s->order && s->order->count;
}

/* next_seq has gone on: whatever waited for that. */
static int run(struct tracker *t, struct space *s, uint64_t ts_ns)
{
	uint64_t id = s->id;
	int err = 0, one;

	while (holds(s) && s->in_order && order__slot(s->order, s->next_seq)->numbered) {
		s->order->since_ns = ts_ns;
		one = take_slot(t, s, s->next_seq++);
		err = err ? err : one;
		s = tracker__space(t, id);
	}
	return err;
}

/* Everything up to number end, as far as it has come. Returns what is left of the space. */
static struct space *take_until(struct tracker *t, struct space *s, uint64_t end)
{
	uint64_t id = s->id;

	while (holds(s) && s->next_seq <= end) {
		take_slot(t, s, s->next_seq++);
		s = tracker__space(t, id);
	}
	if (s)
		s->next_seq = end + 1;
	return s;
}

void order__broken(struct tracker *t, struct space *s)
{
	uint64_t end;

	s->in_order = false;
	if (!s->order)
		return;
	end = s->order->highest > s->next_seq ? s->order->highest : s->next_seq;
	s->order->awaits_map = false;
	s->order->n_watches = 0;
	s->order->highest = 0;
	take_until(t, s, end);
}

static void lose_order(struct tracker *t, struct space *s, const char *why, uint64_t ts_ns)
{
	space__uncertain(t, s, why, ts_ns);
	order__broken(t, s);
}

static int hold_copy(struct tracker *t, struct space *s, struct held *h, uint64_t seq,
		     uint64_t ts_ns)
{
	int err = h ? hold(t, s, h, seq, ts_ns) : -ENOMEM;
	uint64_t id = s->id;

	if (!err)
		return 0;
	lose_order(t, s,
		   err == -E2BIG  ? "too many calls waited for one that did not come" :
		   err == -ENOMEM ? "out of memory" :
				    "two sections had one number",
		   ts_ns);
	if (!h)
		return -ENOMEM;
	take_turn(t, id, h);
	free(h);
	return err == -ENOMEM ? err : 0;
}

/*
 * What is done with an event of number seq (0: none): true when its turn is now.
 * After it, run().
 */
static bool its_turn(struct tracker *t, struct space *s, uint64_t seq, uint64_t ts_ns)
{
	bool waits = space__waits(s);

	if (!s->in_order && !waits)
		return true;
	if (!seq)
		return !waits;
	if (seq < s->next_seq) {
		if (seq > s->base_begin_seq)
			lose_order(t, s, "two sections had one number", ts_ns);
		return true;
	}
	if (seq != s->next_seq || s->order->awaits_map)
		return false;
	s->next_seq++;
	return true;
}

/* ---------------------------------------------------------------- what comes */

int order__on_call(struct tracker *t, const struct call *c)
{
	struct space *s = c->space ? tracker__space(t, c->space) : NULL;
	int err;

	if (s && !order__get(s))
		return -ENOMEM;
	if (s && !its_turn(t, s, c->seq, c->exit_ns))
		return hold_copy(t, s,
				 held__new(HELD_CALL, c->tgid, c, sizeof(*c),
					   c->has_region ? c->region.backing.name : NULL),
				 c->seq, c->exit_ns);
	err = tracker__apply_call(t, c);
	/* Looked up again: it may have been the last of another space. */
	s = c->space ? tracker__space(t, c->space) : NULL;
	return err || !s ? err : run(t, s, c->exit_ns);
}

int order__on_section(struct tracker *t, const struct section_event *ev)
{
	struct space *s = tracker__space(t, ev->space);

	if (!s)
		return 0;
	if (!order__get(s))
		return -ENOMEM;
	if (!its_turn(t, s, ev->seq, ev->ts_ns))
		return hold_copy(t, s, held__new(HELD_SECTION, 0, ev, sizeof(*ev), NULL), ev->seq,
				 ev->ts_ns);
	s = tracker__space(t, ev->space);
	if (!s)
		return 0;
	foreign_section(t, s, ev);
	return run(t, s, ev->ts_ns);
}

int order__on_fork(struct tracker *t, const struct fork_event *ev, bool copies)
{
	struct space *s = tracker__space(t, ev->space);
	struct space *child = copies ? tracker__space(t, ev->child_space) : NULL;
	struct held *h;
	int err;

	if (!s)
		return copies ? tracker__copy_map(t, ev) : 0;
	if (!order__get(s) || (child && !order__get(child)))
		return -ENOMEM;
	if (its_turn(t, s, ev->seq, ev->ts_ns)) {
		err = copies ? tracker__copy_map(t, ev) : 0;
		s = tracker__space(t, ev->space);
		return err || !s ? err : run(t, s, ev->ts_ns);
	}
	h = held__new(HELD_FORK, ev->tgid, ev, sizeof(*ev), NULL);
	if (h)
		h->copies = copies;
	if (child && !child->in_order) {
		child->order->awaits_map = true;
		child->next_seq = 0;
	}
	return hold_copy(t, s, h, ev->seq, ev->ts_ns);
}

int order__on_exit(struct tracker *t, struct space *s, const struct exit_event *ev)
{
	if (!space__waits(s))
		return tracker__apply_exit(t, ev);
	return hold_copy(t, s, held__new(HELD_EXIT, ev->tgid, ev, sizeof(*ev), NULL), 0, ev->ts_ns);
}

static bool holds_of(const struct order *o, uint32_t tgid)
{
	const struct held *h;
	size_t i;

	for (i = 0; i < o->size; i++) {
		if (o->slots[i].numbered && o->slots[i].numbered->tgid == tgid)
			return true;
		for (h = o->slots[i].after; h; h = h->next) {
			if (h->tgid == tgid)
				return true;
		}
	}
	return false;
}

void order__leave(struct tracker *t, struct space *s, uint32_t tgid)
{
	if (!space__waits(s))
		return;
	/* Its last user ended all its calls before: what is missing was lost. */
	if (s->users <= 1 || holds_of(s->order, tgid))
		lose_order(t, s, "a call's record did not come", s->order->since_ns);
}

void order__begin(struct tracker *t, struct space *s, const struct base_span *span)
{
	bool late = s->in_order && s->next_seq > span->begin_seq + 1;

	s->base_begin_seq = span->begin_seq;
	s->base_end_seq = span->end_seq;
	if (s->order) {
		s->order->awaits_map = false;
		s->order->n_watches = 0;
	}
	if (late) {
		space__uncertain(t, s, "what came while it was read is missing", span->end_ns);
		return;
	}
	s = take_until(t, s, span->begin_seq);
	if (!s)
		return;
	s->in_order = true;
	run(t, s, span->end_ns);
}

static struct space *next_expired(const struct tracker *t, uint64_t not_after_ns)
{
	struct space *s = t->held_bytes ? t->spaces : NULL;

	for (; s; s = s->hh.next) {
		if (s->order && s->order->count && s->order->since_ns <= not_after_ns)
			return s;
	}
	return NULL;
}

void tracker__expire(struct tracker *t, uint64_t not_after_ns)
{
	struct space *s;

	/* From the start each time: what is applied may be the end of another space. */
	while ((s = next_expired(t, not_after_ns)))
		lose_order(t, s, "a call's record did not come", s->order->since_ns);
}

void order__free(struct tracker *t, struct space *s)
{
	struct order *o = s->order;
	struct held *h, *next;
	size_t i;

	for (i = 0; o && i < o->size; i++) {
		h = o->slots[i].numbered;
		if (h)
			h->next = o->slots[i].after;
		for (h = h ? h : o->slots[i].after; h; h = next) {
			next = h->next;
			/* It has come, though nobody is left to be told of it. */
			t->totals.calls += h->kind == HELD_CALL;
			t->held_bytes -= h->bytes;
			free(h);
		}
	}
	if (o)
		free(o->slots);
	free(o);
	s->order = NULL;
}

/* ---------------------------------------------------------------- what a call did */

/*
 * The region that a call's record has was looked at when it ended, after the
 * lock was dropped. What has changed it until then is noticed when it comes.
 */
static bool watch(struct space *s, const struct call *c)
{
	bool by_length = c->id == MT_CALL_MMAP || c->id == MT_CALL_MREMAP ||
			 c->id == MT_CALL_MAP_SHADOW_STACK;
	struct range ranges[2] = { { 0, UINT64_MAX } };
	struct order *o = s->order;
	size_t n = by_length ? call__ranges(c, ranges) : 1, i;

	if ((!c->has_region && !c->no_region) || !c->seen_after)
		return true;
	for (i = 0; i < n; i++) {
		if (!o || o->n_watches == WATCHES)
			return false;
		o->watches[o->n_watches++] =
			(struct watch){ ranges[i].start, ranges[i].end, c->seq + c->seen_after };
	}
	return true;
}

static bool meets_watch(struct space *s, const struct call *c)
{
	struct order *o = s->order;
	struct range ranges[2];
	size_t n = call__mutates(c) ? call__ranges(c, ranges) : 0, i;
	bool meets = false;
	uint32_t w;

	for (w = 0; o && w < o->n_watches;) {
		if (o->watches[w].until < c->seq) {
			o->watches[w] = o->watches[--o->n_watches];
			continue;
		}
		for (i = 0; i < n; i++)
			meets |= ranges[i].start < o->watches[w].end &&
				 o->watches[w].start < ranges[i].end;
		w++;
	}
	return meets;
}

bool order__knows(const struct space *s, uint64_t seq)
{
	uint32_t w;

	for (w = 0; s->order && w < s->order->n_watches; w++) {
		if (s->order->watches[w].until >= seq)
			return false;
	}
	return s->in_order && seq > s->base_end_seq;
}

/* Worked, and takes the lock for writing whenever it does: its section was missed. */
static bool lacks_section(const struct call *c)
{
	if (call__failed(c) || !call__mutates(c) || c->uncounted)
		return false;
	return c->id != MT_CALL_PRCTL && c->id != MT_CALL_PROCESS_MADVISE;
}

int order__apply(struct tracker *t, struct space *s, const struct call *c, struct change *change)
{
	bool strict = s->exact && s->in_order && c->seq > s->base_end_seq;

	/* Of another process' space it can only be told what its pages are for. */
	if (c->target != c->space)
		return 0;
	if (!c->seq && s->has_base && lacks_section(c))
		space__uncertain(t, s, "a call came without its section", c->exit_ns);
	/* Without a section it changed nothing; or the base was taken later and has it. */
	if (!c->seq || !s->has_base || c->seq <= s->base_begin_seq) {
		space__note_layout(s, c);
		return 0;
	}
	if (meets_watch(s, c)) {
		t->totals.conflicts++;
		space__uncertain(t, s, "a region was changed before it was looked at", c->exit_ns);
	}
	if (!watch(s, c))
		space__uncertain(t, s, "too many regions were looked at late", c->exit_ns);
	return space__apply_call(t, s, c, strict, change);
}
