/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Any bytes as the text of /proc/PID/maps: an error, or regions that keep the
 * promises of proc_maps.h. What is decoded is written and decoded again.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/proc_maps.h"

static void check(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "fuzz_proc_maps: %s\n", what);
		abort();
	}
}

static void check_name(const char *name)
{
	for (; *name; name++)
		check((unsigned char)*name >= ' ' && *name != 0x7f, "a name holds a control byte");
}

static void check_regions(const struct raw_region *raw, size_t n)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct region *r = &raw[i].region;

		check(r->start >= end && r->start < r->end, "not ordered and disjoint");
		check(!(r->start % REGION_PAGE) && !(r->end % REGION_PAGE), "not aligned");
		check(!(r->offset % REGION_PAGE), "offset not aligned");
		check(r->end <= 1ULL << 63, "in the kernel's half");
		check(!raw[i].anonymous || !raw[i].backing.has_contents, "anonymous file");
		check(raw[i].backing.has_contents || !r->offset, "offset of nothing");
		check_name(raw[i].backing.name);
		end = r->end;
	}
}

/* The same regions again from the text that they print as. */
static void check_again(const struct raw_region *raw, size_t n)
{
	struct raw_region *again = NULL;
	size_t n_again = 0, len, i;
	char *text;
	FILE *out;

	out = open_memstream(&text, &len);
	for (i = 0; i < n; i++) {
		char perms[] = "---p";

		perms[0] = raw[i].region.flags & REGION_READ ? 'r' : '-';
		perms[1] = raw[i].region.flags & REGION_WRITE ? 'w' : '-';
		perms[2] = raw[i].region.flags & REGION_EXEC ? 'x' : '-';
		perms[3] = raw[i].region.flags & REGION_SHARED ? 's' : 'p';
		fprintf(out, "%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64 " %02x:%02x %" PRIu64
			" %s\n", raw[i].region.start, raw[i].region.end, perms,
			raw[i].region.offset, raw[i].backing.dev_major, raw[i].backing.dev_minor,
			raw[i].backing.ino, raw[i].backing.name);
	}
	fclose(out);
	check(!proc_maps__parse(text, len, &again, &n_again), "its own text is refused");
	check(n == n_again, "another number of regions");
	for (i = 0; i < n; i++) {
		check(!memcmp(&raw[i].region, &again[i].region, sizeof(raw[i].region)),
		      "another region");
		check(!strcmp(raw[i].backing.name, again[i].backing.name), "another name");
	}
	free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1), vsyscall[PROC_VSYSCALL_LEN];
	struct raw_region *raw = NULL;
	size_t n = 0;

	/* Exactly as large as it is, so that reading beyond is seen. */
	memcpy(text, data, size);
	if (!proc_maps__parse(text, size, &raw, &n)) {
		check_regions(raw, n);
		check_again(raw, n);
	}
	proc_maps__vsyscall(text, size, vsyscall);
	check_name(vsyscall);
	free(raw);
	free(text);
	return 0;
}
