// SPDX-License-Identifier: GPL-2.0
/* Two lists of lines side by side; see map_compare.h. Reads no files, tells nobody. */
#include "map_compare.h"

#include <inttypes.h>
#include <stdio.h>

struct line {
	uint64_t start, end, offset, ino;
	uint32_t dev_major, dev_minor, flags;
};

/* Gives line after line of one side; *at is where it has got to. */
struct side {
	const struct backings *backings; /* NULL: the side of /proc/PID/maps */
	struct region_iter it;
	const struct region *region;
	const struct raw_region *raw, *raw_end;
};

static bool side__take(struct side *side, struct line *ret)
{
	const struct backing *b;
	const struct region *r;

	if (side->backings) {
		r = side->region;
		if (!r)
			return false;
		b = backings__get(side->backings, r->backing);
		side->region = region_iter__next(&side->it);
	} else {
		if (side->raw == side->raw_end)
			return false;
		r = &side->raw->region;
		b = &side->raw->backing;
		side->raw++;
	}
	*ret = (struct line){ .start = r->start,
			      .end = r->end,
			      .offset = r->offset,
			      .ino = b->ino,
			      .dev_major = b->dev_major,
			      .dev_minor = b->dev_minor,
			      .flags = r->flags & REGION_PERMS };
	return true;
}

static bool same_file(const struct line *a, const struct line *b)
{
	return a->ino == b->ino && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

/* Without a file there is no offset to go on. */
static bool continues(const struct line *a, const struct line *b)
{
	bool file = a->ino || a->dev_major || a->dev_minor;

	return a->end == b->start && a->flags == b->flags && same_file(a, b) &&
	       b->offset == (file ? a->offset + (a->end - a->start) : a->offset);
}

/* The next line, with all that continue it. */
static bool side__next(struct side *side, bool merged, struct line *ret)
{
	struct side before;
	struct line next;

	if (!side__take(side, ret))
		return false;
	while (merged) {
		before = *side;
		if (!side__take(side, &next) || !continues(ret, &next)) {
			*side = before;
			break;
		}
		ret->end = next.end;
	}
	return true;
}

static void line__format(const struct line *line, bool there, char *to, size_t size)
{
	char perms[5];

	region__perms(line->flags, perms);
	if (there)
		snprintf(to, size, "%" PRIx64 "-%" PRIx64 " %s %08" PRIx64 " %02x:%02x %" PRIu64,
			 line->start, line->end, perms, line->offset, line->dev_major,
			 line->dev_minor, line->ino);
	else
		snprintf(to, size, "(end)");
}

bool map_compare__equal(const struct region_map *map, const struct backings *backings,
			const struct raw_region *lines, size_t n, bool merged,
			struct map_difference *ret)
{
	struct side proc = { .raw = lines, .raw_end = lines + n };
	struct side own = { .backings = backings };
	struct line a = { 0 }, b = { 0 };
	bool more, more_own;

	own.region = region_iter__init(&own.it, map, 0);
	for (;;) {
		more = side__next(&proc, merged, &a);
		more_own = side__next(&own, merged, &b);
		if (!more && !more_own)
			return true;
		if (more != more_own || a.start != b.start || a.end != b.end ||
		    a.flags != b.flags || a.offset != b.offset || !same_file(&a, &b))
			break;
	}
	line__format(&a, more, ret->expected, sizeof(ret->expected));
	line__format(&b, more_own, ret->got, sizeof(ret->got));
	return false;
}
