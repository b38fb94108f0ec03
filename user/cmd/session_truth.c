// SPDX-License-Identifier: GPL-2.0
/*
 * Tier truth: when whole maps are asked for, what is checked beside the stream
 * of records, and what is done when the tier cannot be held.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "session_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A walk costs the kernel some microseconds, and looking for the thread to walk
 * by as many as there are threads: so it is asked for at once, and again soon,
 * for its records may get lost as well.
 */
#define ASK_NS (4 * NS_PER_MS)
#define ASK_DOUBLINGS 4
/*
 * How long a section's own walk, which is being sent, may take to arrive: since 7.0
 * whoever sends it may have to wait for a processor meanwhile.
 */
#define DUE_NS (20 * NS_PER_MS)
/* Spaces of which something has come are looked at so often, the others more seldom. */
#define NUMBERS_MIN_NS (5 * NS_PER_MS)
#define NUMBERS_NS (100 * NS_PER_MS)
#define PROVE_ROUNDS 4
#define SERVED_NS (1000 * NS_PER_MS)

static bool ask_is_due(struct space *space, uint64_t now)
{
	uint32_t doublings = space->asks < ASK_DOUBLINGS ? space->asks : ASK_DOUBLINGS;

	/* By our own clock: sections bring no time with them. */
	if (space->due && !space->due_ns)
		space->due_ns = now;
	if (space->due)
		return now >= space->due_ns + DUE_NS;
	return !space->asks || now >= space->last_base_ns + (ASK_NS << doublings);
}

/* What was lost is known for sure when all has been exact, and nothing new lost, for a while. */
static void note_served(struct session *s, uint64_t now)
{
	uint64_t wants = live__wants(s->live);

	if (wants != s->wants || tracker__next_wanted(s->tracker, NULL, UINT64_MAX)) {
		s->wants = wants;
		s->wants_ns = now;
	} else if (now - s->wants_ns > SERVED_NS) {
		live__served(s->live, wants);
	}
}

int session__ask_walks(struct session *s, uint64_t now)
{
	struct space *space = NULL;
	bool asked = false;
	int err = 0;

	note_served(s, session__now());
	while (!err && (space = tracker__next_wanted(s->tracker, space, UINT64_MAX))) {
		if (!ask_is_due(space, now))
			continue;
		tracker__overdue(s->tracker, space, session__now());
		space->last_base_ns = session__now();
		space->asks++;
		err = live__ask(s->live, space->id, MT_ASK_WALK);
		asked = true;
	}
	if (!asked)
		return 0;
	if (!err)
		err = live__answer(s->live);
	/* What stands still is exact again now. */
	session__drain(s);
	return err;
}

/* What has come of an exact space since it was last looked at. */
static bool has_moved(const struct space *space)
{
	return space->exact && space->checked_seq != space->next_seq;
}

static int note_number(void *ctx, const struct mt_task *task)
{
	struct session *s = ctx;
	struct space *space = tracker__space(s->tracker, task->space);

	if (!space || task->other_mm)
		return 0;
	space->checked_seq = space->next_seq;
	space->kernel_seq = task->seq;
	space->ahead = task->seq != (space->next_seq & MT_SEQ_MASK);
	return 0;
}

static bool any_moved(struct session *s)
{
	struct space *space;

	for (space = tracker__next_space(s->tracker, NULL); space;
	     space = tracker__next_space(s->tracker, space)) {
		if (has_moved(space))
			return true;
	}
	return false;
}

/*
 * Every thread there is has to be looked at, so it is done for all spaces at
 * once, and no more often than it takes a fiftieth of the time.
 */
void session__check_numbers(struct session *s, uint64_t now)
{
	struct space *space;
	uint64_t took;

	if (now < s->numbers_ns || (now < s->numbers_ns + NUMBERS_NS && !any_moved(s)))
		return;
	live__scan(s->live, 0, false, note_number, s);
	/* What had been sent when the numbers were read has come after this. */
	session__drain(s);
	for (space = tracker__next_space(s->tracker, NULL); space;
	     space = tracker__next_space(s->tracker, space)) {
		if (space->ahead)
			tracker__on_number(s->tracker, space, space->kernel_seq, now);
		space->ahead = false;
	}
	took = session__now() - now;
	s->numbers_ns = now + (took > NUMBERS_MIN_NS / 50 ? 50 * took : NUMBERS_MIN_NS);
}

bool session__prove_truth(struct session *s, uint64_t id, uint64_t proofs)
{
	struct space *space;

	session__drain(s);
	space = tracker__space(s->tracker, id);
	if (!space)
		return true;
	if (space->exact && space->proofs != proofs)
		return true;
	if (live__ask(s->live, id, space->exact ? MT_ASK_AUDIT : MT_ASK_WALK) ||
	    live__answer(s->live))
		return false;
	session__drain(s);
	space = tracker__space(s->tracker, id);
	return !space || (space->exact && space->proofs != proofs);
}

void session__prove_all(struct session *s)
{
	struct space *space;
	bool wanted = true;
	int i;

	for (i = 0; i < PROVE_ROUNDS && wanted; i++) {
		wanted = false;
		for (space = tracker__next_space(s->tracker, NULL); space;
		     space = tracker__next_space(s->tracker, space)) {
			/* Once each is audited; what fails, or is uncertain, is read again. */
			if (i && space->exact)
				continue;
			wanted |= !live__ask(s->live, space->id,
					     space->exact ? MT_ASK_AUDIT : MT_ASK_WALK);
		}
		if (!wanted)
			break;
		live__answer(s->live);
		session__nap(i * NS_PER_MS);
		session__drain(s);
	}
}

/* The next tier down, loaded and attached, but not seeing anything yet. */
static struct live *open_lower(struct session *s, char *why, size_t why_len)
{
	struct live *live;

	s->scope.tier = TIER_CALLS;
	if (live__open(&s->scope, &live, why, why_len))
		return NULL;
	live__wait_after(live, live__newest(s->live));
	if (!live__attach(live, why, why_len))
		return live;
	live__close(live);
	return NULL;
}

/*
 * The old programs stop before the new ones start, so that no call is counted
 * twice. They stay attached until the end: taking them off takes seconds.
 */
static void change_over(struct session *s, struct live *live)
{
	const struct process *p = NULL;

	live__stop(s->live);
	session__drain(s);
	live__stats(s->live, &s->past);
	live__wait_after(live, live__newest(s->live));
	while ((p = tracker__next_process(s->tracker, (struct process *)p))) {
		if (!p->ended)
			live__add_target(live, p->tgid);
	}
	s->retired = s->live;
	s->live = live;
	s->truth = false;
	tracker__set_truth(s->tracker, false);
	tracker__all_uncertain(s->tracker, "the tier was lowered", session__now());
	s->sink->info.tier = session__tier(s);
	tracker__scan_begin(s->tracker);
	live__start(live);
	if (!session__attach(s))
		tracker__scan_end(s->tracker, session__now());
}

void session__lower(struct session *s)
{
	char why[512], text[640];
	struct live *live = open_lower(s, why, sizeof(why));

	s->stuck = !live;
	if (live) {
		change_over(s, live);
		snprintf(text, sizeof(text),
			 "maps contradicted the kernel's own counters time and again: going on "
			 "with tier %s",
			 session__tier(s));
	} else {
		snprintf(text, sizeof(text),
			 "maps contradict the kernel's own counters, and a lower tier cannot be "
			 "had: %s",
			 why);
	}
	if (s->tell)
		s->tell(text);
}
