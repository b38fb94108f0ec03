// SPDX-License-Identifier: GPL-2.0
/* The terminal, by ncurses; see screen.h. */
#include "screen.h"

#include <errno.h>
#include <ncurses.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "top_text.h"
#include "top_ui.h"

#include <term.h> /* last: it makes macros of common words */
#undef columns
#undef lines

enum { PAIR_GROWTH = 1, PAIR_ALARM };

const char *screen__why_not(void)
{
	const char *term = getenv("TERM");
	const char *why = NULL;
	int status;

	if (!term || !*term)
		return "TERM is not set";
	if (setupterm(NULL, STDOUT_FILENO, &status) != OK)
		return "the type of the terminal (TERM) is not known";
	if (tigetstr("cup") == NULL || tigetstr("cup") == (char *)-1)
		why = "the terminal has no cursor that can be moved (TERM)";
	del_curterm(cur_term);
	return why;
}

int screen__open(bool colour)
{
	if (!newterm(NULL, stdout, stdin))
		return -ENOTTY;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	set_escdelay(25); /* what follows an ESC at once belongs to it */
	/* Without start_color() no colour is sent, not even to reset it. */
	if (colour && has_colors()) {
		start_color();
		use_default_colors();
		init_pair(PAIR_GROWTH, COLOR_YELLOW, -1);
		init_pair(PAIR_ALARM, COLOR_RED, -1);
	}
	return 0;
}

void screen__close(void)
{
	if (stdscr && !isendwin())
		endwin();
}

void screen__suspend(void)
{
	def_prog_mode();
	endwin();
}

void screen__resume(void)
{
	reset_prog_mode();
	screen__resize();
}

void screen__resize(void)
{
	struct winsize size;

	/* It answers with a KEY_RESIZE in any case. */
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col &&
	    is_term_resized(size.ws_row, size.ws_col))
		resizeterm(size.ws_row, size.ws_col);
	clearok(curscr, TRUE);
}

void screen__size(int *ret_lines, int *ret_columns)
{
	getmaxyx(stdscr, *ret_lines, *ret_columns);
}

bool screen__ready(void)
{
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&fd, 1, 0) > 0 && fd.revents & POLLOUT;
}

void screen__erase(void)
{
	erase();
}

static attr_t attributes(unsigned int style)
{
	attr_t attrs = A_NORMAL;

	attrs |= style & SCREEN_BOLD ? A_BOLD : 0;
	attrs |= style & SCREEN_REVERSE ? A_REVERSE : 0;
	attrs |= style & SCREEN_UNDERLINE ? A_UNDERLINE : 0;
	return attrs;
}

void screen__put(int y, int x, int columns, unsigned int style, bool pad, const char *text)
{
	char line[2048];
	short pair = style & SCREEN_ALARM ? PAIR_ALARM : style & SCREEN_GROWTH ? PAIR_GROWTH : 0;

	if (columns > COLS - x)
		columns = COLS - x;
	if (y >= LINES || columns <= 0)
		return;
	top_text__clip(line, sizeof(line), text, columns, pad);
	/* COLORS stays 0 until start_color(). */
	attr_set(attributes(style), COLORS > 0 ? pair : 0, NULL);
	mvaddstr(y, x, line);
	attr_set(A_NORMAL, 0, NULL);
}

void screen__show(void)
{
	refresh();
}

int screen__key(void)
{
	static const struct {
		int from, to;
	} keys[] = {
		{ KEY_UP, TOP_KEY_UP },		    { KEY_DOWN, TOP_KEY_DOWN },
		{ KEY_PPAGE, TOP_KEY_PAGE_UP },	    { KEY_NPAGE, TOP_KEY_PAGE_DOWN },
		{ KEY_HOME, TOP_KEY_HOME },	    { KEY_END, TOP_KEY_END },
		{ KEY_ENTER, TOP_KEY_ENTER },	    { '\r', TOP_KEY_ENTER },
		{ '\n', TOP_KEY_ENTER },	    { 27, TOP_KEY_ESCAPE },
		{ '\t', TOP_KEY_TAB },		    { KEY_BACKSPACE, TOP_KEY_BACKSPACE },
		{ 0x7f, TOP_KEY_BACKSPACE },	    { '\b', TOP_KEY_BACKSPACE },
		{ KEY_RIGHT, '>' },		    { KEY_LEFT, '<' },
		{ 'L' & 0x1f, TOP_KEY_REDRAW },
	};
	int key = getch();
	size_t i;

	if (key == ERR)
		return TOP_KEY_NONE;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].from == key)
			return keys[i].to;
	}
	return key >= ' ' && key < 0x7f ? key : TOP_KEY_OTHER;
}
