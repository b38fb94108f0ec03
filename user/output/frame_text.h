/* SPDX-License-Identifier: GPL-2.0 */
/* One frame, or a site that has none, as one word: for exports. Knows no format. */
#ifndef MEMTRACE_OUTPUT_FRAME_TEXT_H
#define MEMTRACE_OUTPUT_FRAME_TEXT_H

#include "core/ledger.h"
#include "core/stacks.h"

#define FRAME_TEXT_OTHERS "[others]" /* what had no room */
#define FRAME_TEXT_CUT "[cut]"	     /* for the frames that are missing */

/* "main"; "[libc.so.6+0x1f2e]"; "[0x7f0010]" for code that no file backs. Returns buf. */
#define FRAME_TEXT_ROOM 1024
const char *frame_text(const struct frame *frame, char buf[FRAME_TEXT_ROOM]);

/* "[mmap]": of a row without a stack, what made the memory accessible. Returns buf. */
const char *frame_text__call(const struct ledger_row *row, char buf[FRAME_TEXT_ROOM]);

/* "libc.so.6" of a path. */
const char *frame_text__base(const char *path);

#endif
