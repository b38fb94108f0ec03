/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Any bytes as the text of /proc/PID/smaps, in pieces of any length: an error, or
 * ranges that keep the promises of proc_smaps.h, the same whatever the pieces.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/proc_smaps.h"

static void check(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "fuzz_proc_smaps: %s\n", what);
		abort();
	}
}

static void check_ranges(const struct smaps *s)
{
	uint64_t end = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct resident *r = &s->list[i];

		check(r->start >= end && r->start < r->end, "not ordered and disjoint");
		check(r->start < 1ULL << 63, "in the kernel's half");
		check(r->bytes && r->bytes <= r->end - r->start, "more than there is, or nothing");
		end = r->end;
	}
}

static int feed(struct smaps *s, const char *text, size_t size, size_t piece)
{
	int err = 0;

	for (size_t at = 0; at < size && !err; at += piece)
		err = smaps__feed(s, text + at, size - at < piece ? size - at : piece);
	return err ? err : smaps__finish(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smaps whole = { 0 }, pieces = { 0 };
	char *text = malloc(size ? size : 1);
	int err;

	/* Exactly as large as it is, so that reading beyond is seen. */
	memcpy(text, data, size);
	err = feed(&whole, text, size, size ? size : 1);
	check(err == feed(&pieces, text, size, size ? 1 + data[0] % 64 : 1), "another error");
	check(whole.n == pieces.n, "another number of ranges");
	check(!whole.n || !memcmp(whole.list, pieces.list, whole.n * sizeof(*whole.list)),
	      "other ranges");
	check_ranges(&whole);
	free(whole.list);
	free(pieces.list);
	free(text);
	return 0;
}
