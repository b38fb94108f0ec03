// SPDX-License-Identifier: GPL-2.0
/* Sums by site, and which are the largest; see sites.h. */
#include "sites.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

void sites__init(struct intern *sites)
{
	struct site others = { .what = CAUSE_OTHERS };

	intern__init(sites, sizeof(struct site), offsetof(struct site, bytes), SITES_MAX);
	intern__get(sites, &others);
}

uint32_t sites__of(struct intern *sites, const struct cause *cause, enum region_kind kind)
{
	struct site key;

	memset(&key, 0, sizeof(key));
	key.stack = cause->stack;
	if (!cause->stack) {
		key.what = cause->what;
		key.nr = cause->nr;
		key.kind = kind;
		memcpy(key.comm, cause->comm, sizeof(key.comm));
	}
	return intern__get(sites, &key);
}

static void add(struct site *site, uint64_t bytes, uint64_t calls, uint64_t ts_ns)
{
	site->bytes += bytes;
	site->calls += calls;
	if (!site->first_ns)
		site->first_ns = ts_ns;
	if (site->last_ns < ts_ns)
		site->last_ns = ts_ns;
}

/* Of a mapping that was accessible in part only the rest has grown: in proportion. */
static double weight_of(const struct site_sample *sample)
{
	if (sample->calls <= 1)
		return 1;
	return sample->asked ? (double)sample->bytes / (double)sample->asked :
			       (double)sample->calls;
}

static bool is_of_file(enum region_kind kind)
{
	return kind == KIND_TEXT || kind == KIND_RODATA || kind == KIND_DATA ||
	       kind == KIND_FILE_PRIVATE;
}

void sites__grew(struct intern *sites, uint32_t number, const struct cause *cause,
		 enum region_kind kind, uint64_t bytes, const struct site_sample *sample,
		 uint64_t ts_ns)
{
	struct site *site = intern__at(sites, number), *rest;
	struct cause without = *cause;
	uint64_t stands_for, more, calls;

	site->own += bytes;
	if (is_of_file(kind))
		site->own_of_files += bytes;
	stands_for = (uint64_t)((double)bytes * weight_of(sample));
	if (!cause->stack || stands_for <= bytes) {
		add(site, bytes, 1, ts_ns);
		return;
	}
	add(site, stands_for, sample->calls, ts_ns);
	site->doubt += (double)stands_for * (double)(stands_for - bytes);
	if (site->widest < stands_for)
		site->widest = stands_for;
	/* Those that it stands for had been summed up without a stack. */
	without.stack = 0;
	rest = intern__at(sites, sites__of(sites, &without, kind));
	more = stands_for - bytes;
	calls = sample->calls - 1;
	rest->bytes -= more < rest->bytes ? more : rest->bytes;
	/* How many calls that were is rounded: none are left of no bytes. */
	rest->calls -= calls < rest->calls && rest->bytes ? calls : rest->calls;
}

/* Newton's: the core does without libm. */
static double root(double v)
{
	double r = v > 1 ? v : 1;
	int i;

	for (i = 0; i < 128 && r * r > v * 1.0000001; i++)
		r = (r + v / r) / 2;
	return r;
}

uint64_t site__error(const struct site *site)
{
	return site->widest ? (uint64_t)(2 * root(site->doubt)) + 3 * site->widest : 0;
}

void site__keep(struct site *site, uint64_t bytes, bool more)
{
	if (more)
		site->kept_own += bytes;
	else
		site->kept_own -= bytes < site->kept_own ? bytes : site->kept_own;
	if (site->kept_own > site->peak_own)
		site->peak_own = site->kept_own;
}

/* In floating point: the product of two sizes is beyond 64 bits. */
static uint64_t scaled(const struct site *site, uint64_t own)
{
	if (!site->own || site->bytes == site->own)
		return own;
	return (uint64_t)((double)own * ((double)site->bytes / (double)site->own));
}

uint64_t site__kept(const struct site *site)
{
	return scaled(site, site->kept_own);
}

uint64_t site__peak(const struct site *site)
{
	return scaled(site, site->peak_own);
}

struct site_sums site__sums(const struct site *site)
{
	return (struct site_sums){ site->bytes, site->calls, site__kept(site) };
}

void site_sums__add(struct site_sums *to, const struct site_sums *more)
{
	to->bytes += more->bytes;
	to->calls += more->calls;
	to->kept += more->kept;
}

/* Mostly the loader's: pages that others have as well, and that are kept by nature. */
static bool of_files(const struct site *site)
{
	return site->own_of_files > site->own / 2;
}

static bool before(const struct site *a, const struct site *b)
{
	uint64_t kept_a = site__kept(a), kept_b = site__kept(b);

	if (of_files(a) != of_files(b))
		return of_files(b);
	return kept_a != kept_b ? kept_a > kept_b : a->bytes > b->bytes;
}

const struct site *sites__highest(const struct site *list, size_t n)
{
	const struct site *highest = n ? list : NULL;
	size_t i;

	for (i = 1; i < n; i++) {
		if (site__peak(&list[i]) > site__peak(highest))
			highest = &list[i];
	}
	return highest;
}

size_t sites__top(const struct intern *sites, struct site *top, size_t max)
{
	const struct site *highest = sites__highest(intern__at(sites, 0), sites->n);
	bool has_highest = false;
	uint64_t widest = 0;
	size_t n = 0, at, i;

	for (i = 0; i < sites->n; i++) {
		const struct site *site = intern__at(sites, (uint32_t)i);

		if (site->widest > widest)
			widest = site->widest;
		if (!site->bytes)
			continue;
		for (at = n; at && before(site, &top[at - 1]); at--)
			;
		if (at == max)
			continue;
		if (n < max)
			n++;
		memmove(top + at + 1, top + at, (n - 1 - at) * sizeof(*top));
		top[at] = *site;
	}
	for (i = 0; i < n; i++)
		has_highest |= !memcmp(&top[i], highest, offsetof(struct site, bytes));
	if (n && !has_highest)
		top[n - 1] = *highest;
	/*
	 * A site that was sampled may have been passed over where samples stood for most:
	 * it is rarely the one of which that is known.
	 */
	for (i = 0; i < n; i++)
		top[i].widest = top[i].widest ? widest : 0;
	return n;
}
