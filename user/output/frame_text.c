// SPDX-License-Identifier: GPL-2.0
/* See frame_text.h. Names come escaped. */
#include "frame_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "memtrace/event.h"

const char *frame_text__base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *frame_text(const struct frame *f, char buf[FRAME_TEXT_ROOM])
{
	if (*f->function)
		snprintf(buf, FRAME_TEXT_ROOM, "%s", f->function);
	else if (*f->module)
		snprintf(buf, FRAME_TEXT_ROOM, "[%.512s+0x%" PRIx64 "]",
			 frame_text__base(f->module), f->offset);
	else
		snprintf(buf, FRAME_TEXT_ROOM, "[0x%" PRIx64 "]", f->offset);
	return buf;
}

const char *frame_text__call(const struct ledger_row *row, char buf[FRAME_TEXT_ROOM])
{
	if (row->what == CAUSE_OTHERS)
		snprintf(buf, FRAME_TEXT_ROOM, "%s", FRAME_TEXT_OTHERS);
	else if (row->what == MT_ORIGIN_SYSCALL)
		snprintf(buf, FRAME_TEXT_ROOM, "[system call %" PRId32 "]", row->nr);
	else
		snprintf(buf, FRAME_TEXT_ROOM, "[%s]", cause__name(row->what));
	return buf;
}
