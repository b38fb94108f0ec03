/* SPDX-License-Identifier: GPL-2.0 */
/* Gives up every privilege that tracing does not need. */
#ifndef MEMTRACE_CMD_PRIVILEGES_H
#define MEMTRACE_CMD_PRIVILEGES_H

#define PRIVILEGE_KILL 0x1	/* CAP_KILL: SIGTERM for a COMMAND of another user */
#define PRIVILEGE_MAP_FILES 0x2 /* CAP_CHECKPOINT_RESTORE: to open /proc/PID/map_files */
#define PRIVILEGE_FILES 0x4 /* CAP_DAC_OVERRIDE, CAP_FOWNER: rename(2) in others' directories */

/*
 * For the calling thread and those that it starts later. Keeps CAP_BPF and
 * CAP_PERFMON (programs, maps and iterators), CAP_SYS_PTRACE and
 * CAP_DAC_READ_SEARCH (/proc/PID/maps, others' programs), and what `also` names.
 * Sets no_new_privs. Returns 0 or -1.
 */
int privileges__drop(unsigned int also);

/*
 * Asks for more processor time than what is traced, so that it keeps up where
 * all of them are busy; not when a user has chosen a nice value, nor without
 * CAP_SYS_NICE. For this thread and those that it starts later.
 */
void privileges__hurry(void);

#endif
