/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sorting of tables by address. qsort(3) compares, and on tables of ten thousands of
 * functions guesses wrong half the time: it took most of what reading such a file took.
 */
#ifndef MEMTRACE_UTIL_SORT_H
#define MEMTRACE_UTIL_SORT_H

#include <stddef.h>

/*
 * Sorts n items of so many bytes by the uint64_t that each begins with; those of equal
 * numbers keep their order. -ENOMEM: nothing has moved.
 */
int sort__by_number(void *items, size_t n, size_t size);

#endif
