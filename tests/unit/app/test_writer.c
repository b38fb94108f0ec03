// SPDX-License-Identifier: GPL-2.0
/* The bounded queue: nothing blocks its caller, and what is dropped is counted. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "output/writer.h"

#define PATIENCE_MS 60000 /* only what hangs takes so long */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* Writes numbered units of len bytes: 8 digits, dots, a newline. */
static void put_units(struct writer *w, int first, int n, size_t len, bool important)
{
	char *unit = malloc(len + 1), digits[16];

	assert_non_null(unit);
	for (int i = first; i < first + n; i++) {
		memset(unit, '.', len);
		snprintf(digits, sizeof(digits), "%08d", i);
		memcpy(unit, digits, 8);
		unit[len - 1] = '\n';
		writer__begin(w, important);
		writer__write(w, unit, len / 2);
		writer__write(w, unit + len / 2, len - len / 2);
		writer__end(w);
	}
	free(unit);
}

struct reader {
	int fd;
	int delay_us; /* before each read */
	size_t piece, len, room;
	char *data;
	pthread_t thread;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;
	ssize_t n;

	do {
		if (r->delay_us)
			usleep(r->delay_us);
		n = read(r->fd, r->data + r->len,
			 r->piece < r->room - r->len ? r->piece : r->room - r->len);
		if (n > 0)
			r->len += n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return NULL;
}

static void reader__start(struct reader *r, int fd, int delay_us, size_t piece)
{
	*r = (struct reader){ .fd = fd, .delay_us = delay_us, .piece = piece, .room = 32 << 20 };
	r->data = malloc(r->room);
	assert_non_null(r->data);
	assert_int_equal(pthread_create(&r->thread, NULL, read_all, r), 0);
}

/* Whole units of len bytes in rising order; returns how many. */
static int reader__units(struct reader *r, size_t len)
{
	long last = -1;

	assert_int_equal(r->len % len, 0);
	for (size_t at = 0; at < r->len; at += len) {
		long number = strtol(r->data + at, NULL, 10);

		if (number <= last || r->data[at + len - 1] != '\n')
			fail_msg("expected a unit after %ld, got %ld", last, number);
		last = number;
	}
	return r->len / len;
}

static void all_arrive_in_order(void **state)
{
	struct reader r;
	struct writer *w;
	int fds[2], n = 50000;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	reader__start(&r, fds[0], 0, 65536);
	w = writer__new(fds[1], 16 << 20);
	assert_non_null(w);
	put_units(w, 0, n, 117, false);
	assert_int_equal(writer__dropped(w), 0);
	assert_int_equal(writer__close(w, PATIENCE_MS), 0);
	close(fds[1]);
	pthread_join(r.thread, NULL);
	assert_int_equal(reader__units(&r, 117), n);
	free(r.data);
	close(fds[0]);
}

/* Each unit arrives soon though nothing follows it. */
static void one_line_arrives(void **state)
{
	char line[64] = "";
	struct writer *w;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	w = writer__new(fds[1], 4096);
	assert_non_null(w);
	for (int i = 0; i < 3; i++) {
		uint64_t begin = now_ms();

		writer__begin(w, false);
		writer__printf(w, "line %d\n", i);
		writer__end(w);
		assert_int_equal(read(fds[0], line, sizeof(line) - 1), 7);
		assert_memory_equal(line, "line ", 5);
		assert_true(now_ms() - begin < PATIENCE_MS);
	}
	assert_int_equal(writer__close(w, PATIENCE_MS), 0);
	close(fds[0]);
	close(fds[1]);
}

/* A pipe that is never read: the caller goes on, drops are counted, close gives up. */
static void stalled_reader(void **state)
{
	uint64_t begin, took, written;
	struct reader r;
	struct writer *w;
	int fds[2], n = 100000;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	/* Less than the queue: that may be full before its thread has begun. */
	assert_int_equal(fcntl(fds[1], F_SETPIPE_SZ, 4096), 4096);
	w = writer__new(fds[1], 64 * 1024);
	assert_non_null(w);
	put_units(w, 0, n, 100, false);
	assert_true(writer__dropped(w) > 0);
	assert_int_equal(writer__error(w), 0);
	written = n - writer__dropped(w);
	begin = now_ms();
	assert_int_equal(writer__close(w, 300), -ETIMEDOUT);
	took = now_ms() - begin;
	if (took < 250 || took > PATIENCE_MS)
		fail_msg("expected close to take 300 ms, it took %llu", (unsigned long long)took);
	close(fds[1]);
	/* What is in the pipe is whole up to its end, and from the beginning. */
	reader__start(&r, fds[0], 0, 65536);
	pthread_join(r.thread, NULL);
	assert_true(r.len >= 4096 && r.len / 100 <= written);
	r.len -= r.len % 100;
	reader__units(&r, 100);
	free(r.data);
	close(fds[0]);
}

/* A slow reader: seen == arrived + dropped, and only whole units arrive. */
static void slow_reader(void **state)
{
	uint64_t dropped;
	struct reader r;
	struct writer *w;
	int fds[2], n = 20000, units;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	reader__start(&r, fds[0], 200, 3333);
	w = writer__new(fds[1], 32 * 1024);
	assert_non_null(w);
	put_units(w, 0, n, 100, false);
	dropped = writer__dropped(w);
	put_units(w, n, 5, 100, true); /* these wait */
	assert_int_equal(writer__dropped(w), dropped);
	assert_int_equal(writer__close(w, PATIENCE_MS), 0);
	close(fds[1]);
	pthread_join(r.thread, NULL);
	units = reader__units(&r, 100);
	if (units != n + 5 - (int)dropped)
		fail_msg("expected %d units, got %d", n + 5 - (int)dropped, units);
	assert_true(dropped > 0);
	assert_int_equal(strtol(r.data + r.len - 100, NULL, 10), n + 4);
	free(r.data);
	close(fds[0]);
}

/* Larger than the queue: dropped and counted, but for an important one. */
static void larger_than_the_queue(void **state)
{
	struct reader r;
	struct writer *w;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	reader__start(&r, fds[0], 0, 65536);
	w = writer__new(fds[1], 4096);
	assert_non_null(w);
	put_units(w, 0, 1, 5000, false);
	assert_int_equal(writer__dropped(w), 1);
	put_units(w, 1, 1, 1000000, false);
	assert_int_equal(writer__dropped(w), 2);
	put_units(w, 2, 1, 1000000, true);
	assert_int_equal(writer__dropped(w), 2);
	assert_int_equal(writer__close(w, PATIENCE_MS), 0);
	close(fds[1]);
	pthread_join(r.thread, NULL);
	assert_int_equal(reader__units(&r, 1000000), 1);
	assert_memory_equal(r.data, "00000002", 8);
	free(r.data);
	close(fds[0]);
}

/* An important unit waits for a reader that stalls no longer than allowed. */
static void important_gives_up(void **state)
{
	uint64_t begin, took;
	struct writer *w;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	w = writer__new(fds[1], 4096);
	assert_non_null(w);
	writer__set_stall_ms(w, 200);
	begin = now_ms();
	put_units(w, 0, 1, 200000, true);
	took = now_ms() - begin;
	assert_true(took >= 150 && took < PATIENCE_MS);
	assert_int_equal(writer__error(w), -ETIMEDOUT);
	assert_int_equal(writer__dropped(w), 1);
	/* The others do not wait again. */
	begin = now_ms();
	put_units(w, 1, 10, 100, true);
	assert_int_equal(writer__dropped(w), 11);
	assert_int_equal(writer__close(w, PATIENCE_MS), -ETIMEDOUT);
	assert_true(now_ms() - begin < 10 * 200);
	close(fds[0]);
	close(fds[1]);
}

static int wait_for_error(struct writer *w)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	while (!writer__error(w) && now_ms() < end)
		usleep(1000);
	return writer__error(w);
}

static void reader_gone(void **state)
{
	struct writer *w;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	w = writer__new(fds[1], 4096);
	assert_non_null(w);
	put_units(w, 0, 1, 100, false);
	assert_int_equal(wait_for_error(w), -EPIPE);
	put_units(w, 1, 1000, 100, false);
	put_units(w, 2000, 1, 100, true);
	assert_int_equal(writer__dropped(w), 1001);
	assert_int_equal(writer__close(w, PATIENCE_MS), -EPIPE);
	close(fds[1]);
}

/* The reader goes while write(2) waits for it. */
static void reader_goes(void **state)
{
	struct writer *w;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	w = writer__new(fds[1], 1 << 20);
	assert_non_null(w);
	put_units(w, 0, 5000, 100, false);
	usleep(50000);
	assert_int_equal(writer__error(w), 0);
	close(fds[0]);
	assert_int_equal(wait_for_error(w), -EPIPE);
	assert_int_equal(writer__close(w, PATIENCE_MS), -EPIPE);
	close(fds[1]);
}

static void full_disk(void **state)
{
	int fd = open("/dev/full", O_WRONLY);
	struct writer *w;

	(void)state;
	assert_true(fd >= 0);
	w = writer__new(fd, 4096);
	assert_non_null(w);
	put_units(w, 0, 1, 100, false);
	assert_int_equal(writer__close(w, PATIENCE_MS), -ENOSPC);
	close(fd);
}

/* Another program shares the pipe and made it non-blocking. */
static void non_blocking(void **state)
{
	struct reader r;
	struct writer *w;
	int fds[2], n = 5000;

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	fcntl(fds[0], F_SETFL, 0);
	reader__start(&r, fds[0], 100, 5000);
	w = writer__new(fds[1], 1 << 20);
	assert_non_null(w);
	put_units(w, 0, n, 100, false);
	assert_int_equal(writer__close(w, PATIENCE_MS), 0);
	assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	close(fds[1]);
	pthread_join(r.thread, NULL);
	assert_int_equal(reader__units(&r, 100), n);
	free(r.data);
	close(fds[0]);
}

static _Atomic int alarms;

static void on_alarm(int sig)
{
	int saved = errno;

	(void)sig;
	alarms++;
	errno = saved;
}

/* Signals without SA_RESTART, all the time: nothing is lost or written twice. */
static void signals(void **state)
{
	struct sigaction act = { .sa_handler = on_alarm }, old;
	struct itimerval every = { { 0, 500 }, { 0, 500 } }, off = { { 0, 0 }, { 0, 0 } };
	struct reader r;
	struct writer *w;
	int fds[2], n = 10000;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(sigaction(SIGALRM, &act, &old), 0);
	w = writer__new(fds[1], 4 << 20);
	assert_non_null(w);
	put_units(w, 0, n, 100, false);
	setitimer(ITIMER_REAL, &every, NULL);
	reader__start(&r, fds[0], 300, 10000);
	assert_int_equal(writer__close(w, PATIENCE_MS), 0);
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &old, NULL);
	close(fds[1]);
	pthread_join(r.thread, NULL);
	assert_true(alarms > 0);
	assert_int_equal(reader__units(&r, 100), n);
	free(r.data);
	close(fds[0]);
}

/* A signal to the process is for the event loop, which blocks it here. */
static void signals_are_left_alone(void **state)
{
	sigset_t set, old, pending;
	int devnull = open("/dev/null", O_WRONLY);
	struct writer *w;

	(void)state;
	w = writer__new(devnull, 4096);
	assert_non_null(w);
	sigemptyset(&set);
	sigaddset(&set, SIGURG);
	signal(SIGURG, on_alarm);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	alarms = 0;
	kill(getpid(), SIGURG);
	usleep(20000);
	assert_int_equal(sigpending(&pending), 0);
	assert_true(sigismember(&pending, SIGURG));
	assert_int_equal(alarms, 0);
	signal(SIGURG, SIG_IGN);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(writer__close(w, PATIENCE_MS), 0);
	close(devnull);
}

/* Formatting in place, and longer than any first guess. */
static void printf_and_reserve(void **state)
{
	char *text, long_text[3000], got[8192];
	struct writer *w;
	int fds[2];
	ssize_t n;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(pipe(fds), 0);
	w = writer__new(fds[1], 1 << 20);
	assert_non_null(w);
	writer__begin(w, false);
	writer__printf(w, "%s,%d,", long_text, 7);
	text = writer__reserve(w, 6000);
	assert_non_null(text);
	memcpy(text, "abc", 3);
	writer__advance(w, 3);
	writer__end(w);
	writer__begin(w, false); /* nothing: no unit */
	writer__end(w);
	assert_int_equal(writer__close(w, PATIENCE_MS), 0);
	close(fds[1]);
	n = read(fds[0], got, sizeof(got));
	assert_int_equal(n, sizeof(long_text) - 1 + 6);
	assert_memory_equal(got + n - 6, ",7,abc", 6);
	close(fds[0]);
	assert_int_equal(writer__close(NULL, PATIENCE_MS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_arrive_in_order),
		cmocka_unit_test(one_line_arrives),
		cmocka_unit_test(stalled_reader),
		cmocka_unit_test(slow_reader),
		cmocka_unit_test(larger_than_the_queue),
		cmocka_unit_test(important_gives_up),
		cmocka_unit_test(reader_gone),
		cmocka_unit_test(reader_goes),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(non_blocking),
		cmocka_unit_test(signals),
		cmocka_unit_test(signals_are_left_alone),
		cmocka_unit_test(printf_and_reserve),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
