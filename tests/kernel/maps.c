/* SPDX-License-Identifier: GPL-2.0 */
/* Maps from /proc, from a record and from text, brought into one form and compared. */
#include "harness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "\012" is a byte: the kernel escapes newlines, memtrace other controls too. */
static void unescape(char *name)
{
	char *to = name;

	for (char *from = name; *from; to++) {
		bool octal = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' &&
			     from[2] >= '0' && from[2] <= '7' && from[3] >= '0' && from[3] <= '7';

		*to = octal ? (from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0') : *from;
		from += octal ? 4 : 1;
	}
	*to = 0;
}

static bool continues(const struct map_line *a, const struct map_line *b)
{
	/* Memory without a file has offset 0 on every line. */
	bool offset = b->offset == a->offset + (a->end - a->start) ||
		      (a->inode == 0 && a->offset == 0 && b->offset == 0);

	return a->end == b->start && strcmp(a->perms, b->perms) == 0 && offset &&
	       a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       a->inode == b->inode && strcmp(a->name, b->name) == 0;
}

void map__merge(struct map *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->count; i++) {
		if (kept && continues(&m->lines[kept - 1], &m->lines[i])) {
			m->lines[kept - 1].end = m->lines[i].end;
			free(m->lines[i].name);
		} else {
			m->lines[kept++] = m->lines[i];
		}
	}
	m->count = kept;
}

/* Takes over line->name. */
static int add(struct map *m, struct map_line *line)
{
	struct map_line *more;

	unescape(line->name);
	if ((m->count & (m->count - 1)) == 0) {
		more = realloc(m->lines, (m->count ? m->count * 2 : 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		m->lines = more;
	}
	m->lines[m->count++] = *line;
	return 0;
}

static bool parse_line(struct map_line *line, const char *text)
{
	size_t len = strcspn(text, "\n");
	int at = 0;

	if (sscanf(text, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 "%n",
		   &line->start, &line->end, line->perms, &line->offset, &line->dev_major,
		   &line->dev_minor, &line->inode, &at) != 7 ||
	    (size_t)at > len)
		return false;
	while ((size_t)at < len && text[at] == ' ')
		at++;
	line->name = strndup(text + at, len - at);
	return line->name != NULL;
}

int map__of_text(struct map *m, const char *text)
{
	struct map_line line;
	int err;

	*m = (struct map){ 0 };
	while (*text && strchr(text, '\n') && parse_line(&line, text)) {
		err = add(m, &line);
		if (err)
			return err;
		text = strchr(text, '\n') + 1;
	}
	return 0;
}

int map__of_process(struct map *m, pid_t pid)
{
	char path[64], *text;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	text = file__read(path, 0, NULL);
	if (!text)
		return -ESRCH;
	err = map__of_text(m, text);
	free(text);
	return err;
}

static bool line_of_json(struct map_line *line, struct json_object *region)
{
	*line = (struct map_line){ 0 };
	if (!json__u64(json__get(region, "start"), &line->start) ||
	    !json__u64(json__get(region, "end"), &line->end) ||
	    !json__u64(json__get(region, "offset"), &line->offset) ||
	    !json__u64(json__get(region, "inode"), &line->inode) ||
	    sscanf(json__text(region, "dev"), "%x:%x", &line->dev_major, &line->dev_minor) != 2)
		return false;
	snprintf(line->perms, sizeof(line->perms), "%s", json__text(region, "perms"));
	line->name = strdup(json__text(region, "path"));
	return line->name != NULL;
}

int map__of_json(struct map *m, struct json_object *record)
{
	struct json_object *regions = json__get(record, "regions");
	struct map_line line;
	int err;

	*m = (struct map){ 0 };
	if (!regions || !json_object_is_type(regions, json_type_array))
		return -EINVAL;
	for (size_t i = 0; i < json_object_array_length(regions); i++) {
		if (!line_of_json(&line, json_object_array_get_idx(regions, i)))
			return -EINVAL;
		err = add(m, &line);
		if (err)
			return err;
	}
	return 0;
}

void map__free(struct map *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->lines[i].name);
	free(m->lines);
	*m = (struct map){ 0 };
}

static void format(char *text, size_t size, const struct map *m, size_t i)
{
	const struct map_line *l = &m->lines[i];

	if (i >= m->count)
		snprintf(text, size, "(end)");
	else
		snprintf(text, size, "%" PRIx64 "-%" PRIx64 " %s %" PRIx64 " %x:%x %" PRIu64 " %s",
			 l->start, l->end, l->perms, l->offset, l->dev_major, l->dev_minor,
			 l->inode, l->name);
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

bool map__equal(const struct map *expected, const struct map *got, char *why, size_t size)
{
	char want_text[256], got_text[256];
	size_t most = expected->count > got->count ? expected->count : got->count;

	for (size_t i = 0; i < most; i++) {
		format(want_text, sizeof(want_text), expected, i);
		format(got_text, sizeof(got_text), got, i);
		if (strcmp(want_text, got_text) == 0)
			continue;
		snprintf(why, size, "line %zu of %zu: expected [%s] got [%s]", i + 1,
			 expected->count, want_text, got_text);
		return false;
	}
	return true;
}

bool map__equal_merged(struct map *expected, struct map *got, char *why, size_t size)
{
	map__merge(expected);
	map__merge(got);
	return map__equal(expected, got, why, size);
}
