// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a quantity rises with time.
 *
 * The test is that of Mann and Kendall (H. B. Mann, Nonparametric tests against
 * trend, Econometrica 13, 1945; with ties: M. G. Kendall, Rank correlation methods),
 * the slope is the median of all slopes between two samples (P. K. Sen, Estimates of
 * the regression coefficient based on Kendall's tau, JASA 63, 1968). Both go by order:
 * one large step does not make a trend, as it would with least squares.
 *
 * The test takes samples to be independent, which those of memory are not: what was
 * allocated stays a while. By itself it would call most random walks, each cache that
 * has been filled and each tooth of a saw a trend. So all of this must hold as well:
 *  - it rose in five samples or more, and in most of those in which it changed;
 *  - all that it ever fell by is little beside what it has risen by (a saw; a walk), but
 *    for the first eighth of the time, in which a program may start as it likes;
 *  - the newer half has a third of the rise or more, and the last eighth has risen (a
 *    cache that is full or fills slower and slower, a program that has started).
 * What passes all of these seldom fails the test: of random series one in 800 or so.
 * What cannot be told apart is what does the same: a cache that fills at an even rate
 * rises until it is full. prop_trend measures how often all this is wrong.
 */
#include "trend.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES_MIN 8
#define NS_PER_S 1000000000ull
#define SPAN_LOW_NS (10 * NS_PER_S)
#define SPAN_MEDIUM_NS (60 * NS_PER_S)
#define SPAN_HIGH_NS (600 * NS_PER_S)
#define RISES_MIN 5
#define RATE_NS (10 * NS_PER_S)
/* Mann-Kendall: 2.33 is exceeded by chance once in a hundred times, one-sided. */
#define Z_SQUARED (2.33 * 2.33)

const char *confidence__name(enum confidence confidence)
{
	static const char *const names[CONFIDENCE_NR] = {
#define X(id, name, text) [CONFIDENCE_##id] = name,
		CONFIDENCES(X)
#undef X
	};

	return (unsigned int)confidence < CONFIDENCE_NR ? names[confidence] : "?";
}

static void halve(struct series *s)
{
	uint32_t i;

	for (i = 0; 2 * i + 1 < s->n; i++) {
		s->ts_ns[i] = s->ts_ns[2 * i];
		s->bytes[i] = s->bytes[2 * i] < s->bytes[2 * i + 1] ? s->bytes[2 * i] :
								      s->bytes[2 * i + 1];
	}
	s->n = i;
	s->per *= 2;
}

bool series__add(struct series *s, uint64_t ts_ns, uint64_t bytes)
{
	if (!s->per)
		s->per = 1;
	if (!s->have)
		s->next_ns = ts_ns;
	if (!s->have || bytes < s->next_bytes)
		s->next_bytes = bytes;
	if (++s->have < s->per)
		return false;
	/* What was a whole stretch is half a one now, and goes on. */
	if (s->n == SERIES_SAMPLES) {
		halve(s);
		return false;
	}
	s->ts_ns[s->n] = s->next_ns;
	s->bytes[s->n++] = s->next_bytes;
	s->have = 0;
	return true;
}

/* The part of a series that is looked at, oldest first. */
struct window {
	const uint64_t *ts_ns, *bytes;
	uint32_t n;
};

static uint64_t span_of(const struct window *w)
{
	return w->ts_ns[w->n - 1] - w->ts_ns[0];
}

/* How many samples have the same value as sample i, counted once, at the first of them. */
static uint32_t ties_of(const struct window *w, uint32_t i)
{
	uint32_t same = 1, j;

	for (j = 0; j < i; j++) {
		if (w->bytes[j] == w->bytes[i])
			return 1;
	}
	for (j = i + 1; j < w->n; j++)
		same += w->bytes[j] == w->bytes[i];
	return same;
}

/* Squared, for the root is not needed: (S - 1) / sqrt(var) >= z. */
static bool rises_by_order(const struct window *w)
{
	double n = w->n, var = n * (n - 1) * (2 * n + 5), ties;
	int s = 0;
	uint32_t i, j;

	for (i = 0; i < w->n; i++) {
		for (j = i + 1; j < w->n; j++)
			s += (w->bytes[j] > w->bytes[i]) - (w->bytes[j] < w->bytes[i]);
		ties = ties_of(w, i);
		var -= ties * (ties - 1) * (2 * ties + 5);
	}
	return s > 1 && (double)(s - 1) * (s - 1) * 18 >= Z_SQUARED * var;
}

/* The most that a series ever was below what it had been before. */
static uint64_t largest_fall(const uint64_t *bytes, uint32_t n)
{
	uint64_t most = 0, fall = 0;
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (bytes[i] > most)
			most = bytes[i];
		else if (most - bytes[i] > fall)
			fall = most - bytes[i];
	}
	return fall;
}

/* It rises, again and again, and has risen of late. */
static bool keeps_rising(const struct window *w)
{
	uint64_t most = w->bytes[0], last = w->ts_ns[0];
	uint32_t rises = 0, ups = 0, downs = 0, i;

	for (i = 1; i < w->n; i++) {
		ups += w->bytes[i] > w->bytes[i - 1];
		downs += w->bytes[i] < w->bytes[i - 1];
		if (w->bytes[i] <= most)
			continue;
		most = w->bytes[i];
		last = w->ts_ns[i];
		rises++;
	}
	return rises >= RISES_MIN && ups >= 4 * downs &&
	       w->ts_ns[w->n - 1] - last <= span_of(w) / 8;
}

/* Sample at a share of the time of a window, in quarters. */
static uint32_t sample_at(const struct window *w, uint32_t quarter)
{
	uint64_t ts = w->ts_ns[0] + span_of(w) / 4 * quarter;
	uint32_t i = 0;

	while (i + 1 < w->n && w->ts_ns[i + 1] <= ts)
		i++;
	return i;
}

/* In each quarter of the time; what it is at the end of one is more than at its begin. */
static bool rises_throughout(const struct window *w)
{
	uint32_t quarter, at = 0, next;

	for (quarter = 1; quarter <= 4; quarter++, at = next) {
		next = quarter < 4 ? sample_at(w, quarter) : w->n - 1;
		if (w->bytes[next] <= w->bytes[at])
			return false;
	}
	return true;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_slope(const struct window *w)
{
	double slopes[SERIES_SAMPLES * (SERIES_SAMPLES - 1) / 2];
	uint32_t i, j;
	size_t n = 0;

	for (i = 0; i < w->n; i++) {
		for (j = i + 1; j < w->n; j++) {
			if (w->ts_ns[j] > w->ts_ns[i])
				slopes[n++] = ((double)w->bytes[j] - (double)w->bytes[i]) *
					      (double)NS_PER_S /
					      (double)(w->ts_ns[j] - w->ts_ns[i]);
		}
	}
	qsort(slopes, n, sizeof(*slopes), by_value);
	return n ? slopes[n / 2] : 0;
}

/* fall: the most by which the whole series ever fell. */
static struct trend trend_of(const struct window *w, uint64_t fall, uint64_t least)
{
	struct trend trend = {
		.samples = w->n,
		.first_ns = w->ts_ns[0],
		.last_ns = w->ts_ns[w->n - 1],
		.from = w->bytes[0],
		.to = w->bytes[w->n - 1],
	};
	uint64_t rise = trend.to - trend.from, half = trend.to - w->bytes[sample_at(w, 2)];

	if (w->n < SAMPLES_MIN || span_of(w) < SPAN_LOW_NS || trend.to <= trend.from ||
	    rise < least || fall > rise / 8 || w->bytes[sample_at(w, 2)] >= trend.to ||
	    half < rise / 3 || !keeps_rising(w) || !rises_by_order(w))
		return trend;
	trend.slope = median_slope(w);
	if (trend.slope <= 0)
		return trend;
	trend.confidence = CONFIDENCE_LOW;
	if (span_of(w) >= SPAN_MEDIUM_NS && fall <= rise / 16 && rises_throughout(w))
		trend.confidence = span_of(w) < SPAN_HIGH_NS ? CONFIDENCE_MEDIUM : CONFIDENCE_HIGH;
	return trend;
}

struct trend series__trend(const struct series *s, uint64_t least)
{
	struct window whole = { s->ts_ns, s->bytes, s->n }, half = whole;
	struct trend trend = { .confidence = CONFIDENCE_NONE }, newer = trend;
	uint32_t start = s->n / 8;
	uint64_t fall = largest_fall(s->bytes + start, s->n - start);

	if (s->n >= SAMPLES_MIN)
		trend = trend_of(&whole, fall, least);
	if (s->n < 2 * SAMPLES_MIN)
		return trend;
	/* What began to rise late is slow to show in all of the time. */
	half.ts_ns += s->n / 2;
	half.bytes += s->n / 2;
	half.n -= s->n / 2;
	newer = trend_of(&half, fall, least);
	return newer.confidence > trend.confidence ? newer : trend;
}

void rate__note(struct rate *rate, uint64_t ts_ns, uint64_t value)
{
	if (!rate->ts_ns[0]) {
		rate->ts_ns[0] = rate->ts_ns[1] = ts_ns;
		rate->value[0] = rate->value[1] = value;
	} else if (ts_ns - rate->ts_ns[1] >= RATE_NS) {
		rate->ts_ns[0] = rate->ts_ns[1];
		rate->value[0] = rate->value[1];
		rate->ts_ns[1] = ts_ns;
		rate->value[1] = value;
	}
}

double rate__rise(const struct rate *rate, uint64_t ts_ns, uint64_t value)
{
	if (!rate->ts_ns[0] || ts_ns < rate->ts_ns[0] + NS_PER_S || value <= rate->value[0])
		return 0;
	return (double)(value - rate->value[0]) * (double)NS_PER_S /
	       (double)(ts_ns - rate->ts_ns[0]);
}

uint64_t rate__left_ns(const struct rate *rate, uint64_t ts_ns, uint64_t value, uint64_t limit)
{
	double rise = rate__rise(rate, ts_ns, value), ns;

	if (rise <= 0 || value >= limit)
		return 0;
	ns = (double)(limit - value) / rise * (double)NS_PER_S;
	return ns < (double)(UINT64_MAX / 2) ? (uint64_t)ns : 0;
}
