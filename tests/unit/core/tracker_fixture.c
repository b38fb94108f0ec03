/* SPDX-License-Identifier: GPL-2.0 */
/* See tracker_fixture.h. */
#include "tracker_fixture.h"

#include <sys/mman.h>

#define RW (REGION_READ | REGION_WRITE)

static const struct {
	char letter;
	uint32_t flags;
} letters[] = {
	{ 'w', RW },
	{ 'n', 0 },
	{ 'r', REGION_READ },
	{ 'x', REGION_READ | REGION_EXEC },
	{ 'X', REGION_RWX },
	{ 'l', RW | REGION_LOCKED },
	{ 'd', RW | REGION_DONTFORK },
	{ 'g', RW | REGION_GROWSDOWN },
	{ 's', RW | REGION_STACK },
	{ 'f', REGION_READ | REGION_EXEC | REGION_OFFSET },
	{ 'F', RW | REGION_OFFSET },
};
#define LETTERS (sizeof(letters) / sizeof(letters[0]))

static char letter_of(uint32_t flags)
{
	for (size_t i = 0; i < LETTERS; i++)
		if (letters[i].flags == flags)
			return letters[i].letter;
	return '?';
}

static uint32_t flags_of(char letter)
{
	for (size_t i = 0; i < LETTERS; i++)
		if (letters[i].letter == letter)
			return letters[i].flags;
	fail_msg("no such letter: %c", letter);
	return 0;
}

/* ---------------------------------------------------------------- told */

static void told__process(void *ctx, const struct process_record *rec)
{
	((struct told *)ctx)->process[rec->what]++;
}

static void told__call(void *ctx, const struct call_record *rec)
{
	struct told *told = ctx;

	told->calls++;
	told->limit = rec->limit;
	assert_non_null(rec->process);
	assert_non_null(rec->change);
}

static void told__finding(void *ctx, const struct finding *finding)
{
	struct told *told = ctx;

	told->findings[finding->kind]++;
	told->finding = *finding;
}

static void told__state(void *ctx, const struct state_record *rec)
{
	struct told *told = ctx;

	told->exact += rec->exact;
	told->uncertain += !rec->exact;
	assert_true(rec->exact == !rec->why);
}

static void told__lost(void *ctx, const struct lost_record *rec)
{
	struct told *told = ctx;

	told->lost_events++;
	told->lost += rec->count;
}

void fixture__open(struct fixture *f)
{
	static const struct observer observer = {
		.process = told__process,
		.call = told__call,
		.finding = told__finding,
		.state = told__state,
		.lost = told__lost,
	};

	memset(f, 0, sizeof(*f));
	f->t = tracker__new(&observer, &f->told);
	assert_non_null(f->t);
}

void fixture__close(struct fixture *f)
{
	tracker__free(f->t);
}

void fixture__open_with(struct fixture *f, const char *picture)
{
	fixture__open(f);
	fixture__task(f, SPACE, TGID, TGID, 10);
	fixture__base(f, SPACE, picture, 20, 30);
}

const struct space *fixture__space(const struct fixture *f, uint64_t id)
{
	return tracker__space(f->t, id);
}

/* ---------------------------------------------------------------- pictures */

static size_t raw_of(const char *picture, struct raw_region raw[PICTURE])
{
	size_t n = 0, len = strlen(picture);

	for (size_t i = 0; i < len; i++) {
		if (picture[i] == '.')
			continue;
		raw[n] = (struct raw_region){ .anonymous = (picture[i] | 0x20) != 'f' };
		raw[n].region = (struct region){ PAGE(i), PAGE(i + 1), 0, flags_of(picture[i]), 0 };
		raw[n].region.flags &= ~(uint32_t)REGION_OFFSET;
		raw[n].backing.name = "";
		if ((picture[i] | 0x20) == 'f') {
			raw[n].region.offset = LEN(i);
			raw[n].backing =
				(struct backing){ .ino = 5, .name = "/file", .has_contents = true };
		}
		n++;
	}
	return n;
}

const char *fixture__picture(const struct fixture *f, uint64_t space)
{
	static char picture[PICTURE + 1];
	const struct space *s = tracker__space(f->t, space);
	size_t len = 0;

	assert_non_null(s);
	assert_null(region_map__check(s->map));
	for (size_t i = 0; i < PICTURE; i++) {
		const struct region *r = region_map__find(s->map, PAGE(i));

		picture[i] = r && r->start <= PAGE(i) ? letter_of(r->flags) : '.';
		if (picture[i] == 'f' && r->offset + PAGE(i) - r->start != LEN(i))
			picture[i] = '!';
		len = picture[i] == '.' ? len : i + 1;
	}
	picture[len] = 0;
	return picture;
}

struct mt_counters fixture__counters(const char *picture)
{
	struct mt_counters mm = { 0 };

	for (; *picture; picture++) {
		uint32_t flags = *picture != '.' ? flags_of(*picture) : 0;

		mm.total_vm += *picture != '.';
		mm.data_vm += (flags & REGION_WRITE) && !(flags & REGION_GROWSDOWN);
		mm.stack_vm += *picture == 'g';
		mm.locked_vm += *picture == 'l';
	}
	return mm;
}

void fixture__assert_exact(const struct fixture *f, uint64_t space, const char *picture)
{
	const struct space *s = tracker__space(f->t, space);

	assert_string_equal(fixture__picture(f, space), picture);
	if (!s->exact)
		fail_msg("space %llu: expected exact, got: %s", (unsigned long long)space, s->why);
}

void fixture__assert_uncertain(const struct fixture *f, uint64_t space, const char *why)
{
	const struct space *s = tracker__space(f->t, space);

	assert_non_null(s);
	if (s->exact || !strstr(s->why, why))
		fail_msg("space %llu: expected \"%s\", got %s", (unsigned long long)space, why,
			 s->exact ? "exact" : s->why);
}

void fixture__assert_users(const struct fixture *f, uint64_t space, uint32_t users,
			   uint32_t threads)
{
	const struct space *s = fixture__space(f, space);

	assert_non_null(s);
	if (s->users != users || s->threads != threads)
		fail_msg("space %llu: expected %u users and %u threads, got %u and %u",
			 (unsigned long long)space, users, threads, s->users, s->threads);
}

void fixture__assert_ended(struct fixture *f, uint64_t want)
{
	uint64_t got = 0, id;

	while (tracker__next_ended(f->t, &id)) {
		assert_null(fixture__space(f, id));
		got = got * 100 + id;
	}
	assert_int_equal(got, want);
}

/* ---------------------------------------------------------------- events */

int fixture__try_base(struct fixture *f, uint64_t space, const char *picture, uint64_t begin,
		      uint64_t end)
{
	struct raw_region raw[PICTURE];
	size_t n = raw_of(picture, raw);

	return tracker__base(f->t, space, raw, n, begin, end);
}

void fixture__base(struct fixture *f, uint64_t space, const char *picture, uint64_t begin,
		   uint64_t end)
{
	assert_int_equal(fixture__try_base(f, space, picture, begin, end), 0);
}

void fixture__base_numbered(struct fixture *f, uint64_t space, const char *picture,
			    uint64_t begin_seq, uint64_t end_seq)
{
	struct base_span span = { 20, 30, begin_seq, end_seq };
	struct raw_region raw[PICTURE];
	size_t n = raw_of(picture, raw);

	assert_int_equal(tracker__base_numbered(f->t, space, raw, n, &span), 0);
}

int fixture__try_task(struct fixture *f, uint64_t space, uint32_t tgid, uint32_t tid, uint64_t ts)
{
	struct mt_task task = {
		.space = space, .start_ns = tgid, .tgid = tgid, .tid = tid, .ts_ns = ts
	};

	return tracker__on_task(f->t, &task, tid == tgid ? "leader" : "thread");
}

void fixture__task(struct fixture *f, uint64_t space, uint32_t tgid, uint32_t tid, uint64_t ts)
{
	assert_int_equal(fixture__try_task(f, space, tgid, tid, ts), 0);
}

static uint64_t prot_of(char letter)
{
	uint32_t flags = letter == '.' ? 0 : flags_of(letter);

	return (flags & REGION_READ ? PROT_READ : 0) | (flags & REGION_WRITE ? PROT_WRITE : 0) |
	       (flags & REGION_EXEC ? PROT_EXEC : 0);
}

struct call fixture__call(uint64_t space, uint32_t tgid, uint32_t tid, const struct act *act,
			  uint64_t enter, uint64_t exit)
{
	struct call c = {
		.id = act->id,
		.tgid = tgid,
		.tid = tid,
		.comm = "called",
		.space = space,
		.target = space,
		.enter_ns = enter,
		.exit_ns = exit,
		.args = { PAGE(act->page), LEN(act->n), prot_of(act->letter) },
	};

	if (act->id == MT_CALL_MMAP) {
		c.args[3] = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
		c.ret = (int64_t)c.args[0];
	}
	return c;
}

int fixture__try(struct fixture *f, struct call *c)
{
	const struct space *s = tracker__space(f->t, c->target);
	uint64_t first = (c->args[0] - PAGE(0)) / REGION_PAGE, n = c->args[1] / REGION_PAGE;
	char picture[PICTURE + 1] = "";

	if (s && !c->mm.total_vm && !call__failed(c)) {
		memset(picture, '.', PICTURE);
		memcpy(picture, fixture__picture(f, c->target),
		       strlen(fixture__picture(f, c->target)));
		if (c->id == MT_CALL_MMAP)
			memset(picture + first, 'w', n);
		else if (c->id == MT_CALL_MUNMAP)
			memset(picture + first, '.', n);
		c->mm = fixture__counters(picture);
	}
	return tracker__on_call(f->t, c);
}

void fixture__act(struct fixture *f, uint32_t tid, const struct act *act, uint64_t enter,
		  uint64_t exit)
{
	struct call c = fixture__call(SPACE, TGID, tid, act, enter, exit);

	assert_int_equal(fixture__try(f, &c), 0);
}

struct fork_event fixture__fork(uint64_t space, uint64_t child_space, uint32_t child, uint64_t ts,
				const char *child_picture)
{
	return (struct fork_event){
		.ts_ns = ts,
		.enter_ns = ts - 1,
		.tgid = TGID,
		.tid = TGID,
		.child_tgid = child,
		.child_tid = child,
		.space = space,
		.child_space = child_space,
		.child_start_ns = child,
		.shared = space == child_space,
		.mm = fixture__counters(child_picture),
		.comm = "forked",
	};
}

struct exec_event fixture__exec(uint64_t space, uint32_t tgid, uint64_t ts, const char *picture)
{
	return (struct exec_event){
		.ts_ns = ts,
		.start_ns = tgid,
		.tgid = tgid,
		.tid = tgid,
		.old_tid = tgid,
		.space = space,
		.mm = fixture__counters(picture),
		.comm = "execed",
	};
}

uint32_t fixture__walk(struct fixture *f, uint64_t space, uint64_t ts, const char *picture,
		       uint32_t first, bool last, bool bad)
{
	struct raw_region raw[PICTURE];
	struct walk_event ev = { .space = space,
				 .ts_ns = ts,
				 .tgid = TGID,
				 .first = first,
				 .last = last,
				 .bad = bad,
				 .regions = raw };

	ev.count = (uint32_t)raw_of(picture, raw);
	assert_int_equal(tracker__on_walk(f->t, &ev), 0);
	return first + ev.count;
}

void fixture__exits(struct fixture *f, uint64_t space, uint32_t tgid, uint32_t tid, bool group)
{
	struct exit_event ev = {
		.ts_ns = 900,
		.tgid = tgid,
		.tid = tid,
		.space = space,
		.group = group,
		.status = 0x100,
	};

	assert_int_equal(tracker__on_exit(f->t, &ev), 0);
}
