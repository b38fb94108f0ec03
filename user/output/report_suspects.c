// SPDX-License-Identifier: GPL-2.0
/* See report_suspects.h. Who needed memory is named, and never called guilty. */
#include "report_suspects.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/words.h"
#include "site_text.h"

#define TOLD_MAX 3 /* leaks that are told of a process, or of all */
#define FREE_LINES 2

static void leak_text(struct report_line *l, const struct leak *leak, const struct stacks *stacks)
{
	const struct trend *t = &leak->trend;
	char rate[HUMAN_RATE_ROOM], from[HUMAN_SIZE_ROOM], to[HUMAN_SIZE_ROOM];
	char span[HUMAN_NS_ROOM], who[SITE_ROOM];

	report_line__add(l, "%s by %s, from %s to %s in %s (confidence %s): ",
			 leak->stands ? "rises" : "withdrawn, rises no more: rose",
			 human_rate(t->slope, rate), human_size(t->from, from),
			 human_size(t->to, to), human_ns(t->last_ns - t->first_ns, span),
			 confidence__name(t->confidence));
	report_line__add_middle(l, 0, leak->whole ? "by no one site" :
						    site__text(&leak->site, stacks, who));
	report_line__end(l);
}

static void deleted_line(struct report_line *l, const struct suspicions *all)
{
	const struct deleted_file *first = all->deleted, *f;
	uint64_t more = all->n_deleted + all->more_deleted - 1;
	char others[32] = "", tail[80];
	bool image = false;

	/* Programs and libraries before data. */
	for (f = all->deleted; f < all->deleted + all->n_deleted; f++) {
		if (f->image && !image)
			first = f;
		image |= f->image;
	}
	report_line__begin(l, "deleted");
	if (more)
		snprintf(others, sizeof(others), " and %" PRIu64 " more", more);
	snprintf(tail, sizeof(tail), "%s, mapped yet%s", others,
		 image ? ": restart to pick up what is new" : "");
	report_line__add_middle(l, (unsigned int)strlen(tail), first->name);
	report_line__add(l, "%s", tail);
	report_line__end(l);
}

static size_t leaks_told(const struct suspicions *all)
{
	return all->n_leaks < TOLD_MAX ? all->n_leaks : TOLD_MAX;
}

static bool is_free_told(const struct suspicions *all)
{
	return all->malloc_ns && malloc_sum__matters(&all->malloc);
}

/*
 * As it was when it was last looked at, which may be a while ago: it has ended, or changed.
 * How much on one line, what keeps it on the next, so that a narrow screen has both.
 */
static void free_lines(struct report_line *l, const struct process *p)
{
	const struct suspicions *all = &p->suspicions;
	char text[MALLOC_SUM_ROOM], ago[HUMAN_NS_ROOM], *rest = text;
	const char *how_much, *clause;

	malloc_sum__text(&all->malloc, text);
	how_much = strsep(&rest, ";");
	report_line__begin(l, "free");
	report_line__add(l, "%s", how_much);
	if (p->last_ns > all->malloc_ns)
		report_line__add_if(l, 0, "; %s before the end",
				    human_ns(p->last_ns - all->malloc_ns, ago));
	report_line__end(l);
	report_line__begin(l, "");
	if ((clause = strsep(&rest, ";")))
		report_line__add(l, "%s", clause + 1);
	while ((clause = strsep(&rest, ";")))
		report_line__add_if(l, 0, ";%s", clause);
	report_line__end(l);
}

size_t report_suspects__lines(const struct process *p)
{
	const struct suspicions *all = &p->suspicions;

	return leaks_told(all) + (all->stacks != 0) + (all->n_deleted != 0) +
	       (is_free_told(all) ? FREE_LINES : 0);
}

void report_suspects__process(struct report_line *l, const struct process *p,
			      const struct stacks *stacks)
{
	const struct suspicions *all = &p->suspicions;
	char bytes[HUMAN_SIZE_ROOM];

	for (size_t i = 0; i < leaks_told(all); i++) {
		report_line__begin(l, i ? "" : "kept");
		leak_text(l, &all->leaks[i], stacks);
	}
	if (all->stacks) {
		report_line__begin(l, "stacks");
		report_line__add(l, "%" PRIu64 " of threads that have ended are kept, %s",
				 all->stacks, human_size(all->stack_bytes, bytes));
		report_line__end(l);
	}
	if (all->n_deleted)
		deleted_line(l, all);
	if (is_free_told(all))
		free_lines(l, p);
}

/* The next after p, or the first, in which something has been kept to the end. */
static const struct process *next_leaky(struct tracker *t, const struct process *p)
{
	do
		p = tracker__next_process(t, (struct process *)p);
	while (p && !(p->suspicions.n_leaks && p->suspicions.leaks[0].stands));
	return p;
}

size_t report_suspects__lines_of_all(struct tracker *t)
{
	const struct process *p = NULL;
	size_t n = 0;

	while (n <= TOLD_MAX && (p = next_leaky(t, p)))
		n++;
	return n;
}

void report_suspects__all(struct report_line *l, struct tracker *t)
{
	const struct process *p = NULL;
	size_t told = 0, more = 0;

	while ((p = next_leaky(t, p))) {
		if (told == TOLD_MAX) {
			more++;
			continue;
		}
		report_line__begin(l, told++ ? "" : "kept");
		report_line__add(l, "%s (pid %u) ", p->comm, p->tgid);
		leak_text(l, p->suspicions.leaks, tracker__stacks(t));
	}
	if (!more)
		return;
	report_line__begin(l, "");
	report_line__add(l, "and of %zu more processes", more);
	report_line__end(l);
}
