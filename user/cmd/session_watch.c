// SPDX-License-Identifier: GPL-2.0
/*
 * What no event tells, looked at now and then: what rises with time, files that are
 * mapped and gone, and cgroups. Owns when that is, and how long it may take.
 */
#include "session_private.h"

#include <stdlib.h>
#include <string.h>

#include "input/cgroup.h"
#include "input/proc_file.h"

#define SAMPLE_NS (1000 * NS_PER_MS)
/* At most: at first it is a second, and twice as long each time, for what ends soon. */
#define WATCH_NS (10000 * NS_PER_MS)
#define BUDGET_NS (20 * NS_PER_MS) /* of a round; what is left over comes with the next */
#define LARGE (16ull << 20)	   /* cgroups of those that have less are not looked for */
#define GROUPS_MAX 64
#define FILES_MAX (1u << 20)

/* A cgroup that was met in this round, and the largest process in it or below. */
struct group {
	uint64_t path_hash;
	struct cgroup_usage usage;
	struct process *largest;
	uint64_t largest_bytes;
};

struct round {
	struct session *s;
	uint64_t now;
	uint8_t *files; /* by backing: FILE_* */
	size_t n_files;
	struct group groups[GROUPS_MAX];
	size_t n_groups;
};

enum { FILE_NEW, FILE_THERE, FILE_GONE };

/* What is known of that file in this round; NULL: nothing can be kept. */
static uint8_t *file_state(struct round *r, uint32_t backing)
{
	size_t n = r->n_files ? r->n_files : 1024;
	uint8_t *files;

	if (backing >= FILES_MAX)
		return NULL;
	while (n <= backing)
		n *= 2;
	if (n > r->n_files) {
		files = realloc(r->files, n);
		if (!files)
			return NULL;
		memset(files + r->n_files, FILE_NEW, n - r->n_files);
		r->files = files;
		r->n_files = n;
	}
	return &r->files[backing];
}

static bool has_time(const struct round *r)
{
	return session__now() - r->now < BUDGET_NS;
}

static bool is_gone(const struct process *p, const struct region *at, const struct backing *b)
{
	const struct mapped_file file = {
		.start = at->start,
		.end = at->end,
		.ino = b->ino,
		.dev_major = b->dev_major,
		.dev_minor = b->dev_minor,
		.name = b->name,
	};

	return proc_file__gone((pid_t)p->tgid, &file) > 0;
}

/* Each file once a round, whoever maps it: libraries are mapped by all. */
static void watch_files(struct round *r, struct process *p, const struct space *space)
{
	const struct backings *backings = tracker__backings(r->s->tracker);
	const struct region *at;
	struct region_iter it;
	uint8_t *state;

	for (at = region_iter__init(&it, space->map, 0); at; at = region_iter__next(&it)) {
		const struct backing *b = backings__get(backings, at->backing);

		if (!region__may_be_gone(at, b))
			continue;
		state = file_state(r, at->backing);
		if (state && *state == FILE_NEW && has_time(r))
			*state = is_gone(p, at, b) ? FILE_GONE : FILE_THERE;
		if (state && *state == FILE_GONE)
			tracker__on_deleted(r->s->tracker, p, at->backing, r->now);
	}
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 0x100000001b3ull;
	return hash;
}

/* The cgroup of p that is nearest to its limit; NULL when none has one. */
static struct group *group_of(struct round *r, const struct process *p)
{
	char path[PATH_MAX];
	struct group *g;
	uint64_t hash;

	if (cgroup__of_process((pid_t)p->tgid, path))
		return NULL;
	hash = hash_of(path);
	for (g = r->groups; g < r->groups + r->n_groups; g++) {
		if (g->path_hash == hash)
			return g->usage.max ? g : NULL;
	}
	if (r->n_groups == GROUPS_MAX)
		return NULL;
	*g = (struct group){ .path_hash = hash };
	r->n_groups++;
	return cgroup__nearest(path, &g->usage) ? NULL : g;
}

static void watch_cgroup(struct round *r, struct process *p, const struct space *space)
{
	uint64_t bytes = region_map__totals(space->map)->accessible;
	struct group *g = bytes >= LARGE ? group_of(r, p) : NULL;

	if (g && bytes > g->largest_bytes) {
		g->largest = p;
		g->largest_bytes = bytes;
	}
}

static void tell_groups(struct round *r)
{
	struct group *g;

	for (g = r->groups; g < r->groups + r->n_groups; g++) {
		struct cgroup_memory memory = { g->usage.id, g->usage.used, g->usage.max };

		if (g->largest)
			tracker__on_cgroup(r->s->tracker, g->largest, &memory, r->now);
	}
}

/* The process to begin with: where the last round had no time to go on; or the first. */
static struct process *first_of(struct session *s)
{
	struct process *p = s->watched_tgid ? tracker__process(s->tracker, s->watched_tgid) : NULL;

	return p ? p : tracker__next_process(s->tracker, NULL);
}

static void watch_round(struct session *s, uint64_t now)
{
	struct round r = { .s = s, .now = now };
	const struct space *space;
	struct process *p;

	/* More cgroups than there is room for come with the next round, as does what takes long. */
	for (p = first_of(s); p && has_time(&r) && r.n_groups < GROUPS_MAX;
	     p = tracker__next_process(s->tracker, p)) {
		space = p->ended ? NULL : tracker__space(s->tracker, p->space);
		if (!space || !space->exact)
			continue;
		watch_files(&r, p, space);
		watch_cgroup(&r, p, space);
	}
	while (p && p->ended)
		p = tracker__next_process(s->tracker, p);
	s->watched_tgid = p ? p->tgid : 0;
	tell_groups(&r);
	free(r.files);
}

void session__watch(struct session *s, uint64_t now, bool last)
{
	if (now - s->sampled_ns >= SAMPLE_NS) {
		s->sampled_ns = now;
		tracker__sample(s->tracker, now);
	}
	if (!s->watches)
		return;
	if (!last && now - s->watched_ns < s->watch_ns)
		return;
	if (!s->watch_ns)
		s->watch_ns = SAMPLE_NS;
	else
		s->watch_ns = 2 * s->watch_ns < WATCH_NS ? 2 * s->watch_ns : WATCH_NS;
	s->watched_ns = now;
	watch_round(s, now);
}
