// SPDX-License-Identifier: GPL-2.0
/*
 * Goes up a stack frame by frame. It ends: each frame lies higher than the one
 * before, or is one of those that the record has from elsewhere, and there are at most
 * STACKS_DEPTH.
 */
#include "stack_unwind.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack_cfi.h"
#include "stack_chain.h"
#include "stack_file.h"
#include "stack_jit.h"
#include "stack_module.h"
#include "stack_names.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define MODULES_MAX 256 /* files held open */
#define SPACES_MAX 1024 /* whose generated code is known */
#define MODULES_BYTES_MAX (512u << 20) /* of all of them; what one of them takes comes on top */
#define JITS_BYTES_MAX (256u << 20)
#define BOUND_EACH 1024 /* stacks */
#define READ_BYTES_MAX (256u << 20) /* of tables, for one stack: some tenths of a second */
#define CHECKED 16

struct file_id {
	uint64_t ino;
	uint32_t major, minor;
};

struct known_module {
	struct file_id id;
	struct module *module;
	uint64_t checked[CHECKED]; /* spaces for which it was seen to be the same file still */
	UT_hash_handle hh;
};

struct known_space {
	uint64_t id;
	struct jit_map *jit;
	UT_hash_handle hh;
};

struct unwinder {
	struct stacks *stacks;
	struct known_module *modules; /* the one opened first comes first */
	struct known_space *spaces;
	unsigned int unbounded; /* stacks since memory was looked at */
};

/* One stack that is being unwound. */
struct walk {
	struct unwinder *u;
	const struct mt_stack *st;
	const struct region_map *map;
	const struct backings *backings;
	uint64_t now_ns;
	struct place other; /* of code that is in no module */
	size_t read;	    /* bytes of tables that were read for this one */
};

struct unwinder *unwinder__new(struct stacks *stacks)
{
	struct unwinder *u = calloc(1, sizeof(*u));

	if (u)
		u->stacks = stacks;
	return u;
}

static void drop_module(struct unwinder *u, struct known_module *k)
{
	HASH_DELETE(hh, u->modules, k);
	module__free(k->module);
	free(k);
}

static void drop_space(struct unwinder *u, struct known_space *k)
{
	HASH_DELETE(hh, u->spaces, k);
	jit_map__free(k->jit);
	free(k);
}

void unwinder__free(struct unwinder *u)
{
	while (u && u->modules)
		drop_module(u, u->modules);
	while (u && u->spaces)
		drop_space(u, u->spaces);
	free(u);
}

void unwinder__forget(struct unwinder *u, uint64_t space)
{
	struct known_space *k;

	HASH_FIND(hh, u->spaces, &space, sizeof(space), k);
	if (k)
		drop_space(u, k);
}

static int open_module(const struct walk *w, const struct region *r, const struct backing *b)
{
	const struct stack_file file = { .tid = (pid_t)w->st->tid,
					 .start = r->start,
					 .end = r->end,
					 .ino = b->ino,
					 .path = b->name };

	return stack_file__open(&file);
}

static struct known_module *add_module(struct walk *w, const struct file_id *id, int fd,
				       const char *name)
{
	struct known_module *k = calloc(1, sizeof(*k));

	if (!k) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	k->id = *id;
	k->module = module__new(fd < 0 ? -1 : fd, name);
	if (k->module) {
		HASH_ADD(hh, w->u->modules, id, sizeof(k->id), k);
		if (k->hh.tbl)
			return k;
	}
	module__free(k->module);
	free(k);
	return NULL;
}

/*
 * An inode's number may be given to another file, or the file be written anew:
 * for each space it is looked at once whether it is the file that we know.
 */
static struct known_module *check_module(struct walk *w, struct known_module *k,
					 const struct region *r, const struct backing *b)
{
	uint64_t space = w->st->space;
	struct file_id id = k->id;
	int fd;

	if (k->checked[space % CHECKED] == space)
		return k;
	fd = open_module(w, r, b);
	if (fd >= 0 && !module__is(k->module, fd)) {
		drop_module(w->u, k);
		k = add_module(w, &id, fd, b->name);
	} else if (fd >= 0) {
		close(fd);
	}
	if (k)
		k->checked[space % CHECKED] = space;
	return k;
}

static struct known_module *find_module(struct walk *w, const struct region *r,
					const struct backing *b)
{
	struct file_id id = { b->ino, b->dev_major, b->dev_minor };
	struct unwinder *u = w->u;
	struct known_module *k;

	HASH_FIND(hh, u->modules, &id, sizeof(id), k);
	if (k)
		return check_module(w, k, r, b);
	if (HASH_COUNT(u->modules) >= MODULES_MAX)
		drop_module(u, u->modules);
	k = add_module(w, &id, open_module(w, r, b), b->name);
	if (k)
		k->checked[w->st->space % CHECKED] = w->st->space;
	return k;
}

/* The oldest make room; who has just come is the last. */
static void bound_modules(struct unwinder *u)
{
	struct known_module *k, *next;
	size_t bytes = 0;

	HASH_ITER(hh, u->modules, k, next)
		bytes += module__footprint(k->module);
	while (bytes > MODULES_BYTES_MAX && u->modules->hh.next) {
		bytes -= module__footprint(u->modules->module);
		drop_module(u, u->modules);
	}
}

/* They are not dropped, so that none is read again at once. */
static void bound_jits(struct unwinder *u)
{
	struct known_space *k, *next;
	size_t bytes = 0;

	HASH_ITER(hh, u->spaces, k, next)
		bytes += jit_map__footprint(k->jit);
	HASH_ITER(hh, u->spaces, k, next) {
		if (bytes <= JITS_BYTES_MAX)
			break;
		bytes -= jit_map__footprint(k->jit);
		jit_map__forget(k->jit);
	}
}

/* NULL: enough has been read for this stack, or there is no memory. */
static const struct place *module_place(struct walk *w, struct known_module *k, uint64_t offset,
					bool call)
{
	bool is_read = module__is_read(k->module);
	const struct place *place;

	if (!is_read && w->read > READ_BYTES_MAX)
		return NULL;
	place = module__place(k->module, offset, call, w->u->stacks);
	if (!is_read)
		w->read += module__footprint(k->module);
	return place;
}

static struct jit_map *jit_of(struct walk *w)
{
	struct unwinder *u = w->u;
	struct known_space *k;

	HASH_FIND(hh, u->spaces, &w->st->space, sizeof(w->st->space), k);
	if (k)
		return k->jit;
	if (HASH_COUNT(u->spaces) >= SPACES_MAX)
		drop_space(u, u->spaces);
	k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->id = w->st->space;
	k->jit = jit_map__new();
	if (k->jit)
		HASH_ADD(hh, u->spaces, id, sizeof(k->id), k);
	if (k->jit && k->hh.tbl)
		return k->jit;
	jit_map__free(k->jit);
	free(k);
	return NULL;
}

/* Code that no file backs, and the kernel's own. */
static const struct place *other_place(struct walk *w, uint64_t addr, const char *name, bool call)
{
	bool generated = !*name || !strncmp(name, "[anon", 5) || *name == '/';
	struct jit_map *jit = generated ? jit_of(w) : NULL;
	size_t before = jit ? jit_map__footprint(jit) : 0;
	char function[STACK_NAME_LEN] = "";
	struct frame frame = { .function = function,
			       .module = *name == '[' ? name : "",
			       .build_id = "",
			       .offset = addr };
	const char *found;
	size_t len;

	found = jit ? jit_map__find(jit, (pid_t)w->st->tid, addr - call, w->now_ns, &len) : NULL;
	if (found)
		stack_name__of_bytes(found, len, function);
	if (jit && jit_map__footprint(jit) != before)
		w->read += jit_map__footprint(jit);
	w->other.row = NULL;
	w->other.switches = false;
	if (stacks__add_frame(w->u->stacks, &frame, &w->other.frame))
		w->other.frame = 0;
	return &w->other;
}

/* NULL: there is no code at that address. */
static const struct place *find_place(struct walk *w, uint64_t addr, bool call)
{
	const struct region *r = region_map__find(w->map, addr - call);
	struct known_module *k;
	const struct backing *b;

	if (!r || r->start > addr - call || !(r->flags & REGION_EXEC))
		return NULL;
	b = backings__get(w->backings, r->backing);
	if (!b->ino || !(r->flags & REGION_OFFSET))
		return other_place(w, addr, b->name, call);
	k = find_module(w, r, b);
	return k ? module_place(w, k, addr - r->start + r->offset, call) : NULL;
}

static void machine__init(struct cfi_machine *m, const struct mt_stack *st)
{
	*m = (struct cfi_machine){
		.pc = st->ip,
		.sp = st->sp,
		.known = ~0u,
		.bytes = (const char *)(st + 1),
		.bytes_at = st->sp,
		.bytes_n = st->len,
	};
	memcpy(m->kept, st->regs, sizeof(m->kept));
}

/* What lies outside of the bytes, by frame pointers, after n frames. Returns how many there are. */
static size_t add_chain(struct walk *w, uint32_t ids[STACKS_DEPTH], size_t n, bool *ret_cut)
{
	const struct mt_stack *st = w->st;
	const struct place *place;
	uint32_t i;

	for (i = 0; i < st->chain_n && n < STACKS_DEPTH; i++) {
		place = find_place(w, st->chain[i], true);
		if (!place || !place->frame)
			break;
		ids[n++] = place->frame;
	}
	*ret_cut = !st->chain_ended || i < st->chain_n;
	return n;
}

/* Code that there is no information on has its frame where the bytes have ended. */
static bool leaves(const struct mt_stack *st, const struct place *place,
		   const struct cfi_machine *m)
{
	return !place->row && st->chain_n && m->known & 1u << CFI_KEPT_FP &&
	       m->kept[CFI_KEPT_FP] == st->chain_at;
}

/* Returns the number of frames; *ret_cut is false when the outermost is among them. */
static size_t unwind(struct walk *w, uint32_t ids[STACKS_DEPTH], bool *ret_cut)
{
	struct cfi_machine m;
	bool call = false;
	size_t n = 0;

	machine__init(&m, w->st);
	*ret_cut = true;
	while (n < STACKS_DEPTH) {
		const struct place *place = find_place(w, m.pc, call);
		uint64_t sp = m.sp, pc = m.pc;
		enum cfi_result result;

		if (!place || !place->frame)
			break;
		ids[n++] = place->frame;
		if (place->switches ? stack_chain__follows(w->st, pc) : leaves(w->st, place, &m))
			return add_chain(w, ids, n, ret_cut);
		if (place->switches)
			break;
		result = place->row ? cfi__step(place->row, &m) : cfi__step_by_pointer(&m);
		*ret_cut = result != CFI_END;
		/* Where the return address is in a register the first frame takes no room. */
		if (result != CFI_STEPPED || m.sp < sp || (m.sp == sp && (n > 1 || m.pc == pc)))
			break;
		call = !place->row || !place->row->signal;
	}
	return n;
}

uint32_t unwinder__stack(struct unwinder *u, const struct mt_stack *st,
			 const struct region_map *map, const struct backings *backings,
			 uint64_t now_ns)
{
	struct walk w = { .u = u, .st = st, .map = map, .backings = backings, .now_ns = now_ns };
	uint32_t ids[STACKS_DEPTH], id = 0;
	bool cut;
	size_t n = unwind(&w, ids, &cut);

	if (w.read || ++u->unbounded == BOUND_EACH) {
		bound_modules(u);
		bound_jits(u);
		u->unbounded = 0;
	}
	if (!n || stacks__add(u->stacks, ids, n, cut, &id))
		return 0;
	return id;
}
