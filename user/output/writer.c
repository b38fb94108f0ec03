// SPDX-License-Identifier: GPL-2.0
/*
 * The bounded queue between the tracker and a file descriptor; see writer.h.
 * Owns the thread that calls write(2). Must not know what the bytes mean, and
 * must not touch the descriptor's flags: it may be shared with other programs
 * (O_NONBLOCK on a terminal would reach the shell), so a write that hangs is
 * ended by pthread_cancel(3), for which write(2) is a cancellation point.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "writer.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_MSEC 1000000ULL
#define UNIT_ROOM 4096		   /* first size of the unit buffer */
#define BATCH_BYTES (128 * 1024)   /* enough to write at once, in a large queue */
#define NAP_NS (5 * NSEC_PER_MSEC) /* how long less than that may wait for more */
/*
 * A blocking write to a pipe returns when all of it is in, so pieces must be
 * small for progress to be seen: PIPE_BUF. A regular file does not stall.
 */
#define PIECE_PIPE 4096
#define PIECE_FILE (256 * 1024)

enum drain_state { DRAIN_BUSY, DRAIN_IDLE, DRAIN_NAP };

struct writer {
	int fd;
	struct pollfd pollfd; /* see write_piece() */
	size_t piece;
	pthread_t thread;
	uint64_t stall_ns;

	/* The unit that is being made: the caller's alone. */
	char *unit;
	size_t unit_len, unit_room;
	bool important, too_large;

	/* Below the lock: a ring of which [head, head + used) is to be written. */
	pthread_mutex_t lock;
	pthread_cond_t work; /* for the thread */
	pthread_cond_t room; /* for the caller */
	char *ring;
	size_t capacity, head, used;
	size_t batch; /* as much is written at once, less may wait for more */
	enum drain_state state;
	bool closing, hurry, waiting;
	uint64_t progress_ns; /* when write(2) last took something */

	_Atomic int error;
	_Atomic uint64_t dropped;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 * NSEC_PER_MSEC + ts.tv_nsec;
}

static void cond__wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = ns / (1000 * NSEC_PER_MSEC),
		.tv_nsec = ns % (1000 * NSEC_PER_MSEC),
	};

	pthread_cond_timedwait(cond, lock, &ts);
}

/*
 * The two functions that pthread_cancel(3) unwinds. AddressSanitizer is not told
 * that their frames are gone, so they must have nothing that it guards.
 */
#define UNWOUND __attribute__((noinline, no_sanitize("address")))

/* One write(2), without the lock; the only place where the thread may be cancelled. */
static UNWOUND ssize_t write_piece(struct writer *w, const char *data, size_t len)
{
	ssize_t n;

	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	for (;;) {
		n = write(w->fd, data, len);
		if (n >= 0 || (errno != EINTR && errno != EAGAIN))
			break;
		if (errno == EAGAIN) /* another program made it non-blocking */
			poll(&w->pollfd, 1, -1);
	}
	n = n < 0 ? -errno : n;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return n ? n : -EIO;
}

/* Waits, under the lock, until there is enough to write. False: closed and empty. */
static __attribute__((noinline)) bool drain__wait(struct writer *w)
{
	while (!w->used && !w->closing) {
		w->state = DRAIN_IDLE;
		pthread_cond_wait(&w->work, &w->lock);
	}
	if (w->used && w->used < w->batch && !w->closing && !w->hurry) {
		w->state = DRAIN_NAP;
		cond__wait_until(&w->work, &w->lock, now_ns() + NAP_NS);
	}
	w->state = DRAIN_BUSY;
	return w->used > 0;
}

static UNWOUND void *drain(void *arg)
{
	struct writer *w = arg;
	const char *data;
	size_t len;
	ssize_t n;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_mutex_lock(&w->lock);
	while (drain__wait(w)) {
		if (w->error) { /* stalled, or closed after that: drop the rest */
			w->used = 0;
			continue;
		}
		data = w->ring + w->head;
		len = w->used;
		if (len > w->capacity - w->head)
			len = w->capacity - w->head;
		if (len > w->piece)
			len = w->piece;
		pthread_mutex_unlock(&w->lock);
		n = write_piece(w, data, len);
		pthread_mutex_lock(&w->lock);
		if (n < 0) {
			if (!w->error)
				w->error = n;
			w->used = 0;
		} else {
			w->head = (w->head + n) % w->capacity;
			w->used -= n;
		}
		if (!w->used)
			w->hurry = false;
		w->progress_ns = now_ns();
		if (w->waiting)
			pthread_cond_signal(&w->room);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* The thread takes no signals: they are for whoever runs the event loop. */
static int start_thread(struct writer *w)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&w->thread, NULL, drain, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static void writer__free(struct writer *w)
{
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->room);
	pthread_mutex_destroy(&w->lock);
	free(w->unit);
	free(w->ring);
	free(w);
}

struct writer *writer__new(int fd, size_t capacity_bytes)
{
	struct writer *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;
	struct stat st;
	int err = ENOMEM;

	if (!w)
		return NULL;
	w->fd = fd;
	w->pollfd = (struct pollfd){ .fd = fd, .events = POLLOUT };
	w->piece = !fstat(fd, &st) && S_ISREG(st.st_mode) ? PIECE_FILE : PIECE_PIPE;
	w->capacity = capacity_bytes;
	w->batch = capacity_bytes / 4 < BATCH_BYTES ? capacity_bytes / 4 : BATCH_BYTES;
	w->stall_ns = WRITER_STALL_MS * NSEC_PER_MSEC;
	w->unit_room = UNIT_ROOM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->work, &attr);
	pthread_cond_init(&w->room, &attr);
	pthread_condattr_destroy(&attr);
	w->unit = malloc(w->unit_room);
	w->ring = malloc(w->capacity);
	if (w->unit && w->ring)
		err = start_thread(w);
	if (err) {
		writer__free(w);
		errno = err;
		return NULL;
	}
	return w;
}

static void writer__wake(struct writer *w)
{
	if (w->state == DRAIN_IDLE ||
	    (w->state == DRAIN_NAP && (w->used >= w->batch || w->hurry || w->closing))) {
		w->state = DRAIN_BUSY; /* one wake-up is enough */
		pthread_cond_signal(&w->work);
	}
}

/*
 * Waits, under the lock, while used > limit and the reader makes progress.
 * Where it made none for stall_ns, that becomes the writer's error.
 */
static void writer__wait_room(struct writer *w, size_t limit, uint64_t stall_ns)
{
	w->progress_ns = now_ns();
	w->waiting = true;
	w->hurry = true;
	writer__wake(w);
	while (w->used > limit && !w->error) {
		cond__wait_until(&w->room, &w->lock, w->progress_ns + stall_ns);
		if (w->used > limit && !w->error && now_ns() >= w->progress_ns + stall_ns)
			w->error = -ETIMEDOUT;
	}
	w->waiting = false;
}

int writer__close(struct writer *w, int timeout_ms)
{
	int err;

	if (!w)
		return 0;
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	writer__wait_room(w, 0, timeout_ms * NSEC_PER_MSEC);
	writer__wake(w);
	pthread_mutex_unlock(&w->lock);
	if (w->error)
		pthread_cancel(w->thread); /* it may hang in write(2) */
	pthread_join(w->thread, NULL);
	err = w->error;
	writer__free(w);
	return err;
}

void writer__begin(struct writer *w, bool important)
{
	w->unit_len = 0;
	w->important = important;
	w->too_large = false;
}

char *writer__reserve(struct writer *w, size_t len)
{
	size_t want = w->unit_len + len, room = w->unit_room;
	char *unit;

	if (w->too_large)
		return NULL;
	if (want > room) {
		while (room < want)
			room *= 2;
		/* What is not important must fit into the queue; len is a guess. */
		unit = w->important || w->unit_len <= w->capacity ? realloc(w->unit, room) : NULL;
		if (!unit) {
			w->too_large = true;
			return NULL;
		}
		w->unit = unit;
		w->unit_room = room;
	}
	return w->unit + w->unit_len;
}

void writer__advance(struct writer *w, size_t used)
{
	assert(w->unit_len + used <= w->unit_room);
	w->unit_len += used;
}

void writer__write(struct writer *w, const void *data, size_t len)
{
	char *to = writer__reserve(w, len);

	if (!to)
		return;
	memcpy(to, data, len);
	writer__advance(w, len);
}

void writer__printf(struct writer *w, const char *fmt, ...)
{
	size_t room = 256;
	va_list ap;
	char *to;
	int len;

	for (;;) {
		to = writer__reserve(w, room);
		if (!to)
			return;
		va_start(ap, fmt);
		len = vsnprintf(to, room, fmt, ap);
		va_end(ap);
		if (len < 0)
			return;
		if ((size_t)len < room)
			break;
		room = (size_t)len + 1;
	}
	writer__advance(w, len);
}

/* Copies what fits to the ring; returns how much that was. */
static size_t writer__put(struct writer *w, const char *data, size_t len)
{
	size_t tail = (w->head + w->used) % w->capacity;
	size_t first;

	if (len > w->capacity - w->used)
		len = w->capacity - w->used;
	first = len < w->capacity - tail ? len : w->capacity - tail;
	memcpy(w->ring + tail, data, first);
	memcpy(w->ring, data + first, len - first);
	w->used += len;
	return len;
}

void writer__end(struct writer *w)
{
	size_t len = w->unit_len, done = 0;
	bool fits;

	if (!len && !w->too_large)
		return;
	pthread_mutex_lock(&w->lock);
	fits = !w->too_large && (w->important || len <= w->capacity - w->used);
	if (w->important)
		w->hurry = true;
	while (fits && !w->error) {
		/* All at once where the queue can hold it, else in halves. */
		size_t piece = len - done <= w->capacity ? len - done : w->capacity / 2;

		if (w->capacity - w->used < piece)
			writer__wait_room(w, w->capacity - piece, w->stall_ns);
		if (w->error)
			break;
		done += writer__put(w, w->unit + done, piece);
		writer__wake(w);
		if (done == len)
			break;
	}
	if (done < len || !len)
		w->dropped++;
	pthread_mutex_unlock(&w->lock);
	w->unit_len = 0;
}

int writer__error(const struct writer *w)
{
	return w->error;
}

uint64_t writer__dropped(const struct writer *w)
{
	return w->dropped;
}

void writer__set_stall_ms(struct writer *w, int stall_ms)
{
	w->stall_ns = stall_ms * NSEC_PER_MSEC;
}
