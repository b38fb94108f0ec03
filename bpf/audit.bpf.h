/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Audits: a hash over all regions of a space and its counters, for user space to
 * compare its map with. Says when one is due; who calls knows that the map is still.
 */
#ifndef MEMTRACE_AUDIT_BPF_H
#define MEMTRACE_AUDIT_BPF_H

#include "scope.bpf.h"
#include "walk.bpf.h"

/*
 * After so many sections, and four for each region: whatever the size of the
 * map, a section pays for a quarter of one region, and for a 64th of a walk.
 */
#define AUDIT_SECTIONS 64
#define AUDIT_SECTIONS_REGION 4

/* Sends what walk_hash() found, under s->head. */
static __always_inline void audit_send(struct scratch *s, __u64 seq, __u32 flags)
{
	struct mt_audit *a;

	count_seen(MT_EVENT_AUDIT);
	a = record_reserve(MT_EVENT_AUDIT, s->head.space, sizeof(*a));
	if (!a)
		return;
	a->e = s->head;
	a->e.type = MT_EVENT_AUDIT;
	a->e.flags = flags;
	a->seq = seq & MT_SEQ_MASK;
	a->hash = s->hash;
	a->mm = s->counters;
	record_submit(a);
}

#endif
