// SPDX-License-Identifier: GPL-2.0
/*
 * Rows of call frame information: the same as libdw finds, at each address of the
 * C library and of this program; and what nobody may believe.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input/stack_cfi.h"
#include "input/stack_elf.h"

#define TEXT 64

/* A rule in words, so that a difference says what it is. */
static void rule_text(const struct cfi_rule *rule, char text[TEXT])
{
	static const char *const kinds[] = {
		[RULE_SAME] = "same",	      [RULE_UNDEFINED] = "undefined",
		[RULE_SAVED] = "cfa",	      [RULE_OFFSET] = "is cfa",
		[RULE_REGISTER] = "register", [RULE_EXPRESSION] = "expression",
		[RULE_VALUE] = "expression",
	};

	if (rule->kind == RULE_SAVED || rule->kind == RULE_OFFSET)
		snprintf(text, TEXT, "%s%+ld", kinds[rule->kind], (long)rule->offset);
	else if (rule->kind == RULE_REGISTER)
		snprintf(text, TEXT, "register %lu%+ld", (unsigned long)rule->reg,
			 (long)rule->offset);
	else
		snprintf(text, TEXT, "%s", kinds[rule->kind]);
}

/* The same words from what libdw has: a register's place as operations. */
static void their_text(const Dwarf_Op *ops, size_t n, char text[TEXT])
{
	if (!n)
		snprintf(text, TEXT, "%s", ops ? "undefined" : "same");
	else if (n == 1 && ops[0].atom == DW_OP_bregx)
		snprintf(text, TEXT, "register %lu%+ld", (unsigned long)ops[0].number,
			 (long)ops[0].number2);
	else if (n == 1 && ops[0].atom == DW_OP_regx)
		snprintf(text, TEXT, "register %lu+0", (unsigned long)ops[0].number);
	else if (n == 1 && ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31)
		snprintf(text, TEXT, "register %d+0", ops[0].atom - DW_OP_reg0);
	else if (ops[0].atom == DW_OP_call_frame_cfa && n == 1)
		snprintf(text, TEXT, "cfa+0");
	else if (ops[0].atom == DW_OP_call_frame_cfa && n == 2 && ops[1].atom == DW_OP_plus_uconst)
		snprintf(text, TEXT, "cfa%+ld", (long)ops[1].number);
	else
		snprintf(text, TEXT, "expression");
}

static void compare_row(const struct cfi_row *row, Dwarf_Frame *frame, uint64_t addr)
{
	static const uint8_t kept[] = MT_STACK_KEPT;
	char ours[TEXT], theirs[TEXT];
	Dwarf_Op mem[3], *ops;
	bool signal;
	size_t n, i;

	if (!row)
		fail_msg("%#lx: expected a row, got none", (unsigned long)addr);
	assert_int_equal(dwarf_frame_info(frame, NULL, NULL, &signal), CFI_REG_RA);
	assert_int_equal(row->signal, signal);
	assert_int_equal(dwarf_frame_cfa(frame, &ops, &n), 0);
	rule_text(&row->cfa, ours);
	their_text(ops, n, theirs);
	if (strcmp(ours, theirs))
		fail_msg("%#lx: CFA: expected %s, got %s", (unsigned long)addr, theirs, ours);
	for (i = 0; i <= sizeof(kept); i++) {
		int reg = i < sizeof(kept) ? kept[i] : CFI_REG_RA;

		assert_int_equal(dwarf_frame_register(frame, reg, mem, &ops, &n), 0);
		rule_text(i < sizeof(kept) ? &row->kept[i] : &row->ra, ours);
		their_text(ops, n, theirs);
		/* What an entry does not name is kept (psABI); libdw does not say so of all. */
		if (!strcmp(theirs, "undefined") && !strcmp(ours, "same"))
			continue;
		if (strcmp(ours, theirs))
			fail_msg("%#lx: register %d: expected %s, got %s", (unsigned long)addr, reg,
				 theirs, ours);
	}
}

/* Addresses of each segment that may be executed. */
static size_t compare_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = stack_elf__open(fd);
	struct frames *f = elf ? frames__read(elf, ".eh_frame") : NULL;
	Dwarf_CFI *cfi = elf ? dwarf_getcfi_elf(elf) : NULL;
	size_t compared = 0, n, i;
	GElf_Phdr phdr;

	if (!f || !cfi)
		fail_msg("%s: its call frame information is not read", path);
	assert_int_equal(elf_getphdrnum(elf, &n), 0);
	for (i = 0; i < n; i++) {
		assert_non_null(gelf_getphdr(elf, (int)i, &phdr));
		if (phdr.p_type != PT_LOAD || !(phdr.p_flags & PF_X))
			continue;
		for (uint64_t at = 0; at < phdr.p_memsz; at += 3) {
			struct cfi_row *row = cfi_row__new(f, phdr.p_vaddr + at);
			Dwarf_Frame *frame;

			if (!dwarf_cfi_addrframe(cfi, phdr.p_vaddr + at, &frame)) {
				compare_row(row, frame, phdr.p_vaddr + at);
				free(frame);
				compared++;
			} else if (row) {
				fail_msg("%#lx: expected no row", (unsigned long)phdr.p_vaddr + at);
			}
			free(row);
		}
	}
	frames__free(f);
	dwarf_cfi_end(cfi);
	elf_end(elf);
	close(fd);
	return compared;
}

static void as_libdw(void **state)
{
	Dl_info libc;

	(void)state;
	assert_true(dladdr((void *)(uintptr_t)&qsort, &libc));
	print_message("%zu addresses of %s\n", compare_file(libc.dli_fname), libc.dli_fname);
	print_message("%zu addresses of this program\n", compare_file("/proc/self/exe"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_libdw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
