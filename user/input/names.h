/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of files by the numbers under which they were sent: the newest of them, and those
 * that are asked for. The kernel's side keeps what it refers to as well (an LRU).
 */
#ifndef MEMTRACE_INPUT_NAMES_H
#define MEMTRACE_INPUT_NAMES_H

#include <stdint.h>

/* More than the kernel's side remembers (live.c), so that what it knows is known here. */
#define NAMES_MAX 32768

struct names;

/* NULL without memory. */
struct names *names__new(void);
void names__free(struct names *n);

/* The name is copied; an older one of that number is forgotten. Returns 0 or -ENOMEM. */
int names__put(struct names *n, uint32_t number, const char *name);

/* Valid until names__trim(); NULL when there is none. */
const char *names__get(struct names *n, uint32_t number);

/* Forgets the oldest of more than NAMES_MAX, but for those that were asked for since. */
void names__trim(struct names *n);

#endif
