/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Growth summed by site: a stack, or without one a call, the kind of memory and
 * the name of the thread. Knows no map: who keeps one says what is kept.
 */
#ifndef MEMTRACE_CORE_SITES_H
#define MEMTRACE_CORE_SITES_H

#include "cause.h"
#include "intern.h"
#include "region.h"

#define SITES_MAX 16384 /* of a space; what is beyond is summed up in the first */

struct site {
	/* The key; of a site with a stack, that alone. */
	uint32_t stack; /* stacks.h; 0: none */
	uint32_t what;	/* as of struct cause */
	int32_t nr;
	uint32_t kind; /* enum region_kind */
	char comm[CAUSE_COMM];
	/* From here on sums. */
	/* Made accessible, and by how many calls: a sample stands for others. */
	uint64_t bytes, calls;
	uint64_t own;	       /* bytes of the calls that were its own */
	uint64_t own_of_files; /* of these, in private mappings of files */
	double doubt;	       /* of samples: see site__error() */
	uint64_t widest;       /* the most that one of them stands for */
	uint64_t kept_own;     /* of these still accessible, and not returned; see site__kept() */
	uint64_t peak_own;
	uint64_t first_ns, last_ns;
};

/* What reports sum up. */
struct site_sums {
	uint64_t bytes, calls, kept;
};

/* What a call stands for when its stack was sampled; without one all are 0. */
struct site_sample {
	uint64_t asked, bytes, calls; /* that it asked for; that it stands for, and in so many */
};

void sites__init(struct intern *sites);

/* The site of a cause that made memory of that kind accessible. */
uint32_t sites__of(struct intern *sites, const struct cause *cause, enum region_kind kind);

/* One call: bytes became accessible. */
void sites__grew(struct intern *sites, uint32_t site, const struct cause *cause,
		 enum region_kind kind, uint64_t bytes, const struct site_sample *sample,
		 uint64_t ts_ns);

/* Bytes of it are accessible, or no longer. */
void site__keep(struct site *site, uint64_t bytes, bool more);

/* Where some calls stand for others, so does what is kept of them. */
uint64_t site__kept(const struct site *site);
uint64_t site__peak(const struct site *site);

struct site_sums site__sums(const struct site *site);
void site_sums__add(struct site_sums *to, const struct site_sums *more);

/*
 * How wrong site->bytes may be, up or down, 19 times of 20: 2 sqrt(sum of w (w - b)) + 3 max w
 * over its samples with w > b, where b is what the call made accessible and w for how
 * much it stands. The sum is the variance of a sample by size (Horvitz and Thompson), the
 * rest is for sites with few samples, and sites__top() takes the highest w of all sites for
 * it. 0 where each call was sampled, and without stacks.
 */
uint64_t site__error(const struct site *site);

/*
 * The at most max sites that keep most, then that grew most, to top; those of files come
 * after the others, and the one with the highest peak is among them. Returns how many.
 */
size_t sites__top(const struct intern *sites, struct site *top, size_t max);

/* The one of n with the highest peak; NULL: n is 0. */
const struct site *sites__highest(const struct site *list, size_t n);

#endif
