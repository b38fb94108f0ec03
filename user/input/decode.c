// SPDX-License-Identifier: GPL-2.0
/*
 * Decodes the wire format. Owns every bound: nothing is read before its length
 * was compared with what is left of the record. Knows nothing of the ring.
 */
#include "decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "util/escape.h"

#define MINOR_BITS 20 /* include/linux/kdev_t.h */
#define NAMES_BYTES (ESCAPE_ROOM(MT_REGIONS_LEN + MT_PATH_LEN + 1024))
#define REGIONS_MAX ((MT_REGIONS_LEN + MT_PATH_LEN + 1024) / sizeof(struct mt_region) + 1)

struct decoder {
	struct tracker *tracker;
	uint64_t latest_ns; /* of the records so far */
	uint64_t malformed[MT_EVENT_NR];
	struct call call;
	struct names *known; /* names of files */
	decoder_stack_fn stack_of; /* NULL: none are taken */
	void *stack_ctx;
	bool unnamed; /* a name was referred to that has not come */
	struct raw_region regions[REGIONS_MAX];
	size_t names_len;
	char names[NAMES_BYTES];
	char path[MT_PATH_LEN * 2 + 32]; /* being put together, not escaped yet */
};

struct bytes {
	const char *at;
	size_t left;
};

/* The next len bytes, or NULL when the record ends before. */
static const void *take(struct bytes *b, size_t len)
{
	const char *at = b->at;

	if (b->left < len)
		return NULL;
	b->at += len;
	b->left -= len;
	return at;
}

struct decoder *decoder__new(struct tracker *tracker)
{
	struct decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->tracker = tracker;
	d->known = names__new();
	if (!d->known) {
		free(d);
		return NULL;
	}
	return d;
}

void decoder__free(struct decoder *d)
{
	if (!d)
		return;
	names__free(d->known);
	free(d);
}

void decoder__set_time(struct decoder *d, uint64_t ns)
{
	if (ns > d->latest_ns)
		d->latest_ns = ns;
}

void decoder__set_stacks(struct decoder *d, decoder_stack_fn fn, void *ctx)
{
	d->stack_of = fn;
	d->stack_ctx = ctx;
}

const uint64_t *decoder__malformed(const struct decoder *d)
{
	return d->malformed;
}

static uint64_t time_of(const struct decoder *d, const struct mt_event *e)
{
	return e->ts_ns ? e->ts_ns : d->latest_ns;
}

static void decode_comm(const char comm[MT_COMM_LEN], char *ret, size_t size)
{
	escape__bytes(ret, size, comm, strnlen(comm, MT_COMM_LEN), ESCAPE_BACKSLASH);
}

/* Appends an escaped name to the names of this record; "" when there is no room. */
static const char *keep_name(struct decoder *d, const char *name, size_t len, unsigned int flags)
{
	char *to = d->names + d->names_len;
	size_t room = sizeof(d->names) - d->names_len;

	if (room < ESCAPE_ROOM(len))
		return "";
	d->names_len += escape__bytes(to, room, name, len, flags) + 1;
	return to;
}

/* "libc.so.6\0lib\0usr\0" -> "/usr/lib/libc.so.6" at the end of d->path; ".../usr/..." if cut. */
static const char *join_components(struct decoder *d, const char *raw, size_t len,
				   unsigned int name_flags, size_t *ret_len)
{
	static const char suffix[] = " (deleted)";
	static const char cut[] = "...";
	size_t at = sizeof(d->path), i = 0;

	if (name_flags & MT_NAME_DELETED) {
		at -= sizeof(suffix) - 1;
		memcpy(d->path + at, suffix, sizeof(suffix) - 1);
	}
	/* Components come leaf first; put them together from the back. */
	char *end = d->path + at;
	size_t total = 0;

	while (i < len) {
		size_t n = strnlen(raw + i, len - i);

		total += n + 1;
		i += n + 1;
	}
	if (total + sizeof(cut) > at)
		return NULL;
	if (!total) {
		*--end = '/';
		*ret_len = sizeof(d->path) - (size_t)(end - d->path);
		return end;
	}
	for (i = 0; i < len;) {
		size_t n = strnlen(raw + i, len - i);

		end -= n;
		memcpy(end, raw + i, n);
		*--end = '/';
		i += n + 1;
	}
	/* What lies above was too deep to be walked: not to be taken for the whole. */
	if (name_flags & MT_NAME_TRUNCATED) {
		end -= sizeof(cut) - 1;
		memcpy(end, cut, sizeof(cut) - 1);
	}
	*ret_len = sizeof(d->path) - (size_t)(end - d->path);
	return end;
}

static const char *wrap_name(struct decoder *d, const char *before, const char *raw, size_t len,
			     const char *after, unsigned int flags)
{
	size_t b = strlen(before), n = strnlen(raw, len), a = strlen(after);

	if (b + n + a > sizeof(d->path))
		return "";
	memcpy(d->path, before, b);
	memcpy(d->path + b, raw, n);
	memcpy(d->path + b + n, after, a);
	return keep_name(d, d->path, b + n + a, flags);
}

/* As fs/proc/task_mmu.c and the file's own ->d_dname() print it. */
static const char *decode_name(struct decoder *d, const struct mt_region *wire, const char *raw,
			       const char *previous)
{
	size_t len = wire->name_len, path_len;
	const char *path, *known;

	switch (wire->name_class) {
	case MT_NAME_PATH:
		path = join_components(d, raw, len, wire->name_flags, &path_len);
		return path ? keep_name(d, path, path_len, 0) : "";
	case MT_NAME_PSEUDO:
		return wrap_name(d, "/", raw, len, " (deleted)", 0);
	case MT_NAME_ANON_INODE:
		return wrap_name(d, "anon_inode:", raw, len, "", 0);
	case MT_NAME_LITERAL:
		return wrap_name(d, "", raw, len, "", 0);
	case MT_NAME_ANON_VMA:
		return wrap_name(d, "[anon:", raw, len, "]", 0);
	case MT_NAME_SAME:
		return previous ? previous : "";
	case MT_NAME_KNOWN:
		known = names__get(d->known, wire->file);
		d->unnamed |= !known;
		return known ? known : "";
	}
	return "";
}

static uint32_t decode_vm_flags(uint64_t vm)
{
	static const struct {
		uint64_t vm;
		uint32_t flag;
	} map[] = {
		{ MT_VM_READ, REGION_READ },
		{ MT_VM_WRITE, REGION_WRITE },
		{ MT_VM_EXEC, REGION_EXEC },
		{ MT_VM_MAYSHARE, REGION_SHARED },
		{ MT_VM_GROWSDOWN, REGION_GROWSDOWN },
		{ MT_VM_LOCKED, REGION_LOCKED },
		{ MT_VM_DONTCOPY, REGION_DONTFORK },
		{ MT_VM_NORESERVE, REGION_NORESERVE },
		{ MT_VM_HUGETLB, REGION_HUGETLB },
		{ MT_VM_SEALED, REGION_SEALED },
		{ MT_VM_SEALED_OLD, REGION_SEALED },
#if defined(__x86_64__)
		{ MT_VM_SHADOW_STACK, REGION_SHADOW_STACK },
#endif
	};
	uint32_t flags = 0;
	size_t i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (vm & map[i].vm)
			flags |= map[i].flag;
	}
	return flags;
}

static bool decode_region(struct decoder *d, struct bytes *b, const struct raw_region *previous,
			  struct raw_region *ret)
{
	const struct mt_region *wire = take(b, sizeof(*wire));
	const char *raw;
	bool file;

	if (!wire || wire->start >= wire->end || wire->start % REGION_PAGE ||
	    wire->end % REGION_PAGE || wire->name_class >= MT_NAME_NR)
		return false;
	raw = take(b, (wire->name_len + 7u) & ~7u);
	if (!raw)
		return false;
	memset(ret, 0, sizeof(*ret));
	file = wire->dev || wire->ino || wire->file || wire->name_class == MT_NAME_PATH ||
	       wire->name_class == MT_NAME_PSEUDO || wire->name_class == MT_NAME_ANON_INODE;
	ret->region.start = wire->start;
	ret->region.end = wire->end;
	ret->region.flags = decode_vm_flags(wire->vm_flags);
	ret->anonymous = !file && wire->name_class == MT_NAME_NONE;
	ret->backing.name = decode_name(d, wire, raw, previous ? previous->backing.name : NULL);
	/* Without memory it is a name that has not come, when it is referred to. */
	if (wire->file && wire->name_class != MT_NAME_KNOWN)
		names__put(d->known, wire->file, ret->backing.name);
	ret->backing.has_contents = file;
	if (file) {
		ret->region.offset = wire->pgoff * REGION_PAGE;
		ret->backing.ino = wire->ino;
		ret->backing.dev_major = wire->dev >> MINOR_BITS;
		ret->backing.dev_minor = wire->dev & ((1u << MINOR_BITS) - 1);
		ret->backing.page_shift = wire->page_shift < 64 ? wire->page_shift : 0;
	}
	return true;
}

static struct layout decode_layout(const struct mt_layout *wire)
{
	return (struct layout){
		.start_brk = wire->start_brk,
		.brk = wire->brk,
		.start_stack = wire->start_stack,
		.task_size = wire->task_size,
	};
}

static bool decode_tails(struct decoder *d, struct call *c, uint16_t flags, struct bytes *b)
{
	const struct mt_limits *limits;
	const struct mt_layout *layout;
	const char *name;

	c->has_limits = flags & MT_CALL_LIMITS;
	if (c->has_limits) {
		limits = take(b, sizeof(*limits));
		if (!limits)
			return false;
		c->limits = *limits;
	}
	c->has_layout = flags & MT_CALL_LAYOUT;
	if (c->has_layout) {
		layout = take(b, sizeof(*layout));
		if (!layout)
			return false;
		c->layout = decode_layout(layout);
	}
	c->has_name = flags & MT_CALL_NAME;
	if (c->has_name) {
		name = take(b, MT_NAME_LEN);
		if (!name)
			return false;
		escape__bytes(c->name, sizeof(c->name), name,
			      flags & MT_CALL_NAME_NULL ? 0 : strnlen(name, MT_NAME_LEN), 0);
	}
	c->has_region = flags & MT_CALL_REGION;
	c->no_region = flags & MT_CALL_NO_REGION;
	return !c->has_region || decode_region(d, b, NULL, &c->region);
}

static void decode_sample(struct decoder *d, const struct mt_call *wire, struct call *c)
{
	bool sampled = wire->cookie && d->stack_of;

	c->stack = sampled ? d->stack_of(d->stack_ctx, wire->cookie) : 0;
	c->for_bytes = sampled ? wire->for_bytes : 0;
	c->for_calls = sampled ? wire->for_calls : 0;
}

static int decode_call(struct decoder *d, struct bytes *b)
{
	const struct mt_call *wire = take(b, sizeof(*wire));
	struct call *c = &d->call;

	if (!wire || wire->call == MT_CALL_NONE || wire->call >= MT_CALL_NR)
		return -EBADMSG;
	c->id = wire->call;
	c->tgid = wire->e.tgid;
	c->tid = wire->e.tid;
	decode_comm(wire->e.comm, c->comm, sizeof(c->comm));
	c->space = wire->e.space;
	c->target = wire->target;
	c->enter_ns = wire->enter_ns;
	c->uncounted = wire->e.flags & MT_CALL_NO_ENTER;
	c->exit_ns = time_of(d, &wire->e);
	memcpy(c->args, wire->args, sizeof(c->args));
	c->ret = wire->ret;
	c->seq = wire->seq;
	c->seen_after = wire->seen_after;
	c->mm = wire->mm;
	c->read_implies_exec = wire->e.flags & MT_CALL_READ_EXEC;
	if (!decode_tails(d, c, wire->e.flags, b))
		return -EBADMSG;
	decode_sample(d, wire, c);
	return tracker__on_call(d->tracker, c);
}

static int decode_fork(struct decoder *d, struct bytes *b)
{
	const struct mt_fork *wire = take(b, sizeof(*wire));
	struct fork_event ev;

	if (!wire)
		return -EBADMSG;
	ev = (struct fork_event){
		.ts_ns = wire->e.ts_ns,
		.enter_ns = wire->enter_ns,
		.tgid = wire->e.tgid,
		.tid = wire->e.tid,
		.child_tgid = wire->child_tgid,
		.child_tid = wire->child_tid,
		.space = wire->e.space,
		.child_space = wire->child_space,
		.child_start_ns = wire->child_start_ns,
		.seq = wire->seq,
		.child_sp = wire->child_sp,
		.thread = wire->e.flags & MT_FORK_THREAD,
		.shared = wire->e.flags & MT_FORK_SHARED,
		.no_base = wire->e.flags & MT_FORK_NO_BASE,
		.mm = wire->mm,
		.layout = decode_layout(&wire->layout),
	};
	decode_comm(wire->e.comm, ev.comm, sizeof(ev.comm));
	return tracker__on_fork(d->tracker, &ev);
}

static int decode_exec(struct decoder *d, struct bytes *b)
{
	const struct mt_exec *wire = take(b, sizeof(*wire));
	struct exec_event ev;

	if (!wire)
		return -EBADMSG;
	ev = (struct exec_event){
		.ts_ns = wire->e.ts_ns,
		.start_ns = wire->start_ns,
		.tgid = wire->e.tgid,
		.tid = wire->e.tid,
		.old_tid = wire->old_tid,
		.space = wire->e.space,
		.old_space = wire->old_space,
		.mm = wire->mm,
		.layout = decode_layout(&wire->layout),
	};
	decode_comm(wire->e.comm, ev.comm, sizeof(ev.comm));
	return tracker__on_exec(d->tracker, &ev);
}

static int decode_exit(struct decoder *d, struct bytes *b)
{
	const struct mt_exit *wire = take(b, sizeof(*wire));
	struct exit_event ev;

	if (!wire)
		return -EBADMSG;
	ev = (struct exit_event){
		.ts_ns = wire->e.ts_ns,
		.tgid = wire->e.tgid,
		.tid = wire->e.tid,
		.space = wire->e.space,
		.group = wire->e.flags & MT_EXIT_GROUP,
		.status = (int)(wire->exit_code & 0xffff),
	};
	return tracker__on_exit(d->tracker, &ev);
}

/* So many regions, one after the other, into d->regions. */
static bool decode_list(struct decoder *d, struct bytes *b, uint32_t count)
{
	uint32_t i;

	if (count > REGIONS_MAX)
		return false;
	for (i = 0; i < count; i++) {
		if (!decode_region(d, b, i ? &d->regions[i - 1] : NULL, &d->regions[i]))
			return false;
		if (i && d->regions[i].region.start < d->regions[i - 1].region.end)
			return false;
	}
	return true;
}

/* Sections went by while it was read without the lock, or that is still to be told. */
static bool may_be_torn(uint16_t flags)
{
	return flags & MT_REGIONS_UNLOCKED &&
	       (flags & MT_REGIONS_STALE || !(flags & MT_REGIONS_LAST));
}

static int decode_regions(struct decoder *d, struct bytes *b)
{
	const struct mt_regions *wire = take(b, sizeof(*wire));
	struct walk_event ev;
	bool torn;

	if (!wire)
		return -EBADMSG;
	torn = !decode_list(d, b, wire->count);
	if (torn && !may_be_torn(wire->e.flags))
		return -EBADMSG;
	ev = (struct walk_event){
		.space = wire->e.space,
		.ts_ns = time_of(d, &wire->e),
		.seq = wire->seq,
		.tgid = wire->e.tgid,
		.first = wire->first,
		.count = torn ? 0 : wire->count,
		.last = wire->e.flags & MT_REGIONS_LAST,
		.bad = wire->e.flags & MT_REGIONS_BAD,
		.stale = wire->e.flags & MT_REGIONS_STALE || d->unnamed || torn,
		.unsettled = wire->e.flags & MT_REGIONS_UNSETTLED,
		.mm = wire->mm,
		.regions = d->regions,
	};
	return tracker__on_walk(d->tracker, &ev);
}

static int decode_section(struct decoder *d, struct bytes *b)
{
	const struct mt_section *wire = take(b, sizeof(*wire));
	char comm[ESCAPE_ROOM(MT_COMM_LEN)];
	struct section_event ev;

	if (!wire || !decode_list(d, b, wire->count))
		return -EBADMSG;
	ev = (struct section_event){
		.space = wire->e.space,
		.ts_ns = time_of(d, &wire->e),
		.lo = wire->lo,
		.hi = wire->hi,
		.seq = wire->seq,
		.tgid = wire->e.tgid,
		.tid = wire->e.tid,
		.origin = wire->origin,
		.nr = wire->nr,
		.count = wire->count,
		.full = wire->e.flags & MT_SECTION_FULL,
		.bad = d->unnamed,
		.downgraded = wire->e.flags & MT_SECTION_DOWNGRADED,
		.comm = wire->origin < MT_CALL_NR ? NULL : comm,
		.mm = wire->mm,
		.layout = decode_layout(&wire->layout),
		.regions = d->regions,
	};
	if (ev.comm)
		decode_comm(wire->e.comm, comm, sizeof(comm));
	return tracker__on_section(d->tracker, &ev);
}

static int decode_audit(struct decoder *d, struct bytes *b)
{
	const struct mt_audit *wire = take(b, sizeof(*wire));
	struct audit_event ev;

	if (!wire)
		return -EBADMSG;
	ev = (struct audit_event){
		.space = wire->e.space,
		.ts_ns = time_of(d, &wire->e),
		.seq = wire->seq,
		.hash = wire->hash,
		.unsettled = wire->e.flags & MT_AUDIT_UNSETTLED,
		.bad = wire->e.flags & MT_AUDIT_BAD,
		.mm = wire->mm,
	};
	return tracker__on_audit(d->tracker, &ev);
}

int decoder__record(struct decoder *d, const void *data, size_t len)
{
	static int (*const decode[MT_EVENT_NR])(struct decoder *, struct bytes *) = {
		[MT_EVENT_CALL] = decode_call,	     [MT_EVENT_FORK] = decode_fork,
		[MT_EVENT_EXEC] = decode_exec,	     [MT_EVENT_EXIT] = decode_exit,
		[MT_EVENT_REGIONS] = decode_regions, [MT_EVENT_SECTION] = decode_section,
		[MT_EVENT_AUDIT] = decode_audit,
	};
	const struct mt_event *e = data;
	struct bytes b = { data, len };
	int err;

	if (len < sizeof(*e) || e->type >= MT_EVENT_NR || !decode[e->type]) {
		d->malformed[0]++;
		return -EBADMSG;
	}
	d->names_len = 0;
	d->unnamed = false;
	names__trim(d->known);
	if (e->ts_ns > d->latest_ns)
		d->latest_ns = e->ts_ns;
	tracker__on_lost(d->tracker, e->space, e->lost, d->latest_ns);
	err = decode[e->type](d, &b);
	if (err == -EBADMSG)
		d->malformed[e->type]++;
	/* A section would be missed by its number, but part of a map by nothing. */
	if (err == -EBADMSG && e->type == MT_EVENT_REGIONS)
		tracker__on_malformed_walk(d->tracker, e->space, d->latest_ns);
	return err;
}

bool decoder__lacks_name(const struct decoder *d)
{
	return d->unnamed;
}
