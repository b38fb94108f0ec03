// SPDX-License-Identifier: GPL-2.0
/*
 * libelf takes memory for what a file says that it has: some 200 bytes for each
 * of its sections, and a whole section when a name in it is asked for. Looked at
 * before it is asked.
 */
#include "stack_elf.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define SEGMENTS_MAX 512
/*
 * What is linked has one of each name: some tens, and some hundreds at most where
 * programs name their own. Only what is not linked yet has thousands.
 */
#define SECTIONS_MAX 4096
#define SECTION_BYTES 288 /* of libelf, which keeps an Elf_Scn and a header of each */
#define NAMES_BYTES_MAX (1u << 20) /* of all sections */

/* It must be of our own machine: tables are read with its registers in mind. */
static bool is_ours(const Elf64_Ehdr *e)
{
#if defined(__aarch64__)
	const unsigned int machine = EM_AARCH64;
#else
	const unsigned int machine = EM_X86_64;
#endif
	return !memcmp(e->e_ident, ELFMAG, SELFMAG) && e->e_ident[EI_CLASS] == ELFCLASS64 &&
	       e->e_ident[EI_DATA] == ELFDATA2LSB && e->e_machine == machine;
}

Elf *stack_elf__open(int fd)
{
	Elf64_Ehdr e;
	Elf *elf;

	if (pread(fd, &e, sizeof(e), 0) != (ssize_t)sizeof(e) || !is_ours(&e) ||
	    e.e_phnum > SEGMENTS_MAX || e.e_shnum > SECTIONS_MAX || (e.e_shoff && !e.e_shnum))
		return NULL;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		return elf;
	elf_end(elf);
	return NULL;
}

size_t stack_elf__footprint(Elf *elf)
{
	size_t n, names;
	GElf_Shdr shdr;

	if (!elf || elf_getshdrnum(elf, &n))
		return 0;
	n *= SECTION_BYTES;
	if (!elf_getshdrstrndx(elf, &names) && gelf_getshdr(elf_getscn(elf, names), &shdr) &&
	    shdr.sh_size <= NAMES_BYTES_MAX)
		n += shdr.sh_size;
	return n;
}

Elf_Scn *stack_elf__named(Elf *elf, const char *name, GElf_Shdr *ret)
{
	Elf_Scn *scn = NULL;
	const char *its;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) || !gelf_getshdr(elf_getscn(elf, names), ret) ||
	    ret->sh_size > NAMES_BYTES_MAX || ret->sh_flags & SHF_COMPRESSED)
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		its = gelf_getshdr(scn, ret) ? elf_strptr(elf, names, ret->sh_name) : NULL;
		if (its && !strcmp(its, name))
			return scn;
	}
	return NULL;
}

Elf_Scn *stack_elf__typed(Elf *elf, GElf_Word type, GElf_Shdr *ret)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn))) {
		if (gelf_getshdr(scn, ret) && ret->sh_type == type && ret->sh_entsize)
			return scn;
	}
	return NULL;
}

const Elf_Data *stack_elf__data(Elf_Scn *scn, uint64_t max)
{
	const Elf_Data *data;
	GElf_Shdr shdr;
	GElf_Chdr chdr;

	if (!scn || !gelf_getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS || shdr.sh_size > max)
		return NULL;
	if (shdr.sh_flags & SHF_COMPRESSED &&
	    (!gelf_getchdr(scn, &chdr) || chdr.ch_size > max || elf_compress(scn, 0, 0) < 0))
		return NULL;
	data = elf_rawdata(scn, NULL);
	return data && data->d_buf && data->d_size <= max ? data : NULL;
}
