/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this kernel offers and what we may use of it: found out by trying and
 * from BTF, never from a version number. Returns data; renders nothing.
 */
#ifndef MEMTRACE_INPUT_FEATURES_H
#define MEMTRACE_INPUT_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include "tier.h"

/* Where to look, NULL for the usual places; for tests that point it elsewhere. */
struct features_roots {
	const char *btf;     /* /sys/kernel/btf/vmlinux */
	const char *tracefs; /* /sys/kernel/debug/tracing, /sys/kernel/tracing */
};

enum feature_need {
	FEATURE_REQUIRED, /* no tracing without it */
	FEATURE_USED,	  /* tracing works without, with something less */
	FEATURE_EXTRA,	  /* not used so far */
};
const char *feature_need__name(enum feature_need need);

struct feature {
	const char *name;
	enum feature_need need;
	bool present;
	char detail[256];   /* what was found, or what is missing; may be "" */
	const char *why;    /* what it is good for */
	const char *remedy; /* when it is not present */
};

/*
 * Looks for everything: takes some 20 ms, for BTF is read. *ret is an array for
 * free(3). Returns 0 or -ENOMEM.
 */
int features__probe(const struct features_roots *roots, struct feature **ret, size_t *ret_n);

/* True when every FEATURE_REQUIRED of the n is present. */
bool features__can_trace(const struct feature *features, size_t n);

/*
 * The best tier that this kernel has, where all that is required is present;
 * TIER_NR where it is not. Each that is better was tried, as far as possible:
 * why_not[] says what stands in its way.
 */
#define FEATURES_WHY_LEN 512
enum tier features__tier(const struct feature *features, size_t n,
			 char why_not[TIER_NR][FEATURES_WHY_LEN]);

/*
 * Looks only for what tracing cannot do without, the cheap way: 0 when all is
 * there, else -EPERM (a privilege is missing) or -ENOTSUP, and why says what is
 * missing and how to get it, in one line.
 */
int features__check_trace(char *why, size_t len);
int features__check_trace_at(const struct features_roots *roots, char *why, size_t len);

#endif
