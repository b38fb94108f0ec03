// SPDX-License-Identifier: GPL-2.0
/* See live_iter.h. Owns no state. */
#include "live_iter.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

int live_iter__read(struct bpf_link *link, size_t size, int (*take)(void *, const void *),
		    void *ctx)
{
	int fd = bpf_iter_create(bpf_link__fd(link)), err = 0;
	char buf[32768];
	size_t have = 0, at;
	ssize_t n;

	if (fd < 0)
		return -errno;
	for (;;) {
		n = read(fd, buf + have, sizeof(buf) - have);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
		for (at = 0; !err && have - at >= size; at += size)
			err = take(ctx, buf + at);
		memmove(buf, buf + at, have - at);
		have -= at;
		if (err)
			break;
	}
	if (n < 0)
		err = -errno;
	close(fd);
	return err;
}
