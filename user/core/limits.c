// SPDX-License-Identifier: GPL-2.0
/*
 * Limits that come near: told once at 80% and once at 95%. Limits of a process
 * are asked for when it has something that they bound; who reads them is not known.
 */
#include "tracker_private.h"

#include <stdio.h>
#include <string.h>

#include "words.h"

#define LOCKED_MIN (64ull << 10) /* less is never asked about: many programs lock a page */
#define DATA_MIN (16ull << 20)

static const struct {
	enum limit limit;
	const char *what;
} near_limits[PROCESS_NEAR] = {
	{ LIMIT_MAP_COUNT, "regions" },
	{ LIMIT_MEMLOCK, "locked" },
	{ LIMIT_DATA, "of writable memory" },
};

void near__tell(struct tracker *t, struct process *p, const struct space *s,
		const struct near *near, uint64_t ts_ns)
{
	double rate = rate__rise(near->rate, ts_ns, near->used);
	struct finding f = {
		.kind = FINDING_NEAR,
		.severity = near->level > 1 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
		.bytes = near->limit == LIMIT_MAP_COUNT ? 0 : near->used,
		.left_ns = rate__left_ns(near->rate, ts_ns, near->used, near->max),
	};
	char a[HUMAN_SIZE_ROOM], b[HUMAN_SIZE_ROOM], left[HUMAN_NS_ROOM], by[HUMAN_RATE_ROOM];
	size_t len;

	snprintf(f.text, sizeof(f.text), "%s %s: %llu%% of %s, %s",
		 limit__value(near->limit, near->used, a), near->what,
		 (unsigned long long)((double)near->used * 100 / near->max),
		 limit__name(near->limit), limit__value(near->limit, near->max, b));
	len = strlen(f.text);
	if (f.left_ns && near->limit == LIMIT_MAP_COUNT)
		snprintf(by, sizeof(by), "%.1f/s", rate);
	else
		human_rate(rate, by);
	if (f.left_ns)
		snprintf(f.text + len, sizeof(f.text) - len, ", reached in %s at this rate (%s)",
			 human_ns(f.left_ns, left), by);
	finding__tell_of_space(t, p, s, &f, ts_ns);
}

int limit__nearness(uint64_t used, uint64_t limit)
{
	double share = limit ? (double)used / (double)limit : 0;

	if (limit == UINT64_MAX || share < 0.80)
		return 0;
	return share < 0.95 ? 1 : 2;
}

static void used_of(const struct space *s, uint64_t used[PROCESS_NEAR])
{
	used[0] = s->mm.map_count;
	used[1] = s->mm.locked_vm * REGION_PAGE;
	used[2] = s->mm.data_vm * REGION_PAGE;
}

void limits__sample(struct process *p, const struct space *s, uint64_t ts_ns)
{
	uint64_t used[PROCESS_NEAR];

	used_of(s, used);
	for (int i = 0; i < PROCESS_NEAR; i++)
		rate__note(&p->near_rates[i], ts_ns, used[i]);
}

static void check(struct tracker *t, struct process *p, const struct space *s, uint64_t ts_ns)
{
	const uint64_t limits[PROCESS_NEAR] = { t->max_map_count, p->limits.memlock,
						p->limits.data };
	uint64_t used[PROCESS_NEAR];
	int i, level;

	used_of(s, used);
	for (i = 0; i < PROCESS_NEAR; i++) {
		level = limit__nearness(used[i], limits[i]);
		if (level <= p->near_told[i])
			continue;
		p->near_told[i] = level;
		near__tell(t, p, s,
			   &(struct near){ near_limits[i].limit, near_limits[i].what, used[i],
					   limits[i], &p->near_rates[i], level },
			   ts_ns);
	}
}

/* Asked for at first, and again when there is twice as much: prlimit(2) may change them. */
static void want(struct tracker *t, struct process *p, const struct space *s)
{
	uint64_t locked = s->mm.locked_vm * REGION_PAGE, data = s->mm.data_vm * REGION_PAGE;

	if (p->wants_limits || p->ended ||
	    (locked < 2 * p->asked_locked + LOCKED_MIN && data < 2 * p->asked_data + DATA_MIN))
		return;
	p->wants_limits = true;
	p->asked_locked = locked;
	p->asked_data = data;
	t->limits_wanted = true;
}

void limits__of_call(struct tracker *t, struct process *p, const struct space *s,
		     const struct call_record *rec)
{
	/* What another process is told of is its own to be told of. */
	if (p->space != s->id)
		return;
	want(t, p, s);
	check(t, p, s, rec->call->exit_ns);
}

void limits__forget(struct process *p)
{
	p->limits = (struct mt_limits){ 0 };
	p->asked_locked = p->asked_data = 0;
	p->wants_limits = false;
	for (int i = 0; i < PROCESS_NEAR; i++)
		p->near_told[i] = 0;
	memset(p->near_rates, 0, sizeof(p->near_rates));
}

struct process *tracker__next_limits_wanted(struct tracker *t, struct process *after)
{
	struct process *p = after ? after->hh.next : t->processes;

	if (!t->limits_wanted)
		return NULL;
	for (; p; p = p->hh.next) {
		if (p->wants_limits)
			return p;
	}
	t->limits_wanted = false;
	return NULL;
}

void tracker__set_limits(struct tracker *t, struct process *p, const struct mt_limits *limits,
			 uint64_t ts_ns)
{
	const struct space *s = tracker__space(t, p->space);

	p->wants_limits = false;
	if (!limits)
		return;
	p->limits = *limits;
	if (s)
		check(t, p, s, ts_ns);
}
