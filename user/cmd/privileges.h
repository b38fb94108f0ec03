/* SPDX-License-Identifier: GPL-2.0 */
/* Gives up every privilege that tracing does not need. */
#ifndef MEMTRACE_CMD_PRIVILEGES_H
#define MEMTRACE_CMD_PRIVILEGES_H

#include <stdbool.h>

/*
 * For the calling thread and those that it starts later. Keeps CAP_BPF and
 * CAP_PERFMON (programs, maps and iterators), CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH (/proc/PID/maps), and with may_kill CAP_KILL (SIGTERM for
 * a COMMAND of another user). Sets no_new_privs. Returns 0 or -1.
 */
int privileges__drop(bool may_kill);

/*
 * Asks for more processor time than what is traced, so that it keeps up where
 * all of them are busy; not when a user has chosen a nice value, nor without
 * CAP_SYS_NICE. For this thread and those that it starts later.
 */
void privileges__hurry(void);

#endif
