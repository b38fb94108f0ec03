/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A quantity over time, in bounded memory, and whether it rises with time.
 * Pure arithmetic: knows neither memory nor sites.
 */
#ifndef MEMTRACE_CORE_TREND_H
#define MEMTRACE_CORE_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIES_SAMPLES 32

/*
 * When it is full, two samples become one: the least of a stretch of time is kept,
 * which is what has stayed of what comes and goes. All zero: empty.
 */
struct series {
	uint64_t ts_ns[SERIES_SAMPLES]; /* when the stretch began */
	uint64_t bytes[SERIES_SAMPLES];
	uint32_t n;
	uint32_t per, have; /* samples that make one of these; those of the next so far */
	uint64_t next_ns, next_bytes;
};

/* True when that has made a stretch whole, so that the trend may be another one. */
bool series__add(struct series *s, uint64_t ts_ns, uint64_t bytes);

/* Names as JSON spells them, and what each means. */
#define CONFIDENCES(X)                                                                      \
	X(NONE, "none", "it does not rise, or not for long enough to tell")                 \
	X(LOW, "low", "it has risen in 8 samples or more, over 10 seconds or more")         \
	X(MEDIUM, "medium", "over a minute or more, in each quarter of it, and hardly ever fell") \
	X(HIGH, "high", "the same over ten minutes or more")

enum confidence {
#define X(id, name, text) CONFIDENCE_##id,
	CONFIDENCES(X)
#undef X
	CONFIDENCE_NR
};
const char *confidence__name(enum confidence confidence);

struct trend {
	enum confidence confidence; /* NONE: nothing below counts */
	double slope;		    /* bytes a second */
	uint32_t samples;
	uint64_t first_ns, last_ns;
	uint64_t from, to; /* bytes, then */
};

/*
 * Of the whole series or of its newer half. least: what has risen by less is not
 * worth telling.
 */
struct trend series__trend(const struct series *s, uint64_t least);

/* How fast something rises: over the last 10 to 20 seconds. All zero: not known. */
struct rate {
	uint64_t ts_ns[2], value[2];
};
void rate__note(struct rate *rate, uint64_t ts_ns, uint64_t value);
/* A second, now that it is so much; 0: it does not rise, or that is not known. */
double rate__rise(const struct rate *rate, uint64_t ts_ns, uint64_t value);
/* Until it is limit; 0: never, as it goes. */
uint64_t rate__left_ns(const struct rate *rate, uint64_t ts_ns, uint64_t value, uint64_t limit);

#endif
