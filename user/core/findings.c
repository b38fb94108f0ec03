// SPDX-License-Identifier: GPL-2.0
/*
 * What is worth telling a person: growth, limits, failures and locks, and how
 * anything is told; protections are protections.c's. Each kind is told when it is
 * news and then seldom, so that output stays bounded however often it happens.
 */
#include "tracker_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

/* Growth is told when it is this much and a quarter more than was told before. */
#define GROWTH_STEP (1ull << 20)

const char *finding_kind__name(enum finding_kind kind)
{
	static const char *const names[FINDING_NR] = {
#define X(id, name, text) [FINDING_##id] = name,
		FINDING_KINDS(X)
#undef X
	};

	return kind < FINDING_NR ? names[kind] : "?";
}

static uint64_t grows_by(const struct call *c)
{
	switch (c->id) {
	case MT_CALL_MMAP:
	case MT_CALL_MLOCK:
	case MT_CALL_MLOCK2:
		return c->args[1];
	case MT_CALL_BRK:
		return c->args[0] > c->args[1] ? c->args[0] - c->args[1] : 0;
	case MT_CALL_MREMAP:
		return c->args[2] > c->args[1] ? c->args[2] - c->args[1] : 0;
	default:
		return 0;
	}
}

static bool over(uint64_t pages, uint64_t more, uint64_t limit)
{
	return limit != UINT64_MAX && (more > limit || pages * REGION_PAGE > limit - more);
}

const char *severity__name(enum severity severity)
{
	static const char *const names[SEVERITY_NR] = {
#define X(id, name) [SEVERITY_##id] = name,
		SEVERITIES(X)
#undef X
	};

	return severity < SEVERITY_NR ? names[severity] : "?";
}

/* mm/mmap.c, mm/mlock.c, mm/vma.c: the checks that lead to ENOMEM, EAGAIN and EPERM. */
enum limit limit__of_call(const struct tracker *t, const struct call *c, uint64_t *ret_bytes)
{
	uint64_t more = grows_by(c);
	bool locks = c->id == MT_CALL_MLOCK || c->id == MT_CALL_MLOCK2 ||
		     c->id == MT_CALL_MLOCKALL || c->ret == -EAGAIN;
	enum limit limit = LIMIT_NONE;

	if (!c->has_limits ||
	    (c->id != MT_CALL_BRK && c->ret != -ENOMEM && c->ret != -EAGAIN && c->ret != -EPERM))
		return LIMIT_NONE;
	if (c->id == MT_CALL_MLOCKALL)
		more = (c->mm.total_vm - c->mm.locked_vm) * REGION_PAGE;
	if (locks) {
		if (over(c->mm.locked_vm, more, c->limits.memlock)) {
			limit = LIMIT_MEMLOCK;
			*ret_bytes = c->limits.memlock;
		}
	} else if (c->ret == -EPERM) {
		limit = LIMIT_NONE;
	} else if (more && over(c->mm.total_vm, more, c->limits.as)) {
		limit = LIMIT_AS;
		*ret_bytes = c->limits.as;
	} else if (more && over(c->mm.data_vm, more, c->limits.data)) {
		limit = LIMIT_DATA;
		*ret_bytes = c->limits.data;
	} else if (t->max_map_count && c->mm.map_count + 1 >= t->max_map_count) {
		limit = LIMIT_MAP_COUNT;
		*ret_bytes = t->max_map_count;
	}
	return limit;
}

void finding__tell(struct tracker *t, struct process *p, const struct call_record *rec,
		   struct finding *f)
{
	p->findings[f->kind]++;
	f->ts_ns = rec->call->exit_ns;
	f->process = p;
	f->space = rec->space;
	f->tid = rec->call->tid;
	f->region_name = rec->region_name ? rec->region_name : "[anon]";
	f->region_kind = rec->kind;
	f->call = rec;
	if (!f->end) {
		f->start = rec->change->start;
		f->end = rec->change->end;
	}
	if (t->observer && t->observer->finding)
		t->observer->finding(t->observer_ctx, f);
}

void finding__tell_of_space(struct tracker *t, struct process *p, const struct space *s,
			    struct finding *f, uint64_t ts_ns)
{
	p->findings[f->kind]++;
	f->ts_ns = ts_ns;
	f->process = p;
	f->space = s;
	if (t->observer && t->observer->finding)
		t->observer->finding(t->observer_ctx, f);
}

bool finding__is_news(uint64_t count)
{
	while (count % 10 == 0 && count)
		count /= 10;
	return count == 1;
}

static void find_growth(struct tracker *t, struct process *p, const struct space *s,
			const struct call_record *rec)
{
	uint64_t accessible = region_map__totals(s->map)->accessible, heap, other, now;
	struct finding f;
	uint64_t *told;
	char a[HUMAN_SIZE_ROOM], b[HUMAN_SIZE_ROOM];
	const char *what;

	if (rec->change->kind != CHANGE_APPLIED || !s->has_base)
		return;
	heap = s->layout.brk > s->layout.start_brk ? s->layout.brk - s->layout.start_brk : 0;
	other = accessible > heap ? accessible - heap : 0;
	told = rec->call->id == MT_CALL_BRK ? &p->told_heap : &p->told_other;
	now = rec->call->id == MT_CALL_BRK ? heap : other;
	what = rec->call->id == MT_CALL_BRK ? "heap (brk)" : "mapped and accessible memory";
	if (now < *told + GROWTH_STEP || now - *told < *told / 4)
		return;
	f = (struct finding){ .kind = FINDING_GROWTH, .bytes = now - *told };
	snprintf(f.text, sizeof(f.text), "%s grew by %s to %s", what, human_size(f.bytes, a),
		 human_size(now, b));
	*told = now;
	finding__tell(t, p, rec, &f);
}

static void find_locked(struct tracker *t, struct process *p, const struct space *s,
			const struct call_record *rec)
{
	uint64_t locked = s->mm.locked_vm * REGION_PAGE;
	struct finding f;
	char a[HUMAN_SIZE_ROOM];

	if (locked <= p->told_locked || locked - p->told_locked < p->told_locked / 4)
		return;
	f = (struct finding){ .kind = FINDING_LOCKED, .bytes = locked - p->told_locked };
	snprintf(f.text, sizeof(f.text), "%s locked now", human_size(locked, a));
	p->told_locked = locked;
	finding__tell(t, p, rec, &f);
}

/* Why, in one word; brk gives no error, it leaves the break where it was. */
static const char *refusal(const struct call *c)
{
	const char *name = c->id == MT_CALL_BRK ? "the break stays" : errno__name((int)-c->ret);

	return name ? name : "unknown error";
}

static void find_refusal(struct tracker *t, struct process *p, const struct call_record *rec)
{
	struct finding f = {
		.kind = rec->limit == LIMIT_NONE ? FINDING_FAILURE : FINDING_LIMIT,
		.severity = rec->limit == LIMIT_NONE ? SEVERITY_INFO : SEVERITY_WARNING,
		.bytes = rec->change->end - rec->change->start,
	};
	const char *call = call__name(rec->call->id);
	char size[HUMAN_SIZE_ROOM + 4] = "", a[HUMAN_SIZE_ROOM];

	if (t->observer && t->observer->refused)
		t->observer->refused(t->observer_ctx, rec);
	/* Programs ask for what a kernel may not have: EINVAL is no news but to -x. */
	if (!finding__is_news(p->findings[f.kind] + 1)) {
		p->findings[f.kind]++;
		return;
	}
	if (grows_by(rec->call))
		snprintf(size, sizeof(size), " of %s", human_size(grows_by(rec->call), a));
	if (rec->limit == LIMIT_NONE)
		snprintf(f.text, sizeof(f.text), "%s%s failed: %s", call, size, refusal(rec->call));
	else
		snprintf(f.text, sizeof(f.text), "%s%s failed at %s, %s", call, size,
			 limit__name(rec->limit), limit__value(rec->limit, rec->limit_bytes, a));
	finding__tell(t, p, rec, &f);
}

void findings__of_call(struct tracker *t, struct process *p, struct space *s,
		       const struct call_record *rec)
{
	/* First: what failed may have done a part of its work. */
	protections__of_call(t, p, s, rec);
	limits__of_call(t, p, s, rec);
	if (call__refused(rec->call)) {
		find_refusal(t, p, rec);
		return;
	}
	find_growth(t, p, s, rec);
	find_locked(t, p, s, rec);
}
