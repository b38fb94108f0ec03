// SPDX-License-Identifier: GPL-2.0
/*
 * Folded stacks and profiles of a small ledger with names that nobody would give:
 * each is read back, by rules that are written here once more.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "output/folded.h"
#include "output/pprof.h"
#include "profile.pb-c.h"

typedef Perftools__Profiles__Profile Profile;

static uint32_t frame(struct stacks *s, const char *function, const char *module, uint64_t offset)
{
	struct frame f = { function, module, *module ? "ab12" : "", offset };
	uint32_t id;

	assert_int_equal(stacks__add_frame(s, &f, &id), 0);
	return id;
}

static uint32_t stack(struct stacks *s, bool cut, size_t n, const uint32_t *frames)
{
	uint32_t id;

	assert_int_equal(stacks__add(s, frames, n, cut, &id), 0);
	return id;
}

/* Innermost first. Two of them differ in the place within main alone. */
static struct stacks *sample_stacks(uint32_t ids[4])
{
	struct stacks *s = stacks__new();
	uint32_t f[8];

	assert_non_null(s);
	f[0] = frame(s, "load(int, a;b) [clone .1] 12", "/bin/a b", 0x1500);
	f[1] = frame(s, "main", "/bin/a b", 0x2000);
	f[2] = frame(s, "main", "/bin/a b", 0x2004);
	f[3] = frame(s, "", "/lib/x;y.so", 0x30);
	f[4] = frame(s, "", "", 0x7f00);
	f[5] = frame(s, " \\033[31m", "/lib/far", 1ull << 63);
	ids[0] = stack(s, false, 2, (uint32_t[]){ f[0], f[1] });
	ids[1] = stack(s, false, 2, (uint32_t[]){ f[0], f[2] });
	ids[2] = stack(s, true, 3, (uint32_t[]){ f[3], f[4], f[1] });
	ids[3] = stack(s, false, 1, (uint32_t[]){ f[5] });
	return s;
}

static void grow(struct intern *sites, uint32_t id, uint64_t bytes, uint64_t kept)
{
	struct cause cause = { .what = MT_CALL_MMAP, .stack = id, .comm = "th;read" };
	struct site_sample sample = { bytes, bytes, 1 };
	uint32_t site = sites__of(sites, &cause, KIND_ANONYMOUS);

	sites__grew(sites, site, &cause, KIND_ANONYMOUS, bytes, &sample, 5);
	if (kept)
		site__keep(intern__at(sites, site), kept, true);
}

static struct ledger *sample_ledger(const uint32_t ids[4])
{
	struct ledger *l = ledger__new();
	struct intern sites;

	assert_non_null(l);
	sites__init(&sites);
	grow(&sites, ids[0], 1000, 1000);
	grow(&sites, ids[1], 200, 0);
	grow(&sites, ids[2], 30, 10);
	grow(&sites, ids[3], 5, 5);
	grow(&sites, 0, 7, 0);
	grow(&sites, 12345, 9, 0);
	ledger__note(l, 42, "a b;c 1", &sites);
	intern__fini(&sites);
	return l;
}

static char *folded(const struct ledger *l, const struct stacks *s, bool kept)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(folded__write(out, l, s, kept), 0);
	fclose(out);
	return text;
}

static void folded_stacks(void **state)
{
	uint32_t ids[4];
	struct stacks *s = sample_stacks(ids);
	struct ledger *l = sample_ledger(ids);
	char *text = folded(l, s, false);

	assert_string_equal(text,
		"a_b:c_1-42;main;load(int, a:b) [clone .1]_12 1200\n"
		"a_b:c_1-42;[cut];main;[0x7f00];[x:y.so+0x30] 30\n"
		"a_b:c_1-42;_\\033[31m 5\n"
		"a_b:c_1-42;[mmap] 7\n"
		"a_b:c_1-42;[others] 9\n");
	free(text);
	text = folded(l, s, true);
	assert_string_equal(text,
		"a_b:c_1-42;main;load(int, a:b) [clone .1]_12 1000\n"
		"a_b:c_1-42;[cut];main;[0x7f00];[x:y.so+0x30] 10\n"
		"a_b:c_1-42;_\\033[31m 5\n");
	free(text);
	/* Without stacks those that have one are others. */
	text = folded(l, NULL, true);
	assert_string_equal(text, "a_b:c_1-42;[others] 1015\n");
	free(text);
	ledger__free(l);
	stacks__free(s);
}

static void folded_names(void **state)
{
	static const struct {
		const char *text, *expected, *whole;
	} names[] = {
		{ "main", "main", "main" },
		{ "a;b;", "a:b:", "a:b:" },
		{ "operator new(unsigned long)", "operator new(unsigned long)",
		  "operator_new(unsigned_long)" },
		{ "f 12", "f_12", "f_12" },
		{ "f 1 2.5", "f 1_2.5", "f_1_2.5" },
		{ "f ", "f_", "f_" },
		{ " ", "_", "_" },
		{ "a\nb\tc\033[0m\177", "a_b_c_[0m_", "a_b_c_[0m_" },
		{ "7", "7", "7" },
		{ "", "", "" },
	};
	char buf[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_string_equal(folded__name(names[i].text, false, buf, sizeof(buf)),
				    names[i].expected);
		assert_string_equal(folded__name(names[i].text, true, buf, sizeof(buf)),
				    names[i].whole);
	}
	assert_string_equal(folded__name("abcdef", false, buf, 4), "abc");
}

static void full_disk(void **state)
{
	uint32_t ids[4];
	struct stacks *s = sample_stacks(ids);
	struct ledger *l = sample_ledger(ids);
	struct pprof_info info = { .comment = "" };
	FILE *out = fopen("/dev/full", "w");

	assert_non_null(out);
	assert_int_equal(folded__write(out, l, s, false), -ENOSPC);
	assert_int_equal(pprof__write(fileno(out), l, s, &info), -ENOSPC);
	fclose(out);
	assert_int_equal(pprof__write(-1, l, s, &info), -EBADF);
	ledger__free(l);
	stacks__free(s);
}

static Profile *profile(const struct ledger *l, const struct stacks *s)
{
	static const struct pprof_info info = { 1700000000000000000ull, 5000, 64, "a comment" };
	char path[] = "/tmp/memtrace-unit-XXXXXX";
	static unsigned char buf[65536];
	int fd = mkstemp(path), n;
	Profile *p;
	gzFile gz;

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(pprof__write(fd, l, s, &info), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	gz = gzdopen(fd, "rb");
	assert_non_null(gz);
	n = gzread(gz, buf, sizeof(buf));
	assert_in_range(n, 1, sizeof(buf) - 1);
	gzclose(gz);
	p = perftools__profiles__profile__unpack(NULL, (size_t)n, buf);
	assert_non_null(p);
	return p;
}

static const char *text_of(const Profile *p, int64_t number)
{
	assert_in_range(number, 0, p->n_string_table - 1);
	return p->string_table[number];
}

/* "comm;...": the names of a sample's locations, innermost first. */
static void sample_text(const Profile *p, const Perftools__Profiles__Sample *sample, char *buf,
			size_t size)
{
	size_t i, j, len = 0;

	for (i = 0; i < sample->n_location_id; i++) {
		const Perftools__Profiles__Location *found = NULL;
		const char *name = "?";

		for (j = 0; j < p->n_location; j++) {
			if (p->location[j]->id != sample->location_id[i])
				continue;
			assert_null(found);
			found = p->location[j];
		}
		assert_non_null(found);
		for (j = 0; found->n_line && j < p->n_function; j++) {
			if (p->function[j]->id == found->line[0]->function_id)
				name = text_of(p, p->function[j]->name);
		}
		len += (size_t)snprintf(buf + len, size - len, "%s;", name);
	}
	snprintf(buf + len, size - len, " %" PRId64 " %" PRId64 " %" PRId64, sample->value[0],
		 sample->value[1], sample->value[2]);
}

static void samples_of_a_profile(void **state)
{
	static const char *const expected[] = {
		"load(int, a;b) [clone .1] 12;main; 1000 1 1000",
		"load(int, a;b) [clone .1] 12;main; 200 1 0",
		"?;?;main;[cut]; 30 1 10",
		" \\033[31m; 5 1 5",
		"[mmap]; 7 1 0",
		"[others]; 9 1 0",
	};
	uint32_t ids[4];
	struct stacks *s = sample_stacks(ids);
	struct ledger *l = sample_ledger(ids);
	Profile *p = profile(l, s);
	char text[256];
	size_t i;

	assert_string_equal(text_of(p, 0), "");
	assert_string_equal(text_of(p, p->default_sample_type), "inuse_space");
	assert_string_equal(text_of(p, p->comment[0]), "a comment");
	assert_int_equal(p->time_nanos, 1700000000000000000ll);
	assert_int_equal(p->period, 64);
	assert_int_equal(p->n_sample, 6);
	for (i = 0; i < p->n_sample; i++) {
		assert_int_equal(p->sample[i]->n_value, p->n_sample_type);
		assert_string_equal(text_of(p, p->sample[i]->label[0]->key), "pid");
		assert_int_equal(p->sample[i]->label[0]->num, 42);
		assert_string_equal(text_of(p, p->sample[i]->label[1]->str), "a b;c 1");
		sample_text(p, p->sample[i], text, sizeof(text));
		assert_string_equal(text, expected[i]);
	}
	assert_string_equal(text_of(p, p->sample[4]->label[2]->str), "anonymous");
	perftools__profiles__profile__free_unpacked(p, NULL);
	ledger__free(l);
	stacks__free(s);
}

/* Files lie apart, and each address in its own; an offset that is none gets no place. */
static void files_of_a_profile(void **state)
{
	uint32_t ids[4];
	struct stacks *s = sample_stacks(ids);
	struct ledger *l = sample_ledger(ids);
	Profile *p = profile(l, s);
	const Perftools__Profiles__Mapping *m;
	size_t i;

	assert_int_equal(p->n_mapping, 2);
	assert_string_equal(text_of(p, p->mapping[0]->filename), "/bin/a b");
	assert_string_equal(text_of(p, p->mapping[0]->build_id), "ab12");
	assert_true(p->mapping[0]->has_functions);
	assert_string_equal(text_of(p, p->mapping[1]->filename), "/lib/x;y.so");
	assert_false(p->mapping[1]->has_functions);
	assert_true(p->mapping[0]->memory_limit < p->mapping[1]->memory_start);
	for (i = 0; i < p->n_location; i++) {
		if (!p->location[i]->mapping_id)
			continue;
		m = p->mapping[p->location[i]->mapping_id - 1];
		assert_int_equal(m->id, p->location[i]->mapping_id);
		assert_in_range(p->location[i]->address, m->memory_start, m->memory_limit - 1);
	}
	/* Of a return address it is the call before it. */
	m = p->mapping[0];
	assert_int_equal(p->location[0]->address, m->memory_start + 0x1500 - 1);
	perftools__profiles__profile__free_unpacked(p, NULL);
	ledger__free(l);
	stacks__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_stacks),	cmocka_unit_test(folded_names),
		cmocka_unit_test(full_disk),		cmocka_unit_test(samples_of_a_profile),
		cmocka_unit_test(files_of_a_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
