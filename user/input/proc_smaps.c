// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/smaps: bytes in, struct resident out. Owns that format (show_smap in
 * fs/proc/task_mmu.c of the kernel); must not know what the ranges are for.
 */
#include "proc_smaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (64u << 10)
/* 64 times what vm.max_map_count is unless somebody raised it. */
#define REGIONS_MAX (1u << 22)
#define KERNEL_HALF (1ull << 63)
#define KIB_MAX (UINT64_MAX >> 10)

/* Digits of that base at *at, which moves behind them; false when there are none, or too many. */
static bool number(const char **at, unsigned int base, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *first = *at, *digit;
	uint64_t value = 0;

	for (; **at && (digit = memchr(digits, **at, base)); (*at)++) {
		if (value > (UINT64_MAX - 15) / base)
			return false;
		value = value * base + (uint64_t)(digit - digits);
	}
	*ret = value;
	return *at != first;
}

/* "7ffd2f1c0000-7ffd2f1e1000 rw-p ...": regions come in order, but may come torn. */
static int header(struct smaps *s, const char *at)
{
	uint64_t start, end;

	if (!number(&at, 16, &start) || *at++ != '-' || !number(&at, 16, &end) || *at != ' ' ||
	    start >= end || start % REGION_PAGE || end % REGION_PAGE)
		return -EBADMSG;
	s->start = start > s->end ? start : s->end;
	s->end = end > s->end ? end : s->end;
	return 0;
}

static int add(struct smaps *s, uint64_t bytes)
{
	uint64_t len = s->end - s->start;
	struct resident *list;

	/* The page of vsyscall is nobody's own; torn, a region may be there twice. */
	if (!bytes || s->start >= s->end || s->start >= KERNEL_HALF)
		return 0;
	if (s->n == REGIONS_MAX)
		return -EFBIG;
	if (s->n == s->size) {
		size_t size = s->size ? 2 * s->size : 256;

		list = realloc(s->list, size * sizeof(*list));
		if (!list)
			return -ENOMEM;
		s->list = list;
		s->size = size;
	}
	s->list[s->n++] = (struct resident){ s->start, s->end, bytes < len ? bytes : len };
	return 0;
}

/* "Rss:                 132 kB"; other fields are passed over. */
static int field(struct smaps *s, const char *at)
{
	uint64_t kib;
	int err;

	if (!s->end)
		return -EBADMSG;
	if (strncmp(at, "Rss:", 4))
		return 0;
	for (at += 4; *at == ' '; at++)
		;
	if (!number(&at, 10, &kib) || strcmp(at, " kB") || kib > KIB_MAX)
		return -EBADMSG;
	err = add(s, kib << 10);
	/* Whatever comes: once for each region. */
	s->start = s->end;
	return err;
}

/* Fields begin with a capital, regions with a digit of an address. */
static int line(struct smaps *s)
{
	s->line[s->len] = '\0';
	s->len = 0;
	return *s->line >= 'A' && *s->line <= 'Z' ? field(s, s->line) : header(s, s->line);
}

int smaps__feed(struct smaps *s, const char *text, size_t len)
{
	size_t i;
	int err;

	for (i = 0; i < len; i++) {
		if (text[i] == '\n') {
			err = line(s);
			if (err)
				return err;
		} else if (s->len < sizeof(s->line) - 1) {
			s->line[s->len++] = text[i];
		}
	}
	return 0;
}

int smaps__finish(const struct smaps *s)
{
	return s->len ? -EBADMSG : 0;
}

static int read_all(int fd, struct smaps *s)
{
	char *text = malloc(READ_BYTES);
	int err = text ? 0 : -ENOMEM;
	ssize_t n;

	while (!err) {
		n = read(fd, text, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n ? -errno : smaps__finish(s);
			break;
		}
		err = smaps__feed(s, text, (size_t)n);
	}
	free(text);
	return err;
}

int proc_smaps__read(pid_t pid, struct resident **ret, size_t *ret_n)
{
	struct smaps s = { 0 };
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = read_all(fd, &s);
	close(fd);
	if (err) {
		free(s.list);
		return err;
	}
	*ret = s.list;
	*ret_n = s.n;
	return 0;
}
