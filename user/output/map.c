// SPDX-License-Identifier: GPL-2.0
/*
 * A region map in the syntax of /proc/PID/maps (fs/proc/task_mmu.c,
 * show_map_vma). Knows nothing of sinks and headers. Names come escaped as the
 * kernel escapes them, and are printed as they are.
 */
#include "sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "call_text.h"
#include "history.h"

/* seq_setwidth(m, 25 + sizeof(void *) * 6 - 1), then one blank by seq_pad. */
#define NAME_COLUMN (25 + 8 * 6)
#define LINE_ROOM 256 /* of a line without its name */
#define SIZE_WIDTH 8
#define KIND_WIDTH 13 /* "shared-memory" */

/*
 * The columns up to the inode and the blanks up to the name; with kinds the
 * size and the kind before these. Returns the length.
 */
static size_t line__start(char *line, const struct region *r, const struct backing *b,
			  const char *kind)
{
	char perms[5], size[HUMAN_SIZE_ROOM];
	size_t len, column = NAME_COLUMN;

	region__perms(r->flags, perms);
	len = snprintf(line, LINE_ROOM,
		       "%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64 " %02x:%02x %" PRIu64 " ",
		       r->start, r->end, perms, r->offset, b->dev_major, b->dev_minor, b->ino);
	if (kind) {
		column = 56; /* leaves room for an inode of 7 digits */
		while (len < column)
			line[len++] = ' ';
		len += snprintf(line + len, LINE_ROOM - len, "%*s %-*s ", SIZE_WIDTH,
				human_size(region__len(r), size), KIND_WIDTH, kind);
		column = len;
	}
	while (len < column)
		line[len++] = ' ';
	line[len] = '\0';
	return len;
}

/* The kernel prints no padding, but one blank, where there is no name. */
static void print_line(struct writer *out, char *line, size_t len, const char *name)
{
	if (!*name) {
		while (len && line[len - 1] == ' ')
			len--;
		line[len++] = ' ';
	}
	line[len] = '\0';
	writer__write(out, line, len);
	writer__write(out, name, strlen(name));
	writer__write(out, "\n", 1);
}

/*
 * vsyscall is the whole line, as our own /proc/self/maps has it: the page is no
 * region of any space (get_gate_vma), so it has no place in the map.
 */
static void print_vsyscall(struct writer *out, const char *vsyscall, bool kinds)
{
	static const struct backing none = { .name = "" };
	char line[LINE_ROOM], perms[5];
	struct region r = { 0 };

	if (kinds &&
	    sscanf(vsyscall, "%" SCNx64 "-%" SCNx64 " %4s", &r.start, &r.end, perms) == 3) {
		r.flags = (perms[0] == 'r' ? REGION_READ : 0) | (perms[2] == 'x' ? REGION_EXEC : 0);
		print_line(out, line, line__start(line, &r, &none, region_kind__name(KIND_VDSO)),
			   "[vsyscall]");
		return;
	}
	writer__write(out, vsyscall, strlen(vsyscall));
	writer__write(out, "\n", 1);
}

void print_map(struct writer *out, const struct region_map *map, const struct backings *backings,
	       const struct layout *layout, const char *vsyscall, bool kinds,
	       const struct history *history)
{
	const struct region *r;
	struct region_iter it;
	const char *kind = NULL;
	char line[LINE_ROOM];
	size_t len;

	if (kinds)
		writer__printf(out, "%-25s PERM %-8s %-5s %-*s%*s %-*s %s\n", "ADDRESS", "OFFSET",
			       "DEV", 10, "INODE", SIZE_WIDTH, "SIZE", KIND_WIDTH, "KIND", "NAME");
	for (r = region_iter__init(&it, map, 0); r; r = region_iter__next(&it)) {
		if (kinds)
			kind = region_kind__name(region__kind(&it, backings, layout));
		len = line__start(line, r, backings__get(backings, r->backing), kind);
		print_line(out, line, len, region__name(r, backings, layout));
		if (history)
			history__write(out, history, r);
	}
	if (vsyscall)
		print_vsyscall(out, vsyscall, kinds);
}
