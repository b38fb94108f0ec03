// SPDX-License-Identifier: GPL-2.0
/*
 * BTF look-ups and trial loads. With the live ring the only code that knows
 * libbpf; must not know what the answers mean for tracing.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "live_probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct kernel_types is what libbpf calls struct btf, under our name. */
static const struct btf *types__btf(const struct kernel_types *types)
{
	return (const struct btf *)types;
}

const char *kernel_types__path(void)
{
	const char *path = secure_getenv("MEMTRACE_BTF");

	return path && *path ? path : "/sys/kernel/btf/vmlinux";
}

/* What went wrong is told in our own words, in one line; MEMTRACE_DEBUG=1 has libbpf's as well. */
static int print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	const char *debug = getenv("MEMTRACE_DEBUG");

	(void)level;
	return debug && *debug ? vfprintf(stderr, fmt, args) : 0;
}

/* First of all that libbpf is asked for, so it says what it has to say from here on. */
int kernel_types__load(const char *path, struct kernel_types **ret)
{
	struct btf *btf;

	libbpf_set_print(print);
	btf = btf__parse(path, NULL);
	if (!btf)
		return -errno;
	*ret = (struct kernel_types *)btf;
	return 0;
}

void kernel_types__free(struct kernel_types *types)
{
	btf__free((struct btf *)types);
}

bool kernel_types__helper(const struct kernel_types *types, const char *name)
{
	const struct btf *btf = types__btf(types);
	const struct btf_type *type;
	const struct btf_enum *value;
	char full[64];
	int id, i;

	id = btf__find_by_name_kind(btf, "bpf_func_id", BTF_KIND_ENUM);
	if (id < 0)
		return false;
	snprintf(full, sizeof(full), "BPF_FUNC_%s", name);
	type = btf__type_by_id(btf, (__u32)id);
	value = btf_enum(type);
	for (i = 0; i < btf_vlen(type); i++, value++) {
		if (!strcmp(btf__name_by_offset(btf, value->name_off), full))
			return true;
	}
	return false;
}

bool kernel_types__function(const struct kernel_types *types, const char *name)
{
	return btf__find_by_name_kind(types__btf(types), name, BTF_KIND_FUNC) >= 0;
}

bool kernel_types__variable(const struct kernel_types *types, const char *name)
{
	return btf__find_by_name_kind(types__btf(types), name, BTF_KIND_VAR) >= 0;
}

int kernel_types__tracepoint(const struct kernel_types *types, const char *name)
{
	const struct btf *btf = types__btf(types);
	const struct btf_type *type;
	char full[96];
	int id;

	/* include/trace/bpf_probe.h: typedef void (*btf_trace_NAME)(void *__data, ...) */
	snprintf(full, sizeof(full), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, full, BTF_KIND_TYPEDEF);
	type = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	type = type ? btf__type_by_id(btf, type->type) : NULL;
	if (!type || !btf_is_ptr(type))
		return -1;
	type = btf__type_by_id(btf, type->type);
	return type && btf_is_func_proto(type) ? btf_vlen(type) - 1 : -1;
}

/* mm_struct is one anonymous struct and a bitmap; two levels of them occur. */
#define NESTING_MAX 4

static enum member_form type__member(const struct btf *btf, __u32 id, const char *name, int depth)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const struct btf_member *member;
	int i;

	if (!type || !btf_is_composite(type) || depth > NESTING_MAX)
		return MEMBER_NONE;
	member = btf_members(type);
	for (i = 0; i < btf_vlen(type); i++, member++) {
		const char *member_name = btf__name_by_offset(btf, member->name_off);
		int resolved = btf__resolve_type(btf, member->type);
		enum member_form form = MEMBER_NONE;

		if (resolved < 0)
			continue;
		if (!*member_name) {
			form = type__member(btf, (__u32)resolved, name, depth + 1);
		} else if (!strcmp(member_name, name)) {
			type = btf__type_by_id(btf, (__u32)resolved);
			form = btf_is_int(type)	      ? MEMBER_INTEGER :
			       btf_is_composite(type) ? MEMBER_STRUCT :
							MEMBER_OTHER;
		}
		if (form != MEMBER_NONE)
			return form;
	}
	return MEMBER_NONE;
}

enum member_form kernel_types__member(const struct kernel_types *types, const char *type_name,
				      const char *member_name)
{
	int id = btf__find_by_name_kind(types__btf(types), type_name, BTF_KIND_STRUCT);

	return id < 0 ? MEMBER_NONE : type__member(types__btf(types), (__u32)id, member_name, 0);
}

int live_probe__ring(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "memtrace_probe", 0, 0,
				(__u32)sysconf(_SC_PAGESIZE), NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* A map of task storage, from a key to an int: such maps must have types. */
static int task_storage__map(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	struct btf *btf = btf__new_empty();
	int id, fd;

	if (!btf)
		return -errno;
	id = btf__add_int(btf, "int", sizeof(int), BTF_INT_SIGNED);
	fd = id < 0 ? id : btf__load_into_kernel(btf);
	if (!fd) {
		opts.btf_fd = (__u32)btf__fd(btf);
		opts.btf_key_type_id = opts.btf_value_type_id = (__u32)id;
		fd = bpf_map_create(BPF_MAP_TYPE_TASK_STORAGE, "memtrace_probe", sizeof(int),
				    sizeof(int), 0, &opts);
		fd = fd < 0 ? -errno : fd;
	}
	btf__free(btf);
	return fd;
}

/*
 * An element is made as well. Since 6.19 (f484f4a3e058) that takes a processor
 * with a 16-byte cmpxchg: without it kmalloc_nolock() gives nothing.
 */
int live_probe__task_storage(void)
{
	int pidfd, map, value = 0, err = 0;

	map = task_storage__map();
	if (map < 0)
		return map;
	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (pidfd < 0 || bpf_map_update_elem(map, &pidfd, &value, BPF_NOEXIST))
		err = -errno;
	if (pidfd >= 0)
		close(pidfd);
	close(map);
	return err;
}

int live_probe__program(void)
{
	/* r0 = 0; exit */
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "memtrace_probe", "GPL", insns,
			       sizeof(insns) / sizeof(insns[0]), NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}
