// SPDX-License-Identifier: GPL-2.0
/* Stacks that go on elsewhere: which code switches, and whether frame pointers lead on from it. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "input/stack_cfi.h"
#include "input/stack_chain.h"

#define SP 0x7fff0000ull
#define ELSEWHERE 0xc000012340ull
#define WORDS 16

static void names(void **state)
{
	(void)state;
	assert_true(stack_chain__switches("runtime.systemstack"));
	assert_true(stack_chain__switches("runtime.systemstack.abi0"));
	assert_true(stack_chain__switches("runtime.asmcgocall.abi0"));
	assert_false(stack_chain__switches("runtime.systemstack_switch"));
	assert_false(stack_chain__switches("runtime.systemstac"));
	assert_false(stack_chain__switches("main.runtime.systemstack"));
	assert_false(stack_chain__switches(""));
}

struct fixture {
	struct mt_stack st;
	uint64_t words[WORDS];
};

static uint64_t at(size_t word)
{
	return SP + word * sizeof(uint64_t);
}

/* Frames at words 2 and 6; the second one's caller is on another stack. */
static struct fixture *fixture__new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->st.sp = SP;
	f->st.len = sizeof(f->words);
	f->st.regs[CFI_KEPT_FP] = at(2);
	f->st.chain_at = ELSEWHERE;
	f->st.chain_n = 1;
	f->words[2] = at(6);
	f->words[3] = 0x401000;
	f->words[6] = ELSEWHERE;
	f->words[7] = 0x402000;
	return f;
}

static void follows(void **state)
{
	struct fixture *f = fixture__new();

	(void)state;
	assert_true(stack_chain__follows(&f->st, 0x402000));
	/* The frame before goes on where it was. */
	assert_false(stack_chain__follows(&f->st, 0x401000));
	assert_false(stack_chain__follows(&f->st, 0x403000));
	/* It leads elsewhere, but not to where the chain begins. */
	f->st.chain_at = ELSEWHERE + 8;
	assert_false(stack_chain__follows(&f->st, 0x402000));
	free(f);
}

/* What lies is followed no farther than upwards, within the bytes that there are. */
static void liars(void **state)
{
	struct fixture *f = fixture__new();

	(void)state;
	f->words[2] = at(2);
	assert_false(stack_chain__follows(&f->st, 0x402000));
	f->words[2] = at(0);
	assert_false(stack_chain__follows(&f->st, 0x402000));
	f->words[2] = at(WORDS - 1);
	assert_false(stack_chain__follows(&f->st, 0x402000));
	f->words[2] = at(WORDS);
	assert_false(stack_chain__follows(&f->st, 0x402000));
	f->words[2] = at(WORDS - 2);
	f->words[WORDS - 2] = ELSEWHERE;
	f->words[WORDS - 1] = 0x402000;
	assert_true(stack_chain__follows(&f->st, 0x402000));
	f->st.len -= 8;
	assert_false(stack_chain__follows(&f->st, 0x402000));
	f->st.len = 8;
	assert_false(stack_chain__follows(&f->st, 0x402000));
	f->st.len = 0;
	assert_false(stack_chain__follows(&f->st, 0x402000));
	f->st.len = sizeof(f->words);
	f->st.regs[CFI_KEPT_FP] = SP - 8;
	assert_false(stack_chain__follows(&f->st, 0x402000));
	f->st.regs[CFI_KEPT_FP] = ~0ull - 4;
	assert_false(stack_chain__follows(&f->st, 0x402000));
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(follows),
		cmocka_unit_test(liars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
