// SPDX-License-Identifier: GPL-2.0
/* See report_line.h. A character takes a column, as UTF-8 has them. */
#include "report_line.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "colour.h"
#include "util/cut.h"

#define LABEL_WIDTH 12
#define TEXT_ROOM 2048

static unsigned int room(const struct report_line *l, unsigned int leave)
{
	if (!l->columns)
		return UINT_MAX;
	if (l->full)
		return 0;
	return l->columns > l->width + leave ? l->columns - l->width - leave : 0;
}

static void put(struct report_line *l, const char *text, size_t len, unsigned int width)
{
	writer__write(l->out, text, len);
	l->width += width;
}

static void put_begin(struct report_line *l, const char *text)
{
	unsigned int width = cut__width(text), max = room(l, 0);

	if (width <= max) {
		put(l, text, strlen(text), width);
		return;
	}
	if (max >= CUT_DOTS_WIDTH) {
		put(l, text, cut__bytes(text, max - CUT_DOTS_WIDTH), max - CUT_DOTS_WIDTH);
		put(l, CUT_DOTS, strlen(CUT_DOTS), CUT_DOTS_WIDTH);
	}
	l->full = true;
}

void report_line__begin(struct report_line *l, const char *label)
{
	l->width = 0;
	l->full = false;
	if (label)
		report_line__add(l, "  %-*s", LABEL_WIDTH, label);
}

#define FORMAT(text, fmt)                                   \
	do {                                                \
		va_list ap;                                 \
		va_start(ap, fmt);                          \
		vsnprintf(text, sizeof(text), fmt, ap);     \
		va_end(ap);                                 \
	} while (0)

void report_line__add(struct report_line *l, const char *fmt, ...)
{
	char text[TEXT_ROOM];

	FORMAT(text, fmt);
	put_begin(l, text);
}

void report_line__paint(struct report_line *l, const char *code, const char *fmt, ...)
{
	char text[TEXT_ROOM];

	FORMAT(text, fmt);
	if (l->colour)
		writer__printf(l->out, "%s", code);
	put_begin(l, text);
	if (l->colour)
		writer__printf(l->out, "%s", COLOUR_OFF);
}

bool report_line__add_if(struct report_line *l, unsigned int leave, const char *fmt, ...)
{
	char text[TEXT_ROOM];

	FORMAT(text, fmt);
	if (cut__width(text) > room(l, leave))
		return false;
	put_begin(l, text);
	return true;
}

void report_line__add_middle(struct report_line *l, unsigned int leave, const char *text)
{
	unsigned int max = room(l, leave);
	char cut[TEXT_ROOM];

	if (cut__width(text) <= max || max < CUT_DOTS_WIDTH + 2) {
		put_begin(l, text);
		return;
	}
	cut__middle(cut, sizeof(cut), text, max);
	put(l, cut, strlen(cut), cut__width(cut));
}

void report_line__end(struct report_line *l)
{
	writer__write(l->out, "\n", 1);
}
