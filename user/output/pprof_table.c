// SPDX-License-Identifier: GPL-2.0
/* See pprof_table.h. */
#include "pprof_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define FIRST_ADDRESS (1ull << 32)
#define ADDRESSES_END (1ull << 62) /* pprof takes differences of addresses as int64 */
#define PAGE 4096ull

struct text {
	struct pprof_string string;
	UT_hash_handle hh;
	char text[];
};

struct file {
	struct pprof_file file;
	UT_hash_handle hh;
	char key[]; /* name, NUL, build id */
};

/* Of each frame, by its id. */
struct noted {
	uint32_t file; /* 0: none */
	bool known, written;
};

struct pprof_table {
	struct text *texts;
	struct file *files, **by_number;
	size_t files_room;
	struct noted *noted;
	size_t noted_n;
};

struct pprof_table *pprof_table__new(void)
{
	return calloc(1, sizeof(struct pprof_table));
}

void pprof_table__free(struct pprof_table *t)
{
	struct text *text, *next_text;
	struct file *file, *next_file;

	if (!t)
		return;
	HASH_ITER(hh, t->texts, text, next_text) {
		HASH_DEL(t->texts, text);
		free(text);
	}
	HASH_ITER(hh, t->files, file, next_file) {
		HASH_DEL(t->files, file);
		free(file);
	}
	free(t->by_number);
	free(t->noted);
	free(t);
}

struct pprof_string *pprof_table__string(struct pprof_table *t, const char *text, bool *ret_new)
{
	size_t len = strlen(text);
	struct text *found;

	HASH_FIND(hh, t->texts, text, len, found);
	*ret_new = !found;
	if (found)
		return &found->string;
	found = calloc(1, sizeof(*found) + len + 1);
	if (!found)
		return NULL;
	memcpy(found->text, text, len);
	found->string.number = (int64_t)HASH_COUNT(t->texts) + 1;
	HASH_ADD(hh, t->texts, text, len, found);
	if (found->hh.tbl)
		return &found->string;
	free(found);
	return NULL;
}

static struct file *file__new(const struct frame *frame, size_t name_len, size_t len)
{
	struct file *f = calloc(1, sizeof(*f) + len + 1);

	if (!f)
		return NULL;
	memcpy(f->key, frame->module, name_len);
	memcpy(f->key + name_len + 1, frame->build_id, len - name_len - 1);
	f->file.name = f->key;
	f->file.build_id = f->key + name_len + 1;
	return f;
}

static int table__grow(void **items, size_t *room, size_t wanted, size_t size)
{
	size_t more = *room ? *room : 64;
	void *grown;

	while (more < wanted)
		more *= 2;
	if (more == *room)
		return 0;
	grown = realloc(*items, more * size);
	if (!grown)
		return -ENOMEM;
	memset((char *)grown + *room * size, 0, (more - *room) * size);
	*items = grown;
	*room = more;
	return 0;
}

/* The file of a frame, made if need be. NULL without memory. */
static struct file *file_of(struct pprof_table *t, const struct frame *frame)
{
	size_t name_len = strlen(frame->module), len = name_len + 1 + strlen(frame->build_id);
	struct file *found, *f = file__new(frame, name_len, len);

	if (!f)
		return NULL;
	HASH_FIND(hh, t->files, f->key, len, found);
	if (found) {
		free(f);
		return found;
	}
	f->file.number = HASH_COUNT(t->files) + 1;
	if (!table__grow((void **)&t->by_number, &t->files_room, f->file.number,
			 sizeof(*t->by_number))) {
		HASH_ADD(hh, t->files, key, len, f);
		if (f->hh.tbl)
			return t->by_number[f->file.number - 1] = f;
	}
	free(f);
	return NULL;
}

int pprof_table__note(struct pprof_table *t, uint32_t id, const struct frame *frame)
{
	struct noted *noted;
	struct file *f;

	if (table__grow((void **)&t->noted, &t->noted_n, (size_t)id + 1, sizeof(*t->noted)))
		return -ENOMEM;
	noted = &t->noted[id];
	if (noted->known)
		return 0;
	noted->known = true;
	if (!*frame->module)
		return 0;
	f = file_of(t, frame);
	if (!f)
		return -ENOMEM;
	noted->file = (uint32_t)f->file.number;
	f->file.has_functions |= *frame->function != '\0';
	if (frame->offset > f->file.last)
		f->file.last = frame->offset;
	return 0;
}

void pprof_table__lay_out(struct pprof_table *t)
{
	uint64_t next = FIRST_ADDRESS;
	size_t i;

	for (i = 0; i < HASH_COUNT(t->files); i++) {
		struct pprof_file *f = &t->by_number[i]->file;

		/* Offsets are what a file says: any at all. */
		if (f->last >= ADDRESSES_END - next - 2 * PAGE)
			continue;
		f->start = next;
		f->end = next + (f->last / PAGE + 1) * PAGE;
		/* pprof makes one of neighbours. */
		next = f->end + PAGE;
	}
}

size_t pprof_table__files(const struct pprof_table *t)
{
	return HASH_COUNT(t->files);
}

const struct pprof_file *pprof_table__file(const struct pprof_table *t, size_t number)
{
	return &t->by_number[number - 1]->file;
}

const struct pprof_file *pprof_table__file_of(const struct pprof_table *t, uint32_t id)
{
	uint32_t number = id < t->noted_n ? t->noted[id].file : 0;

	return number ? pprof_table__file(t, number) : NULL;
}

bool pprof_table__is_new(struct pprof_table *t, uint32_t id)
{
	bool is_new = id < t->noted_n && t->noted[id].known && !t->noted[id].written;

	if (is_new)
		t->noted[id].written = true;
	return is_new;
}
