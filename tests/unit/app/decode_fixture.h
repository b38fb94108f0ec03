/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the decoder share: records put together by hand, and a
 * decoder whose tracker's map can be asked. Knows no test.
 */
#ifndef MEMTRACE_TESTS_DECODE_FIXTURE_H
#define MEMTRACE_TESTS_DECODE_FIXTURE_H

#include "input/decode.h"

#define PAGE(n) (0x10000ULL + (uint64_t)(n)*REGION_PAGE)
#define SPACE 7 /* of every record; its process and thread: */
#define TGID 100

struct record {
	_Alignas(8) char data[32768];
	size_t len;
};

struct fixture {
	struct tracker *t;
	struct decoder *d;
	struct call call; /* the last that the tracker was given */
	unsigned int calls;
	uint64_t lost;
};

void fixture__open(struct fixture *f);
void fixture__close(struct fixture *f);

/* What the decoder says of a copy that ends where its memory ends. */
int decode_bytes(struct fixture *f, const void *data, size_t len);
int decode_record(struct fixture *f, const struct record *rec);

/* Adds to the record; data may be NULL, for zeros. Returns where it is now. */
void *record__put(struct record *rec, const void *data, size_t len);

/* A whole record of the type, size bytes of it. */
void *record__init(struct record *rec, enum mt_event_type type, uint16_t flags, size_t size);

/* An mmap of two pages that worked; the tails that flags tell of are to be put behind it. */
struct mt_call *record__call(struct record *rec, uint16_t flags);

/* A walk that ends with this record; its regions are to be put behind it. */
struct mt_regions *record__walk(struct record *rec, uint32_t first, uint32_t count);

/* Behind a call or a walk; readable, and its name padded as the BPF programs do. */
struct mt_region *record__region(struct record *rec, uint64_t page, uint64_t pages,
				 enum mt_name_class class, const char *name, size_t name_len);

/* What SPACE's map, which is well-formed, has at the page, or NULL; and what backs it. */
const struct region *region_at(const struct fixture *f, uint64_t page);
const struct backing *backing_at(const struct fixture *f, uint64_t page);

#endif
