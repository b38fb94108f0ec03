// SPDX-License-Identifier: GPL-2.0
/* memtrace features: prints what input/features.c found. Decides nothing. */
#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "input/features.h"
#include "input/proc.h"

#define TIER "calls" /* the only one that is built */

/* Printable ASCII and UTF-8 come in, so only these two need a backslash. */
static void print__json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void print__json_member(const char *name, const char *text)
{
	printf(",\"%s\":", name);
	print__json_string(text);
}

static void print__json(const struct feature *features, size_t n, const char *kernel)
{
	bool can_trace = features__can_trace(features, n);
	size_t i;

	for (i = 0; i < n; i++) {
		printf("{\"type\":\"feature\"");
		print__json_member("name", features[i].name);
		printf(",\"present\":%s", features[i].present ? "true" : "false");
		print__json_member("need", feature_need__name(features[i].need));
		print__json_member("detail", features[i].detail);
		print__json_member("why", features[i].why);
		print__json_member("remedy", features[i].present ? "" : features[i].remedy);
		puts("}");
	}
	printf("{\"type\":\"features\"");
	print__json_member("kernel", kernel);
	print__json_member("tier", can_trace ? TIER : "none");
	printf(",\"can_trace\":%s}\n", can_trace ? "true" : "false");
}

static void print__row(const struct feature *f)
{
	printf("%-22s %-8s %-8s %s%s%s\n", f->name, f->present ? "yes" : "no",
	       feature_need__name(f->need), f->why, *f->detail ? ": " : "", f->detail);
	if (!f->present)
		printf("%-22s %-8s %-8s wanted: %s\n", "", "", "", f->remedy);
}

static void print__text(const struct feature *features, size_t n, const char *kernel)
{
	size_t i;

	printf("%-22s %-8s %-8s %s\n", "FEATURE", "PRESENT", "NEED", "WHAT FOR");
	for (i = 0; i < n; i++)
		print__row(&features[i]);
	printf("\nkernel: %s\n", kernel);
	if (features__can_trace(features, n))
		printf("tier: %s\n", TIER);
	else
		printf("tier: none: what is required and not present prevents tracing\n");
}

int cmd_features(const struct trace_options *opts)
{
	struct feature *features;
	char kernel[128] = "";
	bool can_trace;
	size_t n;
	int err;

	err = features__probe(NULL, &features, &n);
	if (err) {
		fprintf(stderr, "memtrace: %s\n", strerror(-err));
		return STATUS_CANNOT_TRACE;
	}
	proc__kernel_release(kernel, sizeof(kernel));
	if (opts->json)
		print__json(features, n, kernel);
	else
		print__text(features, n, kernel);
	can_trace = features__can_trace(features, n);
	free(features);
	return can_trace ? STATUS_OK : STATUS_CANNOT_TRACE;
}
