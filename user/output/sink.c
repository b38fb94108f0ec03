// SPDX-License-Identifier: GPL-2.0
/*
 * What all sinks share: the way from the tracker's observer to a sink, and the
 * filters of the command line. Must not know how anything is shown.
 */
#include "sink.h"

#include "call_text.h"

void sink__free(struct sink *s)
{
	if (s)
		s->ops->free(s);
}

bool view__shows_call(const struct view *view, const struct call_record *rec)
{
	enum mt_call_id id = rec->call->id;
	uint64_t bytes;

	if (!view->verbose || view->quiet || !view->calls[id])
		return false;
	if (view->failures && !call_text__errno(rec->call))
		return false;
	if (id == MT_CALL_MLOCKALL || id == MT_CALL_MUNLOCKALL)
		return true; /* the whole space is never too small */
	call_text__size(rec, &bytes);
	return bytes >= view->min_bytes;
}

bool view__shows_finding(const struct view *view, const struct finding *finding)
{
	uint64_t bytes = finding->bytes ? finding->bytes : finding->end - finding->start;

	if (view->quiet || !view->findings[finding->kind])
		return false;
	if (view->failures && finding->kind != FINDING_FAILURE && finding->kind != FINDING_LIMIT)
		return false;
	return bytes >= view->min_bytes;
}

static void forward_process(void *ctx, const struct process_record *rec)
{
	struct sink *s = ctx;

	s->ops->process(s, rec);
}

static void forward_call(void *ctx, const struct call_record *rec)
{
	struct sink *s = ctx;

	s->ops->call(s, rec);
}

static void forward_refused(void *ctx, const struct call_record *rec)
{
	struct sink *s = ctx;

	if (s->ops->refused)
		s->ops->refused(s, rec);
}

static void forward_finding(void *ctx, const struct finding *finding)
{
	struct sink *s = ctx;

	s->ops->finding(s, finding);
}

static void forward_state(void *ctx, const struct state_record *rec)
{
	struct sink *s = ctx;

	s->ops->state(s, rec);
}

static void forward_lost(void *ctx, const struct lost_record *rec)
{
	struct sink *s = ctx;

	s->ops->lost(s, rec);
}

static void forward_audit(void *ctx, const struct audit_record *rec)
{
	struct sink *s = ctx;

	s->ops->audit(s, rec);
}

const struct observer sink_observer = {
	.process = forward_process,
	.call = forward_call,
	.refused = forward_refused,
	.finding = forward_finding,
	.state = forward_state,
	.lost = forward_lost,
	.audit = forward_audit,
};
