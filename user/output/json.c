// SPDX-License-Identifier: GPL-2.0
/*
 * The JSON Lines sink: one function a record. The fields and what they mean are
 * in json_fields.h, the syntax in json_writer.c. Must not know how text looks.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sink.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "call_text.h"
#include "json_heap.h"
#include "json_stack.h"
#include "json_summary.h"
#include "json_suspects.h"
#include "json_writer.h"
#include "processes.h"
#include "util/escape.h"

#define SCHEMA 1
#define COMMAND_MAX 4096   /* bytes of our command line */
#define HISTORY_MAX 4096   /* parts of regions in a map */

struct json_sink {
	struct sink s;
	const struct process *top[JSON_PROCESSES_MAX];
};

static int64_t since_start(const struct sink *s, uint64_t ts_ns)
{
	return (int64_t)(ts_ns - s->info.mono_ns);
}

static void begin(struct json *j, struct sink *s, bool important, enum json_record record,
		  enum json_field_id type, enum json_field_id ts, uint64_t ts_ns)
{
	json__begin(j, s->out, important, record, type);
	json__i64(j, ts, since_start(s, ts_ns));
}
#define BEGIN(j, s, important, record, ts_ns)                                                  \
	begin(j, s, important, JSON_RECORD_##record, JSON_##record##_type, JSON_##record##_ts, \
	      ts_ns)

static void string_if(struct json *j, enum json_field_id id, const char *text)
{
	if (text)
		json__string(j, id, text);
}

static void perms(struct json *j, enum json_field_id id, uint32_t flags)
{
	char text[5];

	region__perms(flags, text);
	json__string(j, id, text);
}

static void json_sink__start(struct sink *s, const struct start_info *info)
{
	char time_text[64], command[ESCAPE_ROOM(COMMAND_MAX)];
	time_t sec = info->wall_ns / 1000000000;
	const char *line = info->command_line ? info->command_line : "";
	struct json j;
	struct tm tm;
	size_t len;

	s->info = *info;
	gmtime_r(&sec, &tm);
	len = strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(time_text + len, sizeof(time_text) - len, ".%09" PRIu64 "Z",
		 info->wall_ns % 1000000000);
	/* Our own arguments may be any bytes. */
	escape__bytes(command, sizeof(command), line, strnlen(line, COMMAND_MAX), 0);

	BEGIN(&j, s, true, start, info->mono_ns);
	json__u64(&j, JSON_start_schema, SCHEMA);
	string_if(&j, JSON_start_version, info->version);
	json__string(&j, JSON_start_time, time_text);
	json__decimal(&j, JSON_start_wall_ns, info->wall_ns);
	json__decimal(&j, JSON_start_mono_ns, info->mono_ns);
	string_if(&j, JSON_start_boot_id, info->boot_id);
	string_if(&j, JSON_start_tier, info->tier);
	string_if(&j, JSON_start_kernel, info->kernel);
	json__string(&j, JSON_start_command, command);
	json__end(&j);
}

static void json_sink__process(struct sink *s, const struct process_record *rec)
{
	const struct process *p = rec->process;
	char name[SIGNAL_NAME_ROOM];
	struct json j;

	if (s->view.quiet)
		return;
	BEGIN(&j, s, false, process, rec->ts_ns);
	json__u64(&j, JSON_process_pid, p->tgid);
	json__u64(&j, JSON_process_ppid, p->parent);
	json__string(&j, JSON_process_comm, p->comm);
	json__string(&j, JSON_process_event, process_what__name(rec->what));
	json__decimal(&j, JSON_process_space, rec->space);
	if (p->end_lost) {
		/* How it ended is not known. */
	} else if (rec->what == PROCESS_EXIT && WIFEXITED(p->status)) {
		json__i64(&j, JSON_process_status, WEXITSTATUS(p->status));
	} else if (rec->what == PROCESS_EXIT) {
		json__string(&j, JSON_process_signal, signal__name(WTERMSIG(p->status), name));
		json__bool(&j, JSON_process_core, WCOREDUMP(p->status));
	}
	json__end(&j);
}

static enum json_field_id arg_field(enum call_arg_field field)
{
	static const unsigned short ids[CALL_ARG_NR] = {
#define X(field, type, text) [CALL_ARG_##field] = JSON_call_##field,
		CALL_ARG_FIELDS(X)
#undef X
	};

	return ids[field];
}

static void call_arguments(struct json *j, const struct call *c)
{
	char names[CALL_TEXT_FLAGS];

	for (const struct call_arg *arg = call_args(c); arg->field != CALL_ARG_NR; arg++) {
		enum json_field_id id = arg_field(arg->field);
		uint64_t value = call_arg__value(c, arg);

		switch (call_arg__type(arg->field)) {
		case ARG_HEX:
			json__hex(j, id, value);
			break;
		case ARG_INT:
			if (arg->is_int)
				json__i64(j, id, (int64_t)value);
			else
				json__u64(j, id, value);
			break;
		case ARG_NAMES:
			call_arg__names(c, arg, names, sizeof(names));
			json__string(j, id, names);
			break;
		}
	}
	if (c->has_name)
		json__string(j, JSON_call_name, c->name);
}

/* ret or error, and the limit: of a call record. */
static void call_result(struct json *j, const struct call_record *rec)
{
	const struct call *c = rec->call;
	int err = call_text__errno(c);

	if (err) {
		const char *name = errno__name(err);

		json__string(j, JSON_call_error, name ? name : "unknown");
	} else if (c->id == MT_CALL_BRK || c->id == MT_CALL_MMAP || c->id == MT_CALL_MREMAP ||
		   c->id == MT_CALL_SHMAT || c->id == MT_CALL_MAP_SHADOW_STACK) {
		json__hex(j, JSON_call_ret_addr, (uint64_t)c->ret);
	} else {
		json__i64(j, JSON_call_ret, c->ret);
	}
	if (err && limit__name(rec->limit)) {
		json__string(j, JSON_call_limit, limit__name(rec->limit));
		json__decimal(j, JSON_call_limit_value, rec->limit_bytes);
	}
}

/* Nothing where the call was not sampled. */
static void call_stack(struct json *j, const struct sink *s, enum json_field_id field, uint32_t id)
{
	const struct stack *stack = json_stack__write(j, field, s->info.stacks, id);

	if (stack && field == JSON_call_stack && stack->cut)
		json__bool(j, JSON_call_stack_cut, true);
}

static void change_record(struct sink *s, const struct call_record *rec)
{
	const struct change *ch = rec->change;
	const struct call *c = rec->call;
	struct json j;

	BEGIN(&j, s, false, change, c->exit_ns);
	json__u64(&j, JSON_change_pid, c->tgid);
	json__u64(&j, JSON_change_tid, c->tid);
	json__decimal(&j, JSON_change_space, c->target);
	json__string(&j, JSON_change_comm, c->comm);
	json__string(&j, JSON_change_call, call__what(c));
	if (c->origin == MT_ORIGIN_SYSCALL)
		json__i64(&j, JSON_change_nr, c->nr);
	json__hex(&j, JSON_change_start, ch->start);
	json__hex(&j, JSON_change_end, ch->end);
	/* Flags of 0 may be a region without access: then mapped and unmapped tell. */
	if (ch->old_flags || ch->unmapped || !ch->mapped)
		perms(&j, JSON_change_old_perms, ch->old_flags);
	if (ch->new_flags || ch->mapped || !ch->unmapped)
		perms(&j, JSON_change_new_perms, ch->new_flags);
	json__bool(&j, JSON_change_mixed, ch->mixed);
	json__u64(&j, JSON_change_mapped, ch->mapped);
	json__u64(&j, JSON_change_unmapped, ch->unmapped);
	json__u64(&j, JSON_change_committed, ch->committed);
	json__u64(&j, JSON_change_uncommitted, ch->uncommitted);
	if (ch->moved_from)
		json__hex(&j, JSON_change_moved_from, ch->moved_from);
	json__bool(&j, JSON_change_exact, ch->kind == CHANGE_APPLIED);
	if (ch->kind == CHANGE_UNKNOWN)
		string_if(&j, JSON_change_why, ch->why);
	json__end(&j);
}

static void json_sink__call(struct sink *s, const struct call_record *rec)
{
	const struct call *c = rec->call;
	struct json j;

	if (!view__shows_call(&s->view, rec))
		return;
	if (c->id == MT_CALL_NONE) {
		change_record(s, rec);
		return;
	}
	BEGIN(&j, s, false, call, c->exit_ns);
	json__u64(&j, JSON_call_pid, c->tgid);
	json__u64(&j, JSON_call_tid, c->tid);
	json__string(&j, JSON_call_comm, c->comm);
	json__string(&j, JSON_call_call, call__name(c->id));
	call_arguments(&j, c);
	call_result(&j, rec);
	if (c->enter_ns)
		json__u64(&j, JSON_call_duration_ns, c->exit_ns - c->enter_ns);
	json__decimal(&j, JSON_call_space, c->target);
	if (c->space != c->target)
		json__decimal(&j, JSON_call_caller_space, c->space);
	if (rec->region_name) {
		json__string(&j, JSON_call_region, rec->region_name);
		json__string(&j, JSON_call_region_kind, region_kind__name(rec->kind));
	}
	call_stack(&j, s, JSON_call_stack, c->stack);
	if (c->for_calls) {
		json__u64(&j, JSON_call_for_bytes, c->for_bytes);
		json__u64(&j, JSON_call_for_calls, c->for_calls);
	}
	json__end(&j);
	if (rec->change && rec->change->kind != CHANGE_NONE)
		change_record(s, rec);
}

/* The call that caused the finding, and why it failed. */
static void finding_call(struct json *j, const struct call_record *rec)
{
	int err = call_text__errno(rec->call);

	json__string(j, JSON_finding_call, call__what(rec->call));
	if (err)
		string_if(j, JSON_finding_error, errno__name(err));
	if (err && limit__name(rec->limit)) {
		json__string(j, JSON_finding_limit, limit__name(rec->limit));
		json__decimal(j, JSON_finding_limit_value, rec->limit_bytes);
	}
}

static void json_sink__finding(struct sink *s, const struct finding *f)
{
	struct json j;

	if (!view__shows_finding(&s->view, f))
		return;
	BEGIN(&j, s, false, finding, f->ts_ns);
	json__u64(&j, JSON_finding_pid, f->process->tgid);
	json__u64(&j, JSON_finding_tid, f->tid);
	json__string(&j, JSON_finding_comm, f->process->comm);
	json__decimal(&j, JSON_finding_space, f->space ? f->space->id : f->process->space);
	json__string(&j, JSON_finding_kind, finding_kind__name(f->kind));
	if (f->call)
		finding_call(&j, f->call);
	json__string(&j, JSON_finding_severity, severity__name(f->severity));
	if (f->kind == FINDING_PROTECTION) {
		json__string(&j, JSON_finding_class, prot_class__name(f->class));
		json__u64(&j, JSON_finding_count, f->count);
	}
	if (f->end) {
		json__hex(&j, JSON_finding_start, f->start);
		json__hex(&j, JSON_finding_end, f->end);
	}
	json__u64(&j, JSON_finding_bytes, f->bytes);
	if (f->kind == FINDING_PROTECTION) {
		perms(&j, JSON_finding_old_perms, f->old_flags);
		perms(&j, JSON_finding_new_perms, f->new_flags);
	}
	if (f->region_name) {
		json__string(&j, JSON_finding_region, f->region_name);
		json__string(&j, JSON_finding_region_kind, region_kind__name(f->region_kind));
	}
	json__string(&j, JSON_finding_text, f->text);
	if (f->call)
		call_stack(&j, s, JSON_finding_stack, f->call->call->stack);
	if (f->left_ns)
		json__u64(&j, JSON_finding_left_ns, f->left_ns);
	if (f->leak && !f->leak->whole)
		call_stack(&j, s, JSON_finding_stack, f->leak->site.stack);
	if (f->leak)
		json_suspects__leak(&j, s, f->leak);
	if (f->kind == FINDING_FREE)
		json_suspects__malloc(&j, s, JSON_finding_malloc, f->process);
	json__end(&j);
}

static void json_sink__map(struct sink *s, const struct process *p, const struct space *space,
			   const struct backings *backings, uint64_t ts_ns)
{
	const struct backing *b;
	const struct region *r;
	size_t left = HISTORY_MAX;
	struct region_iter it;
	struct json j;
	char dev[32];

	/* One that was asked for in so many words is waited for. */
	BEGIN(&j, s, s->view.history, map, ts_ns);
	json__u64(&j, JSON_map_pid, p->tgid);
	json__string(&j, JSON_map_comm, p->comm);
	json__decimal(&j, JSON_map_space, space->id);
	string_if(&j, JSON_map_tier, s->info.tier);
	json__bool(&j, JSON_map_exact, space->exact);
	if (!space->exact)
		string_if(&j, JSON_map_why, space->why);
	json__open_array(&j, JSON_map_regions, JSON_RECORD_region);
	for (r = region_iter__init(&it, space->map, 0); r; r = region_iter__next(&it)) {
		b = backings__get(backings, r->backing);
		snprintf(dev, sizeof(dev), "%02x:%02x", b->dev_major, b->dev_minor);
		json__open_item(&j);
		json__hex(&j, JSON_region_start, r->start);
		json__hex(&j, JSON_region_end, r->end);
		perms(&j, JSON_region_perms, r->flags);
		json__hex(&j, JSON_region_offset, r->offset);
		json__string(&j, JSON_region_dev, dev);
		json__decimal(&j, JSON_region_inode, b->ino);
		json__string(&j, JSON_region_path, region__name(r, backings, &space->layout));
		json__string(&j, JSON_region_kind,
			     region_kind__name(region__kind(&it, backings, &space->layout)));
		if (r->flags & REGION_LOCKED)
			json__bool(&j, JSON_region_locked, true);
		json_history__write(&j, s, space, r, &left);
		json__close(&j);
	}
	json__close(&j);
	json__end(&j);
}

static void json_sink__state(struct sink *s, const struct state_record *rec)
{
	struct json j;

	if (s->view.quiet)
		return;
	BEGIN(&j, s, false, state, rec->ts_ns);
	json__u64(&j, JSON_state_pid, rec->space->tgid);
	json__decimal(&j, JSON_state_space, rec->space->id);
	json__bool(&j, JSON_state_exact, rec->exact);
	string_if(&j, JSON_state_why, rec->why);
	if (rec->exact && rec->space->numbered)
		json__u64(&j, JSON_state_sections,
			  rec->space->next_seq - rec->space->uncertain_seq);
	json__end(&j);
}

static void json_sink__lost(struct sink *s, const struct lost_record *rec)
{
	struct json j;

	if (s->view.quiet)
		return;
	BEGIN(&j, s, false, lost, rec->ts_ns);
	json__u64(&j, JSON_lost_pid, rec->tgid);
	json__decimal(&j, JSON_lost_space, rec->space);
	json__u64(&j, JSON_lost_count, rec->count);
	json__end(&j);
}

static void json_sink__audit(struct sink *s, const struct audit_record *rec)
{
	struct json j;

	if (s->view.quiet)
		return;
	BEGIN(&j, s, false, audit, rec->ts_ns);
	json__u64(&j, JSON_audit_pid, rec->space->tgid);
	json__decimal(&j, JSON_audit_space, rec->space->id);
	json__string(&j, JSON_audit_why, rec->why);
	string_if(&j, JSON_audit_expected, rec->expected);
	string_if(&j, JSON_audit_got, rec->got);
	json__end(&j);
}

static void json_sink__sample(struct sink *s, const struct sample_record *rec)
{
	struct json j;

	if (s->view.quiet)
		return;
	BEGIN(&j, s, false, sample, rec->ts_ns);
	json__u64(&j, JSON_sample_pid, rec->process->tgid);
	json__string(&j, JSON_sample_comm, rec->process->comm);
	json__decimal(&j, JSON_sample_space, rec->space->id);
	json__bool(&j, JSON_sample_exact, rec->space->exact);
	json_heap__sample(&j, s, rec);
	json__end(&j);
}

static void json_sink__summary(struct sink *s, const struct summary *sum)
{
	struct json_sink *js = (struct json_sink *)s;
	struct json j;

	BEGIN(&j, s, true, summary, s->info.mono_ns + sum->duration_ns);
	json_summary__write(&j, s, sum, js->top);
	json__end(&j);
}

static void json_sink__free(struct sink *s)
{
	free(s);
}

static const struct sink_ops json_ops = {
	.start = json_sink__start,
	.process = json_sink__process,
	.call = json_sink__call,
	.finding = json_sink__finding,
	.map = json_sink__map,
	.state = json_sink__state,
	.lost = json_sink__lost,
	.audit = json_sink__audit,
	.sample = json_sink__sample,
	.summary = json_sink__summary,
	.free = json_sink__free,
};

struct sink *json_sink__new(struct writer *out, const struct view *view,
			    const struct start_info *info)
{
	struct json_sink *js = calloc(1, sizeof(*js));

	if (!js)
		return NULL;
	js->s = (struct sink){ .ops = &json_ops, .out = out, .view = *view, .info = *info };
	return &js->s;
}
