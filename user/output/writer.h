/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bounded queue of bytes between the tracker and a file descriptor, drained
 * by a thread of its own. When the reader is slow the queue fills, and whole
 * lines (units) are dropped and counted; the tracker never waits.
 */
#ifndef MEMTRACE_OUTPUT_WRITER_H
#define MEMTRACE_OUTPUT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer;

/*
 * Writes to fd, which is not closed. capacity_bytes bounds the queue. NULL on
 * failure, with errno set. SIGPIPE must be ignored by the caller.
 */
struct writer *writer__new(int fd, size_t capacity_bytes);

/*
 * Gives the rest at most timeout_ms of no progress, then drops it; ends the
 * thread. Returns 0, or the first -errno of write(2) (-EPIPE: the reader is
 * gone; -ENOSPC; -ETIMEDOUT: it stalled). NULL is allowed.
 */
int writer__close(struct writer *w, int timeout_ms);

/*
 * A unit (a line, or a map with its header) is queued whole or not at all.
 * Between begin and end only writer__printf and writer__write are called.
 * important units wait for room rather than be dropped, while the reader makes
 * progress at least every WRITER_STALL_MS, and may be larger than the queue;
 * if it stalls, that is an error (-ETIMEDOUT) and nothing more is written.
 */
#define WRITER_STALL_MS 5000
void writer__begin(struct writer *w, bool important);
void writer__printf(struct writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void writer__write(struct writer *w, const void *data, size_t len);
void writer__end(struct writer *w);

/*
 * For formatters that write in place: at least len bytes at the end of the
 * unit, of which writer__advance() then takes the first used. NULL when the
 * unit has become too large, and it will be dropped. Valid until the next call.
 */
char *writer__reserve(struct writer *w, size_t len);
void writer__advance(struct writer *w, size_t used);

/* The first error so far (-errno), 0 none: nothing more will be written. */
int writer__error(const struct writer *w);

/* Instead of WRITER_STALL_MS. */
void writer__set_stall_ms(struct writer *w, int stall_ms);

/* Units dropped so far; not those that were in the queue when an error came. */
uint64_t writer__dropped(const struct writer *w);

#endif
