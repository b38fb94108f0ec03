// SPDX-License-Identifier: GPL-2.0
/*
 * The sink for people: one line an event, the columns of DESIGN's "For people",
 * widest last. Without -v the findings alone. The closing report is report.c's,
 * names of flags call_args.c's. Must not know JSON.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "call_text.h"
#include "colour.h"
#include "history.h"
#include "processes.h"
#include "report.h"
#include "report_heap.h"
#include "site_text.h"
#include "stack_text.h"

#define HEADER \
	"TIME     PID    TID    COMM         EVENT    ADDR             SIZE PROT       REGION"
#define COMM_WIDTH 12
#define NSEC_PER_SEC 1000000000ULL

struct text_sink {
	struct sink s;
	bool header_done;
	time_t clock_sec; /* what clock says: localtime_r is slow */
	char clock[16];
	struct report_failures failures;
};

/* What the columns of a line hold; "-" stands for nothing. */
struct line {
	uint64_t ts_ns;
	uint32_t tgid, tid;
	const char *comm, *event;
	uint64_t addr;
	bool has_addr, has_size;
	int sign;
	uint64_t bytes;
	const char *prot;
};

static const char *wall_clock(struct text_sink *t, uint64_t ts_ns)
{
	const struct start_info *info = &t->s.info;
	time_t sec = (info->wall_ns + (ts_ns - info->mono_ns)) / NSEC_PER_SEC;
	struct tm tm;

	if (sec != t->clock_sec || !t->clock[0]) {
		localtime_r(&sec, &tm);
		strftime(t->clock, sizeof(t->clock), "%H:%M:%S", &tm);
		t->clock_sec = sec;
	}
	return t->clock;
}

static void header(struct text_sink *t)
{
	if (t->header_done)
		return;
	t->header_done = true;
	writer__begin(t->s.out, true);
	writer__printf(t->s.out, "%s" HEADER "%s\n", t->s.view.colour ? COLOUR_BOLD : "",
		       t->s.view.colour ? COLOUR_OFF : "");
	writer__end(t->s.out);
}

/* Blanks that fill text up to width: characters count, not bytes of UTF-8. */
static int blanks(const char *text, int width)
{
	for (; *text; text++)
		if (((unsigned char)*text & 0xc0) != 0x80)
			width--;
	return width > 0 ? width : 0;
}

/* The columns up to REGION. Begins the unit; the caller ends it. */
static void begin_line(struct text_sink *t, const struct line *l)
{
	char addr[20] = "-", size[HUMAN_SIZE_ROOM + 1] = "-";

	header(t);
	if (l->has_addr)
		snprintf(addr, sizeof(addr), "%" PRIx64, l->addr);
	if (l->has_size && l->sign) {
		size[0] = l->sign < 0 ? '-' : '+';
		human_size(l->bytes, size + 1);
	} else if (l->has_size) {
		human_size(l->bytes, size);
	}
	writer__begin(t->s.out, false);
	writer__printf(t->s.out, "%s %-6u %-6u %s%*s %-8s %-12s %8s %-10s ",
		       wall_clock(t, l->ts_ns), l->tgid, l->tid, l->comm,
		       blanks(l->comm, COMM_WIDTH), "", l->event, addr, size, l->prot);
}

static void end_line(struct text_sink *t)
{
	writer__write(t->s.out, "\n", 1);
	writer__end(t->s.out);
}

/* The rest of a line, in colour where there is some; code NULL: none. */
static void put_text(struct text_sink *t, const char *text, const char *code)
{
	if (code && t->s.view.colour)
		writer__printf(t->s.out, "%s%s%s", code, text, COLOUR_OFF);
	else
		writer__write(t->s.out, text, strlen(text));
}

static struct line call_line(const struct call_record *rec, char prot[CALL_TEXT_PROT])
{
	const struct call *c = rec->call;
	struct line l = {
		.ts_ns = c->exit_ns,
		.tgid = c->tgid,
		.tid = c->tid,
		.comm = c->comm,
		.event = call__what(c),
		.addr = call_text__addr(rec),
		.has_size = c->id != MT_CALL_MLOCKALL && c->id != MT_CALL_MUNLOCKALL,
		.prot = prot,
	};

	l.has_addr = l.addr != 0;
	l.sign = call_text__size(rec, &l.bytes);
	call_text__prot(rec, prot);
	return l;
}

static void text_sink__call(struct sink *s, const struct call_record *rec)
{
	struct text_sink *t = (struct text_sink *)s;
	char detail[CALL_TEXT_DETAIL], prot[CALL_TEXT_PROT];
	const char *region = rec->region_name;
	struct line l;

	if (!view__shows_call(&s->view, rec))
		return;
	l = call_line(rec, prot);
	begin_line(t, &l);
	put_text(t, region && *region ? region : "[anon]", NULL);
	call_text__detail(rec, detail, sizeof(detail));
	put_text(t, detail, call_text__w_x(rec) ? COLOUR_RED : NULL);
	writer__write(s->out, "\n", 1);
	stack_text__write(s->out, s->info.stacks, rec->call->stack);
	writer__end(s->out);
}

/* The closing report tells of them, whatever is shown before. */
static void text_sink__refused(struct sink *s, const struct call_record *rec)
{
	struct text_sink *t = (struct text_sink *)s;

	report_failures__add(&t->failures, rec);
}

/* With -v the line of the call itself has said it already. */
static bool finding__was_told(const struct view *view, const struct finding *f)
{
	return f->call && f->kind != FINDING_GROWTH && f->kind != FINDING_LOCKED &&
	       view__shows_call(view, f->call);
}

static void text_sink__finding(struct sink *s, const struct finding *f)
{
	struct text_sink *t = (struct text_sink *)s;
	char prot[CALL_TEXT_PROT] = "-", who[SITE_ROOM];
	const char *code = NULL;
	struct line l = {
		.ts_ns = f->ts_ns,
		.tgid = f->process->tgid,
		.tid = f->tid ? f->tid : f->process->tgid,
		.comm = f->call ? f->call->call->comm : f->process->comm,
		.event = finding_kind__name(f->kind),
		.addr = f->start,
		.has_addr = f->end != 0,
		.has_size = f->bytes || f->end,
		.bytes = f->bytes ? f->bytes : f->end - f->start,
		.sign = f->kind == FINDING_GROWTH || f->kind == FINDING_LEAK,
		.prot = prot,
	};

	if (!view__shows_finding(&s->view, f) || finding__was_told(&s->view, f))
		return;
	if (f->call && f->kind != FINDING_GROWTH)
		l.event = call__what(f->call->call);
	if (f->kind == FINDING_PROTECTION)
		protection__text(f->old_flags, f->new_flags, prot);
	else if (f->call)
		call_text__prot(f->call, prot);
	if (f->severity != SEVERITY_INFO)
		code = COLOUR_RED;
	else if (f->kind == FINDING_GROWTH)
		code = COLOUR_YELLOW;
	begin_line(t, &l);
	if (f->region_name)
		writer__printf(s->out, "%s  ", *f->region_name ? f->region_name : "[anon]");
	if (f->severity != SEVERITY_INFO)
		writer__printf(s->out, "%s: ", severity__name(f->severity));
	if (f->leak && !f->leak->whole)
		writer__printf(s->out, "%s: ", site__text(&f->leak->site, s->info.stacks, who));
	put_text(t, f->text, code);
	end_line(t);
}

static void text_sink__process(struct sink *s, const struct process_record *rec)
{
	const struct process *p = rec->process;
	struct text_sink *t = (struct text_sink *)s;
	struct line l = {
		.ts_ns = rec->ts_ns,
		.tgid = p->tgid,
		.tid = p->tgid,
		.comm = p->comm,
		.event = process_what__name(rec->what),
		.prot = "-",
	};
	char end[PROCESS_END_ROOM];

	if (!s->view.verbose || s->view.quiet || s->view.failures)
		return;
	begin_line(t, &l);
	if (rec->what == PROCESS_EXIT)
		writer__printf(s->out, "%s", process__end_text(p, end));
	else if (rec->what == PROCESS_FORK)
		writer__printf(s->out, "by %u, space %" PRIu64, p->parent, rec->space);
	else
		writer__printf(s->out, "space %" PRIu64, rec->space);
	end_line(t);
}

static void text_sink__sample(struct sink *s, const struct sample_record *rec)
{
	struct text_sink *t = (struct text_sink *)s;
	struct line l = {
		.ts_ns = rec->ts_ns,
		.tgid = rec->process->tgid,
		.tid = rec->process->tgid,
		.comm = rec->process->comm,
		.event = "sample",
		.has_size = true,
		.bytes = heap__sum(rec->heap).committed,
		.prot = "-",
	};
	char text[REPORT_HEAP_SAMPLE];

	if (s->view.quiet)
		return;
	begin_line(t, &l);
	put_text(t, report_heap__sample(rec->heap, text), NULL);
	if (!rec->space->exact)
		put_text(t, "; its map is uncertain", COLOUR_RED);
	end_line(t);
}

/* A line that is no event: "# pid 7 (cat)" */
static void begin_remark(struct sink *s, const struct space *space, const struct process *process)
{
	writer__begin(s->out, false);
	writer__printf(s->out, "# pid %u", space->tgid);
	if (process)
		writer__printf(s->out, " (%s)", process->comm);
}

static void text_sink__state(struct sink *s, const struct state_record *rec)
{
	struct text_sink *t = (struct text_sink *)s;

	if (s->view.quiet)
		return;
	begin_remark(s, rec->space, rec->process);
	if (rec->exact)
		writer__printf(s->out, ": map exact");
	else
		put_text(t, ": map uncertain", COLOUR_RED);
	if (rec->why)
		writer__printf(s->out, ": %s", rec->why);
	end_line(t);
}

static void text_sink__lost(struct sink *s, const struct lost_record *rec)
{
	struct text_sink *t = (struct text_sink *)s;
	char text[96];

	if (s->view.quiet)
		return;
	snprintf(text, sizeof(text), "# lost %" PRIu64 " events of pid %u", rec->count, rec->tgid);
	writer__begin(s->out, false);
	put_text(t, text, COLOUR_RED);
	end_line(t);
}

/* "# pid 7 (cat): audit failed: ..." */
static void text_sink__audit(struct sink *s, const struct audit_record *rec)
{
	struct text_sink *t = (struct text_sink *)s;

	if (s->view.quiet)
		return;
	begin_remark(s, rec->space, rec->process);
	put_text(t, ": audit failed", COLOUR_RED);
	writer__printf(s->out, ": %s", rec->why);
	if (rec->expected)
		writer__printf(s->out, "; expected %s; got %s", rec->expected, rec->got);
	end_line(t);
}

static void text_sink__map(struct sink *s, const struct process *p, const struct space *space,
			   const struct backings *backings, uint64_t ts_ns)
{
	struct history history = { space->origins, &s->info, s->view.verbose };

	(void)ts_ns;
	writer__begin(s->out, s->view.history);
	writer__printf(s->out, "# pid %u (%s) space %" PRIu64 " tier %s %s\n", p->tgid, p->comm,
		       space->id, s->info.tier, space->exact ? "exact" : "uncertain");
	print_map(s->out, space->map, backings, &space->layout,
		  space__is_32bit(space) ? NULL : s->info.vsyscall, s->view.map_alone,
		  s->view.history ? &history : NULL);
	writer__end(s->out);
}

static void text_sink__start(struct sink *s, const struct start_info *info)
{
	s->info = *info;
}

static void text_sink__summary(struct sink *s, const struct summary *sum)
{
	const struct text_sink *t = (struct text_sink *)s;

	if (s->view.map_alone)
		report__write_integrity(s->out, sum, &s->view);
	else
		report__write(s->out, sum, &t->failures, &s->view);
}

static void text_sink__free(struct sink *s)
{
	free(s);
}

static const struct sink_ops text_ops = {
	.start = text_sink__start,
	.process = text_sink__process,
	.call = text_sink__call,
	.refused = text_sink__refused,
	.finding = text_sink__finding,
	.map = text_sink__map,
	.state = text_sink__state,
	.lost = text_sink__lost,
	.audit = text_sink__audit,
	.sample = text_sink__sample,
	.summary = text_sink__summary,
	.free = text_sink__free,
};

struct sink *text_sink__new(struct writer *out, const struct view *view,
			    const struct start_info *info)
{
	struct text_sink *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->s = (struct sink){ .ops = &text_ops, .out = out, .view = *view, .info = *info };
	return &t->s;
}
