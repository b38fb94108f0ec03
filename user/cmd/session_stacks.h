/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks of a session: read from their ring when their call has come, unwound,
 * and how many may be taken. Part of the session.
 */
#ifndef MEMTRACE_CMD_SESSION_STACKS_H
#define MEMTRACE_CMD_SESSION_STACKS_H

#include <stdint.h>
#include "core/stacks.h"

#define STACKS_WHY_NOT "this kernel lacks task-pt-regs, which takes Linux 5.15"

struct session;
struct session_stacks;
struct summary;

/* NULL without memory. */
struct session_stacks *session_stacks__new(void);
void session_stacks__free(struct session_stacks *ss); /* NULL is allowed */

/* The frames and stacks themselves. */
const struct stacks *session_stacks__all(const struct session_stacks *ss);

/* Each does nothing in a session without stacks. */
/* Before calls are taken in: their stacks are looked for from now on. */
void session_stacks__begin(struct session *s);
/* Now and then: room in the ring, and leave to take more. */
void session_stacks__pump(struct session *s, uint64_t now_ns);
void session_stacks__forget(struct session *s, uint64_t space);
/* What of all was sampled; after the last call has come. */
void session_stacks__sum_up(struct session *s, struct summary *sum);

#endif
