/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which processes are traced and in which tier, for every verb that traces.
 * Each returns 0 or -errno, and has then said why on stderr.
 */
#ifndef MEMTRACE_CMD_SCOPE_H
#define MEMTRACE_CMD_SCOPE_H

#include "options.h"
#include "session.h"

/* Each is a process that can be traced. */
int scope__check_pids(const struct pid_list *pids);

/* Checked once more, as they may have ended: brings them into scope. */
int scope__add_pids(struct live *live, const struct pid_list *pids);

/* All but the tier. */
int scope__from_options(const struct trace_options *o, struct live_scope *ret);

/* Loads the best tier that there is, or the one of --tier, and notes it in scope. */
int scope__load(struct session *s, struct live_scope *scope, const struct trace_options *o);

/* One line on stderr: what is traced now. */
void scope__tell_begin(const struct session *s);

#endif
