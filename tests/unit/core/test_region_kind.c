/* SPDX-License-Identifier: GPL-2.0 */
/* Kinds and names: maps as /proc/PID/maps prints them, and what each line is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "core/region_kind.h"

#define LINES_MAX 24
#define STACK REGION_STACK

struct line {
	uint64_t start, end;
	const char *perms; /* NULL ends the map */
	uint32_t flags;	   /* besides perms */
	const char *name;
	enum region_kind kind;
	const char *shown; /* in the last column; NULL: name */
};

struct map {
	const char *what;
	struct layout layout;
	struct line lines[LINES_MAX];
};

/* start_brk, brk, start_stack, task_size */
#define LAYOUT { 0x555555600000, 0x555555621000, 0x7ffffffde800, 0x7ffffffff000 }

static const struct map maps[] = {
	{ "a program, as Debian 12 links it", LAYOUT, {
	{ 0x555555554000, 0x555555556000, "r--p", 0, "/usr/bin/cat", KIND_RODATA, NULL },
	{ 0x555555556000, 0x55555555b000, "r-xp", 0, "/usr/bin/cat", KIND_TEXT, NULL },
	{ 0x55555555b000, 0x55555555d000, "r--p", 0, "/usr/bin/cat", KIND_RODATA, NULL },
	{ 0x55555555e000, 0x55555555f000, "rw-p", 0, "/usr/bin/cat", KIND_DATA, NULL },
	{ 0x55555555f000, 0x555555560000, "rw-p", 0, "", KIND_BSS, NULL },
	{ 0x555555600000, 0x555555621000, "rw-p", 0, "", KIND_HEAP, "[heap]" },
	{ 0x7ffff7c00000, 0x7ffff7c01000, "r--p", 0, "/usr/lib/locale", KIND_FILE_PRIVATE, NULL },
	{ 0x7ffff7dff000, 0x7ffff7e00000, "rw-p", 0, "", KIND_ANONYMOUS, NULL },
	{ 0x7ffff7e00000, 0x7ffff7e10000, "r-xp", 0, "/usr/lib/libc.so.6", KIND_TEXT, NULL },
	{ 0x7ffff7e10000, 0x7ffff7e20000, "---p", 0, "/usr/lib/libc.so.6", KIND_RODATA, NULL },
	{ 0x7ffff7e20000, 0x7ffff7e30000, "rw-p", 0, "/usr/lib/libc.so.6", KIND_DATA, NULL },
	{ 0x7ffff7e30000, 0x7ffff7e31000, "---p", 0, "", KIND_BSS, NULL },
	{ 0x7ffff7fc5000, 0x7ffff7fc9000, "r--p", 0, "[vvar]", KIND_VDSO, NULL },
	{ 0x7ffff7fc9000, 0x7ffff7fcb000, "r-xp", 0, "[vdso]", KIND_VDSO, NULL },
	{ 0x7ffffffdc000, 0x7ffffffdd000, "---p", 0, "", KIND_GUARD, NULL },
	{ 0x7ffffffdd000, 0x7ffffffff000, "rw-p", REGION_GROWSDOWN, "", KIND_STACK, "[stack]" },
	{ 0xffffffffff600000, 0xffffffffff601000, "--xp", 0, "[vsyscall]", KIND_VDSO, NULL },
	} },
	{ "files that are no image", LAYOUT, {
	{ 0x10000, 0x11000, "r--p", 0, "/data", KIND_FILE_PRIVATE, NULL },
	{ 0x11000, 0x12000, "rw-p", 0, "/data", KIND_FILE_PRIVATE, NULL },
	{ 0x12000, 0x13000, "rw-p", 0, "", KIND_ANONYMOUS, NULL }, /* no bss: no image */
	{ 0x20000, 0x21000, "r-xp", 0, "/lib/other.so", KIND_TEXT, NULL },
	{ 0x30000, 0x31000, "rw-s", 0, "/data", KIND_FILE_SHARED, NULL },
	{ 0x40000, 0x41000, "r-xs", 0, "/shared.so", KIND_FILE_SHARED, NULL },
	{ 0x41000, 0x42000, "rw-p", 0, "/shared.so", KIND_FILE_PRIVATE, NULL },
	{ 0x43000, 0x44000, "r--p", 0, "relative?", KIND_FILE_PRIVATE, NULL },
	} },
	{ "an image whose code was moved to huge pages", LAYOUT, {
	{ 0x10000, 0x11000, "r-xp", 0, "/bin/node", KIND_TEXT, NULL },
	{ 0x11000, 0x20000, "r-xp", 0, "", KIND_JIT, NULL },
	{ 0x20000, 0x21000, "r--p", 0, "/bin/node", KIND_RODATA, NULL },
	{ 0x22000, 0x23000, "rw-p", 0, "/bin/node", KIND_DATA, NULL },
	{ 0x24000, 0x25000, "rw-p", 0, "", KIND_ANONYMOUS, NULL }, /* a gap before it */
	} },
	{ "the heap, and what only touches it", LAYOUT, {
	{ 0x5555555ff000, 0x555555600000, "rw-p", REGION_LOCKED, "", KIND_ANONYMOUS, NULL },
	{ 0x555555600000, 0x555555610000, "r--p", 0, "", KIND_HEAP, "[heap]" },
	{ 0x555555610000, 0x555555612000, "---p", 0, "", KIND_HEAP, "[heap]" },
	{ 0x555555612000, 0x555555614000, "rwxp", 0, "", KIND_HEAP, "[heap]" },
	{ 0x555555614000, 0x555555615000, "rw-p", 0, "[anon:mine]", KIND_HEAP, "[heap]" },
	{ 0x555555615000, 0x555555616000, "r--p", 0, "/data", KIND_FILE_PRIVATE, NULL },
	{ 0x555555616000, 0x555555617000, "rw-s", 0, "/dev/zero (deleted)", KIND_SHARED_MEMORY,
	  NULL },
	{ 0x555555617000, 0x555555618000, "rw-p", 0, "/dev/zero", KIND_ANONYMOUS, NULL },
	{ 0x555555621000, 0x555555622000, "r--p", 0, "", KIND_ANONYMOUS, NULL },
	} },
	{ "heap and bss in one region (no randomization)",
	  { 0x555555560000, 0x555555580000, 0, 0 }, {
	{ 0x555555554000, 0x555555556000, "r-xp", 0, "/usr/bin/cat", KIND_TEXT, NULL },
	{ 0x555555556000, 0x555555558000, "rw-p", 0, "/usr/bin/cat", KIND_DATA, NULL },
	{ 0x555555558000, 0x555555580000, "rw-p", 0, "", KIND_HEAP, "[heap]" },
	} },
	{ "a layout that is not known", { 0, 0, 0, 0 }, {
	{ 0, 0x1000, "rw-p", 0, "", KIND_ANONYMOUS, NULL },
	{ 0x7ffffffdd000, 0x7ffffffff000, "rw-p", REGION_GROWSDOWN, "", KIND_ANONYMOUS, NULL },
	} },
	{ "thread stacks and their guards", LAYOUT, {
	{ 0x7f0000000000, 0x7f0000001000, "---p", STACK, "", KIND_GUARD, NULL },
	{ 0x7f0000001000, 0x7f0000801000, "rw-p", STACK, "", KIND_THREAD_STACK, NULL },
	{ 0x7f0000801000, 0x7f0000802000, "---p", 0, "", KIND_GUARD, NULL },
	{ 0x7f0000802000, 0x7f0001002000, "rwxp", STACK, "[anon:pool]", KIND_THREAD_STACK, NULL },
	{ 0x7f0001002000, 0x7f0001003000, "---p", STACK, "", KIND_RESERVED, NULL },
	{ 0x7f0001004000, 0x7f0001804000, "rw-p", STACK, "", KIND_THREAD_STACK, NULL },
	{ 0x7f0001804000, 0x7f0001805000, "---s", 0, "/dev/zero (deleted)", KIND_SHARED_MEMORY,
	  NULL },
	{ 0x7f0001805000, 0x7f0001806000, "rw-p", STACK, "", KIND_THREAD_STACK, NULL },
	{ 0x7f0001806000, 0x7f0001907000, "---p", 0, "", KIND_RESERVED, NULL },
	{ 0x7f0001907000, 0x7f0002107000, "rw-p", STACK, "", KIND_THREAD_STACK, NULL },
	} },
	{ "arenas", LAYOUT, {
	{ 0x7f0000000000, 0x7f0000021000, "rw-p", 0, "", KIND_ARENA, NULL },
	{ 0x7f0000021000, 0x7f0004000000, "---p", 0, "", KIND_RESERVED, NULL },
	{ 0x7f0004000000, 0x7f0008000000, "rw-p", 0, "", KIND_ANONYMOUS, NULL }, /* all grown */
	{ 0x7f0008001000, 0x7f0008021000, "rw-p", 0, "", KIND_ANONYMOUS, NULL }, /* not aligned */
	{ 0x7f0008021000, 0x7f000c000000, "---p", 0, "", KIND_RESERVED, NULL },
	{ 0x7f000c000000, 0x7f000c021000, "rw-p", 0, "", KIND_ANONYMOUS, NULL }, /* rest short */
	{ 0x7f000c021000, 0x7f000fff0000, "---p", 0, "", KIND_RESERVED, NULL },
	{ 0x7f0010000000, 0x7f0010021000, "rw-p", 0, "", KIND_ANONYMOUS, NULL }, /* a gap */
	{ 0x7f0010022000, 0x7f0014000000, "---p", 0, "", KIND_RESERVED, NULL },
	{ 0x7f0016000000, 0x7f0016021000, "rw-p", 0, "", KIND_ANONYMOUS, NULL }, /* as long */
	{ 0x7f0016021000, 0x7f001a000000, "---p", 0, "", KIND_RESERVED, NULL },
	{ 0x7f001c000000, 0x7f001c021000, "rw-p", 0, "[anon:named]", KIND_ANONYMOUS, NULL },
	} },
	{ "anonymous memory, named and not", LAYOUT, {
	{ 0x10000, 0x11000, "rw-p", 0, "[anon:cache]", KIND_ANONYMOUS, NULL },
	{ 0x11000, 0x12000, "---p", 0, "[anon:cache]", KIND_RESERVED, NULL },
	{ 0x12000, 0x13000, "r-xp", 0, "[anon:code]", KIND_JIT, NULL },
	{ 0x13000, 0x14000, "rwxp", 0, "", KIND_JIT, NULL },
	{ 0x14000, 0x15000, "--xp", 0, "", KIND_JIT, NULL },
	{ 0x15000, 0x16000, "rw-p", 0, "/anon_hugepage (deleted)", KIND_ANONYMOUS, NULL },
	{ 0x16000, 0x17000, "---p", 0, "/anon_hugepage (deleted)", KIND_RESERVED, NULL },
	{ 0x17000, 0x18000, "rw-s", 0, "", KIND_SHARED_MEMORY, NULL },
	} },
	{ "shared memory", LAYOUT, {
	{ 0x10000, 0x11000, "rw-s", 0, "/memfd:pool (deleted)", KIND_SHARED_MEMORY, NULL },
	{ 0x11000, 0x12000, "rw-p", 0, "/memfd:pool (deleted)", KIND_FILE_PRIVATE, NULL },
	{ 0x12000, 0x13000, "rw-s", 0, "/SYSV0000002a (deleted)", KIND_SHARED_MEMORY, NULL },
	{ 0x13000, 0x14000, "rw-s", 0, "/dev/shm/sem.x", KIND_SHARED_MEMORY, NULL },
	{ 0x14000, 0x15000, "rw-p", 0, "/dev/shm/sem.x", KIND_FILE_PRIVATE, NULL },
	{ 0x15000, 0x16000, "rw-s", 0, "/anon_hugepage (deleted)", KIND_SHARED_MEMORY, NULL },
	{ 0x16000, 0x17000, "rw-s", 0, "[anon_shmem:ring]", KIND_SHARED_MEMORY, NULL },
	{ 0x17000, 0x18000, "r-xs", 0, "/memfd:jit (deleted)", KIND_SHARED_MEMORY, NULL },
	{ 0x18000, 0x19000, "r-xp", 0, "/memfd:exe (deleted)", KIND_TEXT, NULL },
	{ 0x19000, 0x1a000, "r--p", 0, "/memfd:exe (deleted)", KIND_RODATA, NULL },
	{ 0x1a000, 0x1b000, "rw-s", 0, "/dev/hugepages/x", KIND_SHARED_MEMORY, NULL },
	} },
	{ "devices and special mappings", LAYOUT, {
	{ 0x10000, 0x11000, "rw-s", 0, "/dev/dri/card0", KIND_OTHER, NULL },
	{ 0x11000, 0x12000, "rw-p", 0, "/dev/mem", KIND_OTHER, NULL },
	{ 0x12000, 0x13000, "r-xp", 0, "/dev/fuse", KIND_OTHER, NULL },
	{ 0x13000, 0x14000, "rw-s", 0, "anon_inode:[perf_event]", KIND_OTHER, NULL },
	{ 0x14000, 0x15000, "rw-p", 0, "anon_inode:i915.gem", KIND_OTHER, NULL },
	{ 0x15000, 0x16000, "rw-s", 0, "/[aio] (deleted)", KIND_OTHER, NULL },
	{ 0x16000, 0x17000, "--xp", 0, "[uprobes]", KIND_OTHER, NULL },
	{ 0x17000, 0x18000, "rw-s", 0, "socket:[4711]", KIND_OTHER, NULL },
	{ 0x18000, 0x19000, "rw-s", 0, "/development", KIND_FILE_SHARED, NULL },
	} },
};

static uint32_t flags_of(const struct line *line)
{
	uint32_t flags = line->flags;

	flags |= line->perms[0] == 'r' ? REGION_READ : 0;
	flags |= line->perms[1] == 'w' ? REGION_WRITE : 0;
	flags |= line->perms[2] == 'x' ? REGION_EXEC : 0;
	flags |= line->perms[3] == 's' ? REGION_SHARED : 0;
	return flags;
}

/* As a reader of maps would: what has no file behind it has no contents. */
static bool has_contents(const char *name)
{
	return name[0] && (name[0] != '[' || !strncmp(name, "[anon_shmem:", 12));
}

static struct region_map *build(const struct map *from, struct backings *backings)
{
	struct region_map *map = region_map__new();
	const struct line *line;

	assert_non_null(map);
	for (line = from->lines; line->perms; line++) {
		struct backing backing = { .name = line->name,
					   .has_contents = has_contents(line->name) };
		struct region r = { line->start, line->end, 0, flags_of(line), BACKING_ANON };

		if (line->name[0])
			assert_int_equal(backings__intern(backings, &backing, &r.backing), 0);
		if (backing.has_contents)
			r.flags |= REGION_OFFSET;
		assert_int_equal(region_map__replace(map, r.start, r.end, &r, 1), 0);
	}
	return map;
}

static size_t compare(const struct map *from, struct backings *backings)
{
	struct region_map *map = build(from, backings);
	uint64_t want[KIND_NR] = { 0 }, bytes[KIND_NR];
	const struct line *line;
	size_t bad = 0, kind;

	for (line = from->lines; line->perms; line++) {
		struct region_iter at;
		const struct region *r = region_iter__init(&at, map, line->start);
		const char *shown = line->shown ? line->shown : line->name, *name;
		enum region_kind got;

		assert_int_equal(r->start, line->start);
		assert_int_equal(r->end, line->end);
		got = region__kind(&at, backings, &from->layout);
		name = region__name(r, backings, &from->layout);
		if (got != line->kind || strcmp(name, shown)) {
			print_error("%s: %lx %s %s: expected %s \"%s\", got %s \"%s\"\n",
				    from->what, (unsigned long)line->start, line->perms,
				    line->name, region_kind__name(line->kind), shown,
				    region_kind__name(got), name);
			bad++;
		}
		want[line->kind] += line->end - line->start;
	}
	region_map__kind_bytes(map, backings, &from->layout, bytes);
	for (kind = 0; kind < KIND_NR; kind++) {
		if (bytes[kind] != want[kind]) {
			print_error("%s: %s: expected %lu bytes, got %lu\n", from->what,
				    region_kind__name(kind), (unsigned long)want[kind],
				    (unsigned long)bytes[kind]);
			bad++;
		}
	}
	region_map__free(map);
	return bad;
}

static void every_line_has_its_kind_and_name(void **state)
{
	struct backings *backings = backings__new();
	size_t i, bad = 0;

	assert_non_null(backings);
	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		bad += compare(&maps[i], backings);
	assert_int_equal(bad, 0);
	backings__free(backings);
}

static void kinds_are_spelled_as_listed(void **state)
{
	static const struct {
		enum region_kind kind;
		const char *name;
	} names[] = {
		{ KIND_TEXT, "text" },		   { KIND_RODATA, "rodata" },
		{ KIND_DATA, "data" },		   { KIND_BSS, "bss" },
		{ KIND_HEAP, "heap" },		   { KIND_ARENA, "arena" },
		{ KIND_STACK, "stack" },	   { KIND_THREAD_STACK, "thread-stack" },
		{ KIND_GUARD, "guard" },	   { KIND_ANONYMOUS, "anonymous" },
		{ KIND_RESERVED, "reserved" },	   { KIND_FILE_PRIVATE, "file-private" },
		{ KIND_FILE_SHARED, "file-shared" }, { KIND_SHARED_MEMORY, "shared-memory" },
		{ KIND_VDSO, "vdso" },		   { KIND_JIT, "jit" },
		{ KIND_OTHER, "other" },	   { KIND_NR, "other" },
	};
	char perms[5];
	size_t i;

	assert_int_equal(sizeof(names) / sizeof(names[0]), KIND_NR + 1);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(region_kind__name(names[i].kind), names[i].name);
	region__perms(REGION_RWX | REGION_LOCKED, perms);
	assert_string_equal(perms, "rwxp");
	region__perms(REGION_SHARED, perms);
	assert_string_equal(perms, "---s");
}

static double kind_bytes_ns(size_t n)
{
	struct backings *backings = backings__new();
	struct region_map *map = region_map__new();
	struct backing file = { .name = "/data/base", .has_contents = true, .ino = 1 };
	struct region *regions = calloc(n, sizeof(*regions));
	uint64_t bytes[KIND_NR];
	struct timespec from, to;
	uint32_t backing;
	size_t i;

	assert_true(backings && map && regions);
	assert_int_equal(backings__intern(backings, &file, &backing), 0);
	/* The dearest: an image is looked for in vain beside each of them. */
	for (i = 0; i < n; i++)
		regions[i] = (struct region){ .start = (2 * i + 1) * REGION_PAGE,
					      .end = (2 * i + 2) * REGION_PAGE,
					      .flags = REGION_READ | REGION_OFFSET,
					      .backing = backing };
	assert_int_equal(region_map__replace(map, 0, UINT64_MAX, regions, n), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	region_map__kind_bytes(map, backings, &maps[0].layout, bytes);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	assert_int_equal(bytes[KIND_FILE_PRIVATE], n * REGION_PAGE);
	free(regions);
	region_map__free(map);
	backings__free(backings);
	return (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
}

/* Linear: a quadratic search would take a minute here, and 16 times longer a region. */
static void a_large_map_is_cheap(void **state)
{
	double small = kind_bytes_ns(4096) / 4096, large = kind_bytes_ns(65530) / 65530;

	print_message("%.0f ns a region of 4096, %.0f of 65530 (at most 8 times as much)\n", small,
		      large);
	assert_true(large < small * 8 + 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_has_its_kind_and_name),
		cmocka_unit_test(kinds_are_spelled_as_listed),
		cmocka_unit_test(a_large_map_is_cheap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
