/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Small readers of /proc besides the maps: what a process is, where a thread's
 * stack is, what the system allows. Text from there is checked, names escaped.
 */
#ifndef MEMTRACE_INPUT_PROC_H
#define MEMTRACE_INPUT_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "memtrace/event.h"
#include "util/escape.h"

#define PROC_COMM_LEN ESCAPE_ROOM(MT_COMM_LEN)

/* At most size - 1 bytes of the file at path, and a NUL. Returns their number or -errno. */
ssize_t file__read(const char *path, char *buf, size_t size);
/* A file that begins with a number. 0, -EBADMSG or another -errno. */
int file__number(const char *path, uint64_t *ret);

/* proc_pid_stat(5). */
struct proc_stat {
	char comm[PROC_COMM_LEN]; /* escaped */
	char state;		  /* 'R', 'S', 'Z' ... */
	pid_t parent;
	bool kernel_thread;
	uint32_t threads;
	uint64_t start_ticks;	  /* since boot; with the pid an identity */
	uint64_t start_stack;	  /* 0 when ptrace access is missing, as start_brk */
	uint64_t start_brk;
};

/* Returns 0, -ENOENT or -ESRCH (no such process), -EBADMSG or another -errno. */
int proc__stat(pid_t pid, struct proc_stat *ret);

/* The same from the text of the file; pure. Returns 0 or -EBADMSG. */
int proc_stat__parse(const char *text, size_t len, struct proc_stat *ret);

/*
 * The stack pointer of a thread that is blocked or stopped, from
 * /proc/PID/task/TID/syscall. -EAGAIN: it is running; else 0 or -errno.
 */
int proc__thread_sp(pid_t pid, pid_t tid, uint64_t *ret_sp);

/* The threads of pid: an array for free(3). Returns 0 or -errno. */
int proc__threads(pid_t pid, pid_t **ret_tids, size_t *ret_n);

/*
 * What follows "FIELD:" and a tab in /proc/TID/status, as far as there is room for it.
 * Returns 0, -EBADMSG (there is none) or another -errno.
 */
int proc__status(pid_t tid, const char *field, char *ret, size_t size);

/* The process (thread group) that tid is a thread of. Returns 0 or -errno. */
int proc__tgid(pid_t tid, pid_t *ret_tgid);

/*
 * The soft limits of pid; RLIMIT_MEMLOCK is UINT64_MAX as well when CAP_IPC_LOCK
 * lifts it. proc_limits__parse() is the same from the text of /proc/PID/limits; pure.
 */
int proc__limits(pid_t pid, struct mt_limits *ret);
int proc_limits__parse(const char *text, struct mt_limits *ret);

/* vm.max_map_count. Returns 0 or -errno. */
int proc__max_map_count(uint64_t *ret);

/* Bytes that this process may have: of the machine, or of its cgroups. Returns 0 or -errno. */
int proc__memory(uint64_t *ret);

/* "3f0b3e9a-...", and "6.1.0-18-amd64". Return 0 or -errno. */
int proc__boot_id(char ret[37]);
int proc__kernel_release(char *ret, size_t size);

#endif
