/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal of top: the only code that knows ncurses. Text comes escaped; it
 * is cut to the width here. There is one terminal, so there is one screen.
 */
#ifndef MEMTRACE_OUTPUT_SCREEN_H
#define MEMTRACE_OUTPUT_SCREEN_H

#include <stdbool.h>

enum screen_style {
	SCREEN_PLAIN = 0,
	SCREEN_BOLD = 1 << 0,
	SCREEN_REVERSE = 1 << 1,
	SCREEN_UNDERLINE = 1 << 2,
	/* What they mean is said in words as well. */
	SCREEN_GROWTH = 1 << 3,
	SCREEN_ALARM = 1 << 4,
};

/* NULL when the terminal named in TERM can be used, else what is wrong with it. */
const char *screen__why_not(void);

/* Takes the terminal. Returns 0 or -errno. */
int screen__open(bool colour);

/* Gives it back as it was; any number of times. */
void screen__close(void);

/* The same until screen__resume(), for ^Z. */
void screen__suspend(void);
void screen__resume(void);

/* The terminal has another size, or something else has written to it. */
void screen__resize(void);
void screen__size(int *ret_lines, int *ret_columns);

/* False while the terminal takes nothing: drawing would wait for it. */
bool screen__ready(void);

void screen__erase(void);
/* At most `columns` columns from x on, padded to them if pad is set. */
void screen__put(int y, int x, int columns, unsigned int style, bool pad, const char *text);
void screen__show(void);

/* One of enum top_key, or a printable ASCII character; TOP_KEY_NONE: none waits. */
int screen__key(void);

#endif
