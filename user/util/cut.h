/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text cut to a number of columns, in UTF-8 of which each character takes one.
 * Knows no terminal.
 */
#ifndef MEMTRACE_UTIL_CUT_H
#define MEMTRACE_UTIL_CUT_H

#include <stddef.h>

#define CUT_DOTS "..."
#define CUT_DOTS_WIDTH 3u

unsigned int cut__width(const char *text);
/* Bytes of the first n characters. */
size_t cut__bytes(const char *text, unsigned int n);

/*
 * Text in at most that many columns (and size / 4), without its middle if need be:
 * names tell most at both ends. Returns dst.
 */
char *cut__middle(char *dst, size_t size, const char *text, unsigned int columns);

#endif
