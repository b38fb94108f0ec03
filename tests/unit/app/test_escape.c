// SPDX-License-Identifier: GPL-2.0
/* Escaping of names: what comes out is printable UTF-8, whatever goes in. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "util/escape.h"

struct escape_case {
	const char *what, *in;
	size_t len; /* 0: strlen(in) */
	unsigned int flags;
	const char *want;
};

static const struct escape_case cases[] = {
	{ "plain", "redis-server", 0, 0, "redis-server" },
	{ "empty", "", 0, 0, "" },
	{ "blank stays", "a b", 0, 0, "a b" },
	{ "newline as in /proc/PID/maps", "a\nb", 0, 0, "a\\012b" },
	{ "CSI", "\033[2J", 0, 0, "\\033[2J" },
	{ "DEL", "\177", 0, 0, "\\177" },
	{ "NUL within", "a\0b", 3, 0, "a\\000b" },
	{ "backslash of a path stays", "a\\012b", 0, 0, "a\\012b" },
	{ "backslash of a comm", "a\\b", 0, ESCAPE_BACKSLASH, "a\\134b" },
	{ "quote stays", "a\"b'", 0, 0, "a\"b'" },
	{ "UTF-8 stays", "gr\303\274n \342\202\254 \360\237\230\200", 0, 0,
	  "gr\303\274n \342\202\254 \360\237\230\200" },
	{ "lone continuation", "\200", 0, 0, "\\200" },
	{ "latin 1", "gr\374n", 0, 0, "gr\\374n" },
	{ "cut sequence", "a\342\202", 0, 0, "a\\342\\202" },
	{ "overlong slash", "\300\257", 0, 0, "\\300\\257" },
	{ "overlong, 3 bytes", "\340\200\257", 0, 0, "\\340\\200\\257" },
	{ "surrogate", "\355\240\200", 0, 0, "\\355\\240\\200" },
	{ "beyond U+10FFFF", "\364\220\200\200", 0, 0, "\\364\\220\\200\\200" },
	{ "C1 CSI, U+009B", "\302\233", 0, 0, "\\302\\233" },
	{ "right-to-left override", "\342\200\256", 0, 0, "\\342\\200\\256" },
	{ "line separator", "\342\200\250", 0, 0, "\\342\\200\\250" },
	{ "zero width space", "\342\200\213", 0, 0, "\\342\\200\\213" },
	{ "byte order mark", "\357\273\277", 0, 0, "\\357\\273\\277" },
	{ "noncharacter", "\357\277\277", 0, 0, "\\357\\277\\277" },
};

static void escapes(void **state)
{
	char got[256];
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct escape_case *c = &cases[i];
		size_t in_len = c->len ? c->len : strlen(c->in);
		size_t len = escape__bytes(got, sizeof(got), c->in, in_len, c->flags);

		if (strcmp(got, c->want) || len != strlen(c->want)) {
			print_error("%s: expected \"%s\" (%zu), got \"%s\" (%zu)\n", c->what,
				    c->want, strlen(c->want), got, len);
			failures++;
		}
	}
	assert_int_equal(failures, 0);
}

/* Cut between characters, never within one, and always ended. */
static void cuts(void **state)
{
	static const char in[] = "a\303\274\n";
	static const char *const want[] = {
		[1] = "",	   [2] = "a",	      [3] = "a",	 [4] = "a\303\274",
		[5] = "a\303\274", [6] = "a\303\274", [7] = "a\303\274", [8] = "a\303\274\\012",
	};
	char got[16];

	(void)state;
	for (size_t size = 1; size < sizeof(want) / sizeof(want[0]); size++) {
		memset(got, '#', sizeof(got));
		assert_int_equal(escape__bytes(got, size, in, strlen(in), 0), strlen(want[size]));
		assert_string_equal(got, want[size]);
		assert_int_equal(got[size], '#');
	}
}

/* Any bytes give printable ASCII or UTF-8 that escapes to itself, within ESCAPE_ROOM. */
static void any_bytes(void **state)
{
	char in[64], once[ESCAPE_ROOM(64)], twice[ESCAPE_ROOM(ESCAPE_ROOM(64))];
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = rand_r(&seed) % sizeof(in), out;

		for (size_t i = 0; i < len; i++)
			in[i] = rand_r(&seed) % 3 ? rand_r(&seed) :
						    "\302\342\200\n\\\"a"[rand_r(&seed) % 7];
		out = escape__bytes(once, sizeof(once), in, len, 0);
		assert_true(out <= 4 * len);
		for (size_t i = 0; i < out; i++)
			if ((unsigned char)once[i] < 0x20 || once[i] == 0x7f)
				fail_msg("round %d: byte %#x came out", round, once[i]);
		escape__bytes(twice, sizeof(twice), once, out, 0);
		assert_string_equal(once, twice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(cuts),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
