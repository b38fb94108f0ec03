/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The text of what top shows: cells, headings, lines, sparklines. A line of
 * a table is the same in the screen and in batch. Knows widths, and no terminal.
 */
#ifndef MEMTRACE_OUTPUT_TOP_TEXT_H
#define MEMTRACE_OUTPUT_TOP_TEXT_H

#include "core/words.h"
#include "sink.h"
#include "top_detail.h"
#include "top_model.h"

#define TOP_CELL_ROOM 128

/* "+1.5M", "-8K", "0": bytes with a sign. Returns buf. */
const char *top_text__signed(int64_t bytes, char buf[HUMAN_SIZE_ROOM + 1]);

/* "0", "0.5", "12": times per second. Returns buf. */
const char *top_text__rate(double rate, char buf[TOP_CELL_ROOM]);

/* The text of a cell, not padded; brief: as narrow as the column. Returns buf. */
const char *top_text__cell(const struct top_row *row, enum top_column column, bool brief,
			   char buf[TOP_CELL_ROOM]);

/*
 * The columns that there is room for in `width`, in their order, the one sorted
 * by among them; and what is left for the history (0: none). Returns their number.
 */
#define TOP_SPARK_MIN 8
size_t top_text__columns(int width, enum top_column sort, enum top_column ret[TOP_COLUMN_NR],
			 int *ret_spark);

/*
 * The last `width` values as block elements, or in ASCII: the lowest of them is
 * the lowest level and the highest the highest, unless they differ by less than
 * a 64th, which is nearly flat. Blanks before what is not known. Returns dst.
 */
#define TOP_SPARK_ROOM (TOP_HISTORY * 3 + 1)
char *top_text__spark(char dst[TOP_SPARK_ROOM], const uint64_t *values, size_t n, int width,
		      bool utf8);

/*
 * At most `columns` columns of src, which is escaped UTF-8, as this locale shows
 * them: what it cannot show is a question mark. Ends it with blanks up to that
 * width if pad is set. Returns the columns used.
 */
int top_text__clip(char *dst, size_t size, const char *src, int columns, bool pad);

/* Whether the locale's characters are UTF-8. */
bool top_text__utf8(void);

/* "48210 seen, 0 lost, 0 resyncs; 12 processes, 0 uncertain; tier truth". */
#define TOP_INTEGRITY_ROOM 256
const char *top_text__integrity(const struct summary *sum, const struct top_counts *counts,
				char buf[TOP_INTEGRITY_ROOM]);

/* One table for batch: a comment line, headings, rows. at: the time of day. */
void top_text__table(struct writer *out, struct top *top, const struct top_view *view,
		     const struct summary *sum, const char *at);

#endif
