/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a person does with top: keys in, what is to be shown out. Knows no
 * terminal: keys come as numbers of its own, and top_screen.c draws.
 */
#ifndef MEMTRACE_OUTPUT_TOP_UI_H
#define MEMTRACE_OUTPUT_TOP_UI_H

#include "top_detail.h"
#include "top_model.h"

enum top_page {
	TOP_PAGE_PROCESSES,
	/* Of one process: */
	TOP_PAGE_KINDS,
	TOP_PAGE_SITES,
	TOP_PAGE_CALLS,
	TOP_PAGE_REGIONS,
	TOP_PAGE_SITE, /* one of its sites: stack and memory */
	TOP_PAGE_NR
};

/* Keys that are no printable ASCII character. */
enum top_key {
	TOP_KEY_NONE = 0,
	TOP_KEY_UP = 256,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_ENTER,
	TOP_KEY_ESCAPE,
	TOP_KEY_TAB,
	TOP_KEY_BACKSPACE,
	TOP_KEY_REDRAW,
	TOP_KEY_OTHER, /* that means nothing here */
	TOP_KEY_END_OF_INPUT,
};

struct top_list {
	size_t selected, first; /* and the first one on the screen */
};

struct top_ui {
	struct top *top;
	struct top_detail detail; /* of the process that was opened */
	enum top_page page;
	struct top_list lists[TOP_PAGE_NR];
	struct top_view view;
	struct top_site_view site_view;
	char typed[TOP_FILTER_MAX]; /* the filter before it is edited */
	bool paused, editing, help, quit;
	bool wants_detail; /* a process has just been opened: sample it */
	/* The selection stays with its process, once it has been moved. */
	bool follows;
	struct top_row_id followed;
	bool follows_site;
	struct top_site_id followed_site;
	struct top_site_id site; /* that was opened */
	/* Regions: of one kind alone, or of all; those that grew first, or by address. */
	bool one_kind, by_growth;
	enum region_kind kind;
	/*
	 * What is listed now: rows of the page. Of regions, sites, and the parts that
	 * a site made: indices of the detail's. Above the parts is the site's stack.
	 */
	const struct top_row **rows;
	size_t *listed;
	size_t n, listed_size, above;
};

/* Returns 0 or -ENOMEM. */
int top_ui__init(struct top_ui *ui);
void top_ui__fini(struct top_ui *ui);

/* An interval ends. Returns 0 or -ENOMEM. */
int top_ui__sample(struct top_ui *ui, struct tracker *t, uint64_t now_ns);

/* After a key, when wants_detail is set: looks at the process that was opened. 0 or -ENOMEM. */
int top_ui__open(struct top_ui *ui, struct tracker *t, uint64_t now_ns);

/* A key; height: lines of the list that are shown. Call top_ui__arrange() before drawing. */
void top_ui__key(struct top_ui *ui, int key, size_t height);

/* What is typed after / on this page. */
const char *top_ui__filter(const struct top_ui *ui);

/* Fills in what is listed, and scrolls so that the selection can be seen. 0 or -ENOMEM. */
int top_ui__arrange(struct top_ui *ui, size_t height);

#endif
