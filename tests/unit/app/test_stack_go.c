// SPDX-License-Identifier: GPL-2.0
/* Go's table of functions, in files made for it: what it says, and what nobody can believe. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input/stack_elf.h"
#include "input/stack_go.h"
#include "input/stack_symbols.h"

#define TEXT 0x401000ull
#define FUNCTIONS 3
#define NAMES_AT 72
#define TABLE_AT 128
#define KNOWN_AT 28 /* from the table on: after the functions and where the last one ends */
#define TABLE_LEN (TABLE_AT + KNOWN_AT + FUNCTIONS * 8)

/* Of functions at 0, 0x20 and 0x80 of the text, which ends at 0x100. */
struct table {
	uint8_t bytes[TABLE_LEN];
};

static void put(struct table *t, size_t at, uint64_t v, size_t n)
{
	memcpy(t->bytes + at, &v, n);
}

static void table__init(struct table *t)
{
	static const char names[] = "_rt0_amd64_linux\0main.main\0main.b";
	static const uint32_t starts[] = { 0, 0x20, 0x80, 0x100 }, at[] = { 0, 17, 27 };
	size_t i;

	memset(t, 0, sizeof(*t));
	put(t, 0, 0xfffffff1, 4);
	put(t, 6, 1, 1);
	put(t, 7, 8, 1);
	put(t, 8, FUNCTIONS, 8);
	put(t, 24, TEXT, 8);
	put(t, 32, NAMES_AT, 8);
	put(t, 40, NAMES_AT + sizeof(names), 8);
	put(t, 64, TABLE_AT, 8);
	memcpy(t->bytes + NAMES_AT, names, sizeof(names));
	for (i = 0; i <= FUNCTIONS; i++)
		put(t, TABLE_AT + i * 8, starts[i], 4);
	for (i = 0; i < FUNCTIONS; i++) {
		put(t, TABLE_AT + i * 8 + 4, KNOWN_AT + i * 8, 4);
		put(t, TABLE_AT + KNOWN_AT + i * 8, starts[i], 4);
		put(t, TABLE_AT + KNOWN_AT + i * 8 + 4, at[i], 4);
	}
}

static void add_section(Elf *elf, uint32_t name, uint64_t addr, void *bytes, size_t len, int type)
{
	Elf_Scn *scn = elf_newscn(elf);
	Elf_Data *data = elf_newdata(scn);
	Elf64_Shdr *shdr = elf64_getshdr(scn);

	assert_true(data && shdr);
	data->d_buf = bytes;
	data->d_size = len;
	data->d_align = 1;
	shdr->sh_type = (Elf64_Word)type;
	shdr->sh_addr = addr;
	shdr->sh_name = name;
}

/* A file with a text, that table and no symbols, which begins to run at entry. */
static int file__new(struct table *t, uint64_t entry)
{
	static char names[] = "\0.text\0.gopclntab\0.shstrtab";
	static char text[0x100];
	int fd = memfd_create("go", MFD_CLOEXEC);
	Elf64_Ehdr *ehdr;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_WRITE, NULL);
	ehdr = elf64_newehdr(elf);
	assert_non_null(ehdr);
	ehdr->e_ident[EI_DATA] = ELFDATA2LSB;
#if defined(__aarch64__)
	ehdr->e_machine = EM_AARCH64;
#else
	ehdr->e_machine = EM_X86_64;
#endif
	ehdr->e_type = ET_EXEC;
	ehdr->e_version = EV_CURRENT;
	ehdr->e_entry = entry;
	add_section(elf, 1, TEXT, text, sizeof(text), SHT_PROGBITS);
	add_section(elf, 7, 0x500000, t->bytes, sizeof(t->bytes), SHT_PROGBITS);
	add_section(elf, 18, 0, names, sizeof(names), SHT_STRTAB);
	ehdr->e_shstrndx = 3;
	assert_true(elf_update(elf, ELF_C_WRITE) > 0);
	elf_end(elf);
	return fd;
}

/* What is at an address; "": nothing is known, "none": there are no symbols. */
static void expect(struct table *t, uint64_t entry, uint64_t addr, const char *name)
{
	int fd = file__new(t, entry);
	Elf *elf = stack_elf__open(fd);
	struct stack_symbols *s;
	const char *got = "none";

	assert_non_null(elf);
	s = stack_symbols__read(elf);
	if (s)
		got = stack_symbols__find(s, addr);
	assert_string_equal(got ? got : "", name);
	stack_symbols__free(s);
	elf_end(elf);
	close(fd);
}

static void functions(void **state)
{
	struct table t;

	(void)state;
	table__init(&t);
	expect(&t, TEXT, TEXT, "_rt0_amd64_linux");
	expect(&t, TEXT, TEXT + 0x7f, "main.main");
	expect(&t, TEXT, TEXT + 0x80, "main.b");
	expect(&t, TEXT, TEXT + 0xff, "main.b");
	expect(&t, TEXT, TEXT + 0x100, "");
	expect(&t, TEXT, TEXT - 1, "");
	put(&t, 0, 0xfffffff0, 4);
	expect(&t, TEXT, TEXT + 0x20, "main.main");
	/* The text is where it says, and not where the section is. */
	put(&t, 24, TEXT + 0x10, 8);
	expect(&t, TEXT, TEXT + 0x30, "main.main");
}

/* Where it does not say: if the file begins to run where Go's programs do. */
static void text_that_is_not_told(void **state)
{
	struct table t;

	(void)state;
	table__init(&t);
	put(&t, 24, 0, 8);
	expect(&t, TEXT + 4, TEXT + 0x20, "main.main");
	expect(&t, TEXT + 0x20, TEXT + 0x20, "none");
	expect(&t, TEXT + 0x100, TEXT + 0x20, "none");
}

static const struct {
	const char *what;
	size_t at;
	uint64_t v;
	size_t n;
} refused[] = {
	{ "before 1.18", 0, 0xfffffffa, 4 },
	{ "32 bits", 7, 4, 1 },
	{ "more functions than there is room for", 8, 8, 8 },
	{ "very many functions", 8, ~0ull, 8 },
	{ "names that begin beyond", 32, TABLE_LEN, 8 },
	{ "names that end beyond", 40, TABLE_LEN + 1, 8 },
	{ "names that end before they begin", 40, NAMES_AT, 8 },
	{ "names without an end", 40, NAMES_AT + 3, 8 },
	{ "functions that lie beyond", 64, TABLE_LEN, 8 },
	{ "functions far beyond", 64, ~0ull, 8 },
};

static void tables_that_are_refused(void **state)
{
	struct table t;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		table__init(&t);
		put(&t, refused[i].at, refused[i].v, refused[i].n);
		print_message("%s\n", refused[i].what);
		expect(&t, TEXT, TEXT + 0x20, "none");
	}
}

/* One function of them. */
static void functions_that_are_left_out(void **state)
{
	static const struct {
		size_t at;
		uint32_t v;
	} broken[] = { { TABLE_AT + 12, TABLE_LEN }, { TABLE_AT + 12, 0 },
		       { TABLE_AT + KNOWN_AT + 8, 0x21 }, { TABLE_AT + KNOWN_AT + 12, 34 },
		       { TABLE_AT + 16, 0x20 } };
	struct table t;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		table__init(&t);
		put(&t, broken[i].at, broken[i].v, 4);
		expect(&t, TEXT, TEXT + 0x20, "");
		expect(&t, TEXT, TEXT, "_rt0_amd64_linux");
	}
}

/* Each byte wrong, and cut at each: whatever comes of it lies within. */
static void any_byte(void **state)
{
	struct go_function f;
	struct go_functions g;
	struct table t;

	(void)state;
	for (size_t i = 0; i < TABLE_LEN * 3; i++) {
		int fd;
		Elf *elf;

		table__init(&t);
		t.bytes[i / 3] = (uint8_t)(i % 3 == 0 ? 0xff : i % 3 == 1 ? 0 : t.bytes[i / 3] ^ 1);
		fd = file__new(&t, TEXT);
		elf = stack_elf__open(fd);
		if (go_functions__open(elf, &g)) {
			for (uint64_t k = 0; k < g.n; k++) {
				if (!go_functions__get(&g, k, &f))
					continue;
				assert_true(f.name + strlen((const char *)g.names.at + f.name) <
					    (size_t)(g.names.end - g.names.at));
			}
		}
		elf_end(elf);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions),
		cmocka_unit_test(text_that_is_not_told),
		cmocka_unit_test(tables_that_are_refused),
		cmocka_unit_test(functions_that_are_left_out),
		cmocka_unit_test(any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
