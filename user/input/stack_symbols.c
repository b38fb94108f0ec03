// SPDX-License-Identifier: GPL-2.0
/* Symbol tables sorted by address, the better of two names first. */
#include "stack_symbols.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack_elf.h"
#include "stack_go.h"
#include "util/sort.h"

#define TABLE_BYTES_MAX (64u << 20) /* 2.8 million symbols: clang with all of LLVM has a tenth */
#define STRINGS_BYTES_MAX (256u << 20)
#define NOTES_BYTES_MAX 65536u
#define NOTES_MAX 8 /* segments of them */
#define BACK_MAX 32 /* symbols that may lie before an address and not hold it */
#define UNDERSCORES_MAX 8

struct symbol {
	uint64_t addr; /* first: sort__by_number() */
	uint64_t size;
	uint32_t name; /* where among the names */
	uint32_t rank; /* the lower the better */
};

struct stack_symbols {
	const char *names;
	size_t n, bytes;
	struct symbol list[];
};

/* mmap and not __mmap, nor a local alias, nor a mark at its address ("runtime.text" of Go). */
static uint32_t rank_of(const Elf64_Sym *sym, const char *name)
{
	uint32_t underscores = 0;

	/* Not strspn(3): a name may be as long as the file. */
	while (underscores < UNDERSCORES_MAX && name[underscores] == '_')
		underscores++;
	return (ELF64_ST_TYPE(sym->st_info) == STT_NOTYPE ? 128u : 0) +
	       (ELF64_ST_BIND(sym->st_info) == STB_LOCAL ? 64u : 0) + underscores * 2 +
	       (ELF64_ST_BIND(sym->st_info) == STB_WEAK);
}

static bool is_function(const Elf64_Sym *sym)
{
	unsigned int type = ELF64_ST_TYPE(sym->st_info);

	/* What assembly makes often has no type. */
	return sym->st_shndx != SHN_UNDEF && sym->st_value &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC ||
		(type == STT_NOTYPE && sym->st_shndx < SHN_LORESERVE));
}

/* Of several names of one address the best stays, as long as the longest of them. */
static void keep_best(struct stack_symbols *s)
{
	const struct symbol *next;
	struct symbol *best;
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		next = &s->list[i];
		best = n ? &s->list[n - 1] : NULL;
		if (!best || best->addr != next->addr) {
			s->list[n++] = *next;
			continue;
		}
		if (best->size < next->size)
			best->size = next->size;
		if (best->rank > next->rank) {
			best->rank = next->rank;
			best->name = next->name;
		}
	}
	s->n = n;
}

static void add_symbol(struct stack_symbols *s, const Elf64_Sym *sym, const Elf_Data *names)
{
	const char *name = (const char *)names->d_buf + sym->st_name;

	/* "$x" and ".L5" are marks of assemblers. */
	if (sym->st_name >= names->d_size || !is_function(sym) || !*name || *name == '$' ||
	    *name == '.')
		return;
	s->list[s->n++] = (struct symbol){
		sym->st_value, sym->st_size, sym->st_name, rank_of(sym, name)
	};
}

/* Takes over s, with room for so many: NULL when it is, has none, or cannot be sorted. */
static struct stack_symbols *finish(struct stack_symbols *s, const char *names, size_t room,
				    size_t bytes_of_elf)
{
	if (!s || !s->n || sort__by_number(s->list, s->n, sizeof(s->list[0]))) {
		free(s);
		return NULL;
	}
	s->names = names;
	s->bytes = sizeof(*s) + room * sizeof(s->list[0]) + bytes_of_elf;
	keep_best(s);
	return s;
}

static struct stack_symbols *read_table(Elf *elf, GElf_Word type)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = stack_elf__typed(elf, type, &shdr);
	const Elf_Data *data = stack_elf__data(scn, TABLE_BYTES_MAX), *names;
	struct stack_symbols *s;
	Elf64_Sym sym;
	size_t n, i;

	if (!data || shdr.sh_entsize != sizeof(sym))
		return NULL;
	names = stack_elf__data(elf_getscn(elf, shdr.sh_link), STRINGS_BYTES_MAX);
	/* With an end, so that each name has one. */
	if (!names || !names->d_size || ((const char *)names->d_buf)[names->d_size - 1])
		return NULL;
	n = data->d_size / sizeof(sym);
	s = calloc(1, sizeof(*s) + n * sizeof(s->list[0]));
	for (i = 0; s && i < n; i++) {
		memcpy(&sym, (const char *)data->d_buf + i * sizeof(sym), sizeof(sym));
		add_symbol(s, &sym, names);
	}
	return finish(s, names->d_buf, n, data->d_size + names->d_size);
}

static struct stack_symbols *read_go(Elf *elf)
{
	struct go_functions g;
	struct stack_symbols *s;
	struct go_function f;
	uint64_t i;

	if (!go_functions__open(elf, &g))
		return NULL;
	s = calloc(1, sizeof(*s) + g.n * sizeof(s->list[0]));
	for (i = 0; s && i < g.n; i++) {
		if (go_functions__get(&g, i, &f))
			s->list[s->n++] = (struct symbol){ f.addr, f.size, f.name, 0 };
	}
	return finish(s, (const char *)g.names.at, g.n, g.bytes);
}

size_t stack_symbols__footprint(const struct stack_symbols *s)
{
	return s ? s->bytes : 0;
}

struct stack_symbols *stack_symbols__read(Elf *elf)
{
	struct stack_symbols *s = read_table(elf, SHT_SYMTAB);

	if (!s)
		s = read_go(elf);
	return s ? s : read_table(elf, SHT_DYNSYM);
}

void stack_symbols__free(struct stack_symbols *s)
{
	free(s);
}

const char *stack_symbols__find(const struct stack_symbols *s, uint64_t addr)
{
	size_t lo = 0, hi = s ? s->n : 0, mid, back;
	const struct symbol *sym;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (s->list[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (back = 0; back < lo && back < BACK_MAX; back++) {
		sym = &s->list[lo - 1 - back];
		if (addr - sym->addr >= sym->size && (sym->size || back))
			continue;
		return s->names + sym->name;
	}
	return NULL;
}

/* A note: its name "GNU" and its type 3 (elf.h, NT_GNU_BUILD_ID). */
static bool find_id(Elf_Data *data, char *ret)
{
	GElf_Nhdr note;
	size_t at = 0, next, name, desc, i;

	while ((next = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    note.n_descsz && note.n_descsz <= STACK_BUILD_ID_LEN / 2 &&
		    !memcmp((char *)data->d_buf + name, "GNU", sizeof("GNU"))) {
			for (i = 0; i < note.n_descsz; i++)
				snprintf(ret + 2 * i, 3, "%02x",
					 ((unsigned char *)data->d_buf)[desc + i]);
			return true;
		}
		at = next;
	}
	return false;
}

void stack_build_id(Elf *elf, char ret[STACK_BUILD_ID_LEN])
{
	size_t n, i, notes = 0;
	GElf_Phdr phdr;
	Elf_Data *data;

	*ret = '\0';
	if (elf_getphdrnum(elf, &n))
		return;
	for (i = 0; i < n && notes < NOTES_MAX; i++) {
		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_NOTE ||
		    phdr.p_filesz > NOTES_BYTES_MAX)
			continue;
		notes++;
		data = elf_getdata_rawchunk(elf, (int64_t)phdr.p_offset, phdr.p_filesz,
					    phdr.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		if (data && find_id(data, ret))
			return;
	}
}
