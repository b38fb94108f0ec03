// SPDX-License-Identifier: GPL-2.0
/* A radix sort, the lowest byte first; bytes that all numbers share are passed over. */
#include "sort.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t number_of(const unsigned char *item)
{
	uint64_t number;

	memcpy(&number, item, sizeof(number));
	return number;
}

/* Bits in which numbers differ; 0 when they are in order already. */
static uint64_t differing(const unsigned char *items, size_t n, size_t size)
{
	uint64_t bits = 0, first = n ? number_of(items) : 0, last = first, number;
	bool sorted = true;
	size_t i;

	for (i = 1; i < n; i++) {
		number = number_of(items + i * size);
		bits |= number ^ first;
		sorted = sorted && number >= last;
		last = number;
	}
	return sorted ? 0 : bits;
}

static void sort_by_byte(const unsigned char *from, unsigned char *to, size_t n, size_t size,
			 int shift)
{
	size_t at[257] = { 0 }, i; /* of each byte: where its next item goes */

	for (i = 0; i < n; i++)
		at[(number_of(from + i * size) >> shift & 0xff) + 1]++;
	for (i = 1; i < 256; i++)
		at[i] += at[i - 1];
	for (i = 0; i < n; i++)
		memcpy(to + at[number_of(from + i * size) >> shift & 0xff]++ * size,
		       from + i * size, size);
}

int sort__by_number(void *items, size_t n, size_t size)
{
	uint64_t bits = differing(items, n, size);
	unsigned char *other, *from = items, *to, *swap;
	int shift;

	if (!bits)
		return 0;
	to = other = calloc(n, size);
	if (!other)
		return -ENOMEM;
	for (shift = 0; shift < 64; shift += 8) {
		if (!(bits >> shift & 0xff))
			continue;
		sort_by_byte(from, to, n, size, shift);
		swap = from;
		from = to;
		to = swap;
	}
	if (from == other)
		memcpy(items, other, n * size);
	free(other);
	return 0;
}
