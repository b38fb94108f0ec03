// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/maps: bytes in, struct raw_region out. Owns its format (show_map_vma
 * in fs/proc/task_mmu.c of the kernel) and must not know who uses the regions.
 */
#include "proc_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/escape.h"

/* The kernel gives 4 KiB a read (one seq_file buffer); more with long names. */
#define READ_BYTES (64u << 10)
/* 2^31 regions would not fit: more than this is no map that anybody has. */
#define READ_MAX (4ULL << 30)
#define KERNEL_HALF (1ULL << 63)

struct cursor {
	const char *at, *end;
};

struct line {
	uint64_t start, end, offset, ino;
	uint32_t dev_major, dev_minor, flags;
	const char *name; /* not escaped, not terminated */
	size_t name_len;
};

static int hex__digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* One number in base 10 or 16, which ends at sep; false when it is none or wraps. */
static bool cursor__number(struct cursor *c, unsigned int base, uint64_t max, char sep,
			   uint64_t *ret)
{
	const char *first = c->at;
	uint64_t value = 0;

	for (; c->at < c->end; c->at++) {
		int digit = hex__digit(*c->at);

		if (digit < 0 || digit >= (int)base)
			break;
		if (value > (max - (unsigned int)digit) / base)
			return false;
		value = value * base + (unsigned int)digit;
	}
	if (c->at == first || c->at == c->end || *c->at != sep)
		return false;
	c->at++;
	*ret = value;
	return true;
}

static bool cursor__perms(struct cursor *c, uint32_t *ret_flags)
{
	static const struct {
		char on, off;
		uint32_t flag;
	} column[] = {
		{ 'r', '-', REGION_READ },
		{ 'w', '-', REGION_WRITE },
		{ 'x', '-', REGION_EXEC },
		{ 's', 'p', REGION_SHARED },
	};
	uint32_t flags = 0;
	size_t i;

	if (c->end - c->at < 5 || c->at[4] != ' ')
		return false;
	for (i = 0; i < 4; i++) {
		if (c->at[i] == column[i].on)
			flags |= column[i].flag;
		else if (c->at[i] != column[i].off)
			return false;
	}
	c->at += 5;
	*ret_flags = flags;
	return true;
}

/*
 * start-end perms offset major:minor inode           name
 * 7ffd2f1c0000-7ffd2f1e1000 rw-p 00000000 00:00 0    [stack]
 */
static bool line__parse(const char *text, size_t len, struct line *line)
{
	struct cursor c = { text, text + len };
	uint64_t major, minor;

	if (!cursor__number(&c, 16, UINT64_MAX, '-', &line->start) ||
	    !cursor__number(&c, 16, UINT64_MAX, ' ', &line->end) ||
	    !cursor__perms(&c, &line->flags) ||
	    !cursor__number(&c, 16, UINT64_MAX, ' ', &line->offset) ||
	    !cursor__number(&c, 16, UINT32_MAX, ':', &major) ||
	    !cursor__number(&c, 16, UINT32_MAX, ' ', &minor) ||
	    !cursor__number(&c, 10, UINT64_MAX, ' ', &line->ino))
		return false;
	line->dev_major = (uint32_t)major;
	line->dev_minor = (uint32_t)minor;
	while (c.at < c.end && *c.at == ' ')
		c.at++;
	line->name = c.at;
	line->name_len = (size_t)(c.end - c.at);
	if (line->start >= line->end || line->start % REGION_PAGE || line->end % REGION_PAGE ||
	    line->offset % REGION_PAGE)
		return false;
	return line->start >= KERNEL_HALF || line->end <= KERNEL_HALF;
}

static bool line__is(const struct line *line, const char *name)
{
	return line->name_len == strlen(name) && !memcmp(line->name, name, line->name_len);
}

static bool line__has_file(const struct line *line)
{
	return line->dev_major || line->dev_minor || line->ino ||
	       (line->name_len && line->name[0] == '/');
}

/* Bytes that the escaped name takes at most; exact for a plain one, as most are. */
static size_t line__name_room(const struct line *line)
{
	size_t i;

	for (i = 0; i < line->name_len; i++) {
		if (line->name[i] < ' ' || line->name[i] > '~')
			return ESCAPE_ROOM(line->name_len);
	}
	return line->name_len + 1;
}

/* Two passes over the text: without regions it counts, with them it fills. */
struct parse {
	struct raw_region *regions;
	char *names;
	size_t n, names_len, names_size;
	uint64_t prev_end;
};

static void parse__fill(struct parse *p, const struct line *line, uint64_t start)
{
	struct raw_region *r = &p->regions[p->n];
	bool file = line__has_file(line);

	memset(r, 0, sizeof(*r));
	r->region.start = start;
	r->region.end = line->end;
	r->region.flags = line->flags;
	r->backing.name = p->names + p->names_len;
	r->anonymous = !file && (!line->name_len || line__is(line, "[heap]") ||
				 line__is(line, "[stack]"));
	if (!file && line__is(line, "[stack]"))
		r->region.flags |= REGION_GROWSDOWN;
	if (file) {
		r->region.offset = line->offset + (start - line->start);
		r->backing.has_contents = true;
		r->backing.ino = line->ino;
		r->backing.dev_major = line->dev_major;
		r->backing.dev_minor = line->dev_minor;
	}
}

static void parse__line(struct parse *p, const struct line *line)
{
	uint64_t start = line->start > p->prev_end ? line->start : p->prev_end;

	if (line->start >= KERNEL_HALF || start >= line->end)
		return;
	if (p->regions) {
		parse__fill(p, line, start);
		p->names_len += 1 + escape__bytes(p->names + p->names_len,
						  p->names_size - p->names_len, line->name,
						  line->name_len, 0);
	} else {
		p->names_size += line__name_room(line);
	}
	p->prev_end = line->end;
	p->n++;
}

static int parse__text(struct parse *p, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct line line;

		if (!newline || !line__parse(text, (size_t)(newline - text), &line))
			return -EBADMSG;
		parse__line(p, &line);
		text = newline + 1;
	}
	return 0;
}

int proc_maps__parse(const char *text, size_t len, struct raw_region **ret, size_t *ret_n)
{
	struct parse count = { 0 }, fill = { 0 };
	int err;

	err = parse__text(&count, text, len);
	if (err)
		return err;
	if (count.n) {
		fill.regions = malloc(count.n * sizeof(*fill.regions) + count.names_size);
		if (!fill.regions)
			return -ENOMEM;
		fill.names = (char *)(fill.regions + count.n);
		fill.names_size = count.names_size;
		parse__text(&fill, text, len);
	}
	*ret = fill.regions;
	*ret_n = count.n;
	return 0;
}

bool proc_maps__vsyscall(const char *text, size_t len, char ret_line[PROC_VSYSCALL_LEN])
{
	const char *first, *end;
	struct line line;

	ret_line[0] = '\0';
	if (!len || text[len - 1] != '\n')
		return false;
	end = text + len - 1;
	for (first = end; first > text && first[-1] != '\n'; first--)
		;
	if (!line__parse(first, (size_t)(end - first), &line) || line.start < KERNEL_HALF)
		return false;
	escape__bytes(ret_line, PROC_VSYSCALL_LEN, first, (size_t)(end - first), 0);
	return true;
}

/* Everything that fd gives, in a block for free(3). */
static int fd__slurp(int fd, char **ret_text, size_t *ret_len)
{
	size_t len = 0, size = 0;
	char *text = NULL;
	int err;

	for (;;) {
		ssize_t n;

		if (size - len < READ_BYTES) {
			size_t want = size ? size * 2 : READ_BYTES * 2;
			char *more = want <= READ_MAX ? realloc(text, want) : NULL;

			err = want <= READ_MAX ? -ENOMEM : -EFBIG;
			if (!more)
				goto out;
			text = more;
			size = want;
		}
		n = read(fd, text + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		err = n < 0 ? -errno : 0;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
out:
	if (err) {
		free(text);
		return err;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int proc_maps__read(pid_t pid, struct raw_region **ret, size_t *ret_n,
		    char ret_vsyscall[PROC_VSYSCALL_LEN])
{
	char path[64], *text;
	size_t len;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fd__slurp(fd, &text, &len);
	close(fd);
	if (err)
		return err;
	err = proc_maps__parse(text, len, ret, ret_n);
	if (!err && ret_vsyscall)
		proc_maps__vsyscall(text, len, ret_vsyscall);
	free(text);
	return err;
}
