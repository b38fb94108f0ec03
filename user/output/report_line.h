/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line of a report on a screen: what does not fit is left out or cut. Without a
 * screen all fits. Knows nothing of what is told.
 */
#ifndef MEMTRACE_OUTPUT_REPORT_LINE_H
#define MEMTRACE_OUTPUT_REPORT_LINE_H

#include <stdbool.h>
#include "writer.h"

struct report_line {
	struct writer *out;
	unsigned int columns; /* 0: no screen */
	bool colour;
	unsigned int width; /* so far */
	bool full;	    /* it was cut: what follows is left out */
};

/* A label takes the first 14 columns: "  accessible  ". NULL: none. */
void report_line__begin(struct report_line *l, const char *label);
/* Adds text, or its beginning and "...". */
void report_line__add(struct report_line *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same in colour; code as in colour.h. */
void report_line__paint(struct report_line *l, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds text if it fits and leaves that many columns. */
bool report_line__add_if(struct report_line *l, unsigned int leave, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds text, without its middle if need be, and leaves that many columns. */
void report_line__add_middle(struct report_line *l, unsigned int leave, const char *text);
void report_line__end(struct report_line *l);

#endif
