/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folded stacks, as flamegraph.pl and inferno read them: a line for each stack,
 * "COMM-PID;main;load 4096", the root first. Knows no file.
 */
#ifndef MEMTRACE_OUTPUT_FOLDED_H
#define MEMTRACE_OUTPUT_FOLDED_H

#include <stdbool.h>
#include <stdio.h>
#include "core/ledger.h"
#include "core/stacks.h"

/*
 * One value a line: bytes that were made accessible or, with kept, those of them
 * that still are. No stack stands in two lines, and none with 0. stacks may be
 * NULL. 0 or -errno.
 */
int folded__write(FILE *out, const struct ledger *ledger, const struct stacks *stacks, bool kept);

/*
 * A frame's name that parts no frames, lines or values: no ';', no control byte,
 * no blank at its ends, nor one before a number that ends it, which flamegraph.pl
 * would take for a value. whole: no blank at all. Returns buf, of that size.
 */
const char *folded__name(const char *text, bool whole, char *buf, size_t size);

#endif
