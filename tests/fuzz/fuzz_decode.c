/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Any bytes as records of the ring: whatever they say, every map stays
 * well-formed and names stay printable. An input is a sequence of records,
 * each after its length (16 bits); a length of 0 stands for the reader of maps.
 * The mutator knows what records look like, so that the depths are reached.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/decode.h"

#define PAGE(n) (0x10000ULL + (uint64_t)(n)*REGION_PAGE)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* ---------------------------------------------------------------- what must hold */

static void check(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "fuzz_decode: %s\n", what);
		abort();
	}
}

static void check_name(const char *name)
{
	for (; *name; name++)
		check((unsigned char)*name >= ' ' && *name != 0x7f, "a name holds a control byte");
}

static void check_spaces(struct tracker *t)
{
	size_t uncertain = 0, wanted = 0;
	const char *broken;
	struct space *s;

	for (s = tracker__next_space(t, NULL); s; s = tracker__next_space(t, s)) {
		broken = region_map__check(s->map);
		check(!broken, broken);
		check(s->exact == !s->why, "exact for a reason");
		check(!s->exact || s->has_base, "exact without a base");
		uncertain += !s->exact;
	}
	for (s = NULL; (s = tracker__next_wanted(t, s, UINT64_MAX)); wanted++)
		;
	check(wanted == uncertain, "uncertain and not wanted");
}

static void check_processes(struct tracker *t)
{
	size_t live = 0;
	struct process *p;

	for (p = tracker__next_process(t, NULL); p; p = tracker__next_process(t, p)) {
		live += !p->ended;
		check_name(p->comm);
		check(p->ended || tracker__process(t, p->tgid) == p, "lives, and is not found");
		check(!p->ended || !p->space, "ended, and has a space");
	}
	check(live == tracker__live_processes(t), "live processes miscounted");
}

static void on_finding(void *ctx, const struct finding *finding)
{
	check_name(finding->text);
	/* What is told of a whole space names none. */
	if (finding->region_name)
		check_name(finding->region_name);
}

static void on_call(void *ctx, const struct call_record *rec)
{
	check_name(rec->call->name);
	if (rec->region_name)
		check_name(rec->region_name);
	if (rec->call->has_region && !rec->call->region.anonymous)
		check_name(rec->call->region.backing.name);
}

/* ---------------------------------------------------------------- running */

/* The reader of maps: all that is uncertain is read, and what grew is asked for. */
static void read_maps(struct tracker *t, uint64_t ts_ns)
{
	struct raw_region raw = { .anonymous = true };
	uint64_t addrs[4], id;
	struct space *s;
	struct usage usage;

	raw.region = (struct region){ PAGE(0), PAGE(64), 0, REGION_READ | REGION_GROWSDOWN, 0 };
	for (s = NULL; (s = tracker__next_wanted(t, s, UINT64_MAX));)
		check(!tracker__base(t, s->id, &raw, 1, ts_ns, ts_ns + 1), "a base is refused");
	for (s = tracker__next_space(t, NULL); s; s = tracker__next_space(t, s)) {
		for (size_t n = tracker__growing(s, addrs, 4); n > 0; n--) {
			struct mt_lookup found = { addrs[n - 1], PAGE(0) - REGION_PAGE, PAGE(64) };

			check(!tracker__grown(s, &found), "growth is refused");
		}
		tracker__audit(t, s, &s->mm, ts_ns);
		tracker__usage(t, s, &usage);
	}
	while (tracker__next_ended(t, &id))
		; /* a record that lies may have brought it back */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct observer observer = { .call = on_call, .finding = on_finding };
	struct tracker *t = tracker__new(&observer, NULL);
	struct decoder *d = decoder__new(t);
	uint64_t ts_ns = 0;
	uint16_t len;

	if (size && *data & 1)
		tracker__set_truth(t, true);
	else if (size && *data & 2)
		tracker__set_ordered(t);
	data += size > 0;
	size -= size > 0;
	tracker__set_max_map_count(t, 100);
	while (size >= sizeof(len)) {
		uint8_t *copy;
		int err;

		memcpy(&len, data, sizeof(len));
		data += sizeof(len);
		size -= sizeof(len);
		len = len < size ? len : (uint16_t)size;
		if (!len) {
			read_maps(t, ts_ns);
		} else {
			/* Exactly as large as it is, so that reading beyond is seen. */
			copy = malloc(len);
			memcpy(copy, data, len);
			err = decoder__record(d, copy, len);
			check(!err || err == -EBADMSG, "another error");
			if (!err)
				ts_ns = ((struct mt_event *)copy)->ts_ns;
			free(copy);
		}
		data += len;
		size -= len;
		check_spaces(t);
		check_processes(t);
	}
	tracker__finish(t, ts_ns);
	decoder__free(d);
	tracker__free(t);
	return 0;
}

/* ---------------------------------------------------------------- mutating */

static uint32_t rng(unsigned int *seed, uint32_t n)
{
	return (uint32_t)rand_r(seed) % n;
}

static uint64_t some_page(unsigned int *seed)
{
	return PAGE(rng(seed, 64));
}

static struct mt_counters some_counters(unsigned int *seed)
{
	return (struct mt_counters){ .total_vm = rng(seed, 128),
				     .stack_vm = rng(seed, 64),
				     .locked_vm = rng(seed, 8),
				     .map_count = rng(seed, 200) };
}

static size_t put_region(unsigned int *seed, uint8_t *to, uint32_t at)
{
	static const char names[][16] = { "x\0lib\0usr", "memfd:a", "[vdso]", "[eventfd]" };
	struct mt_region r = { .start = PAGE(at), .end = PAGE(at + 1 + rng(seed, 4)) };

	r.vm_flags = (1ULL << rng(seed, 24)) | rng(seed, 256);
	r.pgoff = rng(seed, 64);
	r.ino = rng(seed, 3);
	r.name_class = (uint8_t)rng(seed, MT_NAME_NR);
	r.name_len = 7;
	memcpy(to, &r, sizeof(r));
	memcpy(to + sizeof(r), names[rng(seed, 4)], 8);
	return sizeof(r) + 8;
}

static size_t put_call(unsigned int *seed, struct mt_call *c, uint8_t *tails)
{
	static const uint64_t flags[] = { 0x32, 0x22, 0x11, 0x01, 0x132, 0x4022, 0x100022,
					0x40022 };
	size_t len = 0;

	c->call = 1 + rng(seed, MT_CALL_NR - 1);
	c->enter_ns = c->e.ts_ns - rng(seed, 50);
	c->args[0] = some_page(seed);
	c->args[1] = c->call == MT_CALL_BRK ? some_page(seed) : REGION_PAGE * rng(seed, 16);
	c->args[2] = c->call == MT_CALL_MREMAP ? REGION_PAGE * rng(seed, 16) : rng(seed, 24);
	c->args[3] = c->call == MT_CALL_MREMAP ? rng(seed, 8) : flags[rng(seed, 8)];
	c->args[4] = some_page(seed);
	c->ret = rng(seed, 4) ? (int64_t)c->args[rng(seed, 2) * 4] : -(int64_t)rng(seed, 40);
	c->ret = rng(seed, 3) ? c->ret : 0;
	if (c->call == MT_CALL_PRCTL) {
		c->args[0] = 0x53564d41; /* PR_SET_VMA */
		c->args[1] = 0;
		c->args[2] = some_page(seed);
		c->args[3] = REGION_PAGE * rng(seed, 16);
	}
	c->target = c->e.space;
	c->mm = some_counters(seed);
	c->e.flags = (uint16_t)rng(seed, 256);
	len += c->e.flags & MT_CALL_LIMITS ? sizeof(struct mt_limits) : 0;
	len += c->e.flags & MT_CALL_LAYOUT ? sizeof(struct mt_layout) : 0;
	len += c->e.flags & MT_CALL_NAME ? MT_NAME_LEN : 0;
	if (c->e.flags & MT_CALL_REGION)
		len += put_region(seed, tails + len, rng(seed, 64));
	return sizeof(*c) + len;
}

static size_t put_walk(unsigned int *seed, struct mt_regions *w, uint8_t *regions)
{
	uint32_t at = 0;
	size_t len = 0;

	w->count = rng(seed, 5);
	w->first = rng(seed, 3) ? 0 : rng(seed, 6);
	w->seq = rng(seed, 8);
	w->e.flags = rng(seed, 4) ? MT_REGIONS_LAST : (uint16_t)rng(seed, 4);
	for (uint32_t i = 0; i < w->count; i++) {
		len += put_region(seed, regions + len, at);
		at += 4 + rng(seed, 4);
	}
	return sizeof(*w) + len;
}

static size_t put_section(unsigned int *seed, struct mt_section *w, uint8_t *regions)
{
	uint32_t at = rng(seed, 32);
	size_t len = 0;

	w->lo = rng(seed, 4) ? PAGE(at) : 0;
	w->hi = rng(seed, 4) ? PAGE(at + rng(seed, 24)) : ~0ULL;
	w->seq = rng(seed, 8);
	w->origin = rng(seed, MT_ORIGIN_OTHER_TASK + 2);
	w->nr = -1;
	w->e.flags = rng(seed, 3) ? 0 : (uint16_t)rng(seed, 8);
	w->mm = some_counters(seed);
	w->layout = (struct mt_layout){ PAGE(8), some_page(seed), PAGE(60), 1ULL << 47 };
	w->count = rng(seed, 5);
	for (uint32_t i = 0; i < w->count; i++) {
		len += put_region(seed, regions + len, at);
		at += 4 + rng(seed, 4);
	}
	w->len = (uint32_t)len;
	return sizeof(*w) + len;
}

/* A record such as the kernel might send; few spaces and processes, so that they meet. */
static size_t put_record(unsigned int *seed, uint64_t *rec)
{
	struct mt_event *e = (struct mt_event *)rec;
	uint8_t *bytes = (uint8_t *)rec;
	struct mt_fork *fork = (struct mt_fork *)rec;
	struct mt_exec *exec = (struct mt_exec *)rec;

	e->type = (uint16_t)(rng(seed, 3) ? MT_EVENT_CALL : 1 + rng(seed, MT_EVENT_NR - 1));
	e->lost = rng(seed, 16) ? 0 : rng(seed, 4);
	e->space = 1 + rng(seed, 3);
	e->ts_ns = 100 + rng(seed, 1000);
	e->tgid = 1 + rng(seed, 3);
	e->tid = rng(seed, 3) ? e->tgid : 1 + rng(seed, 6);
	memcpy(e->comm, "fuzz", 4);
	switch (e->type) {
	case MT_EVENT_CALL:
		return put_call(seed, (struct mt_call *)rec, bytes + sizeof(struct mt_call));
	case MT_EVENT_FORK:
		e->flags = (uint16_t)rng(seed, 8);
		fork->enter_ns = e->ts_ns - rng(seed, 50);
		fork->child_space = 1 + rng(seed, 4);
		fork->child_tgid = 1 + rng(seed, 4);
		fork->child_tid = rng(seed, 2) ? fork->child_tgid : 1 + rng(seed, 6);
		fork->child_start_ns = rng(seed, 3);
		fork->mm = some_counters(seed);
		return sizeof(*fork);
	case MT_EVENT_EXEC:
		exec->start_ns = rng(seed, 3);
		exec->mm = some_counters(seed);
		exec->layout = (struct mt_layout){ PAGE(8), some_page(seed), PAGE(60), 1ULL << 47 };
		return sizeof(*exec);
	case MT_EVENT_EXIT:
		e->flags = (uint16_t)rng(seed, 2);
		return sizeof(struct mt_exit);
	case MT_EVENT_SECTION:
		return put_section(seed, (struct mt_section *)rec,
				   bytes + sizeof(struct mt_section));
	default:
		return put_walk(seed, (struct mt_regions *)rec, bytes + sizeof(struct mt_regions));
	}
}

/* Where the nth record's length is, or the end. */
static size_t boundary(const uint8_t *data, size_t size, uint32_t n)
{
	size_t at = size > 0; /* after the tier */
	uint16_t len;

	while (n-- && at + sizeof(len) <= size) {
		memcpy(&len, data + at, sizeof(len));
		if (at + sizeof(len) + len > size)
			break;
		at += sizeof(len) + len;
	}
	return at;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint64_t rec[256] = { 0 };
	size_t at, take = sizeof(uint16_t);
	uint16_t len;

	if (rng(&seed, 3) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	len = rng(&seed, 12) ? (uint16_t)put_record(&seed, rec) : 0;
	if (size + take + len > max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	at = boundary(data, size, rng(&seed, 64));
	memmove(data + at + take + len, data + at, size - at);
	memcpy(data + at, &len, take);
	memcpy(data + at + take, rec, len);
	return size + take + len;
}
