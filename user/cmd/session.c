// SPDX-License-Identifier: GPL-2.0
/* The session: who asks whom, and in which order. Parses no options, prints nothing. */
#include "session_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "input/proc.h"
#include "input/proc_maps.h"
#include "util/escape.h"

/* A space is read again at most this often, and a little after it became uncertain. */
#define RESYNC_NS (100 * NS_PER_MS)
#define CHECK_NS (1000 * NS_PER_MS)
/* How often a map that is asked for is tried for before it is called uncertain. */
#define MAP_TRIES 20
#define LOOKUPS 16
/* Tier ordered: for how long a space's lock is waited for, and a missing record. */
#define NUMBER_TRIES 20
#define AWAIT_NS (1000 * NS_PER_MS)

uint64_t session__now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static void on_record(void *ctx, const void *data, size_t len)
{
	struct session *s = ctx;

	/* What was not taken in is unknown: no map is called exact that may lack it. */
	if (decoder__record(s->decoder, data, len) == -ENOMEM)
		tracker__all_uncertain(s->tracker, "memtrace is out of memory", session__now());
	if (decoder__lacks_name(s->decoder))
		live__forget_names(s->live);
}

/* Takes in what there is, at most SESSION_BATCH records: returns their number. */
static long consume(struct session *s)
{
	decoder__set_time(s->decoder, session__now());
	return live__consume(s->live, SESSION_BATCH, on_record, s);
}

static int on_task(void *ctx, const struct mt_task *task)
{
	struct session *s = ctx;
	char comm[ESCAPE_ROOM(MT_COMM_LEN)];

	escape__bytes(comm, sizeof(comm), task->comm, strnlen(task->comm, MT_COMM_LEN),
		      ESCAPE_BACKSLASH);
	return tracker__on_task(s->tracker, task, comm);
}

int session__load(struct session *s, const struct live_scope *scope, char *why, size_t why_len)
{
	int err;

	*s = (struct session){
		.observer = sink_observer,
		.truth = scope->tier == TIER_TRUTH,
		.ordered = scope->tier == TIER_ORDERED,
		.scope = *scope,
	};
	s->begin_ns = s->checked_ns = session__now();
	if (scope->stacks) {
		s->stacks = session_stacks__new();
		if (!s->stacks)
			return -ENOMEM;
	}
	err = live__open(scope, &s->live, why, why_len);
	if (!err && s->truth)
		err = session__try_truth(s->live, why, why_len);
	if (!err)
		err = live__attach(s->live, why, why_len);
	if (err) {
		live__close(s->live);
		s->live = NULL;
		session_stacks__free(s->stacks);
		s->stacks = NULL;
	}
	return err;
}

const char *session__tier(const struct session *s)
{
	return tier__name(s->truth ? TIER_TRUTH : s->ordered ? TIER_ORDERED : TIER_CALLS);
}

int session__open(struct session *s, struct sink *sink, bool calls)
{
	uint64_t max;

	s->sink = sink;
	if (!calls)
		s->observer.call = NULL;
	s->tracker = tracker__new(&s->observer, sink);
	s->decoder = s->tracker ? decoder__new(s->tracker) : NULL;
	if (!s->decoder)
		return -ENOMEM;
	if (!proc__max_map_count(&max))
		tracker__set_max_map_count(s->tracker, max);
	tracker__set_truth(s->tracker, s->truth);
	if (s->ordered)
		tracker__set_ordered(s->tracker);
	session_stacks__begin(s);
	return 0;
}

void session__close(struct session *s)
{
	live__close(s->live);
	live__close(s->retired);
	decoder__free(s->decoder);
	tracker__free(s->tracker);
	session_stacks__free(s->stacks);
	*s = (struct session){ 0 };
}

static int match_space(void *ctx, const struct mt_task *task)
{
	struct still *still = ctx;

	if (task->space == still->space && (!still->tid || task->tid == still->tid)) {
		still->found = true;
		still->in_call |= task->in_call != 0;
		still->task = *task;
	}
	return 0;
}

bool session__ask_space(struct session *s, const struct space *space, uint32_t tid,
			struct still *ret)
{
	*ret = (struct still){ .space = space->id, .tid = tid };
	return !live__scan(s->live, 0, false, match_space, ret) && ret->found;
}

/* Tier ordered: the number of the newest section, when none is under way. */
static bool ask_number(struct session *s, const struct space *space, uint64_t *ret_seq)
{
	struct still still;
	int i;

	for (i = 0; i < NUMBER_TRIES; i++) {
		if (!session__ask_space(s, space, 0, &still))
			return false;
		if (!still.task.write_locked) {
			*ret_seq = still.task.seq;
			return true;
		}
		session__nap(NS_PER_MS / 10);
	}
	return false;
}

/*
 * Reads /proc/PID/maps as the base of a space. A process that execs meanwhile
 * shows another space's map: ids are never reused, so asking afterwards tells.
 */
static int read_base(struct session *s, struct space *space)
{
	struct base_span span = { .begin_ns = session__now() };
	struct raw_region *regions;
	uint32_t tid = space->tgid;
	struct still still;
	size_t n;
	int err;

	if (s->ordered && !ask_number(s, space, &span.begin_seq)) {
		space->last_base_ns = span.begin_ns;
		return -EAGAIN;
	}
	err = proc_maps__read((pid_t)tid, &regions, &n, NULL);
	/* A main thread that has ended shows nothing, though others go on: ask one of them. */
	if (!err && !n && session__ask_space(s, space, 0, &still)) {
		free(regions);
		tid = still.task.tid;
		err = proc_maps__read((pid_t)tid, &regions, &n, NULL);
	}
	span.end_ns = session__now();
	space->last_base_ns = span.end_ns;
	if (err)
		return err;
	/* Of the very thread that was read: another may share a space that it has left. */
	if (n && session__ask_space(s, space, tid, &still)) {
		/* Where the heap is depends on it, and a compat brk(2) tells of nothing. */
		space->layout.start_brk = still.task.layout.start_brk;
		space->layout.brk = still.task.layout.brk;
		/* Who has the lock is counted a moment later. */
		span.end_seq = still.task.seq + (still.task.write_locked ? 1 : 0);
		err = tracker__base_numbered(s->tracker, space->id, regions, n, &span);
	} else {
		err = -ESRCH;
	}
	free(regions);
	return err;
}

int session__attach(struct session *s)
{
	struct space *space;
	int err, pass;

	/* Twice: a child born behind the scan's back is found by the second. */
	for (pass = 0; pass < 2; pass++) {
		err = live__scan(s->live, 0, true, on_task, s);
		if (err)
			return err;
	}
	if (s->truth)
		return session__ask_walks(s, UINT64_MAX);
	for (space = tracker__next_space(s->tracker, NULL); space;
	     space = tracker__next_space(s->tracker, space)) {
		if (!space->has_base && read_base(s, space) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* What was counted, by the tier that is retired as well. */
void session__stats(struct session *s, struct mt_stats *ret)
{
	uint64_t *sum = (uint64_t *)ret;
	const uint64_t *past = (const uint64_t *)&s->past;
	size_t i;

	live__stats(s->live, ret);
	for (i = 0; i < sizeof(*ret) / sizeof(*sum); i++)
		sum[i] += past[i];
}

/* Events of the types from first to last that were lost. */
static uint64_t count_lost(const struct mt_stats *st, int first, int last)
{
	uint64_t sum = 0;
	int type, cause;

	for (type = first; type <= last; type++) {
		for (cause = 0; cause < MT_LOSS_NR; cause++)
			sum += st->lost[type][cause];
	}
	return sum;
}

/* The last event before silence may be the lost one: only the kernel's count tells. */
static void check_lost(struct session *s, struct space *space)
{
	struct mt_space state;

	if (!live__space(s->live, space->id, &state))
		tracker__on_lost(s->tracker, space->id, (uint32_t)state.lost_total, session__now());
}

static void forget_ended(struct session *s)
{
	uint64_t id;

	while (tracker__next_ended(s->tracker, &id)) {
		live__forget(s->live, id);
		session_stacks__forget(s, id);
	}
}

void session__drain(struct session *s)
{
	decoder__set_time(s->decoder, session__now());
	live__drain(s->live, on_record, s);
}

static bool is_known(void *ctx, uint64_t space)
{
	struct session *s = ctx;

	return tracker__space(s->tracker, space);
}

/*
 * Forks, execs or exits were lost: who lives, and in which space, is asked of
 * the kernel. What has reached us comes first, as a scan knows of it already;
 * a space that has just come is left alone: its fork may still be in the ring.
 */
static void scan_lives(struct session *s)
{
	uint64_t newest = live__newest(s->live);

	session__drain(s);
	tracker__scan_begin(s->tracker);
	if (live__scan(s->live, 0, false, on_task, s))
		return;
	tracker__scan_end(s->tracker, session__now());
	forget_ended(s);
	live__forget_unknown(s->live, s->scanned_space, is_known, s);
	s->scanned_space = newest;
}

static void check_losses(struct session *s, uint64_t now)
{
	uint64_t lost, lives_lost, missed;
	struct space *space;
	struct mt_stats st;

	s->checked_ns = now;
	session__stats(s, &st);
	lives_lost = count_lost(&st, MT_EVENT_FORK, MT_EVENT_EXIT);
	lost = count_lost(&st, MT_EVENT_CALL, MT_EVENT_NR - 1);
	missed = live__missed(s->live);
	if (lives_lost != s->lives_lost || s->scan_again)
		scan_lives(s);
	/* Once more, for those that were on their way. */
	s->scan_again = lives_lost != s->lives_lost;
	s->lives_lost = lives_lost;
	if (lost == s->lost_seen && missed == s->missed)
		return;
	s->lost_seen = lost;
	if (missed != s->missed)
		tracker__all_uncertain(s->tracker, "the kernel skipped a program", now);
	s->missed = missed;
	for (space = tracker__next_space(s->tracker, NULL); space;
	     space = tracker__next_space(s->tracker, space))
		check_lost(s, space);
}

static void read_wanted(struct session *s, uint64_t now)
{
	struct space *space = NULL;

	if (s->truth) {
		session__ask_walks(s, now);
		return;
	}
	while ((space = tracker__next_wanted(s->tracker, space, now - RESYNC_NS)))
		read_base(s, space);
}

/* A record is some 256 bytes, and a 16th of the rings not much. */
static enum session_flow flow_of(const struct session *s, long n)
{
	if (n >= SESSION_BATCH)
		return FLOW_MORE;
	return n * 256 > (long)(live__ring_bytes(s->live) / 16) ? FLOW_MUCH :
	       n > 0						? FLOW_LITTLE :
								  FLOW_NONE;
}

enum session_flow session__pump(struct session *s)
{
	long n = consume(s);
	uint64_t now = session__now();

	session_stacks__pump(s, now);
	forget_ended(s);
	if (s->truth)
		session__check_numbers(s, now);
	read_wanted(s, now);
	session__read_limits(s);
	session__watch(s, now, false);
	if (now - s->checked_ns >= CHECK_NS) {
		check_losses(s, now);
		tracker__expire(s->tracker, now - AWAIT_NS);
	}
	if (tracker__distrusted(s->tracker) && !s->stuck)
		session__lower(s);
	if (s->verify_ns)
		session__verify(s, now, false);
	return flow_of(s, n);
}

/* Asks where stacks that grow by themselves have got to. */
static void ask_growing(struct session *s, struct space *space)
{
	uint64_t addrs[LOOKUPS];
	size_t n = tracker__growing(space, addrs, LOOKUPS), i;
	struct mt_lookup found;

	for (i = 0; i < n; i++) {
		if (!live__lookup(s->live, space->tgid, addrs[i], &found))
			tracker__grown(space, &found);
	}
}

/* Every section that has begun has been applied, and none is under way. */
static bool prove_order(struct session *s, struct space *space, const struct mt_task *task)
{
	uint64_t id = space->id;

	session__drain(s);
	if (tracker__space(s->tracker, id) != space)
		return true;
	if (task->write_locked || space->next_seq != task->seq + 1)
		return false;
	return tracker__audit(s->tracker, space, &task->mm, task->ts_ns);
}

/*
 * One try to prove the map exact: every call that has ended has reached us,
 * none is under way, and the kernel's counters agree. True when there is
 * nothing more to be had from another try.
 */
static bool prove(struct session *s, struct space *space)
{
	struct mt_space before, after;
	uint64_t id = space->id;
	struct still still;
	bool quiet;

	if (live__space(s->live, id, &before))
		return false;
	session__drain(s);
	if (tracker__space(s->tracker, id) != space)
		return true; /* it ended just now */
	check_lost(s, space);
	if (live__missed(s->live) != s->missed) {
		check_losses(s, session__now());
		return false;
	}
	if (space->delivered + before.lost_calls < before.calls)
		return false;
	if (!space->exact)
		return read_base(s, space) && space->has_base;
	ask_growing(s, space);
	if (!session__ask_space(s, space, 0, &still) || live__space(s->live, space->id, &after))
		return false; /* its end is on the way to us */
	if (s->ordered)
		return prove_order(s, space, &still.task);
	quiet = !still.in_call && after.calls == before.calls;
	return quiet && tracker__audit(s->tracker, space, &still.task.mm, still.task.ts_ns);
}

bool session__prove(struct session *s, uint64_t id, uint64_t proofs)
{
	struct space *space = tracker__space(s->tracker, id);

	if (s->truth)
		return session__prove_truth(s, id, proofs);
	return !space || prove(s, space);
}

static bool settle(struct session *s, uint64_t id)
{
	struct space *space = tracker__space(s->tracker, id);
	uint64_t proofs = space ? space->proofs : 0;
	int i;

	for (i = 0; i < MAP_TRIES; i++) {
		if (session__prove(s, id, proofs))
			return true;
		session__nap(NS_PER_MS / 2);
	}
	return false;
}

/* As far as it is known: a call that is under way may have done its work already. */
static void write_map(struct session *s, const struct process *p, const struct space *space,
		      bool settled)
{
	struct space shown = *space;

	if (shown.exact && !settled) {
		shown.exact = false;
		shown.why = "calls were under way all the time";
	}
	s->sink->ops->map(s->sink, p, &shown, tracker__backings(s->tracker), session__now());
}

static void settle_and_write(struct session *s, uint32_t tgid)
{
	struct process *p = tracker__process(s->tracker, tgid);
	struct space *space;
	bool settled;

	if (!p)
		return;
	settled = settle(s, p->space);
	p = tracker__process(s->tracker, tgid);
	space = p ? tracker__space(s->tracker, p->space) : NULL;
	if (space)
		write_map(s, p, space, settled);
}

/* By id: a process may end, and be forgotten, while others' maps are settled. */
void session__maps(struct session *s)
{
	const struct process *p;
	size_t n = 0, i, max;
	uint32_t *tgids;

	session__drain(s);
	max = tracker__live_processes(s->tracker);
	tgids = calloc(max ? max : 1, sizeof(*tgids));
	if (!tgids)
		return;
	for (p = tracker__next_process(s->tracker, NULL); p && n < max;
	     p = tracker__next_process(s->tracker, (struct process *)p)) {
		if (!p->ended)
			tgids[n++] = p->tgid;
	}
	for (i = 0; i < n; i++)
		settle_and_write(s, tgids[i]);
	free(tgids);
}

/* What the closing report says of a process that lives on is to be right as well. */
static void settle_all(struct session *s)
{
	struct space *space = NULL;

	session__drain(s);
	if (s->verify_ns)
		session__verify(s, session__now(), true);
	if (s->truth) {
		session__prove_all(s);
		return;
	}
	while ((space = tracker__next_wanted(s->tracker, space, UINT64_MAX)))
		read_base(s, space);
}

static void count_calls(struct summary *sum, const struct mt_stats *st, uint64_t delivered)
{
	int cause;

	sum->seen = st->seen[MT_EVENT_CALL];
	sum->delivered = delivered;
	for (cause = 0; cause < MT_LOSS_NR; cause++)
		sum->lost_by_cause[cause] = st->lost[MT_EVENT_CALL][cause];
	sum->lost = count_lost(st, MT_EVENT_CALL, MT_EVENT_CALL);
}

static void count_others(struct summary *sum, const struct mt_stats *st, const uint64_t *malformed)
{
	int type;

	for (type = MT_EVENT_FORK; type <= MT_EVENT_REGIONS; type++) {
		sum->lives_seen += st->seen[type];
		sum->lives_lost += malformed[type];
	}
	sum->lives_lost += count_lost(st, MT_EVENT_FORK, MT_EVENT_REGIONS);
	sum->sections_seen = st->seen[MT_EVENT_SECTION];
	sum->sections_lost =
		malformed[MT_EVENT_SECTION] + count_lost(st, MT_EVENT_SECTION, MT_EVENT_SECTION);
}

void session__summary(struct session *s, struct summary *ret)
{
	const struct tracker_totals *totals = tracker__totals(s->tracker);
	const uint64_t *malformed = decoder__malformed(s->decoder);
	struct mt_stats st;

	session__stats(s, &st);
	*ret = (struct summary){
		.tier = session__tier(s),
		.duration_ns = session__now() - s->begin_ns,
		.totals = totals,
		.tracker = s->tracker,
		.verified = s->verified,
		.differences = s->differences,
		.not_traced = st.no_space + st.no_state,
	};
	count_calls(ret, &st, totals->calls);
	ret->lost_by_cause[MT_LOSS_MALFORMED] += malformed[MT_EVENT_CALL] + malformed[0];
	ret->lost += malformed[MT_EVENT_CALL] + malformed[0];
	count_others(ret, &st, malformed);
}

void session__finish(struct session *s, uint64_t lines_dropped, struct summary *sum)
{
	session__watch(s, session__now(), true);
	settle_all(s);
	live__stop(s->live);
	check_losses(s, session__now());
	session__drain(s);
	tracker__finish(s->tracker, session__now());
	session__heap_end(s);
	session__summary(s, sum);
	sum->lines_dropped = lines_dropped;
	session_stacks__sum_up(s, sum);
	s->sink->ops->summary(s->sink, sum);
}
