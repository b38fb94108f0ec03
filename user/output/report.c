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
#include "report_failures.h"
#include "report_heap.h"
#include "report_line.h"
#include "report_protections.h"
#include "report_suspects.h"
#include "site_text.h"

#define BLOCKS_MAX 3   /* processes that are told in full */
#define TABLE_MAX 10   /* else: rows */
#define TABLE_FEW 4    /* of them on the smallest screen */
#define TABLE_COLUMNS 96
#define KINDS_MAX 4    /* kinds of memory named in a line */
#define SITES_MAX_TOLD 3 /* that needed memory, of a process */
#define CALLS_MAX 7    /* calls named in a line */
#define PLACES_MAX 3   /* lines on changes of protection, of a process */
#define FAILURES_MAX 5 /* lines on failures of a process; of many, in all */
#define PARTS_ROOM 5   /* lines on the parts of a heap */
#define FEW_LINES 4    /* of sites, places and failures: told on the smallest screen */

struct report {
	struct writer *out;
	const struct summary *sum;
	const struct report_failures *failures;
	struct report_line line;
	bool screen;
	size_t sites, places, fails; /* how many of each are told */
};

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
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

/* The kinds of which there is most more than at the start. */
static void kinds_text(struct report *r, const struct process *p)
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
		if (!report_line__add_if(&r->line, 0, "%s%s %s", n ? ", " : ": ",
					 region_kind__name(best), signed_text(most, size)))
			return;
	}
}

static void mapped_line(struct report *r, const struct process *p)
{
	char a[HUMAN_SIZE_ROOM], b[HUMAN_SIZE_ROOM], kept[HUMAN_SIZE_ROOM + 1];

	report_line__begin(&r->line, "mapped");
	/*
	 * Not the difference of what calls mapped and unmapped: an exec takes all away without
	 * a call, and stacks grow without one.
	 */
	report_line__add(&r->line, "%s mapped, %s unmapped, kept %s", human_size(p->mapped, a),
			 human_size(p->unmapped, b),
			 signed_text((int64_t)(p->at_end.total - p->at_start.total), kept));
	kinds_text(r, p);
	report_line__end(&r->line);
}

static void accessible_line(struct report *r, const struct process *p)
{
	char a[HUMAN_SIZE_ROOM], b[HUMAN_SIZE_ROOM], c[HUMAN_SIZE_ROOM];
	int64_t growth = process__growth(p);

	report_line__begin(&r->line, "accessible");
	if (growth > 0)
		report_line__paint(&r->line, COLOUR_YELLOW, "grew %s", human_size(growth, a));
	else if (growth < 0)
		report_line__add(&r->line, "shrank %s", human_size(-(uint64_t)growth, a));
	else
		report_line__add(&r->line, "did not grow");
	report_line__add(&r->line, ": from %s to %s, peak %s",
			 human_size(p->at_start.accessible, a),
			 human_size(p->at_end.accessible, b), human_size(p->peak.accessible, c));
	report_line__end(&r->line);
}

static void site_line(struct report *r, const struct process *p, const struct site *site)
{
	char a[HUMAN_SIZE_ROOM], b[HUMAN_SIZE_ROOM], who[SITE_ROOM];
	uint64_t rate = process__rate(p, site->bytes);

	report_line__add(&r->line, "%s", human_size(site->bytes, a));
	/* Of a sample; what is less than a hundredth is not worth a word. */
	if (site__error(site) > site->bytes / 100)
		report_line__add(&r->line, " (+-%s)", human_size(site__error(site), a));
	report_line__add(&r->line, " in %" PRIu64 " call%s", site->calls, plural(site->calls));
	if (rate)
		report_line__add(&r->line, " (%s/s)", human_size(rate, a));
	report_line__add(&r->line, ", kept %s (%u%%%s)", human_size(site__kept(site), a),
			 process__share(p, site), r->screen ? "" : " of all kept");
	report_line__add_if(&r->line, 0, ", peak %s", human_size(site__peak(site), b));
	if (r->screen) {
		report_line__end(&r->line);
		report_line__begin(&r->line, "");
	} else {
		report_line__add(&r->line, ": ");
	}
	report_line__add_middle(&r->line, 0,
				site__text(site, tracker__stacks(r->sum->tracker), who));
	report_line__end(&r->line);
}

/*
 * Growth names who needed the memory: who leaks it no region can tell. On a screen
 * they have a line of their own.
 */
static void site_lines(struct report *r, const struct process *p)
{
	const struct site *site;

	for (size_t i = 0; i < p->n_sites && i < r->sites; i++) {
		/* Those that keep most; and who has needed most at a time, and gave it back. */
		site = i && i + 1 == r->sites ? sites__highest(p->sites + i, p->n_sites - i) :
						&p->sites[i];
		report_line__begin(&r->line, i ? "" : "grew by");
		site_line(r, p, site);
	}
}

static bool has_locked(const struct process *p)
{
	return p->peak.locked || p->at_end.locked;
}

static void locked_line(struct report *r, const struct process *p)
{
	char now[HUMAN_SIZE_ROOM], peak[HUMAN_SIZE_ROOM];

	/* A screen has better use for a line. */
	if (r->screen && !has_locked(p))
		return;
	report_line__begin(&r->line, "locked");
	if (has_locked(p))
		report_line__add(&r->line, "%s %s, peak %s", human_size(p->at_end.locked, now),
				 p->ended ? "at the end" : "now",
				 human_size(p->peak.locked, peak));
	else
		report_line__add(&r->line, "nothing");
	report_line__end(&r->line);
}

/* False: there is no call left to tell, or no room. */
static bool call_text(struct report *r, const struct call_stats *stats, bool told[MT_CALL_NR],
		      bool first)
{
	const unsigned int leave = sizeof(", others 12345678") - 1;
	char failed[48] = "";
	int best = MT_CALL_NONE;

	for (int c = MT_CALL_NONE + 1; c < MT_CALL_NR; c++)
		if (!told[c] && stats[c].count &&
		    (best == MT_CALL_NONE || stats[c].count > stats[best].count))
			best = c;
	if (best == MT_CALL_NONE)
		return false;
	if (stats[best].errors)
		snprintf(failed, sizeof(failed), " (%" PRIu64 " failed)", stats[best].errors);
	told[best] = report_line__add_if(&r->line, leave, "%s%s %" PRIu64 "%s", first ? "" : ", ",
					 call__name(best), stats[best].count, failed);
	return told[best];
}

/* The calls made most often, and how many more there were. */
static void calls_line(struct report *r, const struct call_stats *stats)
{
	bool told[MT_CALL_NR] = { false };
	uint64_t more = 0;
	int n = 0;

	report_line__begin(&r->line, "calls");
	while (n < CALLS_MAX && call_text(r, stats, told, !n))
		n++;
	for (int c = MT_CALL_NONE + 1; c < MT_CALL_NR; c++)
		more += told[c] ? 0 : stats[c].count;
	if (more)
		report_line__add(&r->line, "%sothers %" PRIu64, n ? ", " : "", more);
	report_line__add(&r->line, "%s", n || more ? "" : "none");
	report_line__end(&r->line);
}

static void process_block(struct report *r, const struct process *p)
{
	char end[PROCESS_END_ROOM];

	writer__printf(r->out, "\n");
	report_line__begin(&r->line, NULL);
	report_line__paint(&r->line, COLOUR_BOLD, "%s (pid %u), %s", p->comm, p->tgid,
			   process__end_text(p, end));
	report_line__end(&r->line);
	report_heap__process(r->out, p);
	mapped_line(r, p);
	accessible_line(r, p);
	site_lines(r, p);
	report_suspects__process(&r->line, p, tracker__stacks(r->sum->tracker));
	report_protections__process(&r->line, p, r->places);
	locked_line(r, p);
	calls_line(r, p->calls);
	report_failures__write(&r->line, r->failures, p, r->fails);
}

/* A usual screen has no room for all. */
static bool is_narrow(const struct report *r)
{
	return r->screen && r->line.columns < TABLE_COLUMNS;
}

static void table_row(struct report *r, const struct process *p)
{
	char grew[HUMAN_SIZE_ROOM + 1], peak[HUMAN_SIZE_ROOM], heap[HUMAN_SIZE_ROOM];
	char locked[HUMAN_SIZE_ROOM], end[PROCESS_END_ROOM];
	uint64_t count = 0, errors = 0;

	for (int c = MT_CALL_NONE + 1; c < MT_CALL_NR; c++) {
		count += p->calls[c].count;
		errors += p->calls[c].errors;
	}
	report_line__begin(&r->line, NULL);
	report_line__add(&r->line, "%-7u %-15s %7s %7s %7s ", p->tgid, p->comm,
			 signed_text(process__growth(p), grew),
			 human_size(p->peak.accessible, peak),
			 human_size(p->peak.kind[KIND_HEAP], heap));
	if (!is_narrow(r))
		report_line__add(&r->line, "%7s %7" PRIu64 " ",
				 human_size(p->at_end.locked, locked), p->protections);
	report_line__add(&r->line, "%5" PRIu64 " %8" PRIu64 " %6" PRIu64 "  %s",
			 p->findings[FINDING_PROTECTION], count, errors,
			 process__end_text(p, end));
	report_line__end(&r->line);
}

static void process_table(struct report *r, const struct process **top, size_t n)
{
	writer__printf(r->out, "\n");
	report_line__begin(&r->line, NULL);
	report_line__paint(&r->line, COLOUR_BOLD, "%-7s %-15s %7s %7s %7s %s%5s %8s %6s  %s", "PID",
			   "COMM", "GREW", "PEAK", "HEAP", is_narrow(r) ? "" : " LOCKED    PROT ",
			   "W+X", "CALLS", "FAILED", "END");
	report_line__end(&r->line);
	for (size_t i = 0; i < n; i++)
		table_row(r, top[i]);
}

/* Who needed most in the processes that grew most: up to r->sites of them. */
static size_t growers(const struct report *r, const struct process **top, size_t n,
		      const struct process **ret)
{
	size_t found = 0;

	for (size_t i = 0; i < n && found < r->sites; i++) {
		if (top[i]->n_sites && process__growth(top[i]) > 0)
			ret[found++] = top[i];
	}
	return found;
}

static void table_sites(struct report *r, const struct process **grown, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		report_line__begin(&r->line, i ? "" : "grew by");
		report_line__add(&r->line, "%s (pid %u): ", grown[i]->comm, grown[i]->tgid);
		site_line(r, grown[i], &grown[i]->sites[0]);
	}
}

/* The lines below all processes: integrity, and what there is to say of it. */
static size_t last_lines(const struct report *r)
{
	const struct allow *allow = tracker__allow(r->sum->tracker);
	const struct summary *sum = r->sum;
	const struct space *first;
	size_t n = 1;

	n += allow && allow->n;
	n += sum->stacks.on && sum->stacks.asked;
	n += spaces__uncertain(sum->tracker, &first) != 0;
	n += sum->lives_lost != 0;
	n += sum->sections_lost != 0;
	n += sum->not_traced != 0;
	return n + (sum->lines_dropped != 0);
}

/* Rows of a table of n for which a screen has room beside what else is told. */
static size_t table_rows(const struct report *r, size_t n, size_t sites, unsigned int rows)
{
	/* Header, rest of the table; two blanks, and the next prompt. */
	size_t others = 2 + 2 + 1 + last_lines(r);

	others += 2 * sites + report_suspects__lines_of_all(r->sum->tracker);
	others += at_most(report_failures__count(r->failures, NULL), r->fails);
	if (!rows || others + n <= rows)
		return n;
	return at_most(n, rows > others + TABLE_FEW ? rows - others : TABLE_FEW);
}

/* Lines that are told in any case when there is one process. */
static size_t fixed_lines(const struct report *r, const struct process *p)
{
	/* Title, two on sizes, protections, calls; two blanks, and the next prompt. */
	return 5 + 2 + 1 + PARTS_ROOM + has_locked(p) + report_suspects__lines(p) + last_lines(r);
}

/* One more of them, if it is there and there is room. */
static void grant(size_t *room, size_t lines, size_t *told, size_t there)
{
	if (*told >= there || *room < lines)
		return;
	*room -= lines;
	++*told;
}

/* What is told of the one process fits the screen: of each kind the first come first. */
static void fit(struct report *r, const struct process *p, unsigned int rows)
{
	size_t order[PROT_SITES_MAX], room = fixed_lines(r, p);
	size_t sites = at_most(p->n_sites, r->sites);
	size_t places = at_most(prot_sums__order(&p->prot, order), r->places);
	size_t fails = at_most(report_failures__count(r->failures, p), r->fails);

	room = rows > room + FEW_LINES ? rows - room : FEW_LINES;
	r->sites = r->places = r->fails = 0;
	for (int i = 0; i < FAILURES_MAX; i++) {
		grant(&room, 2, &r->sites, sites);
		grant(&room, 1, &r->places, places);
		grant(&room, 1, &r->fails, fails);
	}
}

static void processes_part(struct report *r, unsigned int rows)
{
	const struct process *top[TABLE_MAX], *grown[SITES_MAX_TOLD];
	struct processes_rest rest;
	size_t n, shown, sites;
	uint64_t more;

	n = processes__largest(r->sum->tracker, top, TABLE_MAX, &rest);
	more = rest.count + r->sum->totals->forgotten;
	if (n == 1 && !more && rows)
		fit(r, top[0], rows);
	if (n <= BLOCKS_MAX && !more) {
		for (size_t i = 0; i < n; i++)
			process_block(r, top[i]);
		return;
	}
	sites = growers(r, top, n, grown);
	shown = table_rows(r, n, sites, rows);
	process_table(r, top, shown);
	more += n - shown;
	if (more)
		writer__printf(r->out, "and %" PRIu64 " more process%s\n", more,
			       more == 1 ? "" : "es");
	table_sites(r, grown, sites);
	report_suspects__all(&r->line, r->sum->tracker);
	report_failures__write(&r->line, r->failures, NULL, r->fails);
}

static void __attribute__((format(printf, 2, 3))) caveat(struct report *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report_line__begin(&r->line, NULL);
	report_line__paint(&r->line, COLOUR_RED, "%s", text);
	report_line__end(&r->line);
}

/* What a reader must know before believing the rest. */
static void caveats(struct report *r)
{
	const struct summary *sum = r->sum;
	const struct space *first;
	uint64_t n = spaces__uncertain(sum->tracker, &first);

	if (n)
		caveat(r, "%" PRIu64 " map%s uncertain at the end (pid %u: %s)", n, plural(n),
		       first->tgid, first->why ? first->why : "not read yet");
	if (sum->lives_lost)
		caveat(r, "%" PRIu64 " of %" PRIu64 " forks, execs and exits lost",
		       sum->lives_lost, sum->lives_seen);
	if (sum->sections_lost)
		caveat(r, "%" PRIu64 " of %" PRIu64 " changes of maps lost", sum->sections_lost,
		       sum->sections_seen);
	if (sum->not_traced)
		caveat(r, "%" PRIu64 " space%s or threads could not be traced", sum->not_traced,
		       plural(sum->not_traced));
	if (sum->lines_dropped)
		caveat(r, "%" PRIu64 " line%s of output dropped: the reader was too slow",
		       sum->lines_dropped, plural(sum->lines_dropped));
}

/* Which part of what was asked for the stacks speak of. */
static void stacks_line(struct report *r)
{
	const struct stacks_summary *s = &r->sum->stacks;
	double bytes = s->bytes_asked ? (double)s->bytes_taken / (double)s->bytes_asked : 1;

	if (s->why_not) {
		report_line__begin(&r->line, NULL);
		report_line__add(&r->line, "no stacks: %s", s->why_not);
		report_line__end(&r->line);
	}
	if (!s->on || !s->asked)
		return;
	report_line__begin(&r->line, NULL);
	report_line__add(&r->line, "stacks of %" PRIu64 " of %" PRIu64 " calls (%.1f%%), ",
			 s->unwound, s->asked, 100.0 * (double)s->unwound / (double)s->asked);
	report_line__add(&r->line, "%.1f%% of bytes; %" PRIu64 " cut, ", 100.0 * bytes, s->cut);
	if (s->lost)
		report_line__paint(&r->line, COLOUR_RED, "%" PRIu64 " lost", s->lost);
	else
		report_line__add(&r->line, "0 lost");
	report_line__end(&r->line);
}

/* Whatever the screen: nothing of it is cut. */
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
	if (sum->lost && r->line.colour)
		writer__printf(r->out, "%s%s%s", COLOUR_RED, lost, COLOUR_OFF);
	else
		writer__printf(r->out, "%s", lost);
	writer__printf(r->out,
		       ", %" PRIu64 " resyncs; %" PRIu64 " audits passed, %" PRIu64
		       " failed; tier %s\n",
		       totals->resyncs, totals->audits - totals->audit_failures,
		       totals->audit_failures, sum->tier);
}

static void trust(struct report *r)
{
	caveats(r);
	stacks_line(r);
	integrity_line(r);
}

static struct report report__of(struct writer *out, const struct summary *sum,
				const struct view *view)
{
	return (struct report){
		.out = out,
		.sum = sum,
		.line = { .out = out, .columns = view->columns, .colour = view->colour },
		.screen = view->columns != 0,
		.sites = SITES_MAX_TOLD,
		.places = PLACES_MAX,
		.fails = FAILURES_MAX,
	};
}

void report__write_integrity(struct writer *out, const struct summary *sum,
			     const struct view *view)
{
	struct report r = report__of(out, sum, view);

	writer__begin(out, true);
	trust(&r);
	writer__end(out);
}

void report__write(struct writer *out, const struct summary *sum,
		   const struct report_failures *failures, const struct view *view)
{
	struct report r = report__of(out, sum, view);

	r.failures = failures;
	writer__begin(out, true);
	processes_part(&r, view->rows);
	writer__printf(out, "\n");
	report_protections__allowed(&r.line, tracker__allow(sum->tracker));
	trust(&r);
	writer__end(out);
}
