/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ways in which maps are made, and what each cannot do without of a kernel.
 * One table says so, for loading and for `memtrace features`. Chooses nothing.
 */
#ifndef MEMTRACE_INPUT_TIER_H
#define MEMTRACE_INPUT_TIER_H

struct kernel_types;

/* The best first: that is how they are tried. Name, what it is, where it is to be had. */
#define TIERS(X)                                                                       \
	X(TRUTH, "truth", "read under the kernel's own lock", "6.1 and newer")         \
	X(ORDERED, "ordered", "worked out from system calls in the order of the lock", \
	  "5.11 and newer")                                                            \
	X(CALLS, "calls", "worked out from system calls", "5.8 and newer")

enum tier {
#define X(id, name, what, kernels) TIER_##id,
	TIERS(X)
#undef X
		TIER_NR
};
const char *tier__name(enum tier tier);

/*
 * The first thing that a tier needs and this kernel has not, under its name in
 * `memtrace features`; NULL when all is there.
 */
const char *tier__lacks(enum tier tier, const struct kernel_types *types);

#endif
