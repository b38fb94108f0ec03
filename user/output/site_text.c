// SPDX-License-Identifier: GPL-2.0
/* See site_text.h. Names come escaped, and are cut where they are long. */
#include "site_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What a program's own call for memory goes through. */
static bool is_allocator(const struct frame *f, bool runtime)
{
	static const char *const modules[] = { "libc.so", "libc-", "ld-linux", "ld-",
					       "libstdc++.so", "[vdso]",
					       "libjemalloc", "libtcmalloc",
					       "libmimalloc" };
	/* In the program itself: what Rust's vectors, C++'s new and Go's calls go through. */
	static const char *const functions[] = { "alloc::",	 "<alloc::", "__rust_",
						 "__rdl_",	 "operator new",
						 "syscall.", "runtime/internal/syscall." };
	static const char go[] = "runtime.";
	const char *name = base_name(f->module);
	size_t i;

	if (runtime && !strncmp(f->function, go, strlen(go)))
		return true;
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (!strncmp(f->function, functions[i], strlen(functions[i])))
			return true;
	}
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (!strncmp(name, modules[i], strlen(modules[i])))
			return true;
	}
	return false;
}

static size_t frame_text(const struct frame *f, bool brief, char *buf, size_t size)
{
	const char *module = *f->module ? base_name(f->module) : "[anon]";
	int len;

	if (*f->function && brief)
		len = snprintf(buf, size, "%.160s", f->function);
	else if (*f->function)
		len = snprintf(buf, size, "%.160s (%.60s)", f->function, module);
	else
		len = snprintf(buf, size, "0x%" PRIx64 " (%.60s)", f->offset, module);
	return (size_t)len < size ? (size_t)len : size - 1;
}

/* Go's allocator is part of its runtime, which needs memory for itself as well. */
static size_t first_of_program(const struct stacks *stacks, const struct stack *stack)
{
	const struct frame *f;
	bool runtime = true;
	size_t i = 0;

	while ((f = stacks__frame(stacks, stack->frames[i])) && is_allocator(f, runtime)) {
		if (++i < stack->n)
			continue;
		if (!runtime)
			return stack->n - 1;
		runtime = false;
		i = 0;
	}
	return i;
}

static bool stack_text(const struct stacks *stacks, uint32_t id, bool brief, char *buf)
{
	const struct stack *stack = stacks ? stacks__stack(stacks, id) : NULL;
	const struct frame *f;
	size_t i, len;

	if (!stack || !stack->n)
		return false;
	i = first_of_program(stacks, stack);
	f = stacks__frame(stacks, stack->frames[i]);
	if (!f)
		return false;
	len = frame_text(f, brief, buf, SITE_ROOM);
	f = i + 1 < stack->n ? stacks__frame(stacks, stack->frames[i + 1]) : NULL;
	if (f) {
		len += (size_t)snprintf(buf + len, SITE_ROOM - len, " < ");
		frame_text(f, brief, buf + len, SITE_ROOM - len);
	}
	return true;
}

static const char *site_text(const struct site *site, const struct stacks *stacks, bool brief,
			     char *buf)
{
	if (site->stack) {
		if (!stack_text(stacks, site->stack, brief, buf))
			snprintf(buf, SITE_ROOM, "a stack that is not known");
		return buf;
	}
	if (site->what == CAUSE_OTHERS)
		snprintf(buf, SITE_ROOM, "many others");
	else if (site->what == MT_ORIGIN_SYSCALL)
		snprintf(buf, SITE_ROOM, "system call %" PRId32 ", %s, thread %s", site->nr,
			 region_kind__name(site->kind), site->comm);
	else
		snprintf(buf, SITE_ROOM, "%s, %s, thread %s", cause__name(site->what),
			 region_kind__name(site->kind), site->comm);
	return buf;
}

const char *site__text(const struct site *site, const struct stacks *stacks, char buf[SITE_ROOM])
{
	return site_text(site, stacks, false, buf);
}

const char *site__brief(const struct site *site, const struct stacks *stacks, char buf[SITE_ROOM])
{
	return site_text(site, stacks, true, buf);
}
