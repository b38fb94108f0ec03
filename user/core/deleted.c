// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are mapped though they are gone: told once for each file of a process.
 * Who finds out that a file is gone is not known: names here are those at mapping time.
 */
#include "tracker_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

bool region__may_be_gone(const struct region *r, const struct backing *b)
{
	/* What is no file though it is called so: memory that a driver made. */
	static const char *const others[] = { "/drm mm object", "/i915" };
	size_t i;

	if (r->backing == BACKING_ANON || !backing__is_file(b) || b->name[0] != '/')
		return false;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!strncmp(b->name, others[i], strlen(others[i])))
			return false;
	}
	return true;
}

static bool is_known(const struct suspicions *all, const struct backing *b)
{
	size_t i;

	for (i = 0; i < all->n_deleted; i++) {
		if (all->deleted[i].ino == b->ino &&
		    all->deleted[i].dev_major == b->dev_major &&
		    all->deleted[i].dev_minor == b->dev_minor)
			return true;
	}
	return false;
}

/* Where it is mapped first, how much of it, and whether as code. */
static void look_up(const struct tracker *t, const struct space *s, const struct backing *b,
		    struct deleted_file *file, struct finding *f)
{
	const struct backing *is;
	const struct region *r;
	struct region_iter it;

	for (r = region_iter__init(&it, s->map, 0); r; r = region_iter__next(&it)) {
		is = backings__get(t->backings, r->backing);
		if (r->backing == BACKING_ANON || is->ino != b->ino ||
		    is->dev_major != b->dev_major || is->dev_minor != b->dev_minor)
			continue;
		if (!f->end) {
			f->start = r->start;
			f->end = r->end;
			f->region_kind = region__kind(&it, t->backings, &s->layout);
		}
		file->bytes += region__len(r);
		file->image |= r->flags & REGION_EXEC && !(r->flags & REGION_SHARED);
	}
}

static void note(struct suspicions *to, const struct deleted_file *file)
{
	if (!to->deleted)
		to->deleted = calloc(DELETED_NOTED, sizeof(*to->deleted));
	if (!to->deleted || to->n_deleted == DELETED_NOTED)
		to->more_deleted++;
	else
		to->deleted[to->n_deleted++] = *file;
}

void tracker__on_deleted(struct tracker *t, struct process *p, uint32_t backing, uint64_t ts_ns)
{
	const struct backing *b = backings__get(t->backings, backing);
	const struct space *s = tracker__space(t, p->space);
	struct deleted_file file = {
		.ino = b->ino, .dev_major = b->dev_major, .dev_minor = b->dev_minor
	};
	struct finding f = { .kind = FINDING_DELETED, .region_name = b->name };
	size_t len = strlen(b->name);
	char bytes[HUMAN_SIZE_ROOM];

	/* Once there is no room they could not be told from those that were told. */
	if (!s || is_known(&p->suspicions, b) || p->suspicions.more_deleted)
		return;
	look_up(t, s, b, &file, &f);
	if (!file.bytes)
		return;
	if (len < sizeof(file.name))
		memcpy(file.name, b->name, len + 1);
	else
		snprintf(file.name, sizeof(file.name), "...%s",
			 b->name + len - (sizeof(file.name) - 4));
	note(&p->suspicions, &file);
	f.bytes = file.bytes;
	f.severity = file.image ? SEVERITY_WARNING : SEVERITY_INFO;
	if (file.image)
		snprintf(f.text, sizeof(f.text),
			 "its file was deleted or replaced: restart the program to pick up a new "
			 "one");
	else
		snprintf(f.text, sizeof(f.text),
			 "its file was deleted, and takes room on its disk as long as the %s are "
			 "mapped",
			 human_size(file.bytes, bytes));
	finding__tell_of_space(t, p, s, &f, ts_ns);
}
