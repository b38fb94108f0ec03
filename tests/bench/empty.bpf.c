// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that do nothing, on the hooks that memtrace uses: what any tracer
 * of these calls costs at least. Loaded by load_empty.c for scripts/bench.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "memtrace/event.h"

#define EMPTY(section, name)             \
	SEC(section) int name(void *ctx) \
	{                                \
		return 0;                \
	}

#define X(id, name, nargs)                                  \
	EMPTY("tp/syscalls/sys_enter_" #name, enter_##name) \
	EMPTY("tp/syscalls/sys_exit_" #name, exit_##name)
MT_CALLS(X)
#undef X

EMPTY("tp_btf/sched_process_fork", process_fork)
EMPTY("tp_btf/sched_process_exec", process_exec)
EMPTY("tp_btf/sched_process_exit", process_exit)

char LICENSE[] SEC("license") = "GPL";
