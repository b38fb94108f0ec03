// SPDX-License-Identifier: GPL-2.0
/*
 * Calls, errors, limits and sizes in words; see call_text.h. The names of flags
 * are call_args.c's. Must not know columns or colours.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "call_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int call_text__errno(const struct call *c)
{
	if (call__failed(c))
		return -c->ret;
	if (c->id == MT_CALL_BRK && c->args[0] && c->args[0] >= c->args[2] &&
	    (uint64_t)c->ret != c->args[0])
		return ENOMEM;
	return 0;
}

bool call_text__sets_protection(enum mt_call_id id)
{
	return id == MT_CALL_MPROTECT || id == MT_CALL_PKEY_MPROTECT;
}

/* The call gives a range its permissions, be it new or old. */
static bool call__gives_protection(enum mt_call_id id)
{
	return call_text__sets_protection(id) || id == MT_CALL_MMAP || id == MT_CALL_SHMAT ||
	       id == MT_CALL_REMAP_FILE_PAGES;
}

const char *call_text__w_x(const struct call_record *rec)
{
	const struct change *ch = rec->change;

	if (!ch || ch->kind == CHANGE_NONE || !call__gives_protection(rec->call->id))
		return NULL;
	if (ch->wx & CHANGE_W_AND_X)
		return "W+X: writable and executable";
	if (ch->wx & CHANGE_W_TO_X)
		return "W>X: was writable, now executable";
	return ch->wx & CHANGE_X_TO_W ? "X>W: was executable, now writable" : NULL;
}

/* The value of the argument with that field, or 0. */
static uint64_t call__arg(const struct call *c, enum call_arg_field field)
{
	for (const struct call_arg *arg = call_args(c); arg->field != CALL_ARG_NR; arg++)
		if (arg->field == field)
			return call_arg__value(c, arg);
	return 0;
}

static int signed_size(uint64_t more, uint64_t less, uint64_t *ret_bytes)
{
	*ret_bytes = more > less ? more - less : less - more;
	return more > less ? 1 : -1;
}

/* What the call was about: the range acted on, or asked for. 0: the whole space. */
static uint64_t plain_size(const struct call_record *rec)
{
	const struct change *ch = rec->change;
	const struct call *c = rec->call;

	if (c->id == MT_CALL_MLOCKALL || c->id == MT_CALL_MUNLOCKALL)
		return 0;
	if (c->id == MT_CALL_BRK)
		return call_text__errno(c) && c->args[1] && c->args[0] > c->args[1] ?
			       c->args[0] - c->args[1] :
			       0;
	if (c->id == MT_CALL_PROCESS_MADVISE)
		return call__failed(c) ? 0 : (uint64_t)c->ret; /* bytes advised */
	if (ch && ch->kind == CHANGE_APPLIED && ch->end > ch->start)
		return ch->end - ch->start;
	return call__arg(c, CALL_ARG_length);
}

int call_text__size(const struct call_record *rec, uint64_t *ret_bytes)
{
	const struct change *ch = rec->change;

	*ret_bytes = plain_size(rec);
	if (!ch || call_text__errno(rec->call))
		return 0;
	if (call_text__sets_protection(rec->call->id))
		return ch->committed == ch->uncommitted ?
			       0 :
			       signed_size(ch->committed, ch->uncommitted, ret_bytes);
	return ch->mapped == ch->unmapped ? 0 : signed_size(ch->mapped, ch->unmapped, ret_bytes);
}

uint64_t call_text__addr(const struct call_record *rec)
{
	const struct change *ch = rec->change;
	const struct call *c = rec->call;
	bool applied = ch && ch->kind == CHANGE_APPLIED && !call_text__errno(c);

	switch (c->id) {
	case MT_CALL_MLOCKALL:
	case MT_CALL_MUNLOCKALL:
		return 0;
	case MT_CALL_MMAP:
	case MT_CALL_MREMAP:
	case MT_CALL_SHMAT:
	case MT_CALL_MAP_SHADOW_STACK:
		return call__failed(c) ? call__arg(c, CALL_ARG_addr) : (uint64_t)c->ret;
	case MT_CALL_BRK:
		return applied && ch->start ? ch->start : (uint64_t)c->ret;
	default:
		return applied && ch->start ? ch->start : call__arg(c, CALL_ARG_addr);
	}
}

void protection__text(uint32_t old_flags, uint32_t new_flags, char buf[CALL_TEXT_PROT])
{
	char old_perms[5], new_perms[5];

	region__perms(old_flags, old_perms);
	region__perms(new_flags, new_perms);
	if (strcmp(old_perms, new_perms))
		snprintf(buf, CALL_TEXT_PROT, "%s>%s", old_perms, new_perms);
	else
		snprintf(buf, CALL_TEXT_PROT, "%s", new_perms);
}

void call_text__prot(const struct call_record *rec, char buf[CALL_TEXT_PROT])
{
	const struct change *ch = rec->change;
	enum mt_call_id id = rec->call->id;

	snprintf(buf, CALL_TEXT_PROT, "-");
	if (!ch || call_text__errno(rec->call))
		return;
	if (call_text__sets_protection(id) && ch->kind != CHANGE_NONE)
		protection__text(ch->old_flags, ch->new_flags, buf);
	else if (ch->unmapped > ch->mapped &&
		 (id == MT_CALL_MUNMAP || id == MT_CALL_SHMDT || id == MT_CALL_BRK))
		protection__text(ch->old_flags, ch->old_flags, buf);
	else if (ch->kind == CHANGE_APPLIED || ch->new_flags)
		protection__text(ch->new_flags, ch->new_flags, buf);
}

/* Text that is cut at its end, never overrun. */
struct text {
	char *buf;
	size_t size, len;
};

static void __attribute__((format(printf, 2, 3))) text__add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += n;
	if (t->len >= t->size)
		t->len = t->size - 1;
}

static void text__add_args(struct text *t, const struct call *c, bool failed)
{
	char names[CALL_TEXT_FLAGS];

	for (const struct call_arg *arg = call_args(c); arg->field != CALL_ARG_NR; arg++) {
		/* The column shows what came of it; nothing did. */
		if (!arg->in_text && !(failed && arg->field == CALL_ARG_prot))
			continue;
		if (call_arg__type(arg->field) == ARG_NAMES) {
			call_arg__names(c, arg, names, sizeof(names));
			if (strcmp(names, "0"))
				text__add(t, " %s", names);
		} else {
			text__add(t, " %s %lld", call_arg_field__name(arg->field),
				  (long long)call_arg__value(c, arg));
		}
	}
	if (c->has_name)
		text__add(t, " \"%s\"", c->name);
}

size_t call_text__detail(const struct call_record *rec, char *buf, size_t size)
{
	const struct change *ch = rec->change;
	const struct call *c = rec->call;
	int err = call_text__errno(c);
	struct text t = { buf, size, 0 };
	const char *w_x = call_text__w_x(rec), *name = errno__name(err);
	char value[HUMAN_SIZE_ROOM];

	buf[0] = '\0';
	text__add_args(&t, c, err);
	if (ch && ch->moved_from)
		text__add(&t, " from %llx", (unsigned long long)ch->moved_from);
	if (err && name)
		text__add(&t, " = -1 %s (%s)", name, errno__text(err));
	else if (err)
		text__add(&t, " = -1 errno %d", err);
	if (err && limit__name(rec->limit))
		text__add(&t, "  %s %s", limit__name(rec->limit),
			  limit__value(rec->limit, rec->limit_bytes, value));
	if (w_x)
		text__add(&t, "  %s", w_x);
	if (ch && ch->mixed && w_x)
		text__add(&t, " (other permissions in the range as well)");
	return t.len;
}
