// SPDX-License-Identifier: GPL-2.0
/* The closing report; see report.h. */
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "call_text.h"
#include "colour.h"
#include "processes.h"

#define BLOCKS_MAX 3   /* processes that are told in full */
#define TABLE_MAX 10   /* else: rows */
#define KINDS_MAX 4    /* kinds of memory named in a line */
#define CALLS_MAX 7    /* calls named in a line */
#define FAILURES_MAX 4 /* failures told of a process; of many, in all */

struct report {
	struct writer *out;
	const struct summary *sum;
	const struct report_failures *failures;
	bool colour;
};

void report_failures__add(struct report_failures *f, const struct call_record *rec)
{
	int err = call_text__errno(rec->call);
	struct report_failure *e;

	if (!err)
		return;
	for (e = f->list; e < f->list + f->n; e++) {
		if (e->tgid == rec->process->tgid && e->start_ns == rec->process->start_ns &&
		    e->call == rec->call->id && e->err == err && e->limit == rec->limit) {
			e->count++;
			e->limit_bytes = rec->limit_bytes;
			return;
		}
	}
	if (f->n == REPORT_FAILURES) {
		f->others++;
		return;
	}
	*e = (struct report_failure){
		.tgid = rec->process->tgid,
		.start_ns = rec->process->start_ns,
		.call = rec->call->id,
		.err = err,
		.limit = rec->limit,
		.limit_bytes = rec->limit_bytes,
		.count = 1,
	};
	f->n++;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "+132K", "-8K", "0". */
static const char *signed_text(int64_t bytes, char buf[HUMAN_SIZE_ROOM + 1])
{
	buf[0] = bytes < 0 ? '-' : '+';
	human_size(bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes, buf + 1);
	return bytes ? buf : "0";
}

static void __attribute__((format(printf, 3, 4)))
painted(const struct report *r, const char *code, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->colour)
		writer__printf(r->out, "%s%s%s", code, text, COLOUR_OFF);
	else
		writer__printf(r->out, "%s", text);
}

static void label(const struct report *r, const char *text)
{
	writer__printf(r->out, "  %-12s", text);
}

static void heap_line(const struct report *r, const struct process *p)
{
	char a[HUMAN_SIZE_ROOM], b[HUMAN_SIZE_ROOM];

	label(r, "heap (brk)");
	if (!p->brk_grown && !p->brk_shrunk && !p->at_end.kind[KIND_HEAP]) {
		writer__printf(r->out, "not used\n");
		return;
	}
	writer__printf(r->out, "grew %s, shrank %s: ", human_size(p->brk_grown, a),
		       human_size(p->brk_shrunk, b));
	writer__printf(r->out, "from %s to %s, ", human_size(p->at_start.kind[KIND_HEAP], a),
		       human_size(p->at_end.kind[KIND_HEAP], b));
	writer__printf(r->out, "peak %s\n", human_size(p->peak.kind[KIND_HEAP], a));
}

/* The kinds of which there is most more than at the start. */
static void kinds_text(const struct report *r, const struct process *p)
{
	bool told[KIND_NR] = { false };
	char size[HUMAN_SIZE_ROOM + 1];
	int64_t grew, most;
	int best;

	for (int n = 0; n < KINDS_MAX; n++) {
		best = -1;
		most = 0;
		for (int k = 0; k < KIND_NR; k++) {
			grew = (int64_t)(p->at_end.kind[k] - p->at_start.kind[k]);
			if (told[k] || grew <= most)
				continue;
			most = grew;
			best = k;
		}
		if (best < 0)
			return;
		told[best] = true;
		writer__printf(r->out, "%s%s %s", n ? ", " : ": ", region_kind__name(best),
			       signed_text(most, size));
	}
}

static void mapped_line(const struct report *r, const struct process *p)
{
	char a[HUMAN_SIZE_ROOM], b[HUMAN_SIZE_ROOM], kept[HUMAN_SIZE_ROOM + 1];

	label(r, "mapped");
	writer__printf(r->out, "%s mapped, %s unmapped, kept %s", human_size(p->mapped, a),
		       human_size(p->unmapped, b),
		       signed_text((int64_t)(p->mapped - p->unmapped), kept));
	kinds_text(r, p);
	writer__printf(r->out, "\n");
}

static void accessible_line(const struct report *r, const struct process *p)
{
	char a[HUMAN_SIZE_ROOM], b[HUMAN_SIZE_ROOM];
	int64_t growth = process__growth(p);

	label(r, "accessible");
	if (growth > 0)
		painted(r, COLOUR_YELLOW, "grew %s", human_size(growth, a));
	else if (growth < 0)
		writer__printf(r->out, "shrank %s", human_size(-(uint64_t)growth, a));
	else
		writer__printf(r->out, "did not grow");
	writer__printf(r->out, ": from %s to %s, ", human_size(p->at_start.accessible, a),
		       human_size(p->at_end.accessible, b));
	writer__printf(r->out, "peak %s\n", human_size(p->peak.accessible, a));
}

static void protection_line(const struct report *r, const struct process *p)
{
	uint64_t w_x = p->findings[FINDING_PROTECTION];

	label(r, "protections");
	writer__printf(r->out, "%" PRIu64 " changed", p->protections);
	if (w_x) {
		writer__printf(r->out, "; ");
		painted(r, COLOUR_RED,
			"%" PRIu64 " time%s memory was writable and became executable, "
			"or was both",
			w_x, plural(w_x));
	}
	writer__printf(r->out, "\n");
}

static void locked_line(const struct report *r, const struct process *p)
{
	char now[HUMAN_SIZE_ROOM], peak[HUMAN_SIZE_ROOM];

	label(r, "locked");
	if (p->peak.locked || p->at_end.locked)
		writer__printf(r->out, "%s %s, peak %s\n", human_size(p->at_end.locked, now),
			       p->ended ? "at the end" : "now", human_size(p->peak.locked, peak));
	else
		writer__printf(r->out, "nothing\n");
}

/* The calls made most often, and how many more there were. */
static void calls_line(const struct report *r, const struct call_stats *stats)
{
	bool told[MT_CALL_NR] = { false };
	uint64_t more = 0;
	int n, best;

	label(r, "calls");
	for (n = 0; n < CALLS_MAX; n++) {
		best = MT_CALL_NONE;
		for (int c = MT_CALL_NONE + 1; c < MT_CALL_NR; c++)
			if (!told[c] && stats[c].count &&
			    (best == MT_CALL_NONE || stats[c].count > stats[best].count))
				best = c;
		if (best == MT_CALL_NONE)
			break;
		told[best] = true;
		writer__printf(r->out, "%s%s %" PRIu64, n ? ", " : "", call__name(best),
			       stats[best].count);
		if (stats[best].errors)
			writer__printf(r->out, " (%" PRIu64 " failed)", stats[best].errors);
	}
	for (int c = MT_CALL_NONE + 1; c < MT_CALL_NR; c++)
		more += told[c] ? 0 : stats[c].count;
	if (more)
		writer__printf(r->out, ", others %" PRIu64, more);
	writer__printf(r->out, "%s\n", n ? "" : "none");
}

static bool failure__of(const struct report_failure *f, const struct process *p)
{
	return !p || (f->tgid == p->tgid && f->start_ns == p->start_ns);
}

/* The failures of one process, or with p NULL of all. */
static void failure_lines(const struct report *r, const struct process *p)
{
	const struct report_failure *f;
	char value[HUMAN_SIZE_ROOM];
	const char *name;
	uint64_t more = p ? 0 : r->failures->others;
	size_t told = 0;

	for (f = r->failures->list; f < r->failures->list + r->failures->n; f++) {
		if (!failure__of(f, p))
			continue;
		if (told == FAILURES_MAX) {
			more += f->count;
			continue;
		}
		label(r, told++ ? "" : "failures");
		name = errno__name(f->err);
		writer__printf(r->out, "%s %" PRIu64 " time%s: %s (%s)", call__name(f->call),
			       f->count, plural(f->count), name ? name : "error",
			       errno__text(f->err));
		if (limit__name(f->limit))
			writer__printf(r->out, ", %s %s", limit__name(f->limit),
				       limit__value(f->limit, f->limit_bytes, value));
		if (!p)
			writer__printf(r->out, " (pid %u)", f->tgid);
		writer__printf(r->out, "\n");
	}
	if (more) {
		label(r, told ? "" : "failures");
		writer__printf(r->out, "and %" PRIu64 " more\n", more);
	}
}

static void process_block(const struct report *r, const struct process *p)
{
	char end[PROCESS_END_ROOM];

	writer__printf(r->out, "\n");
	painted(r, COLOUR_BOLD, "%s (pid %u), %s", p->comm, p->tgid, process__end_text(p, end));
	writer__printf(r->out, "\n");
	heap_line(r, p);
	mapped_line(r, p);
	accessible_line(r, p);
	protection_line(r, p);
	locked_line(r, p);
	calls_line(r, p->calls);
	failure_lines(r, p);
}

static void table_row(const struct report *r, const struct process *p)
{
	char grew[HUMAN_SIZE_ROOM + 1], peak[HUMAN_SIZE_ROOM], heap[HUMAN_SIZE_ROOM];
	char locked[HUMAN_SIZE_ROOM], end[PROCESS_END_ROOM];
	uint64_t count = 0, errors = 0;

	for (int c = MT_CALL_NONE + 1; c < MT_CALL_NR; c++) {
		count += p->calls[c].count;
		errors += p->calls[c].errors;
	}
	writer__printf(r->out,
		       "%-7u %-15s %7s %7s %7s %7s %7" PRIu64 " %5" PRIu64 " %8" PRIu64 " %6" PRIu64
		       "  %s\n",
		       p->tgid, p->comm, signed_text(process__growth(p), grew),
		       human_size(p->peak.accessible, peak),
		       human_size(p->peak.kind[KIND_HEAP], heap),
		       human_size(p->at_end.locked, locked), p->protections,
		       p->findings[FINDING_PROTECTION], count, errors, process__end_text(p, end));
}

static void process_table(const struct report *r, const struct process **top, size_t n)
{
	writer__printf(r->out, "\n");
	painted(r, COLOUR_BOLD, "%-7s %-15s %7s %7s %7s %7s %7s %5s %8s %6s  %s", "PID", "COMM",
		"GREW", "PEAK", "HEAP", "LOCKED", "PROT", "W+X", "CALLS", "FAILED", "END");
	writer__printf(r->out, "\n");
	for (size_t i = 0; i < n; i++)
		table_row(r, top[i]);
}

static void processes_part(const struct report *r)
{
	const struct process *top[TABLE_MAX];
	struct processes_rest rest;
	uint64_t more;
	size_t n;

	n = processes__largest(r->sum->tracker, top, TABLE_MAX, &rest);
	more = rest.count + r->sum->totals->forgotten;
	if (n <= BLOCKS_MAX && !more) {
		for (size_t i = 0; i < n; i++)
			process_block(r, top[i]);
		return;
	}
	process_table(r, top, n);
	if (more)
		writer__printf(r->out, "and %" PRIu64 " more process%s\n", more,
			       more == 1 ? "" : "es");
	failure_lines(r, NULL);
}

/* What a reader must know before believing the rest. */
static void caveats(const struct report *r)
{
	const struct summary *sum = r->sum;
	const struct space *first;
	uint64_t n = spaces__uncertain(sum->tracker, &first);

	if (n)
		painted(r, COLOUR_RED, "%" PRIu64 " map%s uncertain at the end (pid %u: %s)\n", n,
			plural(n), first->tgid, first->why ? first->why : "not read yet");
	if (sum->lives_lost)
		painted(r, COLOUR_RED, "%" PRIu64 " of %" PRIu64 " forks, execs and exits lost\n",
			sum->lives_lost, sum->lives_seen);
	if (sum->sections_lost)
		painted(r, COLOUR_RED, "%" PRIu64 " of %" PRIu64 " changes of maps lost\n",
			sum->sections_lost, sum->sections_seen);
	if (sum->not_traced)
		painted(r, COLOUR_RED, "%" PRIu64 " space%s or threads could not be traced\n",
			sum->not_traced, plural(sum->not_traced));
	if (sum->lines_dropped)
		painted(r, COLOUR_RED,
			"%" PRIu64 " line%s of output dropped: the reader was too slow\n",
			sum->lines_dropped, plural(sum->lines_dropped));
}

static void integrity_line(const struct report *r)
{
	static const char *const causes[MT_LOSS_NR] = {
#define X(id, name, text) [MT_LOSS_##id] = #name,
		MT_LOSSES(X)
#undef X
	};
	const struct tracker_totals *totals = r->sum->totals;
	const struct summary *sum = r->sum;
	const char *separator = " (";
	char lost[256];
	size_t len;

	len = snprintf(lost, sizeof(lost), "%" PRIu64 " lost", sum->lost);
	for (int i = 0; i < MT_LOSS_NR; i++) {
		if (!sum->lost_by_cause[i] || len >= sizeof(lost))
			continue;
		len += snprintf(lost + len, sizeof(lost) - len, "%s%s %" PRIu64, separator,
				causes[i], sum->lost_by_cause[i]);
		separator = ", ";
	}
	if (*separator == ',' && len < sizeof(lost))
		snprintf(lost + len, sizeof(lost) - len, ")");
	writer__printf(r->out, "%" PRIu64 " seen, ", sum->seen);
	if (sum->lost)
		painted(r, COLOUR_RED, "%s", lost);
	else
		writer__printf(r->out, "%s", lost);
	writer__printf(r->out,
		       ", %" PRIu64 " resyncs; %" PRIu64 " audits passed, %" PRIu64
		       " failed; tier %s\n",
		       totals->resyncs, totals->audits - totals->audit_failures,
		       totals->audit_failures, sum->tier);
}

void report__write(struct writer *out, const struct summary *sum,
		   const struct report_failures *failures, bool colour)
{
	struct report r = { out, sum, failures, colour };

	writer__begin(out, true);
	processes_part(&r);
	writer__printf(out, "\n");
	caveats(&r);
	integrity_line(&r);
	writer__end(out);
}
