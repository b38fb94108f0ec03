// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that do nothing, on the hooks that memtrace uses in tier truth when
 * nobody asks how long calls take. Loaded by load_empty.c for scripts/bench.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "memtrace/event.h"

#define EMPTY(section, name)             \
	SEC(section) int name(void *ctx) \
	{                                \
		return 0;                \
	}

#define X(id, name, nargs) EMPTY("tp/syscalls/sys_exit_" #name, exit_##name)
MT_CALLS(X)
#undef X

EMPTY("tp_btf/mmap_lock_acquire_returned", lock_acquire)
EMPTY("tp_btf/mmap_lock_released", lock_release)
EMPTY("tp_btf/ma_write", tree_write)
EMPTY("tp_btf/sched_process_fork", process_fork)
EMPTY("tp_btf/sched_process_exec", process_exec)
EMPTY("tp_btf/sched_process_exit", process_exit)

char LICENSE[] SEC("license") = "GPL";
