/* SPDX-License-Identifier: GPL-2.0 */
/* Draws what top_ui.h says is to be shown, with what screen.h offers. */
#ifndef MEMTRACE_OUTPUT_TOP_SCREEN_H
#define MEMTRACE_OUTPUT_TOP_SCREEN_H

#include "sink.h"
#include "top_ui.h"

#define TOP_SCREEN_LINES 24
#define TOP_SCREEN_COLUMNS 80

/* What is shown beside the pages. */
struct top_screen {
	const struct summary *sum;
	const char *at;	     /* the time of day */
	double every;	     /* seconds of an interval */
	const char *message; /* the newest; NULL: none */
};

/* Lines that a list has on a screen of so many. */
size_t top_screen__height(int lines);

/* Arranges and draws. Returns 0 or -ENOMEM. */
int top_screen__draw(struct top_ui *ui, const struct top_screen *around);

#endif
