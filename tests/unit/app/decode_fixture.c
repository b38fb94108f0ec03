// SPDX-License-Identifier: GPL-2.0
/* What the tests of the decoder share; see decode_fixture.h. */
#include "decode_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void on_call(void *ctx, const struct call_record *rec)
{
	struct fixture *f = ctx;

	f->call = *rec->call;
	f->calls++;
}

static void on_lost(void *ctx, const struct lost_record *rec)
{
	((struct fixture *)ctx)->lost += rec->count;
}

void fixture__open(struct fixture *f)
{
	static const struct observer observer = { .call = on_call, .lost = on_lost };

	memset(f, 0, sizeof(*f));
	f->t = tracker__new(&observer, f);
	f->d = decoder__new(f->t);
	assert_non_null(f->d);
}

void fixture__close(struct fixture *f)
{
	decoder__free(f->d);
	tracker__free(f->t);
}

int decode_bytes(struct fixture *f, const void *data, size_t len)
{
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, data, len);
	err = decoder__record(f->d, copy, len);
	free(copy);
	return err;
}

int decode_record(struct fixture *f, const struct record *rec)
{
	return decode_bytes(f, rec->data, rec->len);
}

/* ---------------------------------------------------------------- putting together */

void *record__put(struct record *rec, const void *data, size_t len)
{
	void *at = rec->data + rec->len;

	assert_true(rec->len + len <= sizeof(rec->data));
	if (data)
		memcpy(at, data, len);
	else
		memset(at, 0, len);
	rec->len += len;
	return at;
}

void *record__init(struct record *rec, enum mt_event_type type, uint16_t flags, size_t size)
{
	struct mt_event *e;

	rec->len = 0;
	e = record__put(rec, NULL, size);
	e->type = type;
	e->flags = flags;
	e->space = SPACE;
	e->ts_ns = 50;
	e->tgid = e->tid = TGID;
	memcpy(e->comm, "prog", 4);
	return e;
}

struct mt_call *record__call(struct record *rec, uint16_t flags)
{
	struct mt_call *c = record__init(rec, MT_EVENT_CALL, flags, sizeof(*c));

	c->call = MT_CALL_MMAP;
	c->enter_ns = 40;
	c->args[0] = PAGE(0);
	c->args[1] = 2 * REGION_PAGE;
	c->args[2] = 3;
	c->args[3] = 0x32; /* MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED */
	c->ret = (int64_t)PAGE(0);
	c->target = SPACE;
	c->mm.total_vm = 2;
	return c;
}

struct mt_region *record__region(struct record *rec, uint64_t page, uint64_t pages,
				 enum mt_name_class class, const char *name, size_t name_len)
{
	struct mt_region *r = record__put(rec, NULL, sizeof(*r));

	r->start = PAGE(page);
	r->end = PAGE(page + pages);
	r->vm_flags = 1;
	r->name_class = (uint8_t)class;
	r->name_len = (uint16_t)name_len;
	record__put(rec, name, name_len);
	record__put(rec, NULL, (8 - name_len % 8) % 8);
	return r;
}

struct mt_regions *record__walk(struct record *rec, uint32_t first, uint32_t count)
{
	struct mt_regions *w = record__init(rec, MT_EVENT_REGIONS, MT_REGIONS_LAST, sizeof(*w));

	w->first = first;
	w->count = count;
	return w;
}

const struct region *region_at(const struct fixture *f, uint64_t page)
{
	const struct space *s = tracker__space(f->t, SPACE);
	const struct region *r;

	assert_non_null(s);
	assert_null(region_map__check(s->map));
	r = region_map__find(s->map, PAGE(page));
	return r && r->start <= PAGE(page) ? r : NULL;
}

const struct backing *backing_at(const struct fixture *f, uint64_t page)
{
	const struct region *r = region_at(f, page);

	assert_non_null(r);
	return backings__get(tracker__backings(f->t), r->backing);
}
