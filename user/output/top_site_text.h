/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lines of top about sites: one of a list of them, and what is below one: its
 * stack, and the memory that it made. Knows widths, and no terminal.
 */
#ifndef MEMTRACE_OUTPUT_TOP_SITE_TEXT_H
#define MEMTRACE_OUTPUT_TOP_SITE_TEXT_H

#include "top_detail.h"
#include "writer.h"

#define TOP_SITE_LINE 1024

/* All return text; what is too long for the columns is cut in the middle. */
const char *top_site_text__heading(char text[TOP_SITE_LINE]);
const char *top_site_text__row(char text[TOP_SITE_LINE], const struct top_sites *s,
			       const struct top_site *row, int columns);
const char *top_site_column__heading(enum top_site_column column);
const char *top_site_column__text(enum top_site_column column);

/* "redis (pid 7): 3M kept of 6M by 9 calls, at most 4M at a time". */
const char *top_site_text__sums(char text[TOP_SITE_LINE], const struct top_detail *d,
				const struct top_site *row);

/* Lines that are shown of the stack of a site, which is its call where it has none. */
size_t top_site_text__frames(const struct top_sites *s, const struct top_site *row);
const char *top_site_text__frame(char text[TOP_SITE_LINE], const struct top_sites *s,
				 const struct top_site *row, size_t i, int columns);

const char *top_site_text__part_heading(char text[TOP_SITE_LINE]);
const char *top_site_text__part(char text[TOP_SITE_LINE], const struct top_detail *d,
				const struct top_part *part, int columns);

/* For batch: the first of those listed, below a line that says whose they are. */
#define TOP_SITES_TOLD 10
void top_site_text__table(struct writer *out, const struct top_detail *d, const size_t *listed,
			  size_t n);

#endif
