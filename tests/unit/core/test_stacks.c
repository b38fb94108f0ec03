/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames and stacks: equal ones share a number, bounds are kept, and memory that
 * runs out at any moment is told and changes nothing. The source is included, so
 * that its memory (and that of the hash inside it) can be made to run out.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scarce.h"
#include "core/stacks.c"
#undef malloc
#undef calloc
#undef realloc

static const struct frame leaf = { "leak", "/usr/bin/app", "abcd", 0x1139 };

/* Each differs from leaf in one thing, but for the last. */
static const struct {
	const char *what;
	struct frame frame;
	bool same;
} others[] = {
	{ "function", { "leaks", "/usr/bin/app", "abcd", 0x1139 }, false },
	{ "module", { "leak", "/usr/bin/ap", "abcd", 0x1139 }, false },
	{ "where the texts part", { "leak/", "usr/bin/app", "abcd", 0x1139 }, false },
	{ "build id", { "leak", "/usr/bin/app", "", 0x1139 }, false },
	{ "offset", { "leak", "/usr/bin/app", "abcd", 0x113a }, false },
	{ "nothing", { "leak", "/usr/bin/app", "abcd", 0x1139 }, true },
};

static uint32_t add_frame(struct stacks *s, const struct frame *f)
{
	uint32_t id;

	assert_int_equal(stacks__add_frame(s, f, &id), 0);
	return id;
}

static uint32_t add(struct stacks *s, const uint32_t *frames, size_t n, bool cut)
{
	uint32_t id;

	assert_int_equal(stacks__add(s, frames, n, cut, &id), 0);
	return id;
}

static void equal_frames_share_a_number(void **state)
{
	struct stacks *s = stacks__new();
	uint32_t first = add_frame(s, &leaf), id;
	const struct frame *got;
	size_t i;

	(void)state;
	assert_int_equal(first, 1);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		id = add_frame(s, &others[i].frame);
		if ((id == first) != others[i].same)
			fail_msg("other %s: expected %s number, got %u", others[i].what,
				 others[i].same ? "the same" : "another", id);
		got = stacks__frame(s, id);
		assert_string_equal(got->function, others[i].frame.function);
		assert_string_equal(got->module, others[i].frame.module);
		assert_string_equal(got->build_id, others[i].frame.build_id);
		assert_int_equal(got->offset, others[i].frame.offset);
	}
	assert_null(stacks__frame(s, 0));
	assert_null(stacks__frame(s, 100));
	stacks__free(s);
}

static void a_frame_has_a_role(void **state)
{
	static const struct {
		struct frame frame;
		enum frame_role role;
	} frames[] = {
		{ { "malloc", "/usr/lib/libc.so.6", "", 0 }, FRAME_MALLOC },
		{ { "malloc", "/usr/bin/app", "", 0 }, FRAME_OTHER },
		{ { "main", "/usr/bin/app", "", 0 }, FRAME_OTHER },
		{ { "qsort", "/usr/lib/libc.so.6", "", 0 }, FRAME_OTHER },
		{ { "", "/usr/lib/libjemalloc.so.2", "", 0 }, FRAME_ALLOCATOR },
		{ { "je_malloc", "/usr/bin/app", "", 0 }, FRAME_ALLOCATOR },
		{ { "malloc", "/usr/lib/libc.so.6", "", 0 }, FRAME_MALLOC },
	};
	struct stacks *s = stacks__new();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		enum frame_role got = stacks__role(s, add_frame(s, &frames[i].frame));

		if (got != frames[i].role)
			fail_msg("%s of %s: expected role %d, got %d", frames[i].frame.function,
				 frames[i].frame.module, frames[i].role, got);
	}
	assert_int_equal(stacks__role(s, 0), FRAME_UNKNOWN);
	assert_int_equal(stacks__role(s, 100), FRAME_UNKNOWN);
	stacks__free(s);
}

static void equal_stacks_share_a_number(void **state)
{
	static const uint32_t frames[] = { 3, 1, 2 };
	struct stacks *s = stacks__new();
	uint32_t id = add(s, frames, 3, false);
	const struct stack *got = stacks__stack(s, id);

	(void)state;
	assert_int_equal(add(s, frames, 3, false), id);
	assert_int_not_equal(add(s, frames, 3, true), id);
	assert_int_not_equal(add(s, frames, 2, false), id);
	assert_int_not_equal(add(s, frames + 1, 2, false), id);
	assert_int_equal(add(s, NULL, 0, true), add(s, frames, 0, true));
	assert_int_equal(got->n, 3);
	assert_memory_equal(got->frames, frames, sizeof(frames));
	assert_false(got->cut);
	assert_null(stacks__stack(s, 0));
	stacks__free(s);
}

static void deep_stacks_are_cut(void **state)
{
	uint32_t frames[STACKS_DEPTH + 1];
	struct stacks *s = stacks__new();
	const struct stack *got;
	size_t i;

	(void)state;
	for (i = 0; i <= STACKS_DEPTH; i++)
		frames[i] = (uint32_t)i + 1;
	got = stacks__stack(s, add(s, frames, STACKS_DEPTH, false));
	assert_false(got->cut);
	got = stacks__stack(s, add(s, frames, STACKS_DEPTH + 1, false));
	assert_int_equal(got->n, STACKS_DEPTH);
	assert_true(got->cut);
	stacks__free(s);
}

static void there_is_a_bound(void **state)
{
	struct stacks *s = stacks__new();
	uint32_t i, id;

	(void)state;
	for (i = 0; i < STACKS_MAX; i++)
		assert_int_equal(add(s, &i, 1, false), i + 1);
	assert_int_equal(stacks__add(s, &i, 1, false, &id), -ENOSPC);
	assert_int_equal(id, 0);
	i = 7;
	assert_int_equal(add(s, &i, 1, false), 8);
	stacks__free(s);
}

/* A path as long as paths may be, escaped, in every frame: memory is bounded, not numbers alone. */
static void long_names_are_bounded(void **state)
{
	const size_t len = 16000;
	struct stacks *s = stacks__new();
	struct frame f = { .function = "f", .module = test_malloc(len + 1), .build_id = "" };
	uint32_t id, n = 0;

	(void)state;
	memset((char *)f.module, 'm', len);
	((char *)f.module)[len] = '\0';
	while (n < STACKS_FRAMES_MAX && !stacks__add_frame(s, &f, &id)) {
		f.offset++;
		n++;
	}
	assert_in_range(n, 5000, STACKS_BYTES_MAX / len);
	assert_int_equal(stacks__add_frame(s, &f, &id), -ENOSPC);
	assert_int_equal(id, 0);
	/* What is there already takes no more. */
	f.offset = 0;
	assert_int_equal(stacks__add_frame(s, &f, &id), 0);
	assert_int_equal(id, 1);
	stacks__free(s);
	test_free((char *)f.module);
}

static void memory_that_runs_out_changes_nothing(void **state)
{
	struct stacks *s;
	uint32_t id, frame = 0;
	int at, failed = 0, err;

	(void)state;
	for (at = 0; at < 20; at++) {
		scarce_left = at;
		s = stacks__new();
		err = s ? stacks__add_frame(s, &leaf, &frame) : -ENOMEM;
		if (!err)
			err = stacks__add(s, &frame, 1, false, &id);
		scarce_left = -1;
		failed += err == -ENOMEM;
		if (s) {
			frame = add_frame(s, &leaf);
			assert_int_equal(frame, 1);
			assert_int_equal(add(s, &frame, 1, false), 1);
		}
		stacks__free(s);
	}
	assert_in_range(failed, 8, 18);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_frames_share_a_number),
		cmocka_unit_test(a_frame_has_a_role),
		cmocka_unit_test(equal_stacks_share_a_number),
		cmocka_unit_test(deep_stacks_are_cut),
		cmocka_unit_test(there_is_a_bound),
		cmocka_unit_test(long_names_are_bounded),
		cmocka_unit_test(memory_that_runs_out_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
