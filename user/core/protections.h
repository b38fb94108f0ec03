/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changes of protection: their classes, what is remembered of memory that was
 * writable, and what is summed of each process. Classes go by what pages really
 * had and have, not by what was asked for. Knows no tier and no output.
 */
#ifndef MEMTRACE_CORE_PROTECTIONS_H
#define MEMTRACE_CORE_PROTECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "memtrace/event.h"

/* Those after heap-exec are counted, and no finding. */
#define PROT_CLASSES(X)                                                        \
	X(W_AND_X, "W+X", "writable and executable at once")                   \
	X(W_TO_X, "W>X", "was writable, and is executable")                    \
	X(X_TO_W, "X>W", "was executable, and is writable")                    \
	X(STACK_EXEC, "stack-exec", "a stack became executable")               \
	X(HEAP_EXEC, "heap-exec", "the heap became executable")                \
	X(HARDENED, "hardened", "writable data of a file became read-only, as RELRO does") \
	X(GUARD, "guard", "no access any more, at the edge of a stack")

enum prot_class {
#define X(id, name, text) PROT_##id,
	PROT_CLASSES(X)
#undef X
	PROT_CLASS_NR
};
#define PROT_CLASS_FINDINGS PROT_HARDENED

/* "W>X" for PROT_W_TO_X; "?" for none. */
const char *prot_class__name(enum prot_class class);

/* The same class at the same place: what a process did there so often. */
struct prot_site {
	enum prot_class class;
	enum mt_call_id call;
	uint32_t stack;	    /* as struct call says; 0: not known */
	uint32_t severity;  /* enum severity: the highest */
	uint64_t name_hash; /* of the whole name of the region */
	char name[48];	    /* its end: "[anon]", "...lib/libc.so.6" */
	uint64_t count, bytes, first_ns, last_ns;
	char text[160]; /* of the finding that was told last */
};

/* So many of a process; what is more is in the last one of its class. */
#define PROT_SITES_MAX 32

/* Of a process. */
struct prot_sums {
	struct prot_site *sites;
	size_t n, size;
	uint64_t count[PROT_CLASS_NR]; /* told, folded or only counted; without the allowed */
	uint64_t allowed;
};

void prot_sums__fini(struct prot_sums *sums);

/* What is worth a look comes first: by severity, then by count. Fills order with indexes. */
size_t prot_sums__order(const struct prot_sums *sums, size_t order[PROT_SITES_MAX]);

/* Memory of a space that was made, or is or was writable: the newest so many ranges of it. */
#define WRITTEN_MAX 32
struct written {
	uint64_t start, end;
	uint64_t made_ns;	   /* 0: not known */
	bool stack;		   /* made with MAP_STACK, which the kernel does not keep */
	bool written;		   /* it is or was writable; else only when it was made counts */
	uint64_t begin_ns, end_ns; /* writable from, until; 0: not known; and still */
};
struct writtens {
	struct written list[WRITTEN_MAX]; /* oldest first, disjoint */
	size_t n;
	uint64_t base_ns; /* of the base that they came after */
};

struct change;
/* What is known of what a change made. */
struct writtens_origin {
	uint64_t ts_ns;
	bool moved; /* no times are known of it */
	bool stack;
};
void writtens__update(struct writtens *w, const struct change *ch, struct writtens_origin by);
/* What is known of [start, end): its newest part; or NULL. */
const struct written *writtens__find(const struct writtens *w, uint64_t start, uint64_t end);

#endif
