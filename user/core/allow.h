/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Changes of protection that are expected, so that JIT compilers make no
 * findings: rules, and whether one matches. Knows no file and no command line.
 */
#ifndef MEMTRACE_CORE_ALLOW_H
#define MEMTRACE_CORE_ALLOW_H

#include "protections.h"
#include "region_map.h"

struct backings;
struct stacks;

/* The terms of a rule, as they are spelled before the colon. Values are globs, fnmatch(3). */
#define ALLOW_TERMS(X)                                                              \
	X(PATH, "path", "file of the region; or of a frame of the call's stack or, "  \
			"without a stack, of code that the process has mapped")       \
	X(COMM, "comm", "name of the thread or of the process")                     \
	X(CLASS, "class", "W+X, W>X, X>W, stack-exec, heap-exec")                   \
	X(STACK, "stack", "function in the call's stack, when it has one")

enum allow_key {
#define X(id, name, text) ALLOW_##id,
	ALLOW_TERMS(X)
#undef X
	ALLOW_KEY_NR
};

struct allow_term {
	enum allow_key key;
	char *pattern;
};

#define ALLOW_RULE_TERMS 8
struct allow_rule {
	char *text; /* as it was given, escaped */
	struct allow_term terms[ALLOW_RULE_TERMS]; /* all must match */
	size_t n;
	uint64_t count; /* of what it has allowed */
};

#define ALLOW_RULES_MAX 1024
struct allow {
	struct allow_rule *rules;
	size_t n;
};

/* What is asked about. Names are escaped. */
struct allow_subject {
	enum prot_class class;
	const char *thread, *process; /* their names */
	const char *path;	      /* of the region */
	uint32_t stack;
	const struct stacks *stacks; /* NULL: there are none */
	const struct region_map *map;
	const struct backings *backings;
};

/* The first rule that matches, or NULL. allow may be NULL. */
struct allow_rule *allow__find(struct allow *allow, const struct allow_subject *subject);

/* True when some class that makes findings is called so. */
bool allow__class_exists(const char *pattern);

/* Takes back what was allocated; rules' memory is whoever's made them, by malloc(3). */
void allow__fini(struct allow *allow);

#endif
