// SPDX-License-Identifier: GPL-2.0
/* See cut.h. */
#include "cut.h"

#include <stdbool.h>
#include <stdio.h>

static bool begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

unsigned int cut__width(const char *text)
{
	unsigned int width = 0;

	for (; *text; text++)
		width += begins_character(*text);
	return width;
}

size_t cut__bytes(const char *text, unsigned int n)
{
	size_t len = 0;

	for (; text[len]; len++) {
		if (begins_character(text[len]) && !n--)
			break;
	}
	return len;
}

char *cut__middle(char *dst, size_t size, const char *text, unsigned int columns)
{
	unsigned int width = cut__width(text), left, right;

	if (columns > (size - 1) / 4)
		columns = (unsigned int)((size - 1) / 4);
	if (width <= columns) {
		snprintf(dst, size, "%s", text);
	} else if (columns < CUT_DOTS_WIDTH + 2) {
		snprintf(dst, size, "%.*s", (int)cut__bytes(text, columns), text);
	} else {
		left = (columns - CUT_DOTS_WIDTH + 1) / 2;
		right = columns - CUT_DOTS_WIDTH - left;
		snprintf(dst, size, "%.*s%s%s", (int)cut__bytes(text, left), text, CUT_DOTS,
			 text + cut__bytes(text, width - right));
	}
	return dst;
}
