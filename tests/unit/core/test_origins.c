// SPDX-License-Identifier: GPL-2.0
/* Origins and sites of whole processes, as the tracker tells them. */
#include "core/ledger.h"
#include "tracker_fixture.h"

static const struct trail *trail_at(struct fixture *f, uint64_t space, uint32_t page)
{
	const struct space *s = tracker__space(f->t, space);
	uint64_t end;

	assert_non_null(s);
	assert_non_null(s->origins);
	assert_null(origins__check(s->origins, s->map));
	return origins__trail(s->origins, PAGE(page), &end);
}

static const struct cause *cause_at(struct fixture *f, uint64_t space, uint32_t page, int change)
{
	const struct trail *t = trail_at(f, space, page);

	assert_non_null(t);
	return origins__cause(tracker__space(f->t, space)->origins,
			      change < 0 ? t->creator : t->changes[change]);
}

static void creators_and_changes(void **state)
{
	struct fixture f;

	fixture__open_with(&f, "ww..");
	fixture__act(&f, TGID, MMAP(6, 4, 'w'), 40, 41);
	fixture__act(&f, TGID, MPROTECT(7, 1, 'r'), 50, 51);
	assert_int_equal(cause_at(&f, SPACE, 0, -1)->what, CAUSE_FOUND);
	assert_int_equal(cause_at(&f, SPACE, 7, -1)->what, MT_CALL_MMAP);
	assert_int_equal(cause_at(&f, SPACE, 7, -1)->last_ns, 41);
	assert_int_equal(cause_at(&f, SPACE, 7, 0)->what, MT_CALL_MPROTECT);
	assert_int_equal(cause_at(&f, SPACE, 7, 0)->flags, REGION_READ);
	assert_int_equal(trail_at(&f, SPACE, 8)->changes[0], 0);
	assert_null(trail_at(&f, SPACE, 4));
	fixture__close(&f);
}

static void a_child_has_grown_by_nothing(void **state)
{
	struct fork_event ev;
	struct fixture f;

	fixture__open_with(&f, "ww..");
	fixture__act(&f, TGID, MMAP(6, 4, 'w'), 40, 41);
	ev = fixture__fork(SPACE, 8, 800, 50, "ww....wwww");
	assert_int_equal(tracker__on_fork(f.t, &ev), 0);
	assert_int_equal(cause_at(&f, 8, 7, -1)->what, MT_CALL_MMAP);
	tracker__finish(f.t, 60);
	assert_int_equal(tracker__process(f.t, 800)->n_sites, 0);
	assert_int_equal(tracker__process(f.t, TGID)->n_sites, 1);
	fixture__close(&f);
}

static void sites_of_a_process(void **state)
{
	const struct process *p;
	struct fixture f;
	struct call c;

	fixture__open_with(&f, "ww..");
	fixture__act(&f, TGID, MMAP(6, 4, 'w'), 40, 41);
	fixture__act(&f, TGID, MMAP(12, 2, 'w'), 42, 43);
	fixture__act(&f, TGID, MUNMAP(6, 3), 44, 45);
	/* What a sample stands for is no longer summed up without a stack, and is a guess. */
	c = fixture__call(SPACE, TGID, TGID, MMAP(16, 2, 'w'), 46, 47);
	c.stack = 5;
	c.for_bytes = LEN(4);
	c.for_calls = 2;
	assert_int_equal(fixture__try(&f, &c), 0);
	tracker__finish(f.t, 60);
	p = tracker__process(f.t, TGID);
	assert_int_equal(p->n_sites, 2);
	assert_int_equal(p->site_sums.bytes, LEN(8));
	assert_int_equal(p->sites[0].stack, 5);
	assert_int_equal(p->sites[0].bytes, LEN(4));
	assert_int_equal(p->sites[0].calls, 2);
	assert_int_equal(site__kept(&p->sites[0]), LEN(4));
	/* 2 sqrt(4 * (4 - 2)) and 3 times 4, in pages. */
	assert_in_range(site__error(&p->sites[0]), LEN(17), LEN(18));
	assert_int_equal(site__error(&p->sites[1]), 0);
	assert_int_equal(p->sites[1].what, MT_CALL_MMAP);
	assert_int_equal(p->sites[1].bytes, LEN(4));
	assert_int_equal(p->sites[1].kept_own, LEN(3));
	assert_int_equal(p->sites[1].peak_own, LEN(6));
	assert_string_equal(p->sites[1].comm, "called");
	fixture__close(&f);
}

#define PAGES_USED 64
#define PAGE_AT(i) ((uint64_t)(i) << 12 | 1ull << 40)

static void put(struct region_map *map, uint64_t start, uint64_t end, uint32_t flags)
{
	struct region r = { .start = start, .end = end, .flags = flags };

	assert_int_equal(region_map__replace(map, start, end, &r, 1), 0);
}

/* A page that thread tid maps anew. */
static void make_page(struct origins *o, struct region_map *map, uint32_t page, uint32_t tid,
		      uint32_t flags)
{
	struct origin_act act = {
		.cause = { .what = MT_CALL_MMAP, .tid = tid, .comm = "c" },
		.start = PAGE_AT(page),
		.end = PAGE_AT(page + 1),
		.creates = true,
		.ts_ns = tid,
		.kind = KIND_ANONYMOUS,
	};

	put(map, act.start, act.end, flags);
	assert_int_equal(origins__apply(o, map, &act), 0);
}

static const struct cause *creator(const struct origins *o, uint32_t page)
{
	uint64_t end;
	const struct trail *t = origins__trail(o, PAGE_AT(page), &end);

	assert_non_null(t);
	return origins__cause(o, t->creator);
}

/* Ten times as many causes as there is room for; few of them at a time. */
static void causes_that_are_gone_make_room(void **state)
{
	struct origins *o = origins__new();
	struct region_map *map = region_map__new();
	const struct site *site;
	uint32_t i;

	assert_true(o && map);
	for (i = 1; i <= 10 * ORIGINS_CAUSES_MAX; i++) {
		make_page(o, map, i % PAGES_USED, i, REGION_READ | REGION_WRITE);
		if (creator(o, i % PAGES_USED)->tid != i)
			fail_msg("act %u: expected it to be the creator, got %s of thread %u", i,
				 cause__name(creator(o, i % PAGES_USED)->what),
				 creator(o, i % PAGES_USED)->tid);
	}
	i -= PAGES_USED / 2;
	assert_int_equal(creator(o, i % PAGES_USED)->tid, i);
	assert_int_equal(creator(o, i % PAGES_USED)->last_ns, i);
	assert_null(origins__check(o, map));
	site = intern__at(origins__sites(o), 1);
	assert_int_equal(site->kept_own, PAGES_USED << 12);
	origins__free(o);
	region_map__free(map);
}

/* More at a time than there is room for: what is kept of whom is known yet. */
static void histories_go_before_growth(void **state)
{
	struct origins *o = origins__new();
	struct region_map *map = region_map__new();
	const struct site *site;
	const uint32_t pages = ORIGINS_CAUSES_MAX;
	uint32_t i;

	assert_true(o && map);
	/* Every second one is other than its neighbours. */
	for (i = 0; i < pages; i++)
		make_page(o, map, i, i + 1,
			  i % 2 ? REGION_READ : REGION_READ | REGION_WRITE);
	assert_int_equal(creator(o, 0)->what, CAUSE_OTHERS);
	assert_int_equal(creator(o, pages - 1)->tid, pages);
	assert_null(origins__check(o, map));
	site = intern__at(origins__sites(o), 1);
	assert_int_equal(site->kept_own, (uint64_t)pages << 12);
	origins__free(o);
	region_map__free(map);
}

/* Beyond the last bound nothing of it is known, and nothing is told to be kept. */
static void so_many_ranges_are_forgotten(void **state)
{
	struct origins *o = origins__new();
	struct region_map *map = region_map__new();
	struct origin_act act = { .cause = { .what = CAUSE_FOUND },
				  .end = UINT64_MAX,
				  .kind = KIND_ANONYMOUS,
				  .ts_ns = 1 };
	uint32_t i;

	assert_true(o && map);
	for (i = 0; i <= ORIGINS_RANGES_MAX; i++)
		put(map, PAGE_AT(i), PAGE_AT(i + 1), i % 2 ? REGION_READ : REGION_EXEC);
	assert_int_equal(origins__apply(o, map, &act), 0);
	assert_null(origins__check(o, map));
	assert_int_equal(creator(o, 7)->what, CAUSE_OTHERS);
	assert_int_equal(((struct site *)intern__at(origins__sites(o), 1))->kept_own, 0);
	origins__free(o);
	region_map__free(map);
}

/* Pages from to up to, each other than its neighbours; or none, to take them away. */
static void many_ranges(struct origins *o, struct region_map *map, uint32_t from, uint32_t to,
			bool none)
{
	struct origin_act act = { .cause = { .what = CAUSE_FOUND },
				  .start = PAGE_AT(from),
				  .end = PAGE_AT(to),
				  .kind = KIND_ANONYMOUS,
				  .no_growth = true };
	struct region *list = calloc(to - from, sizeof(*list));
	uint32_t i;

	assert_non_null(list);
	for (i = from; i < to; i++)
		list[i - from] = (struct region){ .start = PAGE_AT(i),
						  .end = PAGE_AT(i + 1),
						  .flags = i % 2 ? REGION_READ : REGION_EXEC };
	assert_int_equal(region_map__replace(map, act.start, act.end, list, none ? 0 : to - from),
			 0);
	free(list);
	assert_int_equal(origins__apply(o, map, &act), 0);
}

/* What each of many acts has made is known when the last is over. */
static void acts_are_known(struct origins *o, struct region_map *map)
{
	const uint32_t acts = 1000;
	uint32_t i;

	for (i = 0; i < acts; i++)
		make_page(o, map, i, i + 1, i % 2 ? REGION_READ : REGION_EXEC);
	for (i = 0; i < acts; i++)
		if (creator(o, i)->tid != i + 1)
			fail_msg("act %u of %u is forgotten: there was a weed since", i, acts);
	assert_null(origins__check(o, map));
}

/* Where a map is larger than the bound, that is not tried in vain with each act. */
static void ranges_are_weeded_seldom(void **state)
{
	const uint32_t many = ORIGINS_RANGES_MAX + 1;
	struct origins *o = origins__new();
	struct region_map *map = region_map__new();

	assert_true(o && map);
	many_ranges(o, map, 0, many, false);
	assert_int_equal(creator(o, 0)->what, CAUSE_OTHERS);
	acts_are_known(o, map);
	/* Not before there are twice as many; and then once as well. */
	many_ranges(o, map, many, 2 * many, false);
	assert_int_equal(creator(o, 0)->tid, 1);
	many_ranges(o, map, 2 * many, 2 * many + 1, false);
	assert_int_equal(creator(o, 0)->what, CAUSE_OTHERS);
	acts_are_known(o, map);
	/* Once the map was small, the bound is what it was. */
	many_ranges(o, map, 1000, 2 * many + 1, true);
	assert_int_equal(creator(o, 0)->tid, 1);
	many_ranges(o, map, 1000, many, false);
	assert_int_equal(creator(o, 0)->what, CAUSE_OTHERS);
	assert_int_equal(origins__ranges(o), many);
	origins__free(o);
	region_map__free(map);
}

#define KINDS 4

/* One of four pages of which each is another part, all made with the same stack. */
static void make_part(struct origins *o, struct region_map *map, uint32_t i,
		      const struct heap_view *view)
{
	static const uint32_t flags[KINDS] = { REGION_READ, REGION_READ | REGION_EXEC,
					       REGION_READ, REGION_READ | REGION_SHARED };
	struct origin_act act = {
		.cause = { .what = MT_CALL_MMAP, .stack = i / KINDS + 1 },
		.start = PAGE_AT(2 * i),
		.end = PAGE_AT(2 * i + 1),
		.creates = true,
		.view = view,
		.hints = i % KINDS == 2 ? HEAP_HINT_STACK : 0,
		.ts_ns = i + 1,
	};

	put(map, act.start, act.end, flags[i % KINDS]);
	assert_int_equal(origins__apply(o, map, &act), 0);
}

/* More sites with some part each than there are trails, all in use: they go in the end. */
static void sites_and_parts_are_weeded_seldom(void **state)
{
	struct origins *o = origins__new();
	struct region_map *map = region_map__new();
	struct backings *backings = backings__new();
	struct layout layout = { 0 };
	struct heap_view view = { backings, &layout, NULL };
	uint32_t i, weeds = 0;

	assert_true(o && map && backings);
	for (i = 0; i < ORIGINS_TRAILS_MAX; i++) {
		make_part(o, map, i, &view);
		weeds += creator(o, 2 * i)->what == CAUSE_OTHERS;
		if (weeds > 16)
			fail_msg("act %u: the %uth weed", i, weeds);
	}
	acts_are_known(o, map);
	origins__free(o);
	region_map__free(map);
	backings__free(backings);
}

/* Of all that its parent has seen a child has what its own memory tells of, and no more. */
static void a_child_knows_what_it_has(void **state)
{
	const uint32_t acts = ORIGINS_CAUSES_MAX / 2;
	struct origins *o = origins__new(), *child;
	struct region_map *map = region_map__new();
	struct origin_act act = { .cause = { .what = MT_CALL_MPROTECT, .tid = acts + 1 },
				  .start = PAGE_AT(0),
				  .end = PAGE_AT(1),
				  .ts_ns = acts + 1 };
	const struct trail *t;
	uint64_t end;
	uint32_t i;

	assert_true(o && map);
	for (i = 1; i <= acts; i++)
		make_page(o, map, 0, i, REGION_READ | REGION_WRITE);
	put(map, act.start, act.end, REGION_READ);
	assert_int_equal(origins__apply(o, map, &act), 0);
	/* Beyond the last there are only those that are not known. */
	assert_int_equal(origins__cause(o, acts)->tid, acts);
	child = origins__fork(o);
	assert_non_null(child);
	assert_null(origins__check(child, map));
	assert_int_equal(creator(child, 0)->tid, acts);
	t = origins__trail(child, PAGE_AT(0), &end);
	assert_int_equal(origins__cause(child, t->changes[0])->tid, acts + 1);
	assert_int_equal(t->changes[1], 0);
	assert_int_equal(origins__cause(child, 3)->what, CAUSE_OTHERS);
	origins__free(child);
	origins__free(o);
	region_map__free(map);
}

/* A child that maps two pages, gives one back and ends. */
static void short_life(struct fixture *f, uint32_t tgid)
{
	uint64_t ts = 1000 + 10ull * tgid;
	struct fork_event born = fixture__fork(SPACE, tgid, tgid, ts, "ww..");
	struct exit_event end = { .ts_ns = ts + 9, .tgid = tgid, .tid = tgid, .space = tgid,
				  .group = true };
	struct call c;

	assert_int_equal(tracker__on_fork(f->t, &born), 0);
	c = fixture__call(tgid, tgid, tgid, MMAP(6, 2, 'w'), ts + 1, ts + 2);
	assert_int_equal(fixture__try(f, &c), 0);
	c = fixture__call(tgid, tgid, tgid, MUNMAP(6, 1), ts + 3, ts + 4);
	assert_int_equal(fixture__try(f, &c), 0);
	assert_int_equal(tracker__on_exit(f->t, &end), 0);
}

/* More than are known by name: of those forgotten the sums stay, and the ledger has all. */
static void sums_of_many_processes(void **state)
{
	const uint32_t n = 4200;
	struct site_sums told, noted = { 0 };
	struct ledger *ledger = ledger__new();
	const struct process *p;
	struct fixture f;
	size_t i;

	assert_non_null(ledger);
	fixture__open_with(&f, "ww..");
	tracker__set_ledger(f.t, ledger);
	for (i = 0; i < n; i++)
		short_life(&f, 1000 + (uint32_t)i);
	tracker__finish(f.t, 1000000);
	told = tracker__totals(f.t)->other_sites;
	assert_int_equal(tracker__totals(f.t)->forgotten, n - 4096);
	assert_int_equal(told.bytes, LEN(2) * (n - 4096));
	for (p = tracker__next_process(f.t, NULL); p;
	     p = tracker__next_process(f.t, (struct process *)p))
		site_sums__add(&told, &p->site_sums);
	for (i = 0; i < ledger__rows(ledger); i++)
		site_sums__add(&noted, &ledger__row(ledger, i)->sums);
	for (i = 0; i < ledger__processes(ledger); i++)
		site_sums__add(&noted, &ledger__process(ledger, i)->rest);
	assert_int_equal(told.bytes, LEN(2) * n);
	assert_int_equal(told.kept, LEN(1) * n);
	assert_int_equal(told.calls, n);
	assert_memory_equal(&noted, &told, sizeof(told));
	fixture__close(&f);
	ledger__free(ledger);
}

static uint64_t noted_bytes(const struct ledger *l, uint32_t tgid)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < ledger__rows(l); i++)
		if (ledger__process(l, ledger__row(l, i)->process)->tgid == tgid)
			bytes += ledger__row(l, i)->sums.bytes;
	return bytes;
}

static void ends(struct fixture *f, uint32_t tgid, uint64_t ts)
{
	struct exit_event ev = { .ts_ns = ts, .tgid = tgid, .tid = tgid, .space = SPACE,
				 .group = true };

	assert_int_equal(tracker__on_exit(f->t, &ev), 0);
}

/* How the one that is left of two that share a space ends. */
enum last_end { LAST_EXITS, LAST_EXECS, LAST_IS_TRACED_YET };

/* What they have made together is told of one of them, and of no more. */
static void shared_sites_end(enum last_end how)
{
	struct fork_event ev = fixture__fork(SPACE, SPACE, 101, 50, "");
	struct exec_event execs = fixture__exec(8, 101, 80, "x");
	struct ledger *ledger = ledger__new();
	const struct process *p;
	uint64_t summed = 0;
	struct fixture f;

	assert_non_null(ledger);
	fixture__open_with(&f, "ww..");
	tracker__set_ledger(f.t, ledger);
	assert_int_equal(tracker__on_fork(f.t, &ev), 0);
	fixture__act(&f, TGID, MMAP(6, 4, 'w'), 60, 61);
	ends(&f, TGID, 70);
	assert_int_equal(noted_bytes(ledger, TGID), 0);
	p = tracker__next_process(f.t, NULL);
	assert_true(p->ended);
	assert_int_equal(heap__sum(&p->heap_end).committed, LEN(6));
	assert_int_equal(p->site_sums.bytes, 0);
	if (how == LAST_EXITS)
		ends(&f, 101, 80);
	else if (how == LAST_EXECS)
		assert_int_equal(tracker__on_exec(f.t, &execs), 0);
	else
		tracker__finish(f.t, 80);
	assert_int_equal(noted_bytes(ledger, TGID), 0);
	assert_int_equal(noted_bytes(ledger, 101), LEN(4));
	for (; p; p = tracker__next_process(f.t, (struct process *)p))
		summed += p->site_sums.bytes;
	/* What was before exec(2) is the ledger's alone. */
	assert_int_equal(summed, how == LAST_EXECS ? 0 : LEN(4));
	fixture__close(&f);
	ledger__free(ledger);
}

static void sites_of_a_shared_space_count_once(void **state)
{
	shared_sites_end(LAST_EXITS);
	shared_sites_end(LAST_EXECS);
	shared_sites_end(LAST_IS_TRACED_YET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creators_and_changes),
		cmocka_unit_test(a_child_has_grown_by_nothing),
		cmocka_unit_test(sites_of_a_process),
		cmocka_unit_test(sums_of_many_processes),
		cmocka_unit_test(sites_of_a_shared_space_count_once),
		cmocka_unit_test(causes_that_are_gone_make_room),
		cmocka_unit_test(histories_go_before_growth),
		cmocka_unit_test(so_many_ranges_are_forgotten),
		cmocka_unit_test(ranges_are_weeded_seldom),
		cmocka_unit_test(sites_and_parts_are_weeded_seldom),
		cmocka_unit_test(a_child_knows_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
