// SPDX-License-Identifier: GPL-2.0
/* See stack_go.h. All offsets are a stranger's. */
#include "stack_go.h"

#include <string.h>

#include "stack_elf.h"

#define MAGIC_1_18 0xfffffff0u
#define MAGIC_1_20 0xfffffff1u
#define TABLE_BYTES_MAX (256u << 20) /* some programs of a gigabyte have a tenth of that */
#define ENTRY_LEN 8 /* of a function: its offset in the text, and that of what is known of it */

static const Elf_Data *find_table(Elf *elf)
{
	/* The second where code may lie anywhere. */
	static const char *const names[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	const Elf_Data *data = NULL;
	GElf_Shdr shdr;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && !data; i++)
		data = stack_elf__data(stack_elf__named(elf, names[i], &shdr), TABLE_BYTES_MAX);
	return data;
}

/* From an offset on; nothing when that lies beyond. */
static struct bytes part_from(const Elf_Data *data, uint64_t offset)
{
	const uint8_t *begin = data->d_buf;
	struct bytes b = { .at = begin, .end = begin + data->d_size };

	bytes__part(&b, offset);
	return b;
}

/* pcHeader: from 1.18 on. */
static bool read_header(const Elf_Data *data, struct go_functions *ret)
{
	struct bytes b = part_from(data, 0);
	uint64_t magic = bytes__uint(&b, 4), names, names_end;

	bytes__uint(&b, 3); /* two zeros, and the steps in which code is counted */
	if ((magic != MAGIC_1_18 && magic != MAGIC_1_20) || bytes__uint(&b, 1) != 8)
		return false;
	ret->n = bytes__uint(&b, 8);
	bytes__uint(&b, 8); /* files */
	ret->text = bytes__uint(&b, 8);
	names = bytes__uint(&b, 8);
	names_end = bytes__uint(&b, 8); /* units begin there */
	bytes__uint(&b, 8); /* file names */
	bytes__uint(&b, 8); /* counters */
	ret->table = part_from(data, bytes__uint(&b, 8));
	ret->names = part_from(data, names);
	if (b.beyond || names_end <= names || names_end > data->d_size)
		return false;
	ret->names.end = (const uint8_t *)data->d_buf + names_end;
	return !ret->names.end[-1];
}

/*
 * A file whose code may lie anywhere has no address of its text, and begins with what the
 * linker put there if it is C's. Go's own linker puts Go's first, where programs begin as well.
 */
static bool find_text(Elf *elf, struct go_functions *g)
{
	static const char entry[] = "_rt0_";
	struct go_function f;
	GElf_Shdr shdr;
	GElf_Ehdr ehdr;
	uint64_t i;

	if (g->text)
		return true;
	if (!stack_elf__named(elf, ".text", &shdr) || !gelf_getehdr(elf, &ehdr))
		return false;
	g->text = shdr.sh_addr;
	for (i = 0; i < g->n && go_functions__get(g, i, &f); i++) {
		if (ehdr.e_entry - f.addr < f.size)
			return !strncmp((const char *)g->names.at + f.name, entry, strlen(entry));
	}
	return false;
}

bool go_functions__open(Elf *elf, struct go_functions *ret)
{
	const Elf_Data *data = find_table(elf);

	if (!data || !read_header(data, ret))
		return false;
	/* One more entry ends the last function. */
	if (ret->n >= (uint64_t)(ret->table.end - ret->table.at) / ENTRY_LEN)
		return false;
	ret->bytes = data->d_size;
	return find_text(elf, ret);
}

bool go_functions__get(const struct go_functions *g, uint64_t i, struct go_function *ret)
{
	struct bytes b = g->table, known;
	uint64_t start, offset, end;

	bytes__part(&b, i * ENTRY_LEN);
	start = bytes__uint(&b, 4);
	offset = bytes__uint(&b, 4);
	end = bytes__uint(&b, 4);
	/* What is known of it begins with its offset again, and that of its name. */
	known = g->table;
	bytes__part(&known, offset);
	if (bytes__uint(&known, 4) != start)
		return false;
	ret->name = (uint32_t)bytes__uint(&known, 4);
	ret->addr = g->text + start;
	ret->size = end - start;
	return !b.beyond && !known.beyond && end > start &&
	       ret->name < (size_t)(g->names.end - g->names.at);
}
