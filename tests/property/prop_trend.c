// SPDX-License-Identifier: GPL-2.0
/*
 * What rises with time and what does not, on made-up programs that are sampled each
 * second for ten minutes: each kind in many random shapes. Prints the share of each in
 * which something was ever told, and holds it to a limit: leaks are found, the others
 * hardly ever.
 *
 *	prop_trend [SEED [RUNS]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/trend.h"

#define SECONDS 600
#define KB(n) ((double)(n) * 1024)
#define MB(n) (KB(n) * 1024)
#define LEAST (256u << 10)

static uint64_t state;

/* In [0, 1). */
static double rng(void)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (double)(state >> 11) / (double)(1ull << 53);
}

static double between(double lo, double hi)
{
	return lo + (hi - lo) * rng();
}

/* A program, by what it keeps at second t. a, b, c: its shape; kept: a second before. */
struct shape {
	double a, b, c, kept;
};

static double steady(struct shape *s, int t)
{
	return s->a;
}

static double leak(struct shape *s, int t)
{
	return s->a + s->b * t;
}

/* Beneath what is collected each 2 to 10 seconds. */
static double leak_under_saw(struct shape *s, int t)
{
	int period = 2 + (int)(8 * s->c);

	return s->a + s->b * t + 8 * s->b * (t % period);
}

/* Of one step each few seconds, as malloc(3) asks for memory. */
static double leak_in_steps(struct shape *s, int t)
{
	double step = KB(132);

	return s->a + step * (double)(int)(s->b * t / step);
}

/* Beside what comes and goes, to a tenth of what has leaked in all. */
static double leak_under_churn(struct shape *s, int t)
{
	return s->a + s->b * t + between(0, s->b * 60);
}

static double late_leak(struct shape *s, int t)
{
	return s->a + (t > 300 ? s->b * (t - 300) : 0);
}

/* Starts for at most 8 seconds, and then stands still. */
static double start_up(struct shape *s, int t)
{
	double end = 8 * s->c;

	return s->a + s->b * (t < end ? t : end);
}

/* Slower and slower, as what is looked up is there already. */
static double cache(struct shape *s, int t)
{
	double tau = 1 + 3 * s->c, left = 1, x = t / tau;

	/* exp(-x) without libm */
	for (int i = 0; i < 16; i++)
		left /= 1 + x / 16;
	return s->a + s->b * 20 * (1 - left);
}

/* Collected each 2 to 10 seconds. */
static double saw(struct shape *s, int t)
{
	int period = 2 + (int)(8 * s->c);

	return s->a + s->b * (t % period);
}

static double noise(struct shape *s, int t)
{
	return s->a + between(0, s->b * 20);
}

/* Up or down by chance, by as much each time. */
static double walk(struct shape *s, int t)
{
	double step = between(0, s->b);

	s->kept += rng() < 0.5 ? -step : step;
	if (s->kept < KB(256))
		s->kept = KB(256);
	return s->kept;
}

/* A few large steps, none like another. */
static double phases(struct shape *s, int t)
{
	static const int at[] = { 40, 130, 300 };
	double kept = s->a;

	for (int i = 0; i < 3; i++)
		kept += t > at[i] * (0.5 + s->c) ? s->b * 10 * (i + 1) : 0;
	return kept;
}

static const struct {
	const char *what;
	double (*kept)(struct shape *s, int t);
	double least, most; /* the share in which it may be told */
	double sure;	    /* and with more than low confidence, at most */
} kinds[] = {
	{ "a leak", leak, 1, 1, 1 },
	{ "a leak in steps", leak_in_steps, 1, 1, 1 },
	{ "a leak under churn", leak_under_churn, 0.99, 1, 1 },
	{ "a leak under a saw", leak_under_saw, 0.99, 1, 1 },
	{ "a leak that begins late", late_leak, 0.99, 1, 1 },
	{ "no change", steady, 0, 0, 0 },
	{ "a start, then no change", start_up, 0, 0, 0 },
	{ "a cache that fills slower and slower", cache, 0, 0, 0 },
	{ "a saw", saw, 0, 0, 0 },
	{ "noise", noise, 0, 0.002, 0 },
	{ "a random walk", walk, 0, 0.15, 0.05 },
	{ "phases", phases, 0, 0, 0 },
};

struct verdict {
	int at; /* the second in which it was told at first; 0: never */
	enum confidence most, end;
	double slope;
};

static struct verdict judge(size_t kind, struct shape *ret_shape)
{
	struct shape s = { MB(between(1, 100)), KB(between(20, 2048)), rng(), 0 };
	struct series series = { 0 };
	struct verdict v = { 0 };
	struct trend trend;
	int t;

	s.kept = s.a;
	*ret_shape = s;
	for (t = 0; t < SECONDS; t++) {
		double kept = kinds[kind].kept(&s, t);

		if (!series__add(&series, (uint64_t)(t + 1) * 1000000000ull, (uint64_t)kept))
			continue;
		trend = series__trend(&series, LEAST);
		if (!v.at && trend.confidence)
			v.at = t;
		if (trend.confidence > v.most)
			v.most = trend.confidence;
		v.end = trend.confidence;
		v.slope = trend.slope;
	}
	return v;
}

static bool try_kind(size_t kind, int runs)
{
	int told = 0, stands = 0, sure = 0, wrong = 0, slowest = 0, i;
	struct shape shape;
	struct verdict v;
	double share;

	for (i = 0; i < runs; i++) {
		v = judge(kind, &shape);
		told += v.at != 0;
		sure += v.most > CONFIDENCE_LOW;
		stands += v.end != CONFIDENCE_NONE;
		if (v.at > slowest)
			slowest = v.at;
		if (v.end && kinds[kind].least == 1 &&
		    (v.slope < 0.9 * shape.b || v.slope > 1.1 * shape.b))
			wrong++;
	}
	share = (double)told / runs;
	printf("%s: told in %d of %d (%.2f%%), with more than low confidence %d, at the end %d; "
	       "the slowest after %d s\n",
	       kinds[kind].what, told, runs, 100 * share, sure, stands, slowest);
	if (share < kinds[kind].least || share > kinds[kind].most || sure > kinds[kind].sure * runs)
		printf("expected a share of %.3f to %.3f and %.3f sure, got %.3f and %.3f\n",
		       kinds[kind].least, kinds[kind].most, kinds[kind].sure, share,
		       (double)sure / runs);
	if (wrong)
		printf("expected slopes within a tenth, got %d others\n", wrong);
	return share >= kinds[kind].least && share <= kinds[kind].most &&
	       sure <= kinds[kind].sure * runs && !wrong;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int runs = argc > 2 ? atoi(argv[2]) : 500;
	bool good = true;

	state = seed;
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
		good &= try_kind(kind, runs);
	if (!good)
		printf("seed %" PRIu64 "\n", seed);
	return good ? 0 : 1;
}
