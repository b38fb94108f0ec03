/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Questions to the kernel that take libbpf to ask: its types (BTF), and
 * whether it lets us make a ring buffer or load a program. Decides nothing.
 */
#ifndef MEMTRACE_INPUT_LIVE_PROBE_H
#define MEMTRACE_INPUT_LIVE_PROBE_H

#include <stdbool.h>

struct kernel_types;

/* Where the kernel's types are: $MEMTRACE_BTF, or the usual place. */
const char *kernel_types__path(void);

/* Reads the BTF at path. Returns 0 or -errno. */
int kernel_types__load(const char *path, struct kernel_types **ret);
void kernel_types__free(struct kernel_types *types);

/* BPF_FUNC_name exists. */
bool kernel_types__helper(const struct kernel_types *types, const char *name);

/* The kernel function that an iterator attaches to exists. */
bool kernel_types__function(const struct kernel_types *types, const char *name);

/* The variable of each CPU exists. */
bool kernel_types__variable(const struct kernel_types *types, const char *name);

/* The number of arguments of the tracepoint name; -1 when there is none. */
int kernel_types__tracepoint(const struct kernel_types *types, const char *name);

enum member_form { MEMBER_NONE, MEMBER_INTEGER, MEMBER_STRUCT, MEMBER_OTHER };

/* What the member of a struct is; members of anonymous structs within count. */
enum member_form kernel_types__member(const struct kernel_types *types, const char *type_name,
				      const char *member_name);

/* Tries it, leaving nothing behind. Return 0 or -errno. */
int live_probe__ring(void);
int live_probe__task_storage(void);
int live_probe__program(void);

#endif
