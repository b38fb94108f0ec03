/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracker without memory: whichever allocation of a long story fails, the
 * event that needed it says so, every map stays well-formed, and nothing leaks.
 * The sources are included, not linked, so that their memory can run out (but
 * backing.c, which has a hash of its own: test_backing.c).
 */
#include "tracker_fixture.h"

#include "scarce.h"
#include "core/region_map.c"
#include "core/tracker.c"
#include "core/tracker_order.c"
#include "core/tracker_process.c"
#include "core/tracker_space.c"
#undef malloc
#undef calloc
#undef realloc

#include <errno.h>

/*
 * Who made what is told as well as memory allows, and never fails an event: it has
 * no part in this story (tests/unit/core/test_origins.c).
 */
void origins__of_call(struct tracker *t, struct space *s, const struct call_record *rec)
{
}

void origins__of_base(const struct tracker *t, struct space *s, bool first, uint64_t ts_ns)
{
}

void origins__of_fork(const struct tracker *t, const struct space *parent, struct space *child,
		      uint64_t ts_ns)
{
}

void process__note_heap(const struct tracker *t, struct process *p, struct space *s,
			uint64_t ts_ns)
{
}

void process__note_sites(const struct tracker *t, struct process *p, const struct space *s,
			 bool last)
{
}

void process__drop_sites(struct process *p)
{
}

static int task(struct fixture *f, uint32_t tid)
{
	return fixture__try_task(f, SPACE, TGID, tid, 10);
}

static int act(struct fixture *f, uint32_t tid, const struct act *act, uint64_t at)
{
	struct call c = fixture__call(SPACE, TGID, tid, act, at, at + 1);

	c.mm.total_vm = 1; /* of several threads it is not looked at */
	return tracker__on_call(f->t, &c);
}

static int fork_of(struct fixture *f, uint64_t space, uint64_t child, uint64_t ts)
{
	struct fork_event ev = fixture__fork(space, child, (uint32_t)child * 100, ts, "wwf.w");

	return tracker__on_fork(f->t, &ev);
}

static int walk_part(struct fixture *f, uint32_t first, bool last)
{
	struct raw_region raw = { .anonymous = false, .region = { .flags = REGION_READ } };
	struct walk_event ev = { .space = 9, .ts_ns = 70, .tgid = TGID, .first = first,
				 .count = 1, .last = last, .regions = &raw };
	char name[] = "/walked/x";

	name[8] = (char)('a' + first);
	raw.backing = (struct backing){ .ino = first + 1, .name = name, .has_contents = true };
	raw.region.start = PAGE(first);
	raw.region.end = PAGE(first + 1);
	return tracker__on_walk(f->t, &ev);
}

static int exec_of(struct fixture *f)
{
	struct exec_event ev = fixture__exec(9, TGID, 60, "wwwww");

	return tracker__on_exec(f->t, &ev);
}

static int exit_of(struct fixture *f, uint64_t space, uint32_t tgid, uint32_t tid, bool group)
{
	struct exit_event ev = { .ts_ns = 90, .tgid = tgid, .tid = tid, .space = space,
				 .group = group };

	return tracker__on_exit(f->t, &ev);
}

static int nobody(struct fixture *f)
{
	struct call c = fixture__call(50, 500, 501, MMAP(0, 1, 'w'), 80, 81);

	return tracker__on_call(f->t, &c);
}

static int numbered(struct fixture *f, uint64_t space, const struct act *act, uint64_t seq)
{
	struct call c = fixture__call(space, space == SPACE ? TGID : (uint32_t)space * 100,
				      space == SPACE ? 101 : (uint32_t)space * 100, act, 40, 41);

	c.seq = seq;
	c.has_region = true;
	c.region.backing.name = "/kept";
	c.region.region = (struct region){ PAGE(6), PAGE(8), 0, REGION_READ, 0 };
	c.seen_after = 1;
	return tracker__on_call(f->t, &c);
}

static int numbered_fork(struct fixture *f, uint64_t seq)
{
	struct fork_event ev = fixture__fork(SPACE, 8, 800, 50, "wwf.w");

	ev.seq = seq;
	return tracker__on_fork(f->t, &ev);
}

static int numbered_section(struct fixture *f, uint64_t seq)
{
	struct section_event ev = { .space = SPACE, .ts_ns = 60, .seq = seq,
				    .origin = MT_ORIGIN_SYSCALL };

	return tracker__on_section(f->t, &ev);
}

/* The same in tier ordered: most of it waits for number 1. */
static int ordered_step(struct fixture *f, int number)
{
	switch (number) {
	case 0: return task(f, TGID);
	case 1: return task(f, 101);
	case 2: return fixture__try_base(f, SPACE, "wwf.w", 20, 30);
	case 3: return numbered_fork(f, 4);
	case 4: return numbered(f, 8, MUNMAP(0, 1), 1);
	case 5: return numbered(f, SPACE, MMAP(6, 2, 'r'), 3);
	case 6: return numbered(f, SPACE, MPROTECT(0, 1, 'x'), 200);
	case 7: return numbered(f, SPACE, MPROTECT(1, 1, 'n'), 0);
	case 8: return exit_of(f, SPACE, TGID, 102, false);
	case 9: return numbered_section(f, 2);
	case 10: return numbered(f, SPACE, MUNMAP(2, 1), 1);
	case 11: return numbered(f, SPACE, MUNMAP(0, 1), 1);
	case 12: return exit_of(f, SPACE, TGID, TGID, true);
	case 13: return exit_of(f, 8, 800, 800, true);
	default: return 1;
	}
}

/* The story: 0, or the first error. */
static int step(struct fixture *f, int number)
{
	switch (number) {
	case 0: return task(f, TGID);
	case 1: return task(f, 101);
	case 2: return fixture__try_base(f, SPACE, "wwf.w", 20, 30);
	case 3: return act(f, TGID, MMAP(6, 2, 'r'), 40);
	case 4: return act(f, 101, MPROTECT(0, 1, 'x'), 42);
	case 5: return act(f, TGID, MUNMAP(7, 1), 44);
	case 6: return fork_of(f, SPACE, 8, 50);
	case 7: return fork_of(f, 8, 10, 52);
	case 8: return fork_of(f, SPACE, SPACE, 54);
	case 9: return fixture__try_base(f, 8, "ww", 56, 57);
	case 10: return exec_of(f);
	case 11: return walk_part(f, 0, false);
	case 12: return walk_part(f, 1, false);
	case 13: return walk_part(f, 2, false);
	case 14: return walk_part(f, 3, false);
	case 15: return walk_part(f, 4, true);
	case 16: return nobody(f);
	case 17: return exit_of(f, 50, 500, 501, true);
	case 18: return exit_of(f, SPACE, SPACE * 100, SPACE * 100, true);
	case 19: return exit_of(f, 8, 800, 800, true);
	default: return 1;
	}
}

static void assert_well_formed(const struct fixture *f, int at)
{
	const char *broken;
	struct space *s;

	for (s = f->t ? tracker__next_space(f->t, NULL) : NULL; s;
	     s = tracker__next_space(f->t, s)) {
		broken = region_map__check(s->map);
		if (broken)
			fail_msg("step %d, space %llu: %s", at, (unsigned long long)s->id, broken);
	}
}

/*
 * The nth allocation fails, once. Then the story ends or goes on without that
 * event. False when there is no nth.
 */
static bool tell_with(long nth, bool goes_on, bool ordered, unsigned int *fails)
{
	struct fixture f = { 0 };
	bool failed = false;
	int err, i;

	scarce_left = nth;
	f.t = tracker__new(NULL, NULL);
	if (!f.t) {
		scarce_left = -1;
		++*fails;
		return true;
	}
	if (ordered)
		tracker__set_ordered(f.t);
	for (i = 0; (err = ordered ? ordered_step(&f, i) : step(&f, i)) <= 0; i++) {
		failed |= scarce_left < 0;
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_true(failed);
			++*fails;
		}
		assert_well_formed(&f, i);
		if (err && !goes_on)
			break;
	}
	failed |= scarce_left < 0;
	scarce_left = -1;
	tracker__free(f.t);
	return failed;
}

static void whichever_allocation_fails(void **state)
{
	for (int way = 0; way < 4; way++) {
		bool goes_on = way % 2, ordered = way / 2;
		unsigned int fails = 0;
		long nth = 0;

		while (tell_with(nth, goes_on, ordered, &fails))
			nth++;
		print_message("%ld allocations, %u events failed\n", nth, fails);
		assert_true(nth > (ordered ? 30 : 50));
		/* But for room to hand on an id, which is tried again. */
		assert_true(fails + 2 >= nth);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whichever_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
