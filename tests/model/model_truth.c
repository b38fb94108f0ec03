/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The call model against kernel truth: runs programs in tier truth, gives each
 * of their calls to the model as well, and compares the two maps after every
 * one. It stands between decoder and tracker (ld's --wrap), so that nothing in
 * memtrace knows of it.
 *
 *	model-truth [-v] TABLE <LIST		LIST: lines of NAME, a tab, COMMAND
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/session.h"
#include "core/words.h"
#include "shadow.h"
#include "table.h"

#define LIMIT_NS (60ull * 1000000000)
#define SHOWN_MAX 20 /* differences of one program that are printed in full */

int __real_tracker__on_call(struct tracker *t, const struct call *c);
int __wrap_tracker__on_call(struct tracker *t, const struct call *c);
int __real_tracker__on_walk(struct tracker *t, const struct walk_event *ev);
int __wrap_tracker__on_walk(struct tracker *t, const struct walk_event *ev);
int __real_tracker__on_section(struct tracker *t, const struct section_event *ev);
int __wrap_tracker__on_section(struct tracker *t, const struct section_event *ev);
int __real_tracker__on_fork(struct tracker *t, const struct fork_event *ev);
int __wrap_tracker__on_fork(struct tracker *t, const struct fork_event *ev);

struct counts {
	unsigned long compared, differ, unexplained, overlapped, inexact;
};

static struct run {
	struct shadows shadows; /* .tracker: other trackers are none of ours (session_trial.c) */
	struct table table;
	struct counts of_call[MT_CALL_NR + 1], program; /* the last of_call: of fork */
	struct change truth;				/* of the call that is being told */
	const char *why;				/* a space became uncertain last */
	uint64_t lost;
	bool verbose;
	unsigned int shown;
} run;

/* ---------------------------------------------------------------- telling */

static void print_call(const struct call *c, const struct change *model)
{
	int i;

	printf("  pid %u tid %u (%s): %s(", c->tgid, c->tid, c->comm, call__name(c->id));
	for (i = 0; i < 6; i++)
		printf("%s%#" PRIx64, i ? ", " : "", c->args[i]);
	printf(") = %#" PRIx64 "\n    the model: %s\n", (uint64_t)c->ret,
	       model->kind == CHANGE_UNKNOWN ? model->why :
	       model->kind == CHANGE_NONE    ? "no change" :
					       "applied");
}

/* How the table calls it. */
static const char *name_of(const struct call *c)
{
	if (!c->id)
		return "fork";
	if (c->id == MT_CALL_MREMAP && !call__failed(c) && c->args[3] & 4) /* MREMAP_DONTUNMAP */
		return "mremap DONTUNMAP";
	return call__name(c->id);
}

static const char *result_of(const struct call *c)
{
	const char *name = call__failed(c) ? errno__name((int)-c->ret) : "ok";

	return name ? name : "unknown error";
}

/* True when it is to be shown: nobody has explained it, or all is to be seen. */
static bool count_difference(unsigned int id, const char *call, const char *result,
			     const char *what)
{
	struct table_row *row = table__find(&run.table, call, result, what);

	run.of_call[id].differ++;
	run.program.differ++;
	if (row)
		row->met++;
	else
		run.of_call[id].unexplained++, run.program.unexplained++;
	if ((row && !run.verbose) || (run.shown++ >= SHOWN_MAX && !run.verbose))
		return false;
	printf("%s: `%s` | `%s` | `%s`\n", row ? "explained" : "DIFFERENT", call, result, what);
	return true;
}

/* ---------------------------------------------------------------- comparing */

static void print_unknown(const struct shadow *sh, const struct space *s, const struct call *c,
			  const struct change *model)
{
	struct range where = { model->start, model->end }, at;
	const struct region *r = &c->region.region;
	const char *what;

	print_call(c, model);
	if (c->has_region)
		printf("    region %" PRIx64 "-%" PRIx64 " flags %x%s\n", r->start, r->end,
		       r->flags, c->region.anonymous ? "" : " of a file");
	if (shadow__differs(&run.shadows, sh, s, where, &at, &what))
		printf("    %s from %" PRIx64 " to %" PRIx64 "\n", what, at.start, at.end);
	shadow__print(stdout, &run.shadows, sh, s, where);
}

/* What differs is told, and the model begins anew from what the kernel has. */
static void compare(struct shadow *sh, const struct space *s, struct range at, const struct call *c,
		    const struct change *model)
{
	struct range where;
	const char *what;

	if (model->kind == CHANGE_UNKNOWN) {
		if (count_difference(c->id, name_of(c), result_of(c), model->why))
			print_unknown(sh, s, c, model);
		shadow__overtake(&run.shadows, sh, s, SHADOW_ALL, c->tid);
		return;
	}
	if (!shadow__differs(&run.shadows, sh, s, at, &where, &what))
		return;
	if (count_difference(c->id, name_of(c), result_of(c), what)) {
		print_call(c, model);
		printf("    from %" PRIx64 " to %" PRIx64 "\n", where.start, where.end);
		shadow__print(stdout, &run.shadows, sh, s, where);
	}
	shadow__overtake(&run.shadows, sh, s, SHADOW_ALL, c->tid);
}

/* What people are told of the call must not depend on the tier: the first that does, or NULL. */
static const char *told_otherwise(const struct call *c, const struct change *a,
				  const struct change *b)
{
	/* Where nothing is measured it matters for one call alone: it is counted. */
	bool kinds = a->last || b->last || (c->id == MT_CALL_MPROTECT && !call__failed(c));

	return kinds && a->kind != b->kind		    ? "told: whether there is a change" :
	       a->mapped != b->mapped			    ? "told: bytes mapped" :
	       a->unmapped != b->unmapped		    ? "told: bytes unmapped" :
	       a->committed != b->committed		    ? "told: bytes committed" :
	       a->uncommitted != b->uncommitted		    ? "told: bytes uncommitted" :
	       (a->old_flags ^ b->old_flags) & REGION_PERMS ? "told: old permissions" :
	       (a->new_flags ^ b->new_flags) & REGION_PERMS ? "told: new permissions" :
	       a->wx != b->wx				    ? "told: writable and executable" :
	       a->mixed != b->mixed			    ? "told: mixed permissions" :
	       a->moved_from != b->moved_from		    ? "told: moved from" :
	       a->start != b->start || a->end != b->end	    ? "told: range" :
							      NULL;
}

static void print_change(const char *who, const struct change *ch)
{
	printf("    %s: kind %d %" PRIx64 "-%" PRIx64 " mapped %" PRIu64 " unmapped %" PRIu64
	       " committed %" PRIu64 " uncommitted %" PRIu64
	       " flags %x>%x wx %x mixed %d from %" PRIx64 "\n",
	       who, ch->kind, ch->start, ch->end, ch->mapped, ch->unmapped, ch->committed,
	       ch->uncommitted, ch->old_flags, ch->new_flags, ch->wx, ch->mixed, ch->moved_from);
}

static void compare_told(const struct call *c, const struct change *model)
{
	const char *what = told_otherwise(c, model, &run.truth);

	if (!what || !count_difference(c->id, name_of(c), result_of(c), what))
		return;
	print_call(c, model);
	print_change("the model", model);
	print_change("the truth", &run.truth);
}

static struct range ranges_of(const struct call *c)
{
	struct range ranges[2] = { { 0, 0 }, { 0, 0 } };

	/* Two ranges of one call: their hull holds what lies between as well. */
	if (call__ranges(c, ranges) == 2) {
		if (ranges[1].start < ranges[0].start)
			ranges[0].start = ranges[1].start;
		if (ranges[1].end > ranges[0].end)
			ranges[0].end = ranges[1].end;
	}
	return ranges[0];
}

static void apply(struct shadow *sh, const struct space *s, const struct call *c)
{
	struct shadow_own own = shadow__close_sections(sh, c->tid, ranges_of(c));
	struct model_space space = {
		.map = sh->map,
		.backings = run.shadows.backings,
		.layout = &sh->layout,
		.lock_future = sh->lock_future,
		.lock_on_fault = sh->lock_on_fault,
	};
	struct change model;
	bool whole;

	if (own.overlapped) {
		run.of_call[c->id].overlapped++;
		run.program.overlapped++;
		shadow__overtake(&run.shadows, sh, s, own.at, c->tid);
		sh->layout = s->layout;
		return;
	}
	if (call_model__apply(&space, c, true, &model))
		exit(1);
	sh->lock_future = space.lock_future;
	sh->lock_on_fault = space.lock_on_fault;
	run.of_call[c->id].compared++;
	run.program.compared++;
	/* Of many regions all are compared now and then, and after what reaches far. */
	whole = !own.others &&
		(c->id == MT_CALL_MREMAP ||
		 sh->compared++ % (1 + region_map__totals(sh->map)->regions / 128) == 0);
	compare(sh, s, whole ? SHADOW_ALL : own.at, c, &model);
	if (model.kind != CHANGE_UNKNOWN)
		compare_told(c, &model);
}

static void begin_anew(struct shadow *sh, const struct space *s)
{
	/* A call that is under way has done its work, or is going to: nobody knows. */
	shadow__overtake(&run.shadows, sh, s, SHADOW_ALL, 0);
	sh->layout = s->layout;
	/* VM_LOCKED, VM_LOCKONFAULT: what mlockall has asked for the future. */
	sh->lock_future = s->mm.def_flags & 0x2000;
	sh->lock_on_fault = sh->lock_future && s->mm.def_flags & 0x80000;
	sh->stale = false;
}

int __wrap_tracker__on_call(struct tracker *t, const struct call *c)
{
	int err = __real_tracker__on_call(t, c);
	struct shadow *sh = shadows__find(&run.shadows, c->target);
	struct space *s = tracker__space(t, c->target);

	if (t != run.shadows.tracker)
		return err;
	if (!s || !sh || !s->exact || sh->stale) {
		run.of_call[c->id].inexact++;
		run.program.inexact++;
		if (sh)
			sh->stale = true;
		if (s && sh && s->exact)
			begin_anew(sh, s);
		return err;
	}
	apply(sh, s, c);
	return err;
}

/* ---------------------------------------------------------------- what is no call of ours */

int __wrap_tracker__on_section(struct tracker *t, const struct section_event *ev)
{
	struct space *s = tracker__space(t, ev->space);
	bool was_exact = s && s->exact;
	int err = __real_tracker__on_section(t, ev);
	struct shadow *sh = shadows__find(&run.shadows, ev->space);
	struct range at = { ev->lo, ev->hi };

	if (t != run.shadows.tracker || !sh || !s)
		return err;
	if (run.verbose && was_exact && !s->exact)
		printf("  space %" PRIu64 " after section %" PRIu64 " of %s, %" PRIx64 "-%" PRIx64
		       "%s: %zu regions, %u in the kernel; %" PRIu64 " bytes, %" PRIu64 "\n",
		       s->id, ev->seq, ev->origin < MT_CALL_NR ? call__name(ev->origin) : "another",
		       ev->lo, ev->hi, ev->downgraded ? " downgraded" : "",
		       region_map__totals(s->map)->regions, ev->mm.map_count,
		       region_map__totals(s->map)->bytes,
		       (uint64_t)(ev->mm.total_vm * REGION_PAGE));
	/* Of a full one the walk follows, and the space is not exact before. */
	if (!was_exact || ev->bad || (!s->exact && !ev->full))
		sh->stale = true;
	/* Also of what is not followed: its call may end when it is again. */
	if (ev->origin < MT_CALL_NR) {
		sh->call_walks = ev->full;
		shadow__note_section(sh, ev->tid, ev->full ? SHADOW_ALL : at);
	} else if (sh->stale) {
		return err;
	} else if (ev->full) {
		sh->stale = true;
	} else if (ev->lo < ev->hi) {
		shadow__overtake(&run.shadows, sh, s, at, ev->tid);
	}
	return err;
}

int __wrap_tracker__on_fork(struct tracker *t, const struct fork_event *ev)
{
	struct shadow *parent = shadows__find(&run.shadows, ev->space), *child;
	int err = __real_tracker__on_fork(t, ev);
	struct shadow_own own;
	struct region_map *map;

	if (t != run.shadows.tracker || !parent || parent->stale || ev->shared)
		return err;
	own = shadow__close_sections(parent, 0, (struct range){ 0, 0 });
	if (own.others)
		return err;
	child = shadows__get(&run.shadows, ev->child_space);
	map = call_model__fork(parent->map);
	if (!map)
		exit(1);
	region_map__free(child->map);
	child->map = map;
	child->forked = true;
	return err;
}

int __wrap_tracker__on_walk(struct tracker *t, const struct walk_event *ev)
{
	struct space *s = tracker__space(t, ev->space);
	bool was_exact = s && s->exact && s->has_base;
	int err = __real_tracker__on_walk(t, ev);
	struct call fork = { .tgid = ev->tgid, .tid = ev->tgid, .comm = "a child" };
	struct change applied = { .kind = CHANGE_APPLIED };
	struct shadow *sh;

	s = tracker__space(t, ev->space);
	if (t != run.shadows.tracker || !ev->last || !s || !s->exact)
		return err;
	sh = shadows__get(&run.shadows, ev->space);
	if (sh->forked) {
		run.of_call[0].compared++;
		run.program.compared++;
		compare(sh, s, SHADOW_ALL, &fork, &applied);
		sh->forked = false;
		begin_anew(sh, s);
	} else if (sh->stale || (!was_exact && !sh->call_walks)) {
		begin_anew(sh, s);
	}
	sh->call_walks = false;
	return err;
}

/* ---------------------------------------------------------------- the sink */

static void on_call(struct sink *s, const struct call_record *rec)
{
	(void)s;
	run.truth = *rec->change;
}

static void on_process(struct sink *s, const struct process_record *rec)
{
	(void)s;
	(void)rec;
}

static void on_finding(struct sink *s, const struct finding *finding)
{
	(void)s;
	(void)finding;
}

static void on_state(struct sink *s, const struct state_record *rec)
{
	struct shadow *sh = shadows__find(&run.shadows, rec->space->id);

	(void)s;
	if (rec->exact)
		return;
	/* Something is missing: of what changes the map, or of what the model is told. */
	if (sh)
		sh->stale = true;
	run.why = rec->why;
	if (run.verbose)
		printf("  space %" PRIu64 " is uncertain: %s\n", rec->space->id, rec->why);
}

static void on_lost(struct sink *s, const struct lost_record *rec)
{
	struct shadow *sh = shadows__find(&run.shadows, rec->space);

	(void)s;
	run.lost += rec->count;
	/* It may have been a call that the model was not told of. */
	if (sh)
		sh->stale = true;
}

/* The two maps are not compared any more where truth itself is in doubt. */
static void on_audit(struct sink *s, const struct audit_record *rec)
{
	(void)s;
	run.program.unexplained++;
	printf("AUDIT failed: %s\n  expected %s\n  got      %s\n", rec->why,
	       rec->expected ? rec->expected : "-", rec->got ? rec->got : "-");
}

static void tell(const char *text)
{
	printf("TOLD: %s\n", text);
}

/* ---------------------------------------------------------------- running */

static bool run_program(struct session *s, char *command)
{
	char *argv[] = { (char *)"sh", (char *)"-c", command, NULL };
	uint64_t end = session__now() + LIMIT_NS;
	struct command c;

	if (command__prepare(&c, argv, NULL) || live__add_target(s->live, (uint32_t)c.pid) ||
	    command__go(&c))
		return false;
	do {
		if (!session__pump(s))
			usleep(1000);
		command__reap(&c);
	} while ((!c.ended || tracker__live_processes(s->tracker)) && session__now() < end);
	if (!c.ended || tracker__live_processes(s->tracker))
		return false;
	shadows__sweep(&run.shadows);
	return true;
}

/* One line of the list: prints what came of it as the other tests do. */
static bool run_case(struct session *s, char *line)
{
	char *command = line, *name = strsep(&command, "\t\n");
	bool ran;

	run.program = (struct counts){ 0 };
	run.why = NULL;
	run.lost = 0;
	run.shown = 0;
	if (!command)
		return true;
	command[strcspn(command, "\n")] = '\0';
	ran = run_program(s, command);
	printf("%s %s (%s%lu compared, %lu differ, %lu of them unexplained, %lu overlapped, %lu not exact%s%s, %" PRIu64
	       " lost)\n",
	       ran && run.program.compared && !run.program.unexplained ? "ok" : "FAILED", name,
	       ran ? "" : "it did not end; ", run.program.compared, run.program.differ,
	       run.program.unexplained, run.program.overlapped, run.program.inexact,
	       run.why ? ": " : "", run.why ? run.why : "", run.lost);
	fflush(stdout);
	return ran;
}

static void print_totals(void)
{
	struct counts sum = { 0 };
	unsigned int id;

	printf("%-18s %9s %9s %9s %9s %9s\n", "CALL", "COMPARED", "DIFFER", "UNEXPL.", "OVERLAP",
	       "NOT EXACT");
	for (id = 0; id < MT_CALL_NR; id++) {
		const struct counts *n = &run.of_call[id];

		if (n->compared + n->overlapped + n->inexact == 0)
			continue;
		printf("%-18s %9lu %9lu %9lu %9lu %9lu\n", id ? call__name(id) : "fork",
		       n->compared, n->differ, n->unexplained, n->overlapped, n->inexact);
		sum.compared += n->compared;
		sum.differ += n->differ;
		sum.unexplained += n->unexplained;
		sum.overlapped += n->overlapped;
		sum.inexact += n->inexact;
	}
	printf("%-18s %9lu %9lu %9lu %9lu %9lu\n", "all", sum.compared, sum.differ, sum.unexplained,
	       sum.overlapped, sum.inexact);
	for (size_t i = 0; i < run.table.n; i++)
		printf("explained %lu times: `%s` | `%s` | `%s`\n", run.table.rows[i].met,
		       run.table.rows[i].call, run.table.rows[i].result, run.table.rows[i].what);
}

int main(int argc, char **argv)
{
	static const struct sink_ops ops = { .process = on_process,
					     .call = on_call,
					     .finding = on_finding,
					     .state = on_state,
					     .lost = on_lost,
					     .audit = on_audit };
	struct live_scope scope = {
		.follow = true, .tier = TIER_TRUTH, .regions = true, .rings = { 256u << 20, 1 }
	};
	struct sink sink = { .ops = &ops };
	char why[512] = "out of memory", *line = NULL;
	struct session session;
	size_t size = 0;

	run.verbose = argc > 1 && !strcmp(argv[1], "-v");
	if (argc != 2 + run.verbose || !table__read(&run.table, argv[argc - 1]))
		return 2;
	run.shadows.backings = backings__new();
	if (!run.shadows.backings || session__load(&session, &scope, why, sizeof(why)) ||
	    session__open(&session, &sink, true)) {
		fprintf(stderr, "model-truth: %s\n", why);
		return 4;
	}
	run.shadows.tracker = session.tracker;
	session.tell = tell;
	while (getline(&line, &size, stdin) > 0 && run_case(&session, line))
		;
	print_totals();
	free(line);
	session__close(&session);
	table__free(&run.table);
	backings__free(run.shadows.backings);
	return 0;
}
