// SPDX-License-Identifier: GPL-2.0
/* Reads the limits of the processes that have something which they bound. */
#include "session_private.h"

#include "input/proc.h"

void session__read_limits(struct session *s)
{
	struct process *p = NULL;
	struct mt_limits limits;
	int err;

	while ((p = tracker__next_limits_wanted(s->tracker, p))) {
		err = proc__limits((pid_t)p->tgid, &limits);
		tracker__set_limits(s->tracker, p, err ? NULL : &limits, session__now());
	}
}
