// SPDX-License-Identifier: GPL-2.0
/* See top_site_text.h. Names come escaped. */
#include "top_site_text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "site_text.h"
#include "top_text.h"
#include "util/cut.h"

#define PART_FORMAT "%25s %8s %4s %-13s "

static const struct {
	const char *heading;
	int width;
	const char *text;
} columns_of_sites[] = {
#define X(id, heading, width, text) { heading, width, text },
	TOP_SITE_COLUMNS(X)
#undef X
};

const char *top_site_column__heading(enum top_site_column column)
{
	return columns_of_sites[column].heading;
}

const char *top_site_column__text(enum top_site_column column)
{
	return columns_of_sites[column].text;
}

/* Adds a name to what is in text, in what the columns leave. */
static void add_name(char text[TOP_SITE_LINE], const char *name, int columns)
{
	size_t len = strlen(text);
	int used = (int)cut__width(text);

	cut__middle(text + len, TOP_SITE_LINE - len, name,
		    columns > used ? (unsigned int)(columns - used) : 0);
}

static const char *cell(const struct top_site *row, enum top_site_column column,
			char buf[TOP_CELL_ROOM])
{
	switch (column) {
	case TOP_SITE_KEPT:
		return human_size(row->kept, buf);
	case TOP_SITE_INTERVAL:
		return top_text__signed(row->interval, buf);
	case TOP_SITE_BYTES:
		return human_size(row->site.bytes, buf);
	case TOP_SITE_RATE:
		return human_size((uint64_t)row->bytes_per_s, buf);
	case TOP_SITE_PEAK:
		return human_size(row->peak, buf);
	default:
		snprintf(buf, TOP_CELL_ROOM, "%" PRIu64, row->site.calls);
		return buf;
	}
}

const char *top_site_text__heading(char text[TOP_SITE_LINE])
{
	size_t len = 0;
	int i;

	for (i = 0; i < TOP_SITE_COLUMN_NR; i++)
		len += (size_t)snprintf(text + len, TOP_SITE_LINE - len, "%*s ",
					columns_of_sites[i].width, columns_of_sites[i].heading);
	snprintf(text + len, TOP_SITE_LINE - len, "WHO");
	return text;
}

const char *top_site_text__row(char text[TOP_SITE_LINE], const struct top_sites *s,
			       const struct top_site *row, int columns)
{
	char buf[TOP_CELL_ROOM], who[SITE_ROOM];
	size_t len = 0;
	int i;

	for (i = 0; i < TOP_SITE_COLUMN_NR; i++)
		len += (size_t)snprintf(text + len, TOP_SITE_LINE - len, "%*s ",
					columns_of_sites[i].width, cell(row, i, buf));
	site__text(&row->site, s->stacks, who);
	/* Where not all fits, functions tell more than what they are in. */
	if ((int)(len + cut__width(who)) > columns)
		site__brief(&row->site, s->stacks, who);
	add_name(text, who, columns);
	return text;
}

const char *top_site_text__sums(char text[TOP_SITE_LINE], const struct top_detail *d,
				const struct top_site *row)
{
	char kept[HUMAN_SIZE_ROOM], bytes[HUMAN_SIZE_ROOM], peak[HUMAN_SIZE_ROOM];

	snprintf(text, TOP_SITE_LINE, "%s (pid %u): %s kept of %s by %" PRIu64
		 " call%s, at most %s at a time%s", d->comm, d->id.tgid,
		 human_size(row->kept, kept), human_size(row->site.bytes, bytes), row->site.calls,
		 row->site.calls == 1 ? "" : "s", human_size(row->peak, peak),
		 d->ended ? "; ended" : "");
	return text;
}

static const struct stack *stack_of(const struct top_sites *s, const struct top_site *row)
{
	const struct stack *stack = s->stacks ? stacks__stack(s->stacks, row->site.stack) : NULL;

	return stack && stack->n ? stack : NULL;
}

size_t top_site_text__frames(const struct top_sites *s, const struct top_site *row)
{
	const struct stack *stack = stack_of(s, row);

	return stack ? stack->n + stack->cut : 1;
}

/* A module's path tells most at its end, so it is what is cut; and then the function. */
const char *top_site_text__frame(char text[TOP_SITE_LINE], const struct top_sites *s,
				 const struct top_site *row, size_t i, int columns)
{
	const struct stack *stack = stack_of(s, row);
	char who[SITE_ROOM], place[TOP_SITE_LINE];
	const struct frame *f;

	*text = '\0';
	if (!stack) {
		add_name(text, site__text(&row->site, s->stacks, who), columns);
		return text;
	}
	f = i < stack->n ? stacks__frame(s->stacks, stack->frames[i]) : NULL;
	if (!f) {
		snprintf(text, TOP_SITE_LINE, "   ...");
		return text;
	}
	snprintf(text, TOP_SITE_LINE, "%3zu ", i);
	add_name(text, *f->function ? f->function : "?", columns - columns / 2);
	snprintf(place, sizeof(place), " %.800s+0x%" PRIx64, *f->module ? f->module : "[generated]",
		 f->offset);
	add_name(text, place, columns);
	return text;
}

const char *top_site_text__part_heading(char text[TOP_SITE_LINE])
{
	snprintf(text, TOP_SITE_LINE, PART_FORMAT "%s", "ADDR", "SIZE", "PROT", "KIND",
		 "REGION");
	return text;
}

const char *top_site_text__part(char text[TOP_SITE_LINE], const struct top_detail *d,
				const struct top_part *part, int columns)
{
	const struct top_region *r = &d->regions[part->region];
	char range[40], size[HUMAN_SIZE_ROOM], perms[5];

	region__perms(r->region.flags, perms);
	snprintf(range, sizeof(range), "%" PRIx64 "-%" PRIx64, part->start, part->end);
	snprintf(text, TOP_SITE_LINE, PART_FORMAT, range,
		 human_size(part->end - part->start, size), perms, region_kind__name(r->kind));
	add_name(text, top_detail__name(d, r), columns);
	return text;
}

void top_site_text__table(struct writer *out, const struct top_detail *d, const size_t *listed,
			  size_t n)
{
	const struct top_sites *s = &d->sites;
	char text[TOP_SITE_LINE];
	size_t i;

	if (!n)
		return;
	writer__begin(out, false);
	writer__printf(out, "sites of %s (pid %u): %zu\n%s\n", d->comm, d->id.tgid, n,
		       top_site_text__heading(text));
	for (i = 0; i < n && i < TOP_SITES_TOLD; i++)
		writer__printf(out, "%s\n",
			       top_site_text__row(text, s, &s->sites[listed[i]], INT_MAX));
	writer__printf(out, "\n");
	writer__end(out);
}
