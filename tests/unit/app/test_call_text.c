// SPDX-License-Identifier: GPL-2.0
/* Calls in words: flags as strace names them, errors, limits, sizes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <cmocka.h>

#include "output/call_text.h"
#include "output/processes.h"
#include "output_fixture.h"

static void expect(const char *what, const char *want, const char *got, int *failures)
{
	if (!strcmp(want, got))
		return;
	print_error("%s: expected \"%s\", got \"%s\"\n", what, want, got);
	(*failures)++;
}

/* What strace prints for the same numbers (but for its comments on unknown values). */
static const struct {
	enum mt_call_id id;
	enum call_arg_field field;
	uint64_t value;
	const char *want;
} flag_cases[] = {
	{ MT_CALL_MMAP, CALL_ARG_prot, PROT_NONE, "PROT_NONE" },
	{ MT_CALL_MMAP, CALL_ARG_prot, PROT_READ | PROT_WRITE, "PROT_READ|PROT_WRITE" },
	{ MT_CALL_MMAP, CALL_ARG_prot, 0x8f, "PROT_READ|PROT_WRITE|PROT_EXEC|PROT_SEM|0x80" },
	{ MT_CALL_MPROTECT, CALL_ARG_prot, PROT_READ | PROT_GROWSDOWN, "PROT_READ|PROT_GROWSDOWN" },
	{ MT_CALL_MPROTECT, CALL_ARG_prot, 0x80, "0x80" },
	{ MT_CALL_MMAP, CALL_ARG_flags, MAP_SHARED, "MAP_SHARED" },
	{ MT_CALL_MMAP, CALL_ARG_flags, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE,
	  "MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE|MAP_STACK" },
	{ MT_CALL_MMAP, CALL_ARG_flags, 0x3bd22 | 0x400,
	  "MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE|MAP_NONBLOCK|MAP_GROWSDOWN|MAP_DENYWRITE|"
	  "MAP_EXECUTABLE|MAP_LOCKED|MAP_STACK|0x400" },
	{ MT_CALL_MMAP, CALL_ARG_flags, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 21 << 26,
	  "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT" },
	{ MT_CALL_MMAP, CALL_ARG_flags, 0x800003, "MAP_SHARED_VALIDATE|0x800000" },
	{ MT_CALL_MMAP, CALL_ARG_flags, MAP_FIXED | MAP_ANONYMOUS,
	  "MAP_FILE|MAP_FIXED|MAP_ANONYMOUS" },
	{ MT_CALL_MMAP, CALL_ARG_flags, 0x24, "MAP_ANONYMOUS|0x4" },
	{ MT_CALL_MADVISE, CALL_ARG_advice, MADV_DONTNEED, "MADV_DONTNEED" },
	{ MT_CALL_MADVISE, CALL_ARG_advice, 25, "MADV_COLLAPSE" },
	{ MT_CALL_MADVISE, CALL_ARG_advice, 0, "MADV_NORMAL" },
	{ MT_CALL_MADVISE, CALL_ARG_advice, 99, "0x63" },
	{ MT_CALL_MADVISE, CALL_ARG_advice, 0xffffffff00000004, "MADV_DONTNEED" },
	{ MT_CALL_MREMAP, CALL_ARG_flags, 7, "MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP" },
	{ MT_CALL_MREMAP, CALL_ARG_flags, 0, "0" },
	{ MT_CALL_MLOCK2, CALL_ARG_flags, 1, "MLOCK_ONFAULT" },
	{ MT_CALL_MLOCKALL, CALL_ARG_flags, MCL_CURRENT | MCL_FUTURE, "MCL_CURRENT|MCL_FUTURE" },
	{ MT_CALL_MLOCKALL, CALL_ARG_flags, 12, "MCL_ONFAULT|0x8" },
	{ MT_CALL_MSYNC, CALL_ARG_flags, MS_SYNC | MS_INVALIDATE, "MS_INVALIDATE|MS_SYNC" },
	{ MT_CALL_SHMAT, CALL_ARG_flags, SHM_RDONLY | SHM_RND, "SHM_RDONLY|SHM_RND" },
	{ MT_CALL_MBIND, CALL_ARG_mode, 0x8002, "MPOL_BIND|MPOL_F_STATIC_NODES" },
	{ MT_CALL_MBIND, CALL_ARG_mode, 9, "0x9" },
	{ MT_CALL_MBIND, CALL_ARG_flags, 3, "MPOL_MF_STRICT|MPOL_MF_MOVE" },
	{ MT_CALL_PRCTL, CALL_ARG_option, 0x53564d41, "PR_SET_VMA" },
	{ MT_CALL_PRCTL, CALL_ARG_option, 35, "PR_SET_MM" },
	{ MT_CALL_PRCTL, CALL_ARG_attr, 7, "PR_SET_MM_BRK" },
	{ MT_CALL_MSEAL, CALL_ARG_flags, 1, "0x1" },
	{ MT_CALL_MAP_SHADOW_STACK, CALL_ARG_flags, 1, "SHADOW_STACK_SET_TOKEN" },
};

static void flags(void **state)
{
	char got[CALL_TEXT_FLAGS], what[64];
	const struct call_arg *arg;
	int failures = 0;
	struct call c;

	(void)state;
	for (size_t i = 0; i < sizeof(flag_cases) / sizeof(flag_cases[0]); i++) {
		memset(&c, 0, sizeof(c));
		c.id = flag_cases[i].id;
		for (arg = call_args(&c); arg->field != flag_cases[i].field; arg++)
			assert_int_not_equal(arg->field, CALL_ARG_NR);
		c.args[arg->index] = flag_cases[i].value;
		call_arg__names(&c, arg, got, sizeof(got));
		snprintf(what, sizeof(what), "%s %s %#llx", call__name(c.id),
			 call_arg_field__name(arg->field), (unsigned long long)flag_cases[i].value);
		expect(what, flag_cases[i].want, got, &failures);
	}
	assert_int_equal(failures, 0);
}

/* Cut where the room ends, whatever the room. */
static void flags_are_cut(void **state)
{
	static const char want[] = "MAP_PRIVATE|MAP_ANONYMOUS|0x800000";
	struct call c = { .id = MT_CALL_MMAP, .args = { 0, 0, 0, 0x800022 } };
	const struct call_arg *arg = call_args(&c) + 3;
	char got[64];

	(void)state;
	for (size_t size = 1; size <= sizeof(want); size++) {
		memset(got, '#', sizeof(got));
		call_arg__names(&c, arg, got, size);
		assert_true(strlen(got) < size);
		assert_memory_equal(got, want, strlen(got));
		assert_int_equal(got[size], '#');
	}
	assert_string_equal(got, want);
}

/* Every argument that the tracepoint carries is told once, under a field of its own. */
static void every_argument(void **state)
{
	static const unsigned int nargs[] = {
#define X(id, name, nargs) [MT_CALL_##id] = nargs,
		MT_CALLS(X)
#undef X
	};
	unsigned int n, indexes, fields;

	(void)state;
	for (int id = MT_CALL_NONE + 1; id < MT_CALL_NR; id++) {
		struct call c = { .id = id };

		n = indexes = fields = 0;
		for (const struct call_arg *arg = call_args(&c); arg->field != CALL_ARG_NR; arg++) {
			assert_false(indexes & 1u << arg->index);
			assert_false(fields & 1u << arg->field);
			indexes |= 1u << arg->index;
			fields |= 1u << arg->field;
			assert_int_equal(call_arg__type(arg->field) == ARG_NAMES,
					 arg->names != NULL);
			n++;
		}
		/* brk is sent with the break before; prctl's last two are not for us. */
		if (id != MT_CALL_BRK && id != MT_CALL_PRCTL && n != nargs[id])
			fail_msg("%s: expected %u arguments, got %u", call__name(id), nargs[id], n);
	}
}

static void sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} cases[] = {
		{ 0, "0" },	      { 512, "512" },
		{ 1023, "1023" },     { 1024, "1K" },
		{ 1536, "1.5K" },     { 4096, "4K" },
		{ 135168, "132K" },   { 1048575, "1.0M" },
		{ 1048576, "1M" },    { 1052672, "1.0M" },
		{ 1572864, "1.5M" },  { 536870912, "512M" },
		{ 1073741824, "1G" }, { 0x7fffffffffff, "128.0T" },
		{ 1ULL << 63, "8E" }, { ~0ULL, "16.0E" },
	};
	char got[HUMAN_SIZE_ROOM];
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect("size", cases[i].want, human_size(cases[i].bytes, got), &failures);
	expect("limit", "512M", limit__value(LIMIT_AS, 512 << 20, got), &failures);
	expect("limit", "65530", limit__value(LIMIT_MAP_COUNT, 65530, got), &failures);
	expect("limit", "unlimited", limit__value(LIMIT_STACK, ~0ULL, got), &failures);
	expect("limit", "vm.max_map_count", limit__name(LIMIT_MAP_COUNT), &failures);
	assert_null(limit__name(LIMIT_NONE));
	assert_int_equal(failures, 0);
}

static void errors(void **state)
{
	struct call brk = { .id = MT_CALL_BRK, .args = { 0x9000, 0x5000, 0x4000 }, .ret = 0x5000 };
	struct call mmap_ok = { .id = MT_CALL_MMAP, .ret = 0x7f0000000000 };
	struct call mmap_bad = { .id = MT_CALL_MMAP, .ret = -ENOMEM };

	(void)state;
	assert_string_equal(errno__name(ENOMEM), "ENOMEM");
	assert_string_equal(errno__text(ENOMEM), "Cannot allocate memory");
	assert_null(errno__name(4000));
	assert_int_equal(call_text__errno(&mmap_ok), 0);
	assert_int_equal(call_text__errno(&mmap_bad), ENOMEM);
	/* brk gives the old break when it fails; asked for 0, or for less, it is a query. */
	assert_int_equal(call_text__errno(&brk), ENOMEM);
	brk.ret = 0x9000;
	assert_int_equal(call_text__errno(&brk), 0);
	brk.ret = 0x5000;
	brk.args[0] = 0;
	assert_int_equal(call_text__errno(&brk), 0);
	brk.args[0] = 0x1000;
	assert_int_equal(call_text__errno(&brk), 0);
}

static void ends(void **state)
{
	static const struct {
		bool ended;
		int status;
		const char *want;
	} cases[] = {
		{ false, 0, "running" },
		{ true, 0, "exited 0" },
		{ true, 3 << 8, "exited 3" },
		{ true, 9, "killed by SIGKILL" },
		{ true, 0x80 | 11, "killed by SIGSEGV (core dumped)" },
		{ true, 34, "killed by SIGRT_2" },
	};
	char got[PROCESS_END_ROOM];
	struct process p = { 0 };
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p.ended = cases[i].ended;
		p.status = cases[i].status;
		expect("end", cases[i].want, process__end_text(&p, got), &failures);
	}
	assert_int_equal(failures, 0);
}

/* What follows the region on a line. */
static void details(void **state)
{
	char got[CALL_TEXT_DETAIL];
	struct sample s;
	int failures = 0;

	(void)state;
	sample__init(&s, MT_CALL_MMAP);
	s.call.args[3] = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK;
	call_text__detail(&s.rec, got, sizeof(got));
	expect("mmap", " MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK", got, &failures);

	s.change.wx = CHANGE_W_AND_X;
	call_text__detail(&s.rec, got, sizeof(got));
	expect("mmap W+X", " MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK  W+X: writable and executable",
	       got, &failures);

	s.call.ret = -ENOMEM;
	s.change.kind = CHANGE_NONE;
	s.call.args[2] = PROT_READ;
	s.rec.limit = LIMIT_AS;
	s.rec.limit_bytes = 512 << 20;
	call_text__detail(&s.rec, got, sizeof(got));
	expect("mmap failed",
	       " PROT_READ MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK"
	       " = -1 ENOMEM (Cannot allocate memory)  RLIMIT_AS 512M",
	       got, &failures);

	sample__init(&s, MT_CALL_MPROTECT);
	s.change.wx = CHANGE_W_TO_X;
	call_text__detail(&s.rec, got, sizeof(got));
	expect("mprotect", "  W>X: was writable, now executable", got, &failures);

	sample__init(&s, MT_CALL_MREMAP);
	s.call.args[3] = 1;
	s.change.moved_from = 0x7f0000001000;
	call_text__detail(&s.rec, got, sizeof(got));
	expect("mremap", " MREMAP_MAYMOVE from 7f0000001000", got, &failures);

	sample__init(&s, MT_CALL_PRCTL);
	s.call.args[0] = 0x53564d41;
	s.call.has_name = true;
	strcpy(s.call.name, "pool");
	call_text__detail(&s.rec, got, sizeof(got));
	expect("prctl", " PR_SET_VMA_ANON_NAME \"pool\"", got, &failures);

	sample__init(&s, MT_CALL_SHMAT);
	s.call.args[0] = 5;
	s.call.args[2] = SHM_RDONLY;
	call_text__detail(&s.rec, got, sizeof(got));
	expect("shmat", " shmid 5 SHM_RDONLY", got, &failures);
	call_text__detail(&s.rec, got, 8);
	expect("cut", " shmid ", got, &failures);

	sample__init(&s, MT_CALL_MLOCK2);
	call_text__detail(&s.rec, got, sizeof(got));
	expect("mlock2 without flags", "", got, &failures);
	assert_int_equal(failures, 0);
}

/* Of each call SIZE and PROT. */
static const struct {
	enum mt_call_id id;
	uint64_t length;
	struct change change;
	int sign;
	uint64_t bytes;
	const char *prot;
} column_cases[] = {
	{ MT_CALL_MMAP,
	  8192,
	  { .kind = CHANGE_APPLIED, .mapped = 8192, .new_flags = 3 },
	  1,
	  8192,
	  "rw-p" },
	{ MT_CALL_MMAP,
	  8192,
	  { .kind = CHANGE_APPLIED,
	    .mapped = 8192,
	    .unmapped = 8192,
	    .start = 4096,
	    .end = 12288,
	    .new_flags = REGION_SHARED },
	  0,
	  8192,
	  "---s" },
	{ MT_CALL_MUNMAP,
	  4096,
	  { .kind = CHANGE_APPLIED, .unmapped = 4096, .old_flags = 1 },
	  -1,
	  4096,
	  "r--p" },
	{ MT_CALL_MUNMAP, 4096, { .kind = CHANGE_NONE }, 0, 4096, "-" },
	{ MT_CALL_MPROTECT,
	  65536,
	  { .kind = CHANGE_APPLIED, .committed = 65536, .new_flags = 3 },
	  1,
	  65536,
	  "---p>rw-p" },
	{ MT_CALL_MPROTECT,
	  8192,
	  { .kind = CHANGE_APPLIED, .start = 4096, .end = 12288, .old_flags = 3, .new_flags = 5 },
	  0,
	  8192,
	  "rw-p>r-xp" },
	{ MT_CALL_MPROTECT,
	  8192,
	  { .kind = CHANGE_APPLIED, .uncommitted = 8192, .old_flags = 3 },
	  -1,
	  8192,
	  "rw-p>---p" },
	{ MT_CALL_MADVISE, 4096, { .kind = CHANGE_NONE, .new_flags = 3 }, 0, 4096, "rw-p" },
	{ MT_CALL_MLOCKALL,
	  0,
	  { .kind = CHANGE_APPLIED, .end = ~0ULL, .new_flags = 5 },
	  0,
	  0,
	  "r-xp" },
};

static void columns(void **state)
{
	char got[CALL_TEXT_PROT];
	struct sample s;
	int failures = 0, sign;
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(column_cases) / sizeof(column_cases[0]); i++) {
		sample__init(&s, column_cases[i].id);
		s.call.args[1] = column_cases[i].length;
		s.change = column_cases[i].change;
		sign = call_text__size(&s.rec, &bytes);
		call_text__prot(&s.rec, got);
		expect(call__name(column_cases[i].id), column_cases[i].prot, got, &failures);
		if (sign != column_cases[i].sign || bytes != column_cases[i].bytes) {
			print_error("%zu %s: expected %d %llu, got %d %llu\n", i,
				    call__name(column_cases[i].id), column_cases[i].sign,
				    (unsigned long long)column_cases[i].bytes, sign,
				    (unsigned long long)bytes);
			failures++;
		}
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags),	  cmocka_unit_test(flags_are_cut),
		cmocka_unit_test(every_argument), cmocka_unit_test(sizes),
		cmocka_unit_test(errors),	  cmocka_unit_test(ends),
		cmocka_unit_test(details),	  cmocka_unit_test(columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
