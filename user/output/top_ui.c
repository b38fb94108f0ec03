// SPDX-License-Identifier: GPL-2.0
/* Keys of top; see top_ui.h. Owns selection, scrolling and the pages. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "top_ui.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "top_site_text.h"

int top_ui__init(struct top_ui *ui)
{
	*ui = (struct top_ui){ .view = { .sort = TOP_GROWTH } };
	ui->top = top__new();
	return ui->top ? 0 : -ENOMEM;
}

void top_ui__fini(struct top_ui *ui)
{
	top__free(ui->top);
	top_detail__close(&ui->detail);
	free(ui->listed);
	*ui = (struct top_ui){ 0 };
}

static void arrange_processes(struct top_ui *ui)
{
	size_t i;

	ui->n = top__rows(ui->top, &ui->view, &ui->rows);
	for (i = 0; ui->follows && i < ui->n; i++) {
		if (!memcmp(&ui->rows[i]->id, &ui->followed, sizeof(ui->followed)))
			ui->lists[TOP_PAGE_PROCESSES].selected = i;
	}
}

int top_ui__sample(struct top_ui *ui, struct tracker *t, uint64_t now_ns)
{
	int err = top__sample(ui->top, t, now_ns);

	/* Its rows are elsewhere now, and a key may come before anything is drawn. */
	if (ui->page == TOP_PAGE_PROCESSES)
		arrange_processes(ui);
	if (err || ui->page == TOP_PAGE_PROCESSES || ui->paused)
		return err;
	return top_detail__sample(&ui->detail, t, now_ns);
}

/* Even while all is held still: of this process nothing is known yet. */
int top_ui__open(struct top_ui *ui, struct tracker *t, uint64_t now_ns)
{
	ui->wants_detail = false;
	return top_detail__sample(&ui->detail, t, now_ns);
}

static void follow(struct top_ui *ui)
{
	size_t at = ui->lists[ui->page].selected;
	bool is_one = at < ui->n;

	if (ui->page == TOP_PAGE_PROCESSES) {
		ui->follows = is_one;
		if (is_one)
			ui->followed = ui->rows[at]->id;
	} else if (ui->page == TOP_PAGE_SITES) {
		ui->follows_site = is_one;
		if (is_one)
			ui->followed_site = (struct top_site_id){ ui->detail.sites.space,
								  (uint32_t)ui->listed[at] };
	}
}

static void unfollow(struct top_ui *ui)
{
	if (ui->page == TOP_PAGE_PROCESSES)
		ui->follows = false;
	else if (ui->page == TOP_PAGE_SITES)
		ui->follows_site = false;
}

static void select_row(struct top_ui *ui, size_t row)
{
	struct top_list *list = &ui->lists[ui->page];

	list->selected = row < ui->n ? row : ui->n ? ui->n - 1 : 0;
	follow(ui);
}

/* False when the key is none that moves the selection. */
static bool move_key(struct top_ui *ui, int key, size_t height)
{
	size_t at = ui->lists[ui->page].selected;

	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		select_row(ui, at ? at - 1 : 0);
		return true;
	case TOP_KEY_DOWN:
	case 'j':
		select_row(ui, at + 1);
		return true;
	case TOP_KEY_PAGE_UP:
		select_row(ui, at > height ? at - height : 0);
		return true;
	case TOP_KEY_PAGE_DOWN:
		select_row(ui, at + height);
		return true;
	case TOP_KEY_END:
		select_row(ui, ui->n ? ui->n - 1 : 0);
		return true;
	case TOP_KEY_HOME:
		/* The first place, whoever has it. */
		select_row(ui, 0);
		unfollow(ui);
		return true;
	default:
		return false;
	}
}

static char *filter_of(struct top_ui *ui)
{
	return ui->page == TOP_PAGE_SITES ? ui->site_view.filter : ui->view.filter;
}

const char *top_ui__filter(const struct top_ui *ui)
{
	return filter_of((struct top_ui *)ui);
}

static bool has_filter(const struct top_ui *ui)
{
	return ui->page == TOP_PAGE_PROCESSES || ui->page == TOP_PAGE_SITES;
}

static void edit_key(struct top_ui *ui, int key)
{
	char *filter = filter_of(ui);
	size_t len = strlen(filter);

	if (key == TOP_KEY_ENTER) {
		ui->editing = false;
	} else if (key == TOP_KEY_ESCAPE) {
		memcpy(filter, ui->typed, sizeof(ui->typed));
		ui->editing = false;
	} else if (key == TOP_KEY_BACKSPACE) {
		filter[len ? len - 1 : 0] = '\0';
	} else if (key >= ' ' && key < 0x7f && len + 1 < TOP_FILTER_MAX) {
		filter[len] = (char)key;
		filter[len + 1] = '\0';
	}
	if (ui->page == TOP_PAGE_SITES ? !ui->follows_site : !ui->follows)
		ui->lists[ui->page].selected = 0;
}

static void open_page(struct top_ui *ui, enum top_page page)
{
	ui->page = page;
	ui->lists[page] = (struct top_list){ 0 };
	ui->n = 0;
}

/* Down: from a process to its kinds, from a kind to its regions, from a site to its stack. */
static void enter(struct top_ui *ui)
{
	size_t at = ui->lists[ui->page].selected;

	if (at >= ui->n)
		return;
	if (ui->page == TOP_PAGE_PROCESSES) {
		follow(ui);
		top_detail__open(&ui->detail, ui->rows[at]);
		ui->wants_detail = true;
		ui->one_kind = ui->follows_site = false;
		*ui->site_view.filter = '\0';
		open_page(ui, TOP_PAGE_KINDS);
	} else if (ui->page == TOP_PAGE_KINDS) {
		ui->one_kind = true;
		ui->kind = ui->detail.kinds[at].kind;
		open_page(ui, TOP_PAGE_REGIONS);
	} else if (ui->page == TOP_PAGE_SITES) {
		follow(ui);
		ui->site = ui->followed_site;
		open_page(ui, TOP_PAGE_SITE);
	}
}

static void back(struct top_ui *ui)
{
	if (ui->page == TOP_PAGE_REGIONS && ui->one_kind) {
		ui->one_kind = false;
		ui->page = TOP_PAGE_KINDS;
	} else if (ui->page == TOP_PAGE_SITE) {
		ui->page = TOP_PAGE_SITES;
	} else if (has_filter(ui) && *filter_of(ui)) {
		*filter_of(ui) = '\0';
	} else {
		ui->page = TOP_PAGE_PROCESSES;
	}
	ui->n = 0;
}

static void next_page(struct top_ui *ui)
{
	static const enum top_page next[TOP_PAGE_NR] = {
		[TOP_PAGE_PROCESSES] = TOP_PAGE_PROCESSES,
		[TOP_PAGE_KINDS] = TOP_PAGE_SITES,
		[TOP_PAGE_SITES] = TOP_PAGE_CALLS,
		[TOP_PAGE_SITE] = TOP_PAGE_CALLS,
		[TOP_PAGE_CALLS] = TOP_PAGE_REGIONS,
		[TOP_PAGE_REGIONS] = TOP_PAGE_KINDS,
	};

	if (ui->page == TOP_PAGE_PROCESSES)
		return;
	ui->one_kind = false;
	open_page(ui, next[ui->page]);
}

static unsigned int next_of(unsigned int column, int step, unsigned int n)
{
	return (column + (unsigned int)step + n) % n;
}

static void sort_key(struct top_ui *ui, int step)
{
	if (ui->page == TOP_PAGE_REGIONS)
		ui->by_growth = !ui->by_growth;
	if (ui->page == TOP_PAGE_SITES) {
		ui->site_view.sort = (enum top_site_column)next_of(ui->site_view.sort, step,
								   TOP_SITE_COLUMN_NR);
		ui->site_view.reverse = false;
	} else if (ui->page == TOP_PAGE_PROCESSES) {
		ui->view.sort = (enum top_column)next_of(ui->view.sort, step, TOP_COLUMN_NR);
		ui->view.reverse = false;
	}
}

static void command_key(struct top_ui *ui, int key)
{
	switch (key) {
	case 'q':
		ui->quit = ui->page == TOP_PAGE_PROCESSES;
		back(ui);
		break;
	case TOP_KEY_ESCAPE:
	case TOP_KEY_BACKSPACE:
		back(ui);
		break;
	case TOP_KEY_ENTER:
		enter(ui);
		break;
	case TOP_KEY_TAB:
		next_page(ui);
		break;
	case 's':
	case '>':
		sort_key(ui, 1);
		break;
	case '<':
		sort_key(ui, -1);
		break;
	case 'r':
		if (ui->page == TOP_PAGE_SITES)
			ui->site_view.reverse = !ui->site_view.reverse;
		else
			ui->view.reverse = !ui->view.reverse;
		break;
	case 'p':
	case ' ':
		ui->paused = !ui->paused;
		top__pause(ui->top, ui->paused);
		break;
	case '/':
		if (!has_filter(ui))
			break;
		ui->editing = true;
		memcpy(ui->typed, filter_of(ui), sizeof(ui->typed));
		break;
	case 'h':
	case '?':
		ui->help = true;
		break;
	}
}

void top_ui__key(struct top_ui *ui, int key, size_t height)
{
	if (key == TOP_KEY_END_OF_INPUT)
		ui->quit = true;
	else if (key == TOP_KEY_REDRAW || key == TOP_KEY_OTHER || key == TOP_KEY_NONE)
		return;
	else if (ui->help)
		ui->help = false; /* any key */
	else if (ui->editing)
		edit_key(ui, key);
	else if (!move_key(ui, key, height ? height : 1))
		command_key(ui, key);
}

static int compare_growth(const void *left, const void *right, void *ctx)
{
	const struct top_detail *d = ctx;
	const struct top_region *a = &d->regions[*(const size_t *)left];
	const struct top_region *b = &d->regions[*(const size_t *)right];

	if (a->interval != b->interval)
		return a->interval > b->interval ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int reserve(struct top_ui *ui, size_t n)
{
	size_t *more;

	if (n <= ui->listed_size)
		return 0;
	more = realloc(ui->listed, n * sizeof(*more));
	if (!more)
		return -ENOMEM;
	ui->listed = more;
	ui->listed_size = n;
	return 0;
}

static int arrange_regions(struct top_ui *ui)
{
	const struct top_detail *d = &ui->detail;
	size_t i;

	if (reserve(ui, d->n_regions))
		return -ENOMEM;
	for (ui->n = 0, i = 0; i < d->n_regions; i++) {
		if (!ui->one_kind || d->regions[i].kind == ui->kind)
			ui->listed[ui->n++] = i;
	}
	if (ui->by_growth && ui->n)
		qsort_r(ui->listed, ui->n, sizeof(*ui->listed), compare_growth, (void *)d);
	return 0;
}

static int arrange_sites(struct top_ui *ui)
{
	const struct top_sites *s = &ui->detail.sites;
	size_t i;

	if (reserve(ui, s->n))
		return -ENOMEM;
	ui->n = top_sites__list(s, &ui->site_view, ui->listed);
	for (i = 0; ui->follows_site && ui->followed_site.space == s->space && i < ui->n; i++) {
		if (ui->listed[i] == ui->followed_site.number)
			ui->lists[TOP_PAGE_SITES].selected = i;
	}
	return 0;
}

/* The frames, a heading, and the memory below it. */
static int arrange_site(struct top_ui *ui)
{
	const struct top_sites *s = &ui->detail.sites;
	const struct top_site *row = top_sites__find(s, ui->site);

	ui->n = ui->above = 0;
	if (reserve(ui, s->n_parts))
		return -ENOMEM;
	if (!row)
		return 0;
	ui->above = top_site_text__frames(s, row) + 1;
	ui->n = ui->above + top_sites__parts(s, ui->site, ui->listed);
	return 0;
}

static void scroll(struct top_list *list, size_t n, size_t height)
{
	if (list->selected >= n)
		list->selected = n ? n - 1 : 0;
	if (list->first > list->selected)
		list->first = list->selected;
	if (height && list->selected >= list->first + height)
		list->first = list->selected - height + 1;
	/* No blank lines below while there are rows above. */
	if (list->first + height > n)
		list->first = n > height ? n - height : 0;
}

int top_ui__arrange(struct top_ui *ui, size_t height)
{
	int err = 0;

	switch (ui->page) {
	case TOP_PAGE_KINDS:
		ui->n = ui->detail.n_kinds;
		break;
	case TOP_PAGE_CALLS:
		ui->n = ui->detail.n_calls;
		break;
	case TOP_PAGE_REGIONS:
		err = arrange_regions(ui);
		break;
	case TOP_PAGE_SITES:
		err = arrange_sites(ui);
		break;
	case TOP_PAGE_SITE:
		err = arrange_site(ui);
		break;
	default:
		arrange_processes(ui);
	}
	scroll(&ui->lists[ui->page], ui->n, height);
	return err;
}
