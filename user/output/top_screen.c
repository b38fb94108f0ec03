// SPDX-License-Identifier: GPL-2.0
/* Drawing of top; see top_screen.h. Owns where things stand. */
#include "top_screen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "screen.h"
#include "top_site_text.h"
#include "top_text.h"

/* Above a list: title, integrity, what it is of, headings; below it: the keys. */
#define LIST_Y 4
#define CHROME (LIST_Y + 1)
#define LINE_ROOM TOP_SITE_LINE

struct canvas {
	const struct top_ui *ui;
	const struct top_screen *around;
	int lines, columns;
	size_t height;
};

size_t top_screen__height(int lines)
{
	return lines > CHROME ? (size_t)(lines - CHROME) : 0;
}

static void put_line(const struct canvas *c, int y, unsigned int style, const char *text)
{
	screen__put(y, 0, c->columns, style, style & SCREEN_REVERSE, text);
}

static void draw_title(const struct canvas *c)
{
	static const char *const pages[TOP_PAGE_NR] = { "processes", "kinds",
							"sites",     "calls",
							"regions",   "site" };
	char text[LINE_ROOM];
	int x, page;

	snprintf(text, sizeof(text), "memtrace top  %s  every %g s  ", c->around->at,
		 c->around->every);
	screen__put(0, 0, c->columns, SCREEN_BOLD, false, text);
	x = (int)strlen(text);
	for (page = 0; page < TOP_PAGE_NR; page++) {
		if ((page == TOP_PAGE_PROCESSES) != (c->ui->page == TOP_PAGE_PROCESSES) ||
		    (page == TOP_PAGE_SITE && c->ui->page != TOP_PAGE_SITE))
			continue;
		snprintf(text, sizeof(text), " %s ", pages[page]);
		screen__put(0, x, (int)strlen(text),
			    c->ui->page == (enum top_page)page ? SCREEN_REVERSE : SCREEN_PLAIN,
			    false, text);
		x += (int)strlen(text);
	}
	if (c->ui->paused)
		screen__put(0, c->columns - 8, 8, SCREEN_BOLD | SCREEN_REVERSE, false, " PAUSED ");
}

static void draw_integrity(const struct canvas *c)
{
	const struct summary *sum = c->around->sum;
	struct top_counts counts = top__counts(c->ui->top);
	char text[TOP_INTEGRITY_ROOM];
	bool alarm = sum->lost || sum->lives_lost || sum->sections_lost || counts.uncertain;

	put_line(c, 1, alarm ? SCREEN_ALARM : SCREEN_PLAIN,
		 top_text__integrity(sum, &counts, text));
}

static void draw_process_line(const struct canvas *c)
{
	const struct top_detail *d = &c->ui->detail;
	char text[LINE_ROOM], accessible[HUMAN_SIZE_ROOM], bytes[HUMAN_SIZE_ROOM];
	const char *state = d->ended ? "ended: this is the last that was seen" :
			    d->exact ? "exact" : "uncertain: ";

	snprintf(text, sizeof(text), "%s (pid %u): %s accessible of %s, %zu regions, %s%s", d->comm,
		 d->id.tgid, human_size(d->accessible, accessible), human_size(d->bytes, bytes),
		 d->n_regions, state,
		 d->ended || d->exact ? "" : d->why ? d->why : "not read yet");
	put_line(c, 2, d->ended || d->exact ? SCREEN_BOLD : SCREEN_ALARM, text);
}

static void draw_sites_line(const struct canvas *c)
{
	const struct top_ui *ui = c->ui;
	char text[LINE_ROOM];

	snprintf(text, sizeof(text), "%s (pid %u)%s: %zu site%s%s, sorted by %s%s: %s",
		 ui->detail.comm, ui->detail.id.tgid, ui->detail.ended ? ", ended" : "", ui->n,
		 ui->n == 1 ? "" : "s", ui->detail.sites.stacks ? "" : " (no stacks: see -s)",
		 top_site_column__heading(ui->site_view.sort),
		 ui->site_view.reverse ? ", reversed" : "",
		 top_site_column__text(ui->site_view.sort));
	put_line(c, 2, SCREEN_BOLD, text);
}

static void draw_site_line(const struct canvas *c)
{
	const struct top_site *row = top_sites__find(&c->ui->detail.sites, c->ui->site);
	char text[LINE_ROOM];

	if (row)
		put_line(c, 2, SCREEN_BOLD, top_site_text__sums(text, &c->ui->detail, row));
	else
		put_line(c, 2, SCREEN_ALARM, "another program was executed: this site is gone");
}

static void draw_filter_line(const struct canvas *c, const char *more)
{
	const struct top_ui *ui = c->ui;
	const char *what = ui->page == TOP_PAGE_SITES ? "site" : "process";
	char text[LINE_ROOM];

	snprintf(text, sizeof(text), "filter: %s%s  (%zu %s%s)%s", top_ui__filter(ui),
		 ui->editing ? "_" : "", ui->n, what,
		 ui->n == 1 ? "" : ui->page == TOP_PAGE_SITES ? "s" : "es", more);
	put_line(c, 2, ui->editing ? SCREEN_BOLD : SCREEN_PLAIN, text);
}

static void draw_order_line(const struct canvas *c, const char *more)
{
	const struct top_view *view = &c->ui->view;
	char text[LINE_ROOM];

	snprintf(text, sizeof(text), "sorted by %s%s: %s%s", top_column__row(view->sort)->heading,
		 view->reverse ? ", reversed" : "", top_column__row(view->sort)->text, more);
	put_line(c, 2, SCREEN_PLAIN, text);
}

/* What the list is of: a process, or which processes and how many of them. */
static void draw_what(const struct canvas *c)
{
	const struct top_ui *ui = c->ui;
	struct top_counts counts = top__counts(ui->top);
	char more[64] = "";

	if (counts.others && ui->page == TOP_PAGE_PROCESSES)
		snprintf(more, sizeof(more), "; %zu more have no room here", counts.others);
	if (c->around->message)
		put_line(c, 2, SCREEN_ALARM, c->around->message);
	else if (ui->page == TOP_PAGE_SITE)
		draw_site_line(c);
	else if (ui->page != TOP_PAGE_PROCESSES && ui->page != TOP_PAGE_SITES)
		draw_process_line(c);
	else if (ui->editing || *top_ui__filter(ui))
		draw_filter_line(c, more);
	else if (ui->page == TOP_PAGE_SITES)
		draw_sites_line(c);
	else
		draw_order_line(c, more);
}

static void draw_keys(const struct canvas *c)
{
	static const char *const keys[TOP_PAGE_NR] = {
		"q quit  Enter open  < > sort  r reverse  / filter  p pause  h help",
		"q back  Enter regions of this kind  Tab sites, calls, regions  p pause  h help",
		"q back  Enter stack  Tab calls  < > sort  r reverse  / filter  p pause  h help",
		"q back  Tab regions, kinds, sites  p pause  h help",
		"q back  Tab kinds, sites, calls  s by growth or address  p pause  h help",
		"q back  Up Down scroll  p pause  h help",
	};
	const char *of = c->ui->page == TOP_PAGE_SITES ? "function, module or thread" :
							 "name or of a pid";
	char edit[LINE_ROOM];

	snprintf(edit, sizeof(edit), "part of a %s; Enter takes it, Esc undoes it", of);
	put_line(c, c->lines - 1, SCREEN_REVERSE,
		 c->ui->editing ? edit : keys[c->ui->page]);
}

/* --- processes --- */

static unsigned int cell_style(const struct top_row *row, enum top_column column)
{
	if ((column == TOP_GROWTH && row->growth > 0) ||
	    (column == TOP_INTERVAL && row->interval > 0))
		return SCREEN_GROWTH;
	if (column == TOP_STATE && !row->exact && !row->ended)
		return SCREEN_ALARM;
	return SCREEN_PLAIN;
}

/* Numbers are set to the right of their column. Returns where the next begins. */
static int put_cell(int y, int x, enum top_column column, int rest, unsigned int style,
		    const char *text)
{
	bool last = column == TOP_COMM, left = last || column == TOP_STATE;
	int width = last ? rest : top_column__row(column)->width;
	char cell[TOP_CELL_ROOM];

	snprintf(cell, sizeof(cell), "%*s", left ? 0 : width, text);
	screen__put(y, x, width, style, true, cell);
	return x + width + 1;
}

static void draw_process(const struct canvas *c, int y, const struct top_row *row, bool selected)
{
	enum top_column shown[TOP_COLUMN_NR];
	char cell[TOP_CELL_ROOM], spark[TOP_SPARK_ROOM];
	int width, x = 0;
	unsigned int all = selected ? SCREEN_REVERSE : SCREEN_PLAIN;
	size_t n = top_text__columns(c->columns, c->ui->view.sort, shown, &width), i;

	if (selected)
		put_line(c, y, SCREEN_REVERSE, "");
	for (i = 0; i < n; i++) {
		if (shown[i] == TOP_COMM && width) {
			top_text__spark(spark, row->history, row->history_n, width,
					top_text__utf8());
			screen__put(y, x, width, all, true, spark);
			x += width + 1;
		}
		x = put_cell(y, x, shown[i], c->columns - x, all | cell_style(row, shown[i]),
			     top_text__cell(row, shown[i], true, cell));
	}
}

static void draw_process_headings(const struct canvas *c)
{
	enum top_column shown[TOP_COLUMN_NR];
	unsigned int style;
	int width, x = 0;
	size_t n = top_text__columns(c->columns, c->ui->view.sort, shown, &width), i;

	put_line(c, LIST_Y - 1, SCREEN_REVERSE, "");
	for (i = 0; i < n; i++) {
		if (shown[i] == TOP_COMM && width) {
			screen__put(LIST_Y - 1, x, width, SCREEN_REVERSE, true, "HISTORY");
			x += width + 1;
		}
		style = SCREEN_REVERSE;
		if (shown[i] == c->ui->view.sort)
			style |= SCREEN_BOLD | SCREEN_UNDERLINE;
		x = put_cell(LIST_Y - 1, x, shown[i], c->columns - x, style,
			     top_column__row(shown[i])->heading);
	}
}

/* --- one process --- */

static void kind_text(char text[LINE_ROOM], const struct top_kind *kind)
{
	static const char *const texts[] = {
#define X(id, name, what) what,
		REGION_KINDS(X)
#undef X
	};
	char growth[HUMAN_SIZE_ROOM + 1], interval[HUMAN_SIZE_ROOM + 1], size[HUMAN_SIZE_ROOM];

	snprintf(text, LINE_ROOM, "%8s %8s %8s %7" PRIu64 " %-13s %s",
		 top_text__signed(kind->growth, growth), top_text__signed(kind->interval, interval),
		 human_size(kind->bytes, size), kind->regions, region_kind__name(kind->kind),
		 texts[kind->kind]);
}

static void call_text(char text[LINE_ROOM], const struct top_call *call)
{
	char bytes[HUMAN_SIZE_ROOM], rate[HUMAN_SIZE_ROOM], calls[TOP_CELL_ROOM];

	snprintf(text, LINE_ROOM, "%8s %8s %9" PRIu64 " %9s %7" PRIu64 " %s",
		 human_size(call->stats.bytes, bytes),
		 human_size((uint64_t)call->bytes_per_s, rate), call->stats.count,
		 top_text__rate(call->calls_per_s, calls), call->stats.errors,
		 call__name(call->id));
}

/* Of a path that is too long the end is what tells. */
static void region_text(char text[LINE_ROOM], const struct top_detail *d,
			const struct top_region *r, int columns)
{
	char interval[HUMAN_SIZE_ROOM + 1], size[HUMAN_SIZE_ROOM], perms[5];
	const char *name = top_detail__name(d, r), *cut = "";
	size_t len = strlen(name), room;
	int n;

	region__perms(r->region.flags, perms);
	n = snprintf(text, LINE_ROOM, "%12" PRIx64 " %8s %8s %s %-13s ", r->region.start,
		     human_size(region__len(&r->region), size),
		     top_text__signed(r->interval, interval), perms, region_kind__name(r->kind));
	room = columns > n ? (size_t)(columns - n) : 0;
	if (len > room && room > 3) {
		cut = "...";
		name += len - (room - 3);
		while ((*name & 0xc0) == 0x80) /* not in the middle of a character */
			name++;
	}
	snprintf(text + n, LINE_ROOM - (size_t)n, "%s%s", cut, name);
}

static void site_text(const struct canvas *c, size_t i, char text[LINE_ROOM])
{
	const struct top_ui *ui = c->ui;
	const struct top_sites *s = &ui->detail.sites;
	const struct top_site *row = top_sites__find(s, ui->site);

	if (i >= ui->above)
		top_site_text__part(text, &ui->detail, &s->parts[ui->listed[i - ui->above]],
				    c->columns);
	else if (i + 1 == ui->above)
		top_site_text__part_heading(text);
	else
		top_site_text__frame(text, s, row, i, c->columns);
}

/* The text of a line of the list, and whether it tells of growth. */
static bool item_text(const struct canvas *c, size_t i, char text[LINE_ROOM])
{
	const struct top_ui *ui = c->ui;
	const struct top_region *region;
	const struct top_site *site;

	switch (ui->page) {
	case TOP_PAGE_KINDS:
		kind_text(text, &ui->detail.kinds[i]);
		return ui->detail.kinds[i].interval > 0;
	case TOP_PAGE_CALLS:
		call_text(text, &ui->detail.calls[i]);
		return false;
	case TOP_PAGE_SITES:
		site = &ui->detail.sites.sites[ui->listed[i]];
		top_site_text__row(text, &ui->detail.sites, site, c->columns);
		return site->interval > 0;
	case TOP_PAGE_SITE:
		site_text(c, i, text);
		return false;
	default:
		region = &ui->detail.regions[ui->listed[i]];
		region_text(text, &ui->detail, region, c->columns);
		return region->interval > 0;
	}
}

static void draw_headings(const struct canvas *c)
{
	char text[LINE_ROOM];

	if (c->ui->page == TOP_PAGE_PROCESSES) {
		draw_process_headings(c);
		return;
	}
	if (c->ui->page == TOP_PAGE_KINDS)
		snprintf(text, sizeof(text), "%8s %8s %8s %7s %-13s %s", "GROWTH", "INTERVAL",
			 "SIZE", "REGIONS", "KIND", "WHAT IT IS");
	else if (c->ui->page == TOP_PAGE_CALLS)
		snprintf(text, sizeof(text), "%8s %8s %9s %9s %7s %s", "BYTES", "BYTES/s", "CALLS",
			 "CALLS/s", "FAILED", "CALL");
	else if (c->ui->page == TOP_PAGE_SITES)
		top_site_text__heading(text);
	else if (c->ui->page == TOP_PAGE_SITE)
		snprintf(text, sizeof(text), "WHO: its stack, and below the memory that it made");
	else
		snprintf(text, sizeof(text), "%12s %8s %8s %s %-13s %s", "ADDR", "SIZE", "INTERVAL",
			 "PROT", "KIND", "REGION");
	put_line(c, LIST_Y - 1, SCREEN_REVERSE, text);
}

static void draw_list(const struct canvas *c)
{
	const struct top_ui *ui = c->ui;
	const struct top_list *list = &ui->lists[ui->page];
	char text[LINE_ROOM];
	bool selected, grew, heads;
	size_t i, y;

	for (y = 0, i = list->first; y < c->height && i < ui->n; y++, i++) {
		selected = i == list->selected;
		if (ui->page == TOP_PAGE_PROCESSES) {
			draw_process(c, LIST_Y + (int)y, ui->rows[i], selected);
			continue;
		}
		grew = item_text(c, i, text);
		heads = ui->page == TOP_PAGE_SITE && i + 1 == ui->above;
		put_line(c, LIST_Y + (int)y,
			 (selected ? SCREEN_REVERSE : 0) | (grew ? SCREEN_GROWTH : 0) |
				 (heads ? SCREEN_BOLD | SCREEN_UNDERLINE : 0),
			 text);
	}
	if (!ui->n)
		put_line(c, LIST_Y, SCREEN_PLAIN, "(nothing to show)");
}

static void draw_help(const struct canvas *c)
{
	static const char *const texts[] = {
		"Enter    open a process, then the regions of a kind or the stack of a site",
		"Esc q    back; q in the list of processes ends top",
		"Tab      of a process: kinds of memory, sites, calls, regions",
		"< > s    sort by another column (regions: by growth or by address)",
		"r        reverse the order         /   show only what has this in its name",
		"p space  hold still; tracing goes on",
		"Up Down PageUp PageDown Home End, j k   move", "",
	};
	char text[LINE_ROOM];
	int y = 0, i;

	for (i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++)
		put_line(c, LIST_Y - 1 + y++, SCREEN_PLAIN, texts[i]);
	for (i = 0; i < TOP_COLUMN_NR && y < c->lines - LIST_Y; i++, y++) {
		snprintf(text, sizeof(text), "%-8s %s", top_column__row(i)->heading,
			 top_column__row(i)->text);
		put_line(c, LIST_Y - 1 + y, SCREEN_PLAIN, text);
	}
	put_line(c, c->lines - 1, SCREEN_REVERSE, "any key goes on");
}

static void draw_too_small(const struct canvas *c)
{
	char text[LINE_ROOM];

	snprintf(text, sizeof(text), "memtrace top needs %dx%d, not %dx%d; q quits",
		 TOP_SCREEN_COLUMNS, TOP_SCREEN_LINES, c->columns, c->lines);
	put_line(c, 0, SCREEN_PLAIN, text);
}

int top_screen__draw(struct top_ui *ui, const struct top_screen *around)
{
	struct canvas c = { .ui = ui, .around = around };
	int err;

	screen__size(&c.lines, &c.columns);
	c.height = top_screen__height(c.lines);
	err = top_ui__arrange(ui, c.height);
	if (err)
		return err;
	screen__erase();
	if (c.lines < TOP_SCREEN_LINES || c.columns < TOP_SCREEN_COLUMNS) {
		draw_too_small(&c);
	} else {
		draw_title(&c);
		draw_integrity(&c);
		if (ui->help) {
			draw_help(&c);
		} else {
			draw_what(&c);
			draw_headings(&c);
			draw_list(&c);
			draw_keys(&c);
		}
	}
	screen__show();
	return 0;
}
