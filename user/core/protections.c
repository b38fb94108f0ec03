// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of protection: which class each is, what is told of it, what is
 * allowed, and what is summed. Knows only what struct change and the map say.
 */
#include "tracker_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allow.h"
#include "words.h"

#define WX (REGION_WRITE | REGION_EXEC)

const char *prot_class__name(enum prot_class class)
{
	static const char *const names[PROT_CLASS_NR] = {
#define X(id, name, text) [PROT_##id] = name,
		PROT_CLASSES(X)
#undef X
	};

	return (unsigned int)class < PROT_CLASS_NR ? names[class] : "?";
}

void prot_sums__fini(struct prot_sums *sums)
{
	free(sums->sites);
	*sums = (struct prot_sums){ 0 };
}

static bool site__before(const struct prot_site *a, const struct prot_site *b)
{
	return a->severity != b->severity ? a->severity > b->severity : a->count > b->count;
}

size_t prot_sums__order(const struct prot_sums *sums, size_t order[PROT_SITES_MAX])
{
	size_t i, at;

	for (i = 0; i < sums->n; i++) {
		for (at = i; at && site__before(&sums->sites[i], &sums->sites[order[at - 1]]); at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return sums->n;
}

/* In tier truth calls have no time of their own when nobody shows it. */
static uint64_t time_of(const struct call_record *rec)
{
	return rec->change->ts_ns ? rec->change->ts_ns : rec->call->exit_ns;
}

/* All that there is to say of one change, of one class. */
struct sighting {
	const struct call_record *rec;
	enum prot_class class;
	struct transition t; /* the first; bytes are of all */
	uint64_t bytes;
	const struct written *written; /* as it was before the change; or NULL */
	enum region_kind kind;	       /* now */
};

static bool is_stack(enum region_kind was, enum region_kind is, const struct written *known)
{
	return was == KIND_STACK || was == KIND_THREAD_STACK || is == KIND_STACK ||
	       is == KIND_THREAD_STACK || (known && known->stack);
}

/* Of a program, a library or another file: whoever changes that changes others' code. */
static bool is_file(enum region_kind kind)
{
	return kind == KIND_TEXT || kind == KIND_RODATA || kind == KIND_DATA ||
	       kind == KIND_FILE_PRIVATE || kind == KIND_FILE_SHARED;
}

static bool was_writable(const struct written *written)
{
	return written && written->written && written->end_ns;
}

/* PROT_CLASS_NR: nothing that anybody counts. */
static enum prot_class classify(const struct transition *t, enum region_kind was,
				enum region_kind is, const struct written *written)
{
	bool same = t->what & TRANSITION_SAME;
	uint32_t old = same ? t->old_flags : 0, new = t->what & TRANSITION_IS ? t->new_flags : 0;
	bool file = same && new & REGION_OFFSET && !(new & REGION_SHARED);

	if (new & REGION_EXEC && !(old & REGION_EXEC)) {
		if (same && is_stack(was, is, written))
			return PROT_STACK_EXEC;
		if (same && (is == KIND_HEAP || was == KIND_ARENA))
			return PROT_HEAP_EXEC;
	}
	if ((new & WX) == WX)
		return (old & WX) == WX ? PROT_CLASS_NR : PROT_W_AND_X;
	if (!same)
		return PROT_CLASS_NR;
	if (new & REGION_EXEC && !(old & REGION_EXEC))
		return old & REGION_WRITE || was_writable(written) ? PROT_W_TO_X : PROT_CLASS_NR;
	if (new & REGION_WRITE && old & REGION_EXEC && !(old & REGION_WRITE))
		return PROT_X_TO_W;
	if (file && (old & WX) == REGION_WRITE && !(new & WX) && new & REGION_READ)
		return PROT_HARDENED;
	if (old & REGION_RWX && !(new & REGION_RWX) &&
	    (is == KIND_GUARD || (written && written->stack)))
		return PROT_GUARD;
	return PROT_CLASS_NR;
}

/* As classify() has it, before anything is looked up: most mappings are of no class. */
static bool may_have_class(const struct transition *t)
{
	return t->what & TRANSITION_IS &&
	       (t->what & TRANSITION_SAME || (t->new_flags & WX) == WX);
}

static bool has_classes(const struct change *ch)
{
	uint32_t i;

	for (i = 0; i < ch->n_transitions; i++) {
		if (may_have_class(&ch->transitions[i]))
			return true;
	}
	return false;
}

/* Whose code changes is worse than whose code is made: what a file has is not a JIT's. */
static enum severity severity_of(const struct sighting *s)
{
	switch (s->class) {
	case PROT_STACK_EXEC:
	case PROT_HEAP_EXEC:
		return SEVERITY_CRITICAL;
	case PROT_X_TO_W:
		return is_file(s->kind) ? SEVERITY_WARNING : SEVERITY_INFO;
	case PROT_W_AND_X:
		return is_file(s->kind) ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	default:
		return SEVERITY_WARNING;
	}
}

/* ", made 2.1 s ago, writable for 3.1 ms until 4 us ago": what is known, or "". */
static void history_text(const struct sighting *s, char *to, size_t size)
{
	const struct written *w = s->written;
	uint64_t now = time_of(s->rec), end;
	char text[HUMAN_NS_ROOM];
	size_t len = 0;

	*to = '\0';
	if (!w)
		return;
	end = w->end_ns ? w->end_ns : now;
	if (w->made_ns && w->made_ns != w->begin_ns && w->made_ns <= now)
		len += (size_t)snprintf(to + len, size - len, ", made %s ago",
					human_ns(now - w->made_ns, text));
	if (!w->written)
		return;
	if (w->begin_ns && w->begin_ns <= end)
		len += (size_t)snprintf(to + len, size - len, ", writable for %s",
					human_ns(end - w->begin_ns, text));
	else
		len += (size_t)snprintf(to + len, size - len, ", writable");
	if (w->end_ns && w->end_ns <= now)
		snprintf(to + len, size - len, " until %s ago",
			 human_ns(now - w->end_ns, text));
}

/* "W>X: anonymous, writable for 3.1 ms, then executable" */
static void sighting_text(const struct sighting *s, char *to, size_t size)
{
	static const char *const ends[PROT_CLASS_FINDINGS] = {
		[PROT_W_AND_X] = "writable and executable at once",
		[PROT_W_TO_X] = "then executable",
		[PROT_X_TO_W] = "was executable, now writable",
		[PROT_STACK_EXEC] = "now executable",
		[PROT_HEAP_EXEC] = "now executable",
	};
	bool is_thread = s->class == PROT_STACK_EXEC && s->kind != KIND_STACK;
	const char *what = is_thread		? "a thread's stack" :
			   s->kind == KIND_JIT	? "anonymous" :
						  region_kind__name(s->kind);
	const char *now = s->class == PROT_W_AND_X && s->t.what & TRANSITION_SAME ? "now " : "";
	bool to_x = s->class != PROT_X_TO_W, is_wx = s->class <= PROT_W_TO_X;
	char history[96] = "";

	if (to_x)
		history_text(s, history, sizeof(history));
	/* It was, but since when is not known. */
	if (is_wx && !(s->written && s->written->written) && s->t.what & TRANSITION_SAME &&
	    s->t.old_flags & REGION_WRITE)
		snprintf(history, sizeof(history), ", was writable");
	snprintf(to, size, "%s: %s%s, %s%s", prot_class__name(s->class), what, history, now,
		 ends[s->class]);
}

static uint64_t hash_of(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3ull;
	return hash;
}

static bool site__is(const struct prot_site *site, const struct prot_site *want)
{
	return site->class == want->class && site->call == want->call &&
	       site->stack == want->stack && site->name_hash == want->name_hash;
}

static struct prot_site *site__find(struct prot_sums *sums, const struct prot_site *want)
{
	size_t i;

	for (i = 0; i < sums->n; i++) {
		if (site__is(&sums->sites[i], want))
			return &sums->sites[i];
	}
	return NULL;
}

static struct prot_site *site__add(struct prot_sums *sums, const struct prot_site *want)
{
	if (sums->n == sums->size) {
		size_t size = sums->size ? 2 * sums->size : 4;
		struct prot_site *grown = realloc(sums->sites, size * sizeof(*grown));

		if (!grown)
			return NULL;
		sums->sites = grown;
		sums->size = size;
	}
	sums->sites[sums->n] = *want;
	return &sums->sites[sums->n++];
}

/*
 * The site of a sighting. The last places are kept, one for each class, for what
 * finds none of its own: no call, no name. NULL: no memory.
 */
static struct prot_site *site__get(struct prot_sums *sums, const struct sighting *s,
				   const char *name)
{
	struct prot_site want = {
		.class = s->class,
		.call = s->rec->call->id,
		.stack = s->rec->call->stack,
		.name_hash = hash_of(name),
		.first_ns = time_of(s->rec),
	};
	struct prot_site *site = site__find(sums, &want);
	size_t len = strlen(name);

	if (site)
		return site;
	if (len < sizeof(want.name))
		memcpy(want.name, name, len + 1);
	else
		snprintf(want.name, sizeof(want.name), "...%s",
			 name + len - (sizeof(want.name) - 4));
	if (sums->n < PROT_SITES_MAX - PROT_CLASS_FINDINGS)
		return site__add(sums, &want);
	want.call = MT_CALL_NONE;
	want.stack = 0;
	want.name_hash = 0;
	snprintf(want.name, sizeof(want.name), "elsewhere");
	site = site__find(sums, &want);
	return site ? site : site__add(sums, &want);
}

static bool is_allowed(struct tracker *t, struct process *p, const struct space *s,
		       const struct sighting *sight, const char *name)
{
	struct allow_subject subject = {
		.class = sight->class,
		.thread = sight->rec->call->comm,
		.process = p->comm,
		.path = name,
		.stack = sight->rec->call->stack,
		.stacks = t->stacks,
		.map = s->map,
		.backings = t->backings,
	};
	struct allow_rule *rule = allow__find(t->allow, &subject);

	if (!rule)
		return false;
	rule->count++;
	p->prot.allowed++;
	return true;
}

static void tell(struct tracker *t, struct process *p, const struct space *s,
		 const struct sighting *sight)
{
	const struct call_record *rec = sight->rec;
	const char *name = rec->region_name ? rec->region_name : "[anon]";
	struct finding f = {
		.kind = FINDING_PROTECTION,
		.class = sight->class,
		.severity = severity_of(sight),
		.start = sight->t.start,
		.end = sight->t.end,
		.bytes = sight->bytes,
		.old_flags = sight->t.old_flags,
		.new_flags = sight->t.new_flags,
		.count = 1,
	};
	struct prot_site *site;
	size_t len;

	if (is_allowed(t, p, s, sight, name))
		return;
	p->prot.count[sight->class]++;
	site = site__get(&p->prot, sight, name);
	if (site) {
		f.count = ++site->count;
		site->bytes += sight->bytes;
		site->last_ns = time_of(rec);
		if (site->severity < f.severity)
			site->severity = f.severity;
	}
	if (!finding__is_news(f.count)) {
		p->findings[FINDING_PROTECTION]++;
		return;
	}
	sighting_text(sight, f.text, sizeof(f.text));
	if (site)
		snprintf(site->text, sizeof(site->text), "%s", f.text);
	len = strlen(f.text);
	if (f.count > 1)
		snprintf(f.text + len, sizeof(f.text) - len, "; %llu times so far",
			 (unsigned long long)f.count);
	finding__tell(t, p, rec, &f);
}

/* What was known of it before the change; nothing of before a base is. */
static struct writtens *space__writtens(struct space *s)
{
	if (!s->writtens)
		s->writtens = calloc(1, sizeof(*s->writtens));
	if (s->writtens && s->writtens->base_ns != s->base_end_ns) {
		s->writtens->base_ns = s->base_end_ns;
		s->writtens->n = 0;
	}
	return s->writtens;
}

/* Looks at each transition; those of one class are told together, as the first. */
static void find_classes(struct tracker *t, struct process *p, const struct space *s,
			 const struct call_record *rec, struct writtens *w)
{
	struct sighting seen[PROT_CLASS_NR] = { 0 };
	struct written copies[PROT_CLASS_NR];
	const struct change *ch = rec->change;
	uint32_t i;
	int c;

	for (i = 0; i < ch->n_transitions; i++) {
		const struct transition *tr = &ch->transitions[i];
		const struct written *known;
		const struct region *r;
		struct region_iter at;
		enum region_kind kind;
		enum prot_class class;

		if (!may_have_class(tr))
			continue;
		r = region_iter__init(&at, s->map, tr->start);
		if (!r || r->start >= tr->end)
			continue;
		known = w ? writtens__find(w, tr->start, tr->end) : NULL;
		kind = region__kind(&at, t->backings, &s->layout);
		class = classify(tr, rec->kind, kind, known);
		if (class == PROT_CLASS_NR)
			continue;
		seen[class].bytes += tr->end - tr->start;
		if (seen[class].rec)
			continue;
		if (known)
			copies[class] = *known;
		seen[class].rec = rec;
		seen[class].class = class;
		seen[class].t = *tr;
		seen[class].written = known && tr->what & TRANSITION_SAME ? &copies[class] : NULL;
		seen[class].kind = kind;
	}
	for (c = 0; c < PROT_CLASS_NR; c++) {
		if (seen[c].rec && c < PROT_CLASS_FINDINGS)
			tell(t, p, s, &seen[c]);
		else if (seen[c].rec)
			p->prot.count[c]++;
	}
}

void protections__of_call(struct tracker *t, struct process *p, struct space *s,
			  const struct call_record *rec)
{
	const struct call *c = rec->call;
	struct writtens_origin by = {
		.ts_ns = time_of(rec),
		.moved = c->id == MT_CALL_MREMAP,
		.stack = c->id == MT_CALL_MMAP && c->args[3] & 0x20000, /* MAP_STACK */
	};
	const struct change *ch = rec->change;
	struct writtens *w;

	if (!ch->n_transitions && ch->kind != CHANGE_UNKNOWN)
		return;
	w = space__writtens(s);
	/* What moves keeps what it may, and had it before. */
	if (ch->kind == CHANGE_APPLIED && !by.moved && has_classes(ch))
		find_classes(t, p, s, rec, w);
	if (w)
		writtens__update(w, ch, by);
}
