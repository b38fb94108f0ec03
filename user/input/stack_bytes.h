/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads numbers from bytes of a stranger's file: beyond the end there are zeros,
 * and it is noted. Knows nothing of what they mean.
 */
#ifndef MEMTRACE_INPUT_STACK_BYTES_H
#define MEMTRACE_INPUT_STACK_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *at, *end;
	bool beyond; /* more was asked for than there is */
};

/* The next n bytes, 8 at most, the lowest first: so are all machines that there is code for. */
static inline uint64_t bytes__uint(struct bytes *b, size_t n)
{
	uint64_t v = 0;
	size_t i;

	if ((size_t)(b->end - b->at) < n) {
		b->beyond = true;
		b->at = b->end;
		return 0;
	}
	for (i = 0; i < n; i++)
		v |= (uint64_t)b->at[i] << 8 * i;
	b->at += n;
	return v;
}

static inline int64_t bytes__sint(struct bytes *b, size_t n)
{
	uint64_t v = bytes__uint(b, n);

	return (int64_t)(v << (64 - 8 * n)) >> (64 - 8 * n);
}

/* DWARF 5, 7.6. Beyond 64 bits it is dropped. *ret_above: the bits of a negative one above it. */
static inline uint64_t bytes__leb(struct bytes *b, uint64_t *ret_above)
{
	unsigned int shift = 0;
	uint64_t v = 0, byte;

	do {
		byte = bytes__uint(b, 1);
		if (shift < 64)
			v |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	*ret_above = byte & 0x40 && shift < 64 ? ~0ull << shift : 0;
	return v;
}

static inline uint64_t bytes__uleb(struct bytes *b)
{
	uint64_t above;

	return bytes__leb(b, &above);
}

static inline int64_t bytes__sleb(struct bytes *b)
{
	uint64_t above, v = bytes__leb(b, &above);

	return (int64_t)(v | above);
}

/* The next n bytes by themselves; what lies beyond the end is left out. */
static inline struct bytes bytes__part(struct bytes *b, uint64_t n)
{
	struct bytes part = { .at = b->at, .end = b->end };

	if (n > (uint64_t)(b->end - b->at))
		b->beyond = true;
	else
		part.end = b->at + n;
	b->at = part.end;
	return part;
}

#endif
