// SPDX-License-Identifier: GPL-2.0
/* The text of top; see top_text.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "top_text.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

const char *top_text__signed(int64_t bytes, char buf[HUMAN_SIZE_ROOM + 1])
{
	buf[0] = bytes < 0 ? '-' : '+';
	human_size(bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes, buf + 1);
	return bytes ? buf : "0";
}

/* Rates below ten have a decimal: one call in two seconds is not none. */
const char *top_text__rate(double rate, char buf[TOP_CELL_ROOM])
{
	snprintf(buf, TOP_CELL_ROOM, rate > 0 && rate < 9.95 ? "%.1f" : "%.0f", rate);
	return buf;
}

static const char *state_text(const struct top_row *row, bool brief)
{
	if (row->ended)
		return "ended";
	if (row->exact)
		return "exact";
	return brief ? "?" : "uncertain";
}

const char *top_text__cell(const struct top_row *row, enum top_column column, bool brief,
			   char buf[TOP_CELL_ROOM])
{
	switch (column) {
	case TOP_PID:
		snprintf(buf, TOP_CELL_ROOM, "%" PRIu32, row->id.tgid);
		return buf;
	case TOP_GROWTH:
		return top_text__signed(row->growth, buf);
	case TOP_INTERVAL:
		return top_text__signed(row->interval, buf);
	case TOP_ACCESS:
		return human_size(row->accessible, buf);
	case TOP_HEAP:
		return human_size(row->heap, buf);
	case TOP_MAPPED:
		return human_size((uint64_t)row->mapped_per_s, buf);
	case TOP_UNMAPPED:
		return human_size((uint64_t)row->unmapped_per_s, buf);
	case TOP_LOCKED:
		return human_size(row->locked, buf);
	case TOP_CALLS:
		return top_text__rate(row->calls_per_s, buf);
	case TOP_REGIONS:
		snprintf(buf, TOP_CELL_ROOM, "%" PRIu64, row->regions);
		return buf;
	case TOP_STATE:
		return state_text(row, brief);
	default:
		return row->comm;
	}
}

size_t top_text__columns(int width, enum top_column sort, enum top_column ret[TOP_COLUMN_NR],
			 int *ret_spark)
{
	int used, rank, c;
	size_t n = 0;

	/* The highest rank with which all fit. */
	for (rank = 4; rank >= 0; rank--) {
		for (used = TOP_SPARK_MIN + 1, c = 0; c < TOP_COLUMN_NR; c++) {
			if (top_column__row(c)->rank <= rank || c == (int)sort)
				used += top_column__row(c)->width + (c ? 1 : 0);
		}
		if (used <= width)
			break;
	}
	/* With the column sorted by, 80 columns may not hold the history as well. */
	*ret_spark = used <= width ? TOP_SPARK_MIN + (width - used) / 2 : 0;
	if (*ret_spark > TOP_HISTORY)
		*ret_spark = TOP_HISTORY;
	for (c = 0; c < TOP_COLUMN_NR; c++) {
		if (top_column__row(c)->rank <= rank || c == (int)sort || !top_column__row(c)->rank)
			ret[n++] = (enum top_column)c;
	}
	return n;
}

char *top_text__spark(char dst[TOP_SPARK_ROOM], const uint64_t *values, size_t n, int width,
		      bool utf8)
{
	static const char blocks[8][4] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char ascii[] = ".:-=+*#@";
	uint64_t lo = UINT64_MAX, hi = 0, span;
	size_t from, len = 0, i;
	int level;

	if (width > TOP_HISTORY)
		width = TOP_HISTORY;
	from = n > (size_t)width ? n - (size_t)width : 0;
	for (i = from; i < n; i++) {
		lo = values[i] < lo ? values[i] : lo;
		hi = values[i] > hi ? values[i] : hi;
	}
	span = n && hi - lo > hi / 64 ? hi - lo : hi / 64;
	for (i = n - from; i < (size_t)width; i++)
		dst[len++] = ' ';
	for (i = from; i < n; i++) {
		level = span ? (int)((double)(values[i] - lo) / (double)span * 7 + 0.5) : 0;
		if (utf8) {
			memcpy(dst + len, blocks[level], 3);
			len += 3;
		} else {
			dst[len++] = ascii[level];
		}
	}
	dst[len] = '\0';
	return dst;
}

bool top_text__utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

int top_text__clip(char *dst, size_t size, const char *src, int columns, bool pad)
{
	bool utf8 = top_text__utf8();
	size_t len = 0, n, left = strlen(src);
	int used = 0, width;
	mbstate_t state = { 0 };
	wchar_t wide;

	while (left) {
		/* Other bytes than ASCII in another character set may steer the terminal. */
		n = utf8 ? mbrtowc(&wide, src, left, &state) : 1;
		if (n == 0 || n > left) {
			n = 1;
			width = -1;
			state = (mbstate_t){ 0 };
		} else {
			width = utf8 ? wcwidth(wide) : (*src & 0x80) || *src < ' ' ? -1 : 1;
		}
		if (used + (width < 0 ? 1 : width) > columns || len + n + 1 > size)
			break;
		if (width < 0)
			dst[len++] = '?';
		else
			memcpy(dst + len, src, n);
		len += width < 0 ? 0 : n;
		used += width < 0 ? 1 : width;
		src += n;
		left -= n;
	}
	for (; pad && used < columns && len + 1 < size; used++)
		dst[len++] = ' ';
	dst[len] = '\0';
	return used;
}

const char *top_text__integrity(const struct summary *sum, const struct top_counts *counts,
				char buf[TOP_INTEGRITY_ROOM])
{
	snprintf(buf, TOP_INTEGRITY_ROOM,
		 "%" PRIu64 " seen, %" PRIu64 " lost, %" PRIu64
		 " resyncs; %zu process%s, %zu uncertain; tier %s",
		 sum->seen, sum->lost + sum->lives_lost + sum->sections_lost, sum->totals->resyncs,
		 counts->processes, counts->processes == 1 ? "" : "es", counts->uncertain,
		 sum->tier);
	return buf;
}

/* Numbers end, and words begin, where their heading does. */
static bool column__left(enum top_column column)
{
	return column == TOP_STATE || column == TOP_COMM;
}

static void print_cell(struct writer *out, enum top_column column, const char *text)
{
	/* "uncertain" is wider than the column, which is as wide as a screen has room for. */
	int width = column == TOP_STATE ? 9 : top_column__row(column)->width;

	if (column == TOP_COMM)
		writer__printf(out, "%s\n", text);
	else if (column__left(column))
		writer__printf(out, "%-*s ", width, text);
	else
		writer__printf(out, "%*s ", width, text);
}

void top_text__table(struct writer *out, struct top *top, const struct top_view *view,
		     const struct summary *sum, const char *at)
{
	struct top_counts counts = top__counts(top);
	char cell[TOP_CELL_ROOM], integrity[TOP_INTEGRITY_ROOM];
	const struct top_row **rows;
	size_t n, i;
	int c;

	n = top__rows(top, view, &rows);
	writer__begin(out, false);
	writer__printf(out, "# %s, %.1f s: %s\n", at, top__seconds(top),
		       top_text__integrity(sum, &counts, integrity));
	for (c = 0; c < TOP_COLUMN_NR; c++)
		print_cell(out, c, top_column__row(c)->heading);
	for (i = 0; i < n; i++) {
		for (c = 0; c < TOP_COLUMN_NR; c++)
			print_cell(out, c, top_text__cell(rows[i], c, false, cell));
	}
	if (counts.others)
		writer__printf(out, "and %zu more\n", counts.others);
	writer__printf(out, "\n");
	writer__end(out);
}
