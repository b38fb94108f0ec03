// SPDX-License-Identifier: GPL-2.0
/*
 * --verify: maps that stand still against /proc/PID/maps. Owns the only reading
 * of that file that no map is made from.
 */
#include "session_private.h"

#include <errno.h>
#include <stdlib.h>

#include "core/map_compare.h"
#include "input/proc_maps.h"

/* So much time at once: what is left over comes with the next poll. */
#define BUDGET_NS (20 * NS_PER_MS)
#define TRIES 3

/* What is the same before and after when nothing has happened to a space. */
static bool read_mark(struct session *s, uint64_t id, uint64_t *ret)
{
	const struct space *space = tracker__space(s->tracker, id);
	struct mt_space state;

	if (!space || live__space(s->live, id, &state))
		return false;
	*ret = s->truth ? space->next_seq : state.calls;
	return true;
}

/* Every event has come, and nothing is under way. */
static bool stands_still(struct session *s, uint64_t id)
{
	const struct space *space = tracker__space(s->tracker, id);
	uint64_t proofs = space ? space->proofs : 0;
	int i;

	if (!space || !space->exact)
		return false;
	for (i = 0; i < TRIES; i++) {
		if (session__prove(s, id, proofs))
			return tracker__space(s->tracker, id);
	}
	return false;
}

static void compare(struct session *s, struct space *space, const struct raw_region *lines,
		    size_t n)
{
	struct map_difference diff;

	s->verified++;
	if (map_compare__equal(space->map, tracker__backings(s->tracker), lines, n, !s->truth,
			       &diff))
		return;
	s->differences++;
	if (s->differs)
		s->differs(space, &diff);
	tracker__on_difference(s->tracker, space, diff.expected, diff.got, session__now());
}

static void verify(struct session *s, uint64_t id)
{
	struct raw_region *lines;
	uint64_t before, after;
	struct still still;
	struct space *space;
	uint32_t tid;
	size_t n;

	if (!stands_still(s, id) || !read_mark(s, id, &before))
		return;
	space = tracker__space(s->tracker, id);
	/* By a thread that lives: of a main thread that has ended nothing is shown. */
	if (!space->exact || !session__ask_space(s, space, 0, &still))
		return;
	tid = still.task.tid;
	if (proc_maps__read((pid_t)tid, &lines, &n, NULL))
		return;
	space = tracker__space(s->tracker, id);
	/* It may have another space by now, and show that. */
	if (n && session__ask_space(s, space, tid, &still) && stands_still(s, id) &&
	    read_mark(s, id, &after) && before == after)
		compare(s, tracker__space(s->tracker, id), lines, n);
	free(lines);
}

void session__verify(struct session *s, uint64_t now, bool all)
{
	struct space *space;
	size_t n = 0, i, max = 0;
	uint64_t *ids;

	for (space = tracker__next_space(s->tracker, NULL); space;
	     space = tracker__next_space(s->tracker, space))
		max++;
	/* By id: spaces may end meanwhile. */
	ids = calloc(max ? max : 1, sizeof(*ids));
	if (!ids)
		return;
	for (space = tracker__next_space(s->tracker, NULL); space && n < max;
	     space = tracker__next_space(s->tracker, space)) {
		if (all || now - space->verified_ns >= s->verify_ns)
			ids[n++] = space->id;
	}
	for (i = 0; i < n && (all || session__now() - now < BUDGET_NS); i++) {
		space = tracker__space(s->tracker, ids[i]);
		if (space)
			space->verified_ns = now;
		verify(s, ids[i]);
	}
	free(ids);
}
