// SPDX-License-Identifier: GPL-2.0
/* Calls that failed; see report_failures.h. */
#include "report_failures.h"

#include <inttypes.h>

#include "call_text.h"

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

static bool failure__of(const struct report_failure *f, const struct process *p)
{
	return !p || (f->tgid == p->tgid && f->start_ns == p->start_ns);
}

size_t report_failures__count(const struct report_failures *failures, const struct process *p)
{
	const struct report_failure *f;
	size_t n = 0;

	for (f = failures->list; f < failures->list + failures->n; f++)
		n += failure__of(f, p);
	return n;
}

static void failure_line(struct report_line *l, const struct report_failure *f,
			 const char *label, bool of_many)
{
	const char *name = errno__name(f->err);
	char value[HUMAN_SIZE_ROOM];

	report_line__begin(l, label);
	report_line__add(l, "%s %" PRIu64 " time%s: %s (%s)", call__name(f->call), f->count,
			 f->count == 1 ? "" : "s", name ? name : "error", errno__text(f->err));
	if (limit__name(f->limit))
		report_line__add(l, ", %s %s", limit__name(f->limit),
				 limit__value(f->limit, f->limit_bytes, value));
	if (of_many)
		report_line__add(l, " (pid %u)", f->tgid);
	report_line__end(l);
}

void report_failures__write(struct report_line *l, const struct report_failures *failures,
			    const struct process *p, size_t max)
{
	uint64_t more = p ? 0 : failures->others;
	size_t n = report_failures__count(failures, p) + (more != 0), told = 0;
	size_t named = n > max && max > 1 ? max - 1 : max;
	const struct report_failure *f;

	for (f = failures->list; f < failures->list + failures->n; f++) {
		if (!failure__of(f, p))
			continue;
		if (told < named)
			failure_line(l, f, told++ ? "" : "failures", !p);
		else
			more += f->count;
	}
	if (!more || told == max)
		return;
	report_line__begin(l, told ? "" : "failures");
	report_line__add(l, "and %" PRIu64 " more", more);
	report_line__end(l);
}
