/* SPDX-License-Identifier: GPL-2.0 */
/* The few colours of text for people (ECMA-48, SGR); used only where view.colour is set. */
#ifndef MEMTRACE_OUTPUT_COLOUR_H
#define MEMTRACE_OUTPUT_COLOUR_H

#define COLOUR_BOLD "\033[1m"
#define COLOUR_RED "\033[31m"
#define COLOUR_YELLOW "\033[33m"
#define COLOUR_OFF "\033[0m"

#endif
