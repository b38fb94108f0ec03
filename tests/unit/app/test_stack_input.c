// SPDX-License-Identifier: GPL-2.0
/*
 * What stacks are made of on their way in: tokens, the table of those that wait
 * for their call, names, maps of generated code, and what nobody can believe.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input/stack_budget.h"
#include "input/stack_jit.h"
#include "input/stack_join.h"
#include "input/stack_module.h"
#include "input/stack_names.h"
#include "output_fixture.h"
#include "output/stack_text.h"

#define NS_PER_S 1000000000ull

/* Full at once, then as many as time has passed, and never more than there is room for. */
static void budget(void **state)
{
	struct stack_budget b = { 0 };
	const uint64_t begin = 5 * NS_PER_S;
	int64_t n = 0;

	(void)state;
	assert_int_equal(stack_budget__refill(&b, -2, begin), STACK_BUDGET_BURST);
	assert_int_equal(stack_budget__refill(&b, 0, begin), 0);
	assert_int_equal(stack_budget__refill(&b, 10, begin + NS_PER_S), STACK_BUDGET_BURST - 10);
	assert_int_equal(stack_budget__refill(&b, STACK_BUDGET_BURST, begin + 2 * NS_PER_S), 0);
	/* 50 us each: a 20th of a CPU is 1,000 a second, in whatever steps they come. */
	stack_budget__spent(&b, 50000);
	for (int i = 1; i <= 300; i++)
		n += stack_budget__refill(&b, 0, begin + 2 * NS_PER_S + (uint64_t)i * 3333333);
	assert_in_range(n, 998, 1000);
	/* One that takes a second, for it opens a file, is not what all take. */
	stack_budget__spent(&b, NS_PER_S);
	assert_in_range(b.each_ns, 50000, 110000);
	for (int i = 0; i < 10000; i++)
		stack_budget__spent(&b, NS_PER_S / 10);
	n = stack_budget__refill(&b, 0, begin + 4 * NS_PER_S);
	assert_in_range(n, STACK_BUDGET_RATE_MIN - 1, STACK_BUDGET_RATE_MIN + 1);
}

static struct mt_stack *stack__new(uint64_t cookie, uint32_t len)
{
	struct mt_stack *st = calloc(1, sizeof(*st) + len);

	assert_non_null(st);
	st->cookie = cookie;
	st->len = len;
	st->call = MT_CALL_MMAP;
	memset(st + 1, (int)cookie & 0xff, len);
	return st;
}

static void put(struct stack_join *j, uint64_t cookie, uint32_t len)
{
	struct mt_stack *st = stack__new(cookie, len);

	assert_int_equal(stack_join__put(j, st), 0);
	free(st);
}

static void join(void **state)
{
	struct stack_join *j = stack_join__new();
	struct mt_stack *st;
	uint64_t i;

	(void)state;
	assert_non_null(j);
	for (i = 1; i <= STACK_JOIN_MAX + 5; i++)
		put(j, i, 8);
	assert_int_equal(stack_join__given_up(j), 5);
	assert_null(stack_join__take(j, 5));
	st = stack_join__take(j, 6);
	assert_non_null(st);
	assert_int_equal(st->cookie, 6);
	assert_int_equal(((unsigned char *)(st + 1))[7], 6);
	free(st);
	assert_null(stack_join__take(j, 6));
	/* By bytes as well. */
	for (i = 10000; i < 10000 + 1200; i++)
		put(j, i, MT_STACK_BYTES);
	assert_null(stack_join__take(j, 10000));
	st = stack_join__take(j, 11199);
	assert_non_null(st);
	free(st);
	stack_join__free(j);
}

static void records(void **state)
{
	struct mt_stack *st = stack__new(1, 16);

	(void)state;
	assert_ptr_equal(stack_record(st, sizeof(*st) + 16), st);
	assert_ptr_equal(stack_record(st, sizeof(*st) + 24), st);
	assert_null(stack_record(st, sizeof(*st) + 15));
	assert_null(stack_record(st, sizeof(*st) - 1));
	st->len = MT_STACK_BYTES + 1;
	assert_null(stack_record(st, 1 << 20));
	st->len = 16;
	st->cookie = 0;
	assert_null(stack_record(st, sizeof(*st) + 16));
	st->cookie = 1;
	st->call = MT_CALL_NR;
	assert_null(stack_record(st, sizeof(*st) + 16));
	free(st);
}

static void expect_name(const char *symbol, const char *expected)
{
	char name[STACK_NAME_LEN];

	stack_name__of_symbol(symbol, name);
	assert_string_equal(name, expected);
}

static void names(void **state)
{
	char doubling[900] = "_Z1fI", name[STACK_NAME_LEN];

	(void)state;
	expect_name("main", "main");
	expect_name("memcpy@@GLIBC_2.14", "memcpy");
	expect_name("_ZN3foo3barEi", "foo::bar(int)");
	expect_name("_ZNSt6vectorIiSaIiEE9push_backEOi",
		    "std::vector<int, std::allocator<int> >::push_back(int&&)");
	expect_name("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write");
	expect_name("_ZN5alloc19RawVec$LT$T$C$A$GT$8grow_one17h0123456789abcdefE",
		    "alloc::RawVec<T,A>::grow_one");
	expect_name("_RNvCsbw7EHFzrh5f_4grow12answer_grows", "grow::answer_grows");
	expect_name("_RNCINvNtCsjrHSEGnQ3l9_3std2rt10lang_startuE0Csbw7EHFzrh5f_4grow",
		    "std::rt::lang_start::<()>::{closure#0}");
	expect_name("_R", "_R");
	expect_name("_Z", "_Z");
	expect_name("a\033[31m\n", "a\\033[31m\\012");
	/* 2^50 times as long as itself, if anybody wrote it out. */
	strcat(doubling, "St4pairIiiE");
	for (int i = 0; i < 50; i++) {
		char level[32];

		snprintf(level, sizeof(level), "St4pairIS%c_S%c_E", 'A' + i % 26, 'A' + i % 26);
		strcat(doubling, level);
	}
	strcat(doubling, "EvT_");
	stack_name__of_symbol(doubling, name);
	assert_memory_equal(name, "_Z1fI", 5);
}

/* 2^n times as long as itself, though each part of it is referred to only once. */
static void names_that_double(void **state)
{
	char name[STACK_NAME_LEN], text[900] = "_Z1f", part[32];
	int levels = 27, i;

	(void)state;
	for (i = 0; i < levels; i++)
		strcat(text, i ? "S_I" : "St4pairI");
	strcat(text, "S_IiiE");
	for (i = 0; i < levels; i++) {
		/* S0_ is the innermost pair. */
		snprintf(part, sizeof(part), "S%c_E", i < 10 ? '0' + i : 'A' + i - 10);
		strcat(text, part);
	}
	stack_name__of_symbol(text, name);
	assert_memory_equal(name, "_Z1f", 4);
	/* The same of Rust: a tuple of a part and of that part again. */
	strcpy(text, "_RINvC1a1f");
	for (i = 0; i < levels; i++)
		strcat(text, "T");
	strcat(text, "mm");
	for (i = 0; i < levels; i++) {
		snprintf(part, sizeof(part), "B%c%c_E", i < 26 ? 'a' : 'b', 'a' + i % 26);
		strcat(text, part);
	}
	strcat(text, "E");
	stack_name__of_symbol(text, name);
	assert_memory_equal(name, "_RINvC1a1f", 10);
}

/*
 * Each part refers four times to the one before, and the parts between see to it that
 * these references look alike to whoever takes their numbers modulo 32, or their hash.
 */
static const char cxx_alike[] =
	"_Z1f1AIiEPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AIS0_S0_S0_S0_EPPPPPPPPPPPPPPPPPPPPPPPPPPi1"
	"AISW_SW_SW_SW_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AIS1O_S1O_S1O_S1O_EPPPPPPPPPPPPPPPPPP"
	"PPPPPPPPPPPPi1AIS2K_S2K_S2K_S2K_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AIS3G_S3G_S3G_S3G_E"
	"PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AIS4C_S4C_S4C_S4C_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1A"
	"IS58_S58_S58_S58_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AIS64_S64_S64_S64_EPPPPPPPPPPPPPPP"
	"PPPPPPPPPPPPPPPi1AIS70_S70_S70_S70_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AIS7W_S7W_S7W_S7"
	"W_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AIS8S_S8S_S8S_S8S_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP"
	"i1AIS9O_S9O_S9O_S9O_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AISAK_SAK_SAK_SAK_EPPPPPPPPPPPP"
	"PPPPPPPPPPPPPPPPPPi1AISBG_SBG_SBG_SBG_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AISCC_SCC_SCC"
	"_SCC_EPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPi1AISD8_SD8_SD8_SD8_E";
static const char rust_alike[] =
	"_RINvC1a1bTaaEaaaaaaaaaaaaaaaaaaaaaTB7_B7_B7_B7_Eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaTBw_Bw_Bw_Bw_EaaaaaaaaaaaaaaaaaaaaaaaTB1H_B1H_B1H_B1H_Eaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaTB2i_B2i_B2i_B2i_E"
	"aaaaaaaaaaaaaaaaaaaTB3J_B3J_B3J_B3J_Eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaTB4k_B4k_B4k_B4k_EaaaaaaaaaaaaaaaaaaaTB5L_B5L_B5L_B5L_Eaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaTB6m_B6m_B6m_B6m_E"
	"aaaaaaaaaaaaaaaaaaaTB7N_B7N_B7N_B7N_Eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaTB8o_B8o_B8o_B8o_EaTB9P_B9P_B9P_B9P_EaaaaaaaTBa8_Ba8_Ba8_Ba8"
	"_EE";

static void names_that_grow_unseen(void **state)
{
	char name[STACK_NAME_LEN];

	(void)state;
	stack_name__of_symbol(cxx_alike, name);
	assert_memory_equal(name, cxx_alike, STACK_NAME_LEN - 1);
	stack_name__of_symbol(rust_alike, name);
	assert_memory_equal(name, rust_alike, STACK_NAME_LEN - 1);
}

static void generated_code(void **state)
{
	static const char text[] = "7f0000001000 100 LazyCompile:~a b /x.js:1\n"
				   "0x7f0000002000 20 second\n"
				   "7f0000001000 80 newer\n"
				   "zz 10 broken\n7f0000003000 0 empty\nffffffffffffffff ff wraps\n"
				   "7f0000004000 10 torn";
	struct jit_map *map = jit_map__new();
	const char *name;
	size_t len;

	(void)state;
	assert_non_null(map);
	assert_int_equal(jit_map__parse(map, strdup(text), sizeof(text) - 1), 0);
	name = jit_map__lookup(map, 0x7f0000001010, &len);
	assert_non_null(name);
	assert_int_equal(len, 5);
	assert_memory_equal(name, "newer", 5);
	name = jit_map__lookup(map, 0x7f000000201f, &len);
	assert_memory_equal(name, "second", 6);
	assert_null(jit_map__lookup(map, 0x7f0000002020, &len));
	assert_null(jit_map__lookup(map, 0x7f0000003000, &len));
	assert_null(jit_map__lookup(map, 0x7f0000004000, &len));
	assert_null(jit_map__lookup(map, ~0ull, &len));
	jit_map__free(map);
}

/* Our own file, with bytes of it changed at random: nothing but wrong names may come of it. */
static void corrupt_files(void **state)
{
	struct stacks *stacks = stacks__new();
	static char image[1 << 20];
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(self, image, sizeof(image));
	unsigned int seed = 1;

	(void)state;
	assert_true(len > 4096);
	for (int round = 0; round < 150; round++) {
		int fd = memfd_create("corrupt", MFD_CLOEXEC);
		struct module *m;

		assert_int_equal(write(fd, image, (size_t)len), len);
		for (int i = 0; i < 1 + round * 4; i++) {
			char byte = (char)rand_r(&seed);
			off_t at = (off_t)(rand_r(&seed) % (i % 2 ? 1024 : (unsigned int)len));

			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
		/* And cut short. */
		if (round % 3 == 2)
			assert_int_equal(ftruncate(fd, len / 2), 0);
		m = module__new(fd, "corrupt");
		assert_non_null(m);
		for (uint64_t at = 0; at < (uint64_t)len; at += 1021)
			assert_non_null(module__place(m, at, at & 1, stacks));
		module__free(m);
	}
	close(self);
	stacks__free(stacks);
}

/* Our own head, a page of code and that many empty sections. */
static int file_of_sections(unsigned int n)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("many", MFD_CLOEXEC);
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr code;
	} f = { .code = { .p_type = PT_LOAD, .p_filesz = 4096, .p_memsz = 4096 } };

	assert_int_equal(read(self, &f.head, sizeof(f.head)), sizeof(f.head));
	f.head.e_phoff = sizeof(f.head);
	f.head.e_phnum = 1;
	f.head.e_shoff = 4096;
	f.head.e_shnum = (Elf64_Half)n;
	f.head.e_shstrndx = 0;
	assert_int_equal(write(fd, &f, sizeof(f)), sizeof(f));
	assert_int_equal(ftruncate(fd, 4096 + (off_t)(n * sizeof(Elf64_Shdr))), 0);
	close(self);
	return fd;
}

/* What libelf takes for the sections of a file is counted, and no file makes it take much. */
static void many_sections(void **state)
{
	static const unsigned int numbers[] = { 10, 4096, 4097, 65000 };
	struct stacks *stacks = stacks__new();
	struct mallinfo2 before, after;
	struct module *m;
	size_t i, taken;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		before = mallinfo2();
		m = module__new(file_of_sections(numbers[i]), "many");
		assert_non_null(m);
		assert_non_null(module__place(m, 0x800, true, stacks));
		assert_true(module__is_read(m));
		after = mallinfo2();
		taken = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
		/* Beside the module itself its name, its place and what malloc adds. */
		assert_in_range(taken, 0, module__footprint(m) + 4096);
		assert_in_range(module__footprint(m), 0, 2 << 20);
		module__free(m);
	}
	stacks__free(stacks);
}

static void text_of_stack(void **state)
{
	struct stacks *stacks = sample_stacks();
	struct capture c;
	char *text;

	(void)state;
	capture__init(&c);
	writer__begin(c.out, true);
	stack_text__write(c.out, stacks, 1);
	stack_text__write(c.out, stacks, 0);
	stack_text__write(c.out, stacks, 2);
	stack_text__write(c.out, NULL, 1);
	writer__end(c.out);
	text = capture__take(&c);
	assert_string_equal(text, " > /bin/x(a<b>()) [0x10]\n > [generated]() [0x20]\n > ...\n");
	free(text);
	stacks__free(stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budget),	  cmocka_unit_test(join),
		cmocka_unit_test(records),	  cmocka_unit_test(names),
		cmocka_unit_test(names_that_double),
		cmocka_unit_test(names_that_grow_unseen),
		cmocka_unit_test(generated_code), cmocka_unit_test(corrupt_files),
		cmocka_unit_test(many_sections),  cmocka_unit_test(text_of_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
