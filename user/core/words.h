/* SPDX-License-Identifier: GPL-2.0 */
/* Errors, limits, sizes and events in words, the same in findings and in every output. */
#ifndef MEMTRACE_CORE_WORDS_H
#define MEMTRACE_CORE_WORDS_H

#include "observer.h"

/* "fork": what happened to a process. */
const char *process_what__name(enum process_what what);

/* "ENOMEM"; NULL for a number that has no name. */
const char *errno__name(int err);

/* "Cannot allocate memory", in no one's language but C's. */
const char *errno__text(int err);

/* "RLIMIT_AS"; NULL for LIMIT_NONE. */
const char *limit__name(enum limit limit);

/* "512M", "65530", "unlimited". Returns buf. */
#define HUMAN_SIZE_ROOM 24
const char *limit__value(enum limit limit, uint64_t value, char buf[HUMAN_SIZE_ROOM]);

/* "850 ns", "3.1 ms", "2.4 s", "5.2 min": at most one decimal. Returns buf. */
#define HUMAN_NS_ROOM 24
const char *human_ns(uint64_t ns, char buf[HUMAN_NS_ROOM]);

/* "1.2M/s", "48K/min", "3.5M/h": of bytes a second, in the first of these that is 1K or more. */
#define HUMAN_RATE_ROOM (HUMAN_SIZE_ROOM + 4)
const char *human_rate(double per_s, char buf[HUMAN_RATE_ROOM]);

/*
 * "132K", "1.5M", "512" (bytes): powers of 1024, at most one decimal, which is
 * there only when the number is not whole. Returns buf.
 */
const char *human_size(uint64_t bytes, char buf[HUMAN_SIZE_ROOM]);

#endif
