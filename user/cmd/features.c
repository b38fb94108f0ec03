// SPDX-License-Identifier: GPL-2.0
/* memtrace features: prints what input/features.c found. Decides nothing. */
#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "input/features.h"
#include "input/proc.h"

/* What was found, and what was made of it. */
struct found {
	struct feature *features;
	size_t n;
	char kernel[128];
	bool can_trace; /* all that is required is there, and a tier could be loaded */
	enum tier tier;
	char why_not[TIER_NR][FEATURES_WHY_LEN]; /* of the tiers before that */
};

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

static void print__json(const struct found *found)
{
	size_t i;

	for (i = 0; i < found->n; i++) {
		const struct feature *f = &found->features[i];

		printf("{\"type\":\"feature\"");
		print__json_member("name", f->name);
		printf(",\"present\":%s", f->present ? "true" : "false");
		print__json_member("need", feature_need__name(f->need));
		print__json_member("detail", f->detail);
		print__json_member("why", f->why);
		print__json_member("remedy", f->present ? "" : f->remedy);
		puts("}");
	}
	printf("{\"type\":\"features\"");
	print__json_member("kernel", found->kernel);
	print__json_member("tier", found->can_trace ? tier__name(found->tier) : "none");
	printf(",\"why_not\":{");
	for (i = 0; i < found->tier && i < TIER_NR; i++) {
		printf("%s\"%s\":", i ? "," : "", tier__name((enum tier)i));
		print__json_string(found->why_not[i]);
	}
	printf("},\"can_trace\":%s}\n", found->can_trace ? "true" : "false");
}

static void print__row(const struct feature *f)
{
	printf("%-22s %-8s %-8s %s%s%s\n", f->name, f->present ? "yes" : "no",
	       feature_need__name(f->need), f->why, *f->detail ? ": " : "", f->detail);
	if (!f->present)
		printf("%-22s %-8s %-8s wanted: %s\n", "", "", "", f->remedy);
}

static void print__text(const struct found *found)
{
	size_t i;

	printf("%-22s %-8s %-8s %s\n", "FEATURE", "PRESENT", "NEED", "WHAT FOR");
	for (i = 0; i < found->n; i++)
		print__row(&found->features[i]);
	printf("\nkernel: %s\n", found->kernel);
	for (i = 0; i < found->tier && i < TIER_NR; i++) {
		if (*found->why_not[i])
			printf("not tier %s: %s\n", tier__name((enum tier)i), found->why_not[i]);
	}
	if (found->can_trace)
		printf("tier: %s\n", tier__name(found->tier));
	else
		printf("tier: none: what is required and not present prevents tracing\n");
}

int cmd_features(const struct trace_options *opts)
{
	struct found found = { 0 };
	int err;

	err = features__probe(NULL, &found.features, &found.n);
	if (err) {
		fprintf(stderr, "memtrace: %s\n", strerror(-err));
		return STATUS_CANNOT_TRACE;
	}
	proc__kernel_release(found.kernel, sizeof(found.kernel));
	found.tier = features__tier(found.features, found.n, found.why_not);
	found.can_trace = found.tier < TIER_NR;
	if (opts->json)
		print__json(&found);
	else
		print__text(&found);
	free(found.features);
	return found.can_trace ? STATUS_OK : STATUS_CANNOT_TRACE;
}
