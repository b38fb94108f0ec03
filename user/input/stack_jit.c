// SPDX-License-Identifier: GPL-2.0
/* Reads perf maps: lines of "START SIZE NAME", both numbers in hex. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "stack_jit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack_file.h"
#include "util/sort.h"

#define AGAIN_NS 1000000000ull
#define AGAIN_NS_PER_BYTE 300 /* 64 MiB take some tenths of a second: not each second */

struct code {
	uint64_t start; /* first: sort__by_number() */
	uint64_t end;
	uint32_t name, len; /* in the text */
};

struct jit_map {
	char *text;
	struct code *list;
	size_t n, bytes; /* bytes: of text and list */
	uint64_t read_ns; /* 0: never */
	off_t size;	  /* of the file as it was read */
	struct timespec changed;
};

struct jit_map *jit_map__new(void)
{
	return calloc(1, sizeof(struct jit_map));
}

void jit_map__forget(struct jit_map *map)
{
	free(map->text);
	free(map->list);
	map->text = NULL;
	map->list = NULL;
	map->n = map->bytes = 0;
	map->changed = (struct timespec){ 0 };
}

void jit_map__free(struct jit_map *map)
{
	if (map)
		jit_map__forget(map);
	free(map);
}

size_t jit_map__footprint(const struct jit_map *map)
{
	return sizeof(*map) + map->bytes;
}

/* Hex digits up to a blank; false when there are none, or too many. */
static bool parse_hex(const char **at, const char *end, uint64_t *ret)
{
	const char *first = *at;
	int digit;

	*ret = 0;
	for (; *at < end && **at != ' '; (*at)++) {
		char c = **at;

		digit = c >= '0' && c <= '9' ? c - '0' :
			c >= 'a' && c <= 'f' ? c - 'a' + 10 :
			c >= 'A' && c <= 'F' ? c - 'A' + 10 :
					       -1;
		if (digit < 0 || *ret >> 60)
			return false;
		*ret = *ret << 4 | (uint64_t)digit;
	}
	return *at > first && *at < end && *(*at)++ == ' ';
}

static bool parse_line(const char *text, const char *line, const char *end, struct code *ret)
{
	uint64_t start, size;

	/* V8 writes numbers with 0x as well. */
	if (end - line > 2 && line[0] == '0' && (line[1] | 0x20) == 'x')
		line += 2;
	if (!parse_hex(&line, end, &start) || !parse_hex(&line, end, &size) || !size ||
	    start + size < start || line == end)
		return false;
	ret->start = start;
	ret->end = start + size;
	ret->name = (uint32_t)(line - text);
	ret->len = (uint32_t)(end - line);
	return true;
}

int jit_map__parse(struct jit_map *map, char *text, size_t len)
{
	const char *line = text, *end = text + len, *stop;
	size_t lines = 0, n = 0;

	jit_map__forget(map);
	map->text = text;
	if (len > JIT_MAP_BYTES_MAX)
		return -EFBIG;
	for (stop = text; stop < end && lines < JIT_MAP_LINES_MAX; stop++)
		lines += *stop == '\n';
	map->list = calloc(lines + 1, sizeof(*map->list));
	if (!map->list)
		return -ENOMEM;
	map->bytes = len + (lines + 1) * sizeof(*map->list);
	while (line < end && n < lines) {
		stop = memchr(line, '\n', (size_t)(end - line));
		/* It is being written: the last line may not be whole. */
		if (!stop)
			break;
		n += parse_line(text, line, stop, &map->list[n]);
		line = stop + 1;
	}
	/* What was generated later has taken the place of what was there: it comes last. */
	if (sort__by_number(map->list, n, sizeof(*map->list)))
		return -ENOMEM;
	map->n = n;
	return 0;
}

const char *jit_map__lookup(const struct jit_map *map, uint64_t addr, size_t *ret_len)
{
	size_t lo = 0, hi = map->n, mid;
	const struct code *code;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (map->list[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	code = lo ? &map->list[lo - 1] : NULL;
	if (!code || addr >= code->end)
		return NULL;
	*ret_len = code->len;
	return map->text + code->name;
}

static void read_file(struct jit_map *map, int fd, const struct stat *st)
{
	size_t len = (size_t)st->st_size, at = 0;
	char *text = malloc(len ? len : 1);
	ssize_t n = 1;

	while (text && at < len && n > 0) {
		n = pread(fd, text + at, len - at, (off_t)at);
		at += n > 0 ? (size_t)n : 0;
	}
	if (text)
		jit_map__parse(map, text, at);
	map->size = st->st_size;
	map->changed = st->st_mtim;
}

static void refresh(struct jit_map *map, pid_t tid)
{
	struct stack_process process;
	char path[64];
	struct stat st;
	int fd;

	if (stack_process__read(tid, &process))
		return;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", process.own_pid);
	fd = stack_file__open_in_root(tid, path);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= JIT_MAP_BYTES_MAX &&
	    (st.st_uid == process.uid || st.st_uid == 0) &&
	    (st.st_size != map->size || st.st_mtim.tv_sec != map->changed.tv_sec ||
	     st.st_mtim.tv_nsec != map->changed.tv_nsec))
		read_file(map, fd, &st);
	close(fd);
}

const char *jit_map__find(struct jit_map *map, pid_t tid, uint64_t addr, uint64_t now_ns,
			  size_t *ret_len)
{
	const char *name = jit_map__lookup(map, addr, ret_len);

	uint64_t again = AGAIN_NS + (uint64_t)map->size * AGAIN_NS_PER_BYTE;

	if (name || (map->read_ns && now_ns - map->read_ns < again))
		return name;
	map->read_ns = now_ns;
	refresh(map, tid);
	return jit_map__lookup(map, addr, ret_len);
}
