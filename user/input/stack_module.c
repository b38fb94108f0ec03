// SPDX-License-Identifier: GPL-2.0
/*
 * Reads ELF files by pread(2) and not by mapping them: who shortens a file that
 * is mapped would end us (SIGBUS). Each part is read when it is needed first.
 */
#include "stack_module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack_chain.h"
#include "stack_elf.h"
#include "stack_names.h"
#include "stack_symbols.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define PLACES_MAX 65536
#define SEGMENTS_MAX 64

struct entry {
	uint64_t key; /* offset, and in the lowest bit whether it is a call's */
	struct place place;
	UT_hash_handle hh;
};

struct segment {
	uint64_t offset, size, addr;
};

struct module {
	char *name;
	char build_id[STACK_BUILD_ID_LEN];
	int fd;
	struct stat st;
	Elf *elf;
	struct segment segments[SEGMENTS_MAX]; /* PT_LOAD */
	size_t n_segments;
	struct frames *eh_frame, *debug_frame;
	bool frames_read, symbols_read;
	struct stack_symbols *symbols;
	Elf *debug; /* of symbols, when they are in a file of their own */
	int debug_fd;
	size_t elf_bytes; /* of both */
	struct entry *places;
};

static void read_segments(struct module *m)
{
	GElf_Phdr phdr;
	size_t n, i;

	if (elf_getphdrnum(m->elf, &n))
		return;
	for (i = 0; i < n && m->n_segments < SEGMENTS_MAX; i++) {
		if (gelf_getphdr(m->elf, (int)i, &phdr) && phdr.p_type == PT_LOAD)
			m->segments[m->n_segments++] =
				(struct segment){ phdr.p_offset, phdr.p_filesz, phdr.p_vaddr };
	}
}

struct module *module__new(int fd, const char *name)
{
	struct module *m = calloc(1, sizeof(*m));

	if (m)
		m->name = strdup(name);
	if (!m || !m->name || (fd >= 0 && fstat(fd, &m->st))) {
		if (fd >= 0)
			close(fd);
		if (m)
			free(m->name);
		free(m);
		return NULL;
	}
	m->fd = fd;
	m->debug_fd = -1;
	m->elf = fd < 0 ? NULL : stack_elf__open(fd);
	m->elf_bytes = stack_elf__footprint(m->elf);
	if (m->elf) {
		stack_build_id(m->elf, m->build_id);
		read_segments(m);
	}
	return m;
}

static void forget_places(struct module *m)
{
	struct entry *e, *next;

	HASH_ITER(hh, m->places, e, next) {
		HASH_DELETE(hh, m->places, e);
		free(e->place.row);
		free(e);
	}
}

void module__free(struct module *m)
{
	if (!m)
		return;
	forget_places(m);
	stack_symbols__free(m->symbols);
	frames__free(m->eh_frame);
	frames__free(m->debug_frame);
	elf_end(m->debug);
	elf_end(m->elf);
	if (m->debug_fd >= 0)
		close(m->debug_fd);
	if (m->fd >= 0)
		close(m->fd);
	free(m->name);
	free(m);
}

bool module__is(const struct module *m, int fd)
{
	struct stat st;

	return m->fd >= 0 && !fstat(fd, &st) && st.st_ino == m->st.st_ino &&
	       st.st_size == m->st.st_size && st.st_mtim.tv_sec == m->st.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == m->st.st_mtim.tv_nsec;
}

/* False: no segment has it. */
static bool address_of(const struct module *m, uint64_t offset, uint64_t *ret)
{
	size_t i;

	for (i = 0; i < m->n_segments; i++) {
		const struct segment *s = &m->segments[i];

		if (offset >= s->offset && offset - s->offset < s->size) {
			*ret = offset - s->offset + s->addr;
			return true;
		}
	}
	return false;
}

/* Go's own code has .debug_frame alone. */
static void read_frames(struct module *m)
{
	m->frames_read = true;
	m->eh_frame = frames__read(m->elf, ".eh_frame");
	m->debug_frame = frames__read(m->elf, ".debug_frame");
}

static struct cfi_row *row_of(struct module *m, uint64_t addr)
{
	struct cfi_row *row = NULL;

	if (!m->frames_read)
		read_frames(m);
	if (m->eh_frame)
		row = cfi_row__new(m->eh_frame, addr);
	if (!row && m->debug_frame)
		row = cfi_row__new(m->debug_frame, addr);
	return row;
}

/* The file that distributions put symbols into, by build id (gdb(1) looks there). */
static void open_debug(struct module *m)
{
	char path[STACK_BUILD_ID_LEN + 64];

	if (strlen(m->build_id) < 4)
		return;
	snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%s.debug", m->build_id,
		 m->build_id + 2);
	m->debug_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (m->debug_fd >= 0)
		m->debug = stack_elf__open(m->debug_fd);
	m->elf_bytes += stack_elf__footprint(m->debug);
}

static void read_symbols(struct module *m)
{
	GElf_Shdr shdr;

	m->symbols_read = true;
	if (!stack_elf__typed(m->elf, SHT_SYMTAB, &shdr))
		open_debug(m);
	if (m->debug)
		m->symbols = stack_symbols__read(m->debug);
	if (!m->symbols)
		m->symbols = stack_symbols__read(m->elf);
}

static const char *function_at(struct module *m, uint64_t addr, char name[STACK_NAME_LEN])
{
	const char *symbol;

	if (!m->symbols_read)
		read_symbols(m);
	symbol = stack_symbols__find(m->symbols, addr);
	*name = '\0';
	if (symbol)
		stack_name__of_symbol(symbol, name);
	return name;
}

static void fill_place(struct module *m, uint64_t offset, bool call, struct stacks *stacks,
		       struct place *ret)
{
	char function[STACK_NAME_LEN] = "";
	struct frame frame = {
		.function = function, .module = m->name, .build_id = m->build_id, .offset = offset
	};
	uint64_t addr;

	if (m->elf && address_of(m, offset, &addr)) {
		ret->switches = stack_chain__switches(function_at(m, addr - call, function));
		ret->row = row_of(m, addr - call);
	}
	if (stacks__add_frame(stacks, &frame, &ret->frame))
		ret->frame = 0;
}

bool module__is_read(const struct module *m)
{
	return !m->elf || (m->frames_read && m->symbols_read);
}

size_t module__footprint(const struct module *m)
{
	return sizeof(*m) + m->elf_bytes + frames__footprint(m->eh_frame) +
	       frames__footprint(m->debug_frame) + stack_symbols__footprint(m->symbols) +
	       HASH_COUNT(m->places) * (sizeof(struct entry) + sizeof(struct cfi_row));
}

const struct place *module__place(struct module *m, uint64_t offset, bool call,
				  struct stacks *stacks)
{
	uint64_t key = offset << 1 | call;
	struct entry *e;

	HASH_FIND(hh, m->places, &key, sizeof(key), e);
	if (e)
		return &e->place;
	if (HASH_COUNT(m->places) >= PLACES_MAX)
		forget_places(m);
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->key = key;
	fill_place(m, offset, call, stacks, &e->place);
	HASH_ADD(hh, m->places, key, sizeof(e->key), e);
	if (e->hh.tbl)
		return &e->place;
	free(e->place.row);
	free(e);
	return NULL;
}
