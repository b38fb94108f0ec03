/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the test of the call model keeps of one space: a second map, made by
 * the call model alone from the same calls. Knows nothing of tracing.
 */
#ifndef MODEL_SHADOW_H
#define MODEL_SHADOW_H

#include <stdio.h>
#include "core/call_model.h"
#include "core/tracker.h"

#define SHADOW_ALL ((struct range){ 0, 1ULL << 57 })
#define SHADOW_SECTIONS 256

/* A write section; open until the record of its call has come. */
struct shadow_section {
	uint32_t tid;
	bool open, tainted; /* tainted: what it did is in the map already */
	struct range at;
};

struct shadow {
	uint64_t id;
	struct region_map *map;
	struct layout layout;
	bool lock_future, lock_on_fault;
	bool forked;	 /* the map is what the model says that fork gives: not compared yet */
	bool call_walks; /* the walk that is coming is what a call has done */
	bool stale;	 /* something came that only a whole walk can mend */
	struct shadow_section sections[SHADOW_SECTIONS]; /* the newest at next - 1 */
	uint32_t next;
	uint64_t compared; /* calls; of many regions not all are compared after each */
	UT_hash_handle hh;
};

struct shadows {
	struct shadow *by_id;
	struct backings *backings;
	struct tracker *tracker;
};

struct shadow *shadows__find(struct shadows *all, uint64_t id);
struct shadow *shadows__get(struct shadows *all, uint64_t id);
/* Forgets those whose space is gone. */
void shadows__sweep(struct shadows *all);

/* What the kernel has in the range takes the place of what the model has. */
void shadow__sync(struct shadows *all, struct shadow *sh, const struct space *truth,
		  struct range at);
/* As shadow__sync; calls under way that have written there are not to be applied again. */
void shadow__overtake(struct shadows *all, struct shadow *sh, const struct space *truth,
		      struct range at, uint32_t tid);

void shadow__note_section(struct shadow *sh, uint32_t tid, struct range at);

/* The sections of a call whose record has come: closes them. */
struct shadow_own {
	struct range at; /* hull of them and of the call's own ranges */
	bool overlapped; /* with what another thread did meanwhile */
	bool others;	 /* other calls have written already and not been told */
};
struct shadow_own shadow__close_sections(struct shadow *sh, uint32_t tid, struct range call);

/*
 * The first stretch in range where the two maps differ: false when there is
 * none. What differs is *ret_what, a static text: "not mapped by the model", "locked" ...
 */
bool shadow__differs(const struct shadows *all, const struct shadow *sh, const struct space *truth,
		     struct range at, struct range *ret_at, const char **ret_what);

/* Both maps around a stretch. */
void shadow__print(FILE *to, const struct shadows *all, const struct shadow *sh,
		   const struct space *truth, struct range at);

#endif
