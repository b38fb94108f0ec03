// SPDX-License-Identifier: GPL-2.0
/* The closing record: counts, processes, what needed memory, what was allowed. */
#define _GNU_SOURCE
#include "json_summary.h"

#include <sys/wait.h>

#include "call_text.h"
#include "core/allow.h"
#include "json_heap.h"
#include "json_suspects.h"
#include "processes.h"
#include "site_text.h"

static int64_t since_start(const struct sink *s, uint64_t ts_ns)
{
	return (int64_t)(ts_ns - s->info.mono_ns);
}

static void usage(struct json *j, enum json_field_id id, const struct usage *u)
{
	json__open(j, id, JSON_RECORD_usage);
	json__u64(j, JSON_usage_total, u->total);
	json__u64(j, JSON_usage_accessible, u->accessible);
	json__u64(j, JSON_usage_locked, u->locked);
	json__open(j, JSON_usage_kinds, JSON_RECORD_kinds);
	for (int k = 0; k < KIND_NR; k++)
		if (u->kind[k])
			json__named_u64(j, JSON_kinds_KIND, region_kind__name(k), u->kind[k]);
	json__close(j);
	json__close(j);
}

static void calls(struct json *j, enum json_field_id id, const struct call_stats *stats)
{
	json__open(j, id, JSON_RECORD_calls);
	for (int c = MT_CALL_NONE + 1; c < MT_CALL_NR; c++) {
		if (!stats[c].count)
			continue;
		json__named_open(j, JSON_calls_CALL, call__name(c), JSON_RECORD_call_sum);
		json__u64(j, JSON_call_sum_count, stats[c].count);
		json__u64(j, JSON_call_sum_errors, stats[c].errors);
		json__u64(j, JSON_call_sum_bytes, stats[c].bytes);
		json__u64(j, JSON_call_sum_ns, stats[c].ns);
		json__close(j);
	}
	json__close(j);
}

static void protections(struct json *j, const struct process *p)
{
	json__open(j, JSON_process_sum_protection_classes, JSON_RECORD_protection_counts);
	for (int c = 0; c < PROT_CLASS_NR; c++)
		if (p->prot.count[c])
			json__named_u64(j, JSON_protection_counts_CLASS, prot_class__name(c),
					p->prot.count[c]);
	json__close(j);
	json__u64(j, JSON_process_sum_allowed, p->prot.allowed);
}

static void sites_sum(struct json *j, enum json_field_id id, const struct site_sums *sums)
{
	json__open(j, id, JSON_RECORD_sites_sum);
	json__u64(j, JSON_sites_sum_bytes, sums->bytes);
	json__u64(j, JSON_sites_sum_calls, sums->calls);
	json__u64(j, JSON_sites_sum_kept, sums->kept);
	json__close(j);
}

static void site_sum(struct json *j, const struct sink *s, const struct process *p,
		     const struct site *site, const struct stacks *stacks)
{
	char who[SITE_ROOM];

	json__open_item(j);
	json__string(j, JSON_site_who, site__text(site, stacks, who));
	if (site->stack) {
		json__u64(j, JSON_site_stack, site->stack);
	} else {
		json__string(j, JSON_site_call, cause__name(site->what));
		json__string(j, JSON_site_kind, region_kind__name(site->kind));
		json__string(j, JSON_site_comm, site->comm);
	}
	json__u64(j, JSON_site_bytes, site->bytes);
	if (site__error(site))
		json__u64(j, JSON_site_error_bytes, site__error(site));
	json__u64(j, JSON_site_calls, site->calls);
	json__u64(j, JSON_site_kept, site__kept(site));
	json__u64(j, JSON_site_peak, site__peak(site));
	json__u64(j, JSON_site_share, process__share(p, site));
	json__u64(j, JSON_site_rate, process__rate(p, site->bytes));
	json__u64(j, JSON_site_sampled, site->own < site->bytes ? site->own : site->bytes);
	json__i64(j, JSON_site_first_ts, since_start(s, site->first_ns));
	json__i64(j, JSON_site_last_ts, since_start(s, site->last_ns));
	json__close(j);
}

static void heaps(struct json *j, const struct process *p)
{
	char allocators[HEAP_ALLOCATORS_ROOM];

	json_heap__parts(j, JSON_process_sum_heap_at_start, &p->heap_start);
	json_heap__committed(j, JSON_process_sum_heap_at_peak, p->heap_peak);
	json_heap__parts(j, JSON_process_sum_heap_at_end, &p->heap_end);
	if (p->heap_end.allocators)
		json__string(j, JSON_process_sum_allocators,
			     heap__allocators_text(p->heap_end.allocators, allocators));
}

static void process_sum(struct json *j, const struct sink *s, const struct process *p,
			const struct stacks *stacks)
{
	char name[SIGNAL_NAME_ROOM];

	json__open_item(j);
	json__u64(j, JSON_process_sum_pid, p->tgid);
	json__u64(j, JSON_process_sum_ppid, p->parent);
	json__string(j, JSON_process_sum_comm, p->comm);
	json__bool(j, JSON_process_sum_ended, p->ended);
	if (p->ended && !p->end_lost && WIFEXITED(p->status))
		json__i64(j, JSON_process_sum_status, WEXITSTATUS(p->status));
	else if (p->ended && !p->end_lost)
		json__string(j, JSON_process_sum_signal, signal__name(WTERMSIG(p->status), name));
	json__i64(j, JSON_process_sum_growth, process__growth(p));
	usage(j, JSON_process_sum_at_start, &p->at_start);
	usage(j, JSON_process_sum_peak, &p->peak);
	usage(j, JSON_process_sum_at_end, &p->at_end);
	heaps(j, p);
	json__u64(j, JSON_process_sum_mapped, p->mapped);
	json__u64(j, JSON_process_sum_unmapped, p->unmapped);
	json__u64(j, JSON_process_sum_committed, p->committed);
	json__u64(j, JSON_process_sum_uncommitted, p->uncommitted);
	json__u64(j, JSON_process_sum_brk_grown, p->brk_grown);
	json__u64(j, JSON_process_sum_brk_shrunk, p->brk_shrunk);
	json__u64(j, JSON_process_sum_protections, p->protections);
	protections(j, p);
	calls(j, JSON_process_sum_calls, p->calls);
	json__open(j, JSON_process_sum_findings, JSON_RECORD_finding_counts);
	for (int k = 0; k < FINDING_NR; k++)
		if (p->findings[k])
			json__named_u64(j, JSON_finding_counts_FINDING, finding_kind__name(k),
					p->findings[k]);
	json__close(j);
	json__open_array(j, JSON_process_sum_sites, JSON_RECORD_site);
	for (size_t i = 0; i < p->n_sites; i++)
		site_sum(j, s, p, &p->sites[i], stacks);
	json__close(j);
	json_suspects__process(j, s, p);
	sites_sum(j, JSON_process_sum_sites_sum, &p->site_sums);
	json__close(j);
}

static void allowed(struct json *j, const struct allow *allow)
{
	json__open_array(j, JSON_summary_allowed, JSON_RECORD_allow_sum);
	for (size_t i = 0; allow && i < allow->n; i++) {
		json__open_item(j);
		json__string(j, JSON_allow_sum_rule, allow->rules[i].text);
		json__u64(j, JSON_allow_sum_count, allow->rules[i].count);
		json__close(j);
	}
	json__close(j);
}

/* The processes that are not listed, and those that the tracker has summed up. */
static void other_sum(struct json *j, struct processes_rest *rest,
		      const struct tracker_totals *totals)
{
	for (int c = 0; c < MT_CALL_NR; c++) {
		rest->calls[c].count += totals->other[c].count;
		rest->calls[c].errors += totals->other[c].errors;
		rest->calls[c].bytes += totals->other[c].bytes;
		rest->calls[c].ns += totals->other[c].ns;
	}
	json__open(j, JSON_summary_other, JSON_RECORD_other_sum);
	json__u64(j, JSON_other_sum_count, rest->count + totals->forgotten);
	json__i64(j, JSON_other_sum_growth, rest->growth);
	json__u64(j, JSON_other_sum_mapped, rest->mapped);
	json__u64(j, JSON_other_sum_unmapped, rest->unmapped);
	calls(j, JSON_other_sum_calls, rest->calls);
	site_sums__add(&rest->sites, &totals->other_sites);
	sites_sum(j, JSON_other_sum_sites_sum, &rest->sites);
	json__close(j);
}

static void summary_stacks(struct json *j, const struct stacks_summary *stacks)
{
	if (stacks->why_not)
		json__string(j, JSON_summary_stacks_why_not, stacks->why_not);
	json__u64(j, JSON_summary_stacks_asked, stacks->asked);
	json__u64(j, JSON_summary_stacks_unwound, stacks->unwound);
	json__u64(j, JSON_summary_stacks_cut, stacks->cut);
	json__u64(j, JSON_summary_stacks_lost, stacks->lost);
	json__u64(j, JSON_summary_stacks_bytes_asked, stacks->bytes_asked);
	json__u64(j, JSON_summary_stacks_bytes_taken, stacks->bytes_taken);
	json__u64(j, JSON_summary_stack_ns, stacks->each_ns);
}

static void summary_counts(struct json *j, const struct summary *sum)
{
	static const char *const causes[MT_LOSS_NR] = {
#define X(id, name, text) [MT_LOSS_##id] = #name,
		MT_LOSSES(X)
#undef X
	};
	const struct tracker_totals *totals = sum->totals;
	const struct space *first;

	if (sum->tier)
		json__string(j, JSON_summary_tier, sum->tier);
	json__u64(j, JSON_summary_duration_ns, sum->duration_ns);
	json__u64(j, JSON_summary_seen, sum->seen);
	json__u64(j, JSON_summary_delivered, sum->delivered);
	json__u64(j, JSON_summary_lost, sum->lost);
	json__open(j, JSON_summary_lost_by_cause, JSON_RECORD_causes);
	for (int i = 0; i < MT_LOSS_NR; i++)
		json__named_u64(j, JSON_causes_CAUSE, causes[i], sum->lost_by_cause[i]);
	json__close(j);
	json__u64(j, JSON_summary_lives_seen, sum->lives_seen);
	json__u64(j, JSON_summary_lives_lost, sum->lives_lost);
	json__u64(j, JSON_summary_sections_seen, sum->sections_seen);
	json__u64(j, JSON_summary_sections_delivered, totals->sections);
	json__u64(j, JSON_summary_sections_lost, sum->sections_lost);
	json__u64(j, JSON_summary_sections_missing, totals->missing);
	json__u64(j, JSON_summary_not_traced, sum->not_traced);
	json__u64(j, JSON_summary_lines_dropped, sum->lines_dropped);
	if (sum->stacks.on)
		summary_stacks(j, &sum->stacks);
	json__u64(j, JSON_summary_resyncs, totals->resyncs);
	json__u64(j, JSON_summary_bases, totals->bases);
	json__u64(j, JSON_summary_audits, totals->audits);
	json__u64(j, JSON_summary_audit_failures, totals->audit_failures);
	json__u64(j, JSON_summary_verified, sum->verified);
	json__u64(j, JSON_summary_differences, sum->differences);
	json__u64(j, JSON_summary_conflicts, totals->conflicts);
	json__u64(j, JSON_summary_uncertain, spaces__uncertain(sum->tracker, &first));
	json__u64(j, JSON_summary_processes_seen, totals->processes);
	json__u64(j, JSON_summary_spaces_seen, totals->spaces);
	json__u64(j, JSON_summary_threads_seen, totals->threads);
}

void json_summary__write(struct json *j, const struct sink *s, const struct summary *sum,
			 const struct process *top[JSON_PROCESSES_MAX])
{
	struct processes_rest rest;
	size_t n = processes__largest(sum->tracker, top, JSON_PROCESSES_MAX, &rest);

	summary_counts(j, sum);
	allowed(j, tracker__allow(sum->tracker));
	json__open_array(j, JSON_summary_processes, JSON_RECORD_process_sum);
	for (size_t i = 0; i < n; i++)
		process_sum(j, s, top[i], tracker__stacks(sum->tracker));
	json__close(j);
	other_sum(j, &rest, sum->totals);
}
