// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of cgroups toward their limit. Told once for each cgroup at 80% and at
 * 95%, of one of its processes; who reads it is not known.
 */
#include "tracker_private.h"

#include <stdlib.h>

#define CGROUPS_MAX 256 /* beyond, the one that was seen longest ago makes room */

struct cgroup {
	uint64_t id, seen_ns;
	struct rate rate;
	int told;
};

struct cgroups {
	struct cgroup list[CGROUPS_MAX];
	size_t n;
};

static struct cgroup *get(struct tracker *t, uint64_t id)
{
	struct cgroup *oldest, *g;
	struct cgroups *all;

	if (!t->cgroups)
		t->cgroups = calloc(1, sizeof(*t->cgroups));
	all = t->cgroups;
	if (!all)
		return NULL;
	oldest = all->list;
	for (g = all->list; g < all->list + all->n; g++) {
		if (g->id == id)
			return g;
		if (g->seen_ns < oldest->seen_ns)
			oldest = g;
	}
	g = all->n < CGROUPS_MAX ? &all->list[all->n++] : oldest;
	*g = (struct cgroup){ .id = id };
	return g;
}

void tracker__on_cgroup(struct tracker *t, struct process *p, const struct cgroup_memory *memory,
			uint64_t ts_ns)
{
	int level = limit__nearness(memory->used, memory->max);
	struct cgroup *g = get(t, memory->id);

	if (!g)
		return;
	g->seen_ns = ts_ns;
	if (level > g->told) {
		g->told = level;
		near__tell(t, p, tracker__space(t, p->space),
			   &(struct near){ LIMIT_CGROUP, "anonymous and shared in the cgroup",
					   memory->used, memory->max, &g->rate, level },
			   ts_ns);
	}
	rate__note(&g->rate, ts_ns, memory->used);
}

void cgroups__free(struct tracker *t)
{
	free(t->cgroups);
}
