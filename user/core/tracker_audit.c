// SPDX-License-Identifier: GPL-2.0
/*
 * Audits in tier truth: each map against what the kernel counts and hashes of
 * its own. Owns what a failed one means; knows nothing of how events come.
 */
#include "tracker_private.h"

/*
 * So many failures, and no whole map in between that was right, are no accident:
 * a whole map is read at one moment, under the lock or proven to be still, and
 * the counters with it. What was lost or missed before cannot make it wrong.
 */
#define DISTRUST_MAX 3

static void tell(struct tracker *t, struct space *s, const char *why, const char *expected,
		 const char *got, uint64_t ts_ns)
{
	struct audit_record rec = {
		.ts_ns = ts_ns,
		.process = tracker__process(t, s->tgid),
		.space = s,
		.why = why,
		.expected = expected,
		.got = got,
	};

	t->distrust++;
	if (t->observer && t->observer->audit)
		t->observer->audit(t->observer_ctx, &rec);
	space__uncertain(t, s, why, ts_ns);
}

static void fail(struct tracker *t, struct space *s, const char *why, uint64_t ts_ns)
{
	t->totals.audits++;
	t->totals.audit_failures++;
	tell(t, s, why, NULL, NULL, ts_ns);
}

static void pass(struct tracker *t, bool whole)
{
	t->totals.audits++;
	if (whole)
		t->distrust = 0;
}

bool tracker__distrusted(const struct tracker *t)
{
	return t->truth && t->distrust >= DISTRUST_MAX;
}

/*
 * The sizes are kept by vm_stat_account() (mm/mmap.c). What is a stack there,
 * but not in regions (a shadow stack), is data here: their sum is compared.
 */
static bool sizes_agree(const struct region_totals *totals, const struct mt_counters *mm)
{
	return totals->bytes == mm->total_vm * REGION_PAGE &&
	       totals->data + totals->grows_down == (mm->data_vm + mm->stack_vm) * REGION_PAGE &&
	       totals->grows_down <= mm->stack_vm * REGION_PAGE;
}

/* An unmapping that goes on may take from them yet, but never add. */
static bool sizes_may_agree(const struct region_totals *totals, const struct mt_counters *mm)
{
	return totals->bytes <= mm->total_vm * REGION_PAGE &&
	       totals->data + totals->grows_down <= (mm->data_vm + mm->stack_vm) * REGION_PAGE;
}

/*
 * mlock_fixup() (mm/mlock.c) counts a region's pages in an int. With so much locked
 * in all, one region may have been too large for it: the count is not compared.
 */
#define LOCKED_COUNTED (REGION_PAGE << 31)

/* Drivers count what they pin as locked too (account_locked_vm, mm/util.c). */
static bool numbers_agree(const struct region_totals *totals, const struct mt_counters *mm)
{
	return totals->regions == mm->map_count &&
	       (totals->locked <= mm->locked_vm * REGION_PAGE || totals->locked >= LOCKED_COUNTED);
}

/* What the map must be like, as far as counters tell. */
static bool map_agrees(const struct space *s, const struct mt_counters *mm, bool unsettled)
{
	const struct region_totals *totals = region_map__totals(s->map);

	return numbers_agree(totals, mm) &&
	       (unsettled ? sizes_may_agree(totals, mm) : sizes_agree(totals, mm));
}

/*
 * The lock is given down to reading before what was taken off the map is taken
 * off the sizes (vms_complete_munmap_vmas, mm/vma.c; remove_mt until 6.11), and
 * nothing is added in such a section: they are still those of the map before it.
 * The other that gives it down is a fault, when a stack has grown (expand_stack,
 * mm/mmap_lock.c): that only adds, and has been added.
 */
void audit__section(struct tracker *t, struct space *s, const struct region_totals *before,
		    const struct section_event *ev)
{
	const struct region_totals *now = region_map__totals(s->map);
	bool pending = ev->downgraded && now->bytes < before->bytes;

	if (numbers_agree(now, &ev->mm) && sizes_agree(pending ? before : now, &ev->mm))
		pass(t, false);
	else
		fail(t, s, "the kernel's counters disagree", ev->ts_ns);
}

bool audit__walk(struct tracker *t, struct space *s, const struct walk_event *ev)
{
	bool agrees = map_agrees(s, &ev->mm, ev->unsettled);

	if (agrees)
		pass(t, true);
	else
		fail(t, s, "the kernel's counters disagree with its own map", ev->ts_ns);
	return agrees;
}

void audit__bad_walk(struct tracker *t, struct space *s, uint64_t ts_ns)
{
	fail(t, s, "the kernel's map cannot be read", ts_ns);
}

/* As the kernel side hashes them (bpf/walk.bpf.h, hash_region). */
static uint64_t map_hash(const struct region_map *map)
{
	const struct region *r;
	struct region_iter it;
	uint64_t hash = 0;

	for (r = region_iter__init(&it, map, 0); r; r = region_iter__next(&it)) {
		uint64_t flags = r->flags & REGION_RWX;

		flags |= r->flags & REGION_SHARED ? MT_VM_MAYSHARE : 0;
		flags |= r->flags & REGION_LOCKED ? MT_VM_LOCKED : 0;
		flags |= r->flags & REGION_DONTFORK ? MT_VM_DONTCOPY : 0;
		flags |= r->flags & REGION_GROWSDOWN ? MT_VM_GROWSDOWN : 0;
		flags |= r->flags & REGION_NORESERVE ? MT_VM_NORESERVE : 0;
		flags |= r->flags & REGION_HUGETLB ? MT_VM_HUGETLB : 0;
		hash = mt_hash_region(hash, r->start, r->end, flags, r->offset);
	}
	return hash;
}

int tracker__on_audit(struct tracker *t, const struct audit_event *ev)
{
	struct space *s = tracker__space(t, ev->space);

	if (!s || !s->has_base)
		return 0;
	/* Sections have come since that it does not know of: another one will. */
	if (truth__number(s, ev->seq) < s->next_seq)
		return 0;
	truth__advance(t, s, truth__number(s, ev->seq), ev->ts_ns);
	if (!s->exact)
		return 0;
	if (ev->bad) {
		audit__bad_walk(t, s, ev->ts_ns);
	} else if (map_hash(s->map) == ev->hash && map_agrees(s, &ev->mm, ev->unsettled)) {
		pass(t, true);
		s->proofs++;
	} else {
		fail(t, s, "the hash of the kernel's map differs", ev->ts_ns);
	}
	return 0;
}

void tracker__on_malformed_walk(struct tracker *t, uint64_t space, uint64_t ts_ns)
{
	struct space *s = t->truth ? tracker__space(t, space) : NULL;

	if (s)
		fail(t, s, "what was read of its map makes no sense", ts_ns);
}

void tracker__on_difference(struct tracker *t, struct space *s, const char *expected,
			    const char *got, uint64_t ts_ns)
{
	tell(t, s, "/proc/PID/maps differs", expected, got, ts_ns);
}
