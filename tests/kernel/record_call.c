/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A call record turned back into numbers, by a table of names of this
 * program's own (libc's constants), so that a wrong name is noticed.
 */
#define _GNU_SOURCE
#include "harness.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>

/* '=' marks an argument that is a C int; NULL: not told. */
static const struct shape {
	const char *call;
	const char *fields[6];
} shapes[] = {
	{ "brk", { "addr" } },
	{ "mmap", { "addr", "length", "prot", "flags", "=fd", "offset" } },
	{ "munmap", { "addr", "length" } },
	{ "mprotect", { "addr", "length", "prot" } },
	{ "pkey_mprotect", { "addr", "length", "prot", "=pkey" } },
	{ "mremap", { "addr", "old_length", "length", "flags", "new_addr" } },
	{ "remap_file_pages", { "addr", "length", "prot", "pgoff", "flags" } },
	{ "madvise", { "addr", "length", "=advice" } },
	{ "process_madvise", { "=pidfd", "vec", "vlen", "=advice", "=flags" } },
	{ "mlock", { "addr", "length" } },
	{ "mlock2", { "addr", "length", "=flags" } },
	{ "munlock", { "addr", "length" } },
	{ "mlockall", { "=flags" } },
	{ "munlockall", { NULL } },
	{ "msync", { "addr", "length", "=flags" } },
	{ "mincore", { "addr", "length", "vec" } },
	{ "shmat", { "=shmid", "addr", "=flags" } },
	{ "shmdt", { "addr" } },
	{ "prctl", { "=option", "attr", "addr" } },
	{ "mbind", { "addr", "length", "mode", "nodemask", "maxnode", "=flags" } },
	{ "mseal", { "addr", "length", "flags" } },
	{ "map_shadow_stack", { "addr", "length", "=flags" } },
};

#define N(name)             \
	{                   \
#name, name \
	}
#define V(name, value)       \
	{                    \
#name, value \
	}
static const struct {
	const char *name;
	uint64_t value;
} names[] = {
	N(PROT_NONE),
	N(PROT_READ),
	N(PROT_WRITE),
	N(PROT_EXEC),
	N(PROT_GROWSDOWN),
	N(MAP_FILE),
	N(MAP_SHARED),
	N(MAP_PRIVATE),
	N(MAP_SHARED_VALIDATE),
	N(MAP_FIXED),
	N(MAP_ANONYMOUS),
	V(MAP_32BIT, 0x40),
	N(MAP_GROWSDOWN),
	N(MAP_DENYWRITE),
	N(MAP_LOCKED),
	N(MAP_NORESERVE),
	N(MAP_POPULATE),
	N(MAP_NONBLOCK),
	N(MAP_STACK),
	N(MAP_HUGETLB),
	N(MAP_FIXED_NOREPLACE),
	N(MREMAP_MAYMOVE),
	N(MREMAP_FIXED),
	V(MREMAP_DONTUNMAP, 4),
	N(MADV_NORMAL),
	N(MADV_RANDOM),
	N(MADV_SEQUENTIAL),
	N(MADV_WILLNEED),
	N(MADV_DONTNEED),
	N(MADV_FREE),
	N(MADV_REMOVE),
	N(MADV_DONTFORK),
	N(MADV_DOFORK),
	N(MADV_MERGEABLE),
	N(MADV_UNMERGEABLE),
	N(MADV_HUGEPAGE),
	N(MADV_NOHUGEPAGE),
	N(MADV_DONTDUMP),
	N(MADV_DODUMP),
	N(MADV_WIPEONFORK),
	N(MADV_KEEPONFORK),
	N(MADV_COLD),
	N(MADV_PAGEOUT),
	V(MADV_POPULATE_WRITE, 23),
	V(MADV_GUARD_INSTALL, 102),
	V(MADV_GUARD_REMOVE, 103),
	V(MLOCK_ONFAULT, 1),
	N(MCL_CURRENT),
	N(MCL_FUTURE),
	N(MCL_ONFAULT),
	N(MS_ASYNC),
	N(MS_INVALIDATE),
	N(MS_SYNC),
	N(SHM_RDONLY),
	N(SHM_RND),
	N(SHM_REMAP),
	N(SHM_EXEC),
	N(MPOL_DEFAULT),
	N(MPOL_BIND),
	V(SHADOW_STACK_SET_TOKEN, 1),
	N(PR_SET_MM),
	V(PR_SET_VMA, 0x53564d41),
	N(PR_SET_MM_START_BRK),
	N(PR_SET_MM_BRK),
	V(PR_SET_VMA_ANON_NAME, 0),
};

static bool one_name(const char *name, uint64_t *value)
{
	unsigned int shifted;
	char *end;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i].name, name) == 0) {
			*value |= names[i].value;
			return true;
		}
	}
	if (sscanf(name, "%u<<MAP_HUGE_SHIFT", &shifted) == 1 && strstr(name, "<<")) {
		*value |= (uint64_t)shifted << MAP_HUGE_SHIFT;
		return true;
	}
	*value |= strtoull(name, &end, 0);
	return end != name && *end == 0;
}

/* "MAP_PRIVATE|MAP_ANONYMOUS|0x800000", or a plain number. */
static bool value_of(struct json_object *field, uint64_t *ret_value)
{
	char text[256], *rest = text, *name;
	uint64_t value = 0;

	if (json__u64(field, ret_value))
		return true;
	if (!json_object_is_type(field, json_type_string))
		return false;
	snprintf(text, sizeof(text), "%s", json_object_get_string(field));
	while ((name = strsep(&rest, "|")))
		if (!one_name(name, &value))
			return false;
	*ret_value = value;
	return true;
}

static const struct shape *shape_of(const char *call)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (strcmp(shapes[i].call, call) == 0)
			return &shapes[i];
	return NULL;
}

/* The kernel numbers errors; a record names them. */
static int64_t error_of(const char *name)
{
	for (int i = 1; i < 4096; i++) {
		const char *known = strerrorname_np(i);

		if (known && strcmp(known, name) == 0)
			return -i;
	}
	return 0;
}

/* brk fails by returning the break as it was: that is what a workload prints. */
static bool result_of(struct json_object *record, int64_t *ret_ret)
{
	const char *error = json__text(record, "error");
	uint64_t value;

	if (*error && strcmp(json__text(record, "call"), "brk") != 0) {
		*ret_ret = error_of(error);
		return *ret_ret != 0;
	}
	if (!json__u64(json__get(record, "ret"), &value) &&
	    !json__u64(json__get(record, "ret_addr"), &value) &&
	    !(*error && json__u64(json__get(record, "old_break"), &value)))
		return false;
	*ret_ret = value;
	return true;
}

bool record_call__read(struct json_object *record, uint64_t args[6], bool told[6], int64_t *ret_ret)
{
	const struct shape *shape = shape_of(json__text(record, "call"));

	if (!shape || !result_of(record, ret_ret))
		return false;
	for (int i = 0; i < 6 && shape->fields[i]; i++) {
		const char *name = shape->fields[i];
		struct json_object *field = json__get(record, name + (name[0] == '='));

		/* Where a mapping is to move is told only where it is asked for. */
		if (!field && strcmp(name, "new_addr") != 0)
			return false;
		told[i] = field != NULL;
		if (field && !value_of(field, &args[i]))
			return false;
	}
	return true;
}

bool record_call__same_arg(const char *call, int index, uint64_t given, uint64_t told)
{
	const struct shape *shape = shape_of(call);

	if (shape && shape->fields[index] && shape->fields[index][0] == '=')
		return (uint32_t)given == (uint32_t)told;
	return given == told;
}
