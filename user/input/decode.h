/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of event.h in, calls of the tracker out. The bytes are a stranger's:
 * what does not hold together is counted and left out, never believed.
 */
#ifndef MEMTRACE_INPUT_DECODE_H
#define MEMTRACE_INPUT_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/tracker.h"

struct decoder;

/* NULL without memory. The tracker is not owned. */
struct decoder *decoder__new(struct tracker *tracker);
void decoder__free(struct decoder *d);

/*
 * Decodes one record and hands it to the tracker. Returns 0, -EBADMSG on a
 * record that is malformed (counted), or the tracker's -ENOMEM.
 */
int decoder__record(struct decoder *d, const void *data, size_t len);

/* What has no time of its own is as of now, or as of the newest record that has one. */
void decoder__set_time(struct decoder *d, uint64_t ns);

/*
 * Asked for the stack of each call that has one, by its cookie, before the
 * tracker is told: the number of the stack (core/stacks.h), 0: it is not there.
 */
typedef uint32_t (*decoder_stack_fn)(void *ctx, uint64_t cookie);
void decoder__set_stacks(struct decoder *d, decoder_stack_fn fn, void *ctx);

/* The last record referred to a name that is not there: the kernel's side is to send all anew. */
bool decoder__lacks_name(const struct decoder *d);

/* Records that were malformed, by enum mt_event_type; 0 for an unknown type. */
const uint64_t *decoder__malformed(const struct decoder *d);

#endif
