// SPDX-License-Identifier: GPL-2.0
/* Series in bounded memory, what each rule of a trend leaves out, and rates. */
#include "tracker_fixture.h"

#include "core/trend.h"
#include "core/words.h"

#define S 1000000000ull
#define MB(n) ((uint64_t)(n) << 20)

/* Full, it is halved: the least of two, and when the first of them was. */
static void series_are_halved(void **state)
{
	struct series s = { 0 };
	uint32_t i, whole = 0;

	for (i = 0; i < SERIES_SAMPLES; i++)
		assert_true(series__add(&s, i * S, i % 2 ? 10 + i : 100 + i));
	assert_int_equal(s.n, SERIES_SAMPLES);
	assert_false(series__add(&s, i * S, 7));
	assert_int_equal(s.n, SERIES_SAMPLES / 2);
	for (i = 0; i < s.n; i++) {
		assert_int_equal(s.ts_ns[i], 2 * i * S);
		assert_int_equal(s.bytes[i], 11 + 2 * i);
	}
	/* The one that came too late begins the next two. */
	assert_true(series__add(&s, 33 * S, 9));
	assert_int_equal(s.n, SERIES_SAMPLES / 2 + 1);
	assert_int_equal(s.ts_ns[s.n - 1], 32 * S);
	assert_int_equal(s.bytes[s.n - 1], 7);
	for (i = 34; i < 100000; i++)
		whole += series__add(&s, i * S, 1);
	/* 32 of them are of 100,000: each of 4,096, or half as many. */
	assert_true(s.per == 4096 && s.n <= SERIES_SAMPLES && whole < 300);
}

/* What each value is called that comes 1.25 seconds after the one before. */
static const struct {
	const char *what;
	uint64_t mb[12];
	size_t n;
	enum confidence told;
} cases[] = {
	{ "seven samples are too few", { 1, 2, 3, 4, 5, 6, 7 }, 7, CONFIDENCE_NONE },
	{ "eight of 8.75 seconds as well", { 1, 2, 3, 4, 5, 6, 7, 8 }, 8, CONFIDENCE_NONE },
	{ "nine", { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 9, CONFIDENCE_LOW },
	{ "not each of them", { 1, 2, 3, 3, 4, 4, 5, 6, 7 }, 9, CONFIDENCE_LOW },
	{ "one step", { 1, 1, 1, 1, 1, 9, 9, 9, 9 }, 9, CONFIDENCE_NONE },
	{ "four steps", { 1, 1, 2, 2, 3, 3, 4, 4, 5 }, 9, CONFIDENCE_NONE },
	{ "it falls by an eighth", { 1, 2, 3, 4, 5, 4, 6, 7, 9 }, 9, CONFIDENCE_LOW },
	{ "by more", { 1, 2, 4, 6, 4, 5, 7, 8, 9 }, 9, CONFIDENCE_NONE },
	{ "it stands still", { 1, 2, 3, 4, 5, 6, 7, 7, 7 }, 9, CONFIDENCE_NONE },
	{ "it was fast, and is slow", { 1, 20, 30, 35, 37, 38, 39, 40, 41 }, 9, CONFIDENCE_NONE },
	{ "it rose, sagged and rose: no order",
	  { 40, 90, 94, 94, 94, 94, 81, 81, 81, 117, 151, 156 }, 12, CONFIDENCE_NONE },
	{ "it falls", { 9, 8, 7, 6, 5, 4, 3, 2, 1 }, 9, CONFIDENCE_NONE },
	{ "it began by falling", { 30, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, 12, CONFIDENCE_NONE },
};

static void what_rises(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct series s = { 0 };
		struct trend trend;

		for (size_t k = 0; k < cases[i].n; k++)
			series__add(&s, (k + 1) * S * 5 / 4, MB(cases[i].mb[k]));
		trend = series__trend(&s, 1);
		if (trend.confidence != cases[i].told)
			fail_msg("%s: expected %s, got %s", cases[i].what,
				 confidence__name(cases[i].told),
				 confidence__name(trend.confidence));
		if (!trend.confidence)
			continue;
		/* A MiB in 1.25 s, or a little less where it does not rise each time. */
		assert_true(trend.slope > 0.5 * (double)MB(1));
		assert_true(trend.slope <= 0.8 * (double)MB(1));
		assert_int_equal(trend.samples, cases[i].n);
		assert_int_equal(trend.from, MB(cases[i].mb[0]));
		assert_int_equal(trend.to, MB(cases[i].mb[cases[i].n - 1]));
		assert_int_equal(trend.first_ns, S * 5 / 4);
		assert_int_equal(trend.last_ns, cases[i].n * S * 5 / 4);
		/* Worth nothing when it must be more. */
		trend = series__trend(&s, trend.to - trend.from + 1);
		assert_int_equal(trend.confidence, CONFIDENCE_NONE);
	}
}

/* With time confidence comes. */
static void confidence_grows(void **state)
{
	static const struct {
		uint64_t s;
		enum confidence is;
	} steps[] = {
		{ 9, CONFIDENCE_NONE },	  { 12, CONFIDENCE_LOW },   { 58, CONFIDENCE_LOW },
		{ 70, CONFIDENCE_MEDIUM }, { 500, CONFIDENCE_MEDIUM }, { 700, CONFIDENCE_HIGH },
		{ 100000, CONFIDENCE_HIGH },
	};
	struct series series = { 0 };
	uint64_t t = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		for (; t < steps[i].s; t++)
			series__add(&series, (t + 1) * S, MB(1) + t * 5000);
		if (series__trend(&series, 1).confidence != steps[i].is)
			fail_msg("after %u s: expected %s, got %s", (unsigned int)t,
				 confidence__name(steps[i].is),
				 confidence__name(series__trend(&series, 1).confidence));
	}
	/* And goes, when it stands still. */
	for (; t < 150000; t++)
		series__add(&series, (t + 1) * S, MB(1) + 100000 * 5000ull);
	assert_int_equal(series__trend(&series, 1).confidence, CONFIDENCE_NONE);
}

static void rates(void **state)
{
	struct rate r = { 0 };
	char text[HUMAN_RATE_ROOM];
	uint64_t t;

	assert_int_equal(rate__left_ns(&r, S, 5, 10), 0);
	/* 100 a second for a minute, then 10. */
	for (t = 1; t <= 100; t++)
		rate__note(&r, t * S, t < 60 ? t * 100 : 6000 + (t - 60) * 10);
	assert_true(rate__rise(&r, 100 * S, 6400) > 9.9 && rate__rise(&r, 100 * S, 6400) < 10.1);
	assert_int_equal((rate__left_ns(&r, 100 * S, 6400, 6500) + S / 2) / S, 10);
	assert_int_equal(rate__left_ns(&r, 100 * S, 6400, 6400), 0);
	assert_int_equal(rate__left_ns(&r, 100 * S, 5000, 6400), 0);
	assert_string_equal(human_rate(2.5 * 1024 * 1024, text), "2.5M/s");
	assert_string_equal(human_rate(1024, text), "1K/s");
	assert_string_equal(human_rate(512, text), "30K/min");
	assert_string_equal(human_rate(1, text), "3.5K/h");
	assert_string_equal(human_rate(0, text), "0/h");
	assert_string_equal(human_rate(1e300, text), "0/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_are_halved),
		cmocka_unit_test(what_rises),
		cmocka_unit_test(confidence_grows),
		cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
