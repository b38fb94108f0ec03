// SPDX-License-Identifier: GPL-2.0
/* Matching of rules; see allow.h. A * matches / as well: paths are text here. */
#include "allow.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "backing.h"
#include "stacks.h"

static bool glob(const char *pattern, const char *text)
{
	return text && !fnmatch(pattern, text, 0);
}

bool allow__class_exists(const char *pattern)
{
	int c;

	for (c = 0; c < PROT_CLASS_FINDINGS; c++) {
		if (glob(pattern, prot_class__name((enum prot_class)c)))
			return true;
	}
	return false;
}

/* A frame of the stack whose function, or with module whose file, is called so. */
static bool stack_has(const struct allow_subject *s, const char *pattern, bool module)
{
	const struct stack *stack = s->stacks ? stacks__stack(s->stacks, s->stack) : NULL;
	const struct frame *frame;
	size_t i;

	for (i = 0; stack && i < stack->n; i++) {
		frame = stacks__frame(s->stacks, stack->frames[i]);
		if (frame && glob(pattern, module ? frame->module : frame->function))
			return true;
	}
	return false;
}

/* The process has code of such a file: what can be said without a stack. */
static bool code_has(const struct allow_subject *s, const char *pattern)
{
	const struct region *r;
	struct region_iter it;

	for (r = region_iter__init(&it, s->map, 0); r; r = region_iter__next(&it)) {
		if (r->flags & REGION_EXEC && r->flags & REGION_OFFSET &&
		    glob(pattern, backings__get(s->backings, r->backing)->name))
			return true;
	}
	return false;
}

static bool term__matches(const struct allow_term *term, const struct allow_subject *s)
{
	switch (term->key) {
	case ALLOW_CLASS:
		return glob(term->pattern, prot_class__name(s->class));
	case ALLOW_COMM:
		return glob(term->pattern, s->thread) || glob(term->pattern, s->process);
	case ALLOW_STACK:
		return stack_has(s, term->pattern, false);
	case ALLOW_PATH:
		if (glob(term->pattern, s->path))
			return true;
		return s->stack ? stack_has(s, term->pattern, true) : code_has(s, term->pattern);
	default:
		return false;
	}
}

/* Paths last: without a stack all regions are looked at. */
static bool rule__matches(const struct allow_rule *rule, const struct allow_subject *s)
{
	size_t i;

	for (i = 0; i < rule->n; i++) {
		if (rule->terms[i].key != ALLOW_PATH && !term__matches(&rule->terms[i], s))
			return false;
	}
	for (i = 0; i < rule->n; i++) {
		if (rule->terms[i].key == ALLOW_PATH && !term__matches(&rule->terms[i], s))
			return false;
	}
	return rule->n != 0;
}

struct allow_rule *allow__find(struct allow *allow, const struct allow_subject *subject)
{
	size_t i;

	for (i = 0; allow && i < allow->n; i++) {
		if (rule__matches(&allow->rules[i], subject))
			return &allow->rules[i];
	}
	return NULL;
}

void allow__fini(struct allow *allow)
{
	size_t i, j;

	for (i = 0; i < allow->n; i++) {
		for (j = 0; j < allow->rules[i].n; j++)
			free(allow->rules[i].terms[j].pattern);
		free(allow->rules[i].text);
	}
	free(allow->rules);
	*allow = (struct allow){ 0 };
}
