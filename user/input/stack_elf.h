/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ELF files of strangers, through libelf: opened only when their heads are such
 * as files that run have, and read within bounds. Knows nothing of what is in them.
 */
#ifndef MEMTRACE_INPUT_STACK_ELF_H
#define MEMTRACE_INPUT_STACK_ELF_H

#include <gelf.h>
#include <stddef.h>
#include <stdint.h>

/* NULL: not one of this machine, or not to be believed. The descriptor must stay open. */
Elf *stack_elf__open(int fd);

/* Bytes that it takes but for what stack_elf__data() gives; 0 of NULL. */
size_t stack_elf__footprint(Elf *elf);

/* The first section of that name, or of that type with entries; NULL: none. */
Elf_Scn *stack_elf__named(Elf *elf, const char *name, GElf_Shdr *ret);
Elf_Scn *stack_elf__typed(Elf *elf, GElf_Word type, GElf_Shdr *ret);

/*
 * What a section holds, when that is no more than max bytes, and not compressed
 * any more. NULL: nothing, too much, or no memory.
 */
const Elf_Data *stack_elf__data(Elf_Scn *scn, uint64_t max);

#endif
