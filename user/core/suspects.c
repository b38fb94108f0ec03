// SPDX-License-Identifier: GPL-2.0
/*
 * Kept bytes that rise with time, by site. Owns the series of each space and what
 * was told of them; whether something rises is trend.c's. Costs nothing per event.
 */
#include "tracker_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

#define RISE_MIN (256ull << 10) /* what rose by less is not told */
#define WHOLE UINT32_MAX	/* instead of a site: all that is kept */

struct suspect {
	uint32_t site; /* number in origins__sites() */
	struct series series;
	struct trend now, risen; /* now; and when it last rose */
	enum confidence told;
	uint64_t told_bytes;
};

struct suspects {
	struct suspect *list;
	size_t n, room;
	uint64_t grown; /* origins__grown() when sites were last looked for */
};

static uint64_t kept_of(const struct space *s, uint32_t site)
{
	return site == WHOLE ? origins__kept(s->origins) :
			       site__kept(intern__at(origins__sites(s->origins), site));
}

static bool is_watched(const struct suspects *all, uint32_t site)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		if (all->list[i].site == site)
			return true;
	}
	return false;
}

/* Where there is no room: one that keeps little beside it, and was never told. */
static struct suspect *find_lesser(const struct space *s, uint64_t kept)
{
	struct suspect *least = NULL, *e;
	uint64_t least_kept = kept / 2, is;

	for (e = s->suspects->list; e < s->suspects->list + s->suspects->n; e++) {
		is = kept_of(s, e->site);
		if (e->site == WHOLE || e->told || is >= least_kept)
			continue;
		least = e;
		least_kept = is;
	}
	return least;
}

static void watch(struct tracker *t, struct space *s, uint32_t site)
{
	struct suspects *all = s->suspects;
	struct suspect *e = NULL, *list;
	size_t room = all->room ? 2 * all->room : 4;

	if (is_watched(all, site))
		return;
	if (all->n == all->room && room <= SUSPECTS_MAX && t->series < SUSPECTS_SERIES_MAX) {
		list = realloc(all->list, room * sizeof(*list));
		if (!list)
			return;
		all->list = list;
		all->room = room;
	}
	if (all->n < all->room) {
		e = &all->list[all->n++];
		t->series++;
	} else {
		e = find_lesser(s, kept_of(s, site));
	}
	if (e)
		*e = (struct suspect){ .site = site };
}

/* Sites that are worth it; none are new unless something grew. */
static void find_sites(struct tracker *t, struct space *s)
{
	const struct intern *sites = origins__sites(s->origins);
	uint64_t grown = origins__grown(s->origins);
	uint32_t i;

	if (s->suspects ? s->suspects->grown == grown :
			  origins__kept(s->origins) < SUSPECT_KEPT_MIN)
		return;
	if (!s->suspects) {
		s->suspects = calloc(1, sizeof(*s->suspects));
		if (!s->suspects)
			return;
		watch(t, s, WHOLE);
	}
	s->suspects->grown = grown;
	for (i = 0; i < sites->n; i++) {
		if (site__kept(intern__at(sites, i)) >= SUSPECT_KEPT_MIN)
			watch(t, s, i);
	}
}

static struct leak leak_of(const struct space *s, const struct suspect *e)
{
	struct leak leak = {
		.whole = e->site == WHOLE,
		.trend = e->risen,
		.stands = e->now.confidence != CONFIDENCE_NONE,
	};

	if (!leak.whole)
		leak.site = *(const struct site *)intern__at(origins__sites(s->origins), e->site);
	return leak;
}

/* What rises as a whole is told only when sites do not explain it. */
static bool is_explained(const struct suspects *all, const struct suspect *whole)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < all->n; i++) {
		if (all->list[i].site != WHOLE && all->list[i].now.confidence)
			sum += all->list[i].now.slope;
	}
	return 2 * sum >= whole->now.slope;
}

static bool is_news(const struct suspects *all, const struct suspect *e)
{
	if (e->now.confidence == CONFIDENCE_NONE)
		return false;
	if (e->site == WHOLE &&
	    (e->now.confidence < CONFIDENCE_MEDIUM || is_explained(all, e)))
		return false;
	return e->now.confidence > e->told || e->now.to / 2 >= e->told_bytes;
}

static void tell(struct tracker *t, struct space *s, struct suspect *e, uint64_t ts_ns)
{
	struct process *p = tracker__process(t, s->tgid);
	struct leak leak = leak_of(s, e);
	const struct trend *trend = &leak.trend;
	struct finding f = {
		.kind = FINDING_LEAK,
		.severity = trend->confidence > CONFIDENCE_LOW ? SEVERITY_WARNING : SEVERITY_INFO,
		.bytes = trend->to - trend->from,
		.leak = &leak,
	};
	char rate[HUMAN_RATE_ROOM], from[HUMAN_SIZE_ROOM], to[HUMAN_SIZE_ROOM];
	char span[HUMAN_NS_ROOM];

	if (!p)
		return;
	if (trend->confidence > e->told)
		e->told = trend->confidence;
	e->told_bytes = trend->to;
	snprintf(f.text, sizeof(f.text),
		 "%s rises by %s: from %s to %s in %s, %u samples; confidence %s",
		 leak.whole ? "all that is kept, by no one site," :
			      "needed memory, and what is kept of it",
		 human_rate(trend->slope, rate), human_size(trend->from, from),
		 human_size(trend->to, to), human_ns(trend->last_ns - trend->first_ns, span),
		 trend->samples, confidence__name(trend->confidence));
	finding__tell_of_space(t, p, s, &f, ts_ns);
}

void suspects__sample(struct tracker *t, struct space *s, uint64_t ts_ns)
{
	struct suspect *e;
	size_t i;

	/* What is not known exactly may come and go with that. */
	if (!s->exact || !s->origins)
		return;
	find_sites(t, s);
	for (i = 0; s->suspects && i < s->suspects->n; i++) {
		e = &s->suspects->list[i];
		if (!series__add(&e->series, ts_ns, kept_of(s, e->site)))
			continue;
		e->now = series__trend(&e->series, RISE_MIN);
		if (e->now.confidence)
			e->risen = e->now;
	}
	for (i = 0; s->suspects && i < s->suspects->n; i++) {
		if (is_news(s->suspects, &s->suspects->list[i]))
			tell(t, s, &s->suspects->list[i], ts_ns);
	}
}

void suspects__free(struct tracker *t, struct space *s)
{
	if (!s->suspects)
		return;
	t->series -= s->suspects->n;
	free(s->suspects->list);
	free(s->suspects);
	s->suspects = NULL;
}

static bool before(const struct leak *a, const struct leak *b)
{
	return a->stands != b->stands ? a->stands : a->trend.to > b->trend.to;
}

void suspects__note(struct process *p, const struct space *s)
{
	struct suspicions *to = &p->suspicions;
	const struct suspect *e;
	struct leak leak;
	size_t i, at;

	to->n_leaks = 0;
	for (i = 0; s->suspects && i < s->suspects->n; i++) {
		e = &s->suspects->list[i];
		if (!e->told)
			continue;
		if (!to->leaks)
			to->leaks = calloc(LEAKS_NOTED, sizeof(*to->leaks));
		if (!to->leaks)
			return;
		leak = leak_of(s, e);
		for (at = to->n_leaks; at && before(&leak, &to->leaks[at - 1]); at--)
			;
		if (at == LEAKS_NOTED)
			continue;
		if (to->n_leaks < LEAKS_NOTED)
			to->n_leaks++;
		memmove(to->leaks + at + 1, to->leaks + at,
			(to->n_leaks - 1 - at) * sizeof(*to->leaks));
		to->leaks[at] = leak;
	}
}

void suspicions__drop(struct suspicions *all)
{
	free(all->leaks);
	free(all->deleted);
	*all = (struct suspicions){ 0 };
}

void tracker__sample(struct tracker *t, uint64_t ts_ns)
{
	struct process *p, *p_tmp;
	struct space *s, *s_tmp;

	HASH_ITER(hh, t->processes, p, p_tmp) {
		s = tracker__space(t, p->space);
		if (s)
			limits__sample(p, s, ts_ns);
	}
	HASH_ITER(hh, t->spaces, s, s_tmp) {
		suspects__sample(t, s, ts_ns);
		kept_stacks__sample(t, s, ts_ns);
	}
}
