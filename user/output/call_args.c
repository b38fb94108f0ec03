// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments of the memory calls and their flags, in the order and spelling of strace. Numbers are
 * written out, for headers of an older libc lack the newer ones; they are those
 * of include/uapi/asm-generic (x86-64 and arm64; alpha, mips, parisc and
 * xtensa differ). Owns also which argument of which call is what. Must not know
 * how a call is shown.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "call_text.h"

#include <stdio.h>
#include <string.h>

struct flag_name {
	uint64_t value;
	const char *name;
};

/* First the value under value_mask is looked up, then each bit of the rest. */
struct flag_table {
	uint64_t value_mask;
	const struct flag_name *values; /* both end with a NULL name, or are NULL */
	const struct flag_name *bits;
	const char *zero;	 /* what no flag at all is called; NULL: "0" */
	unsigned int huge_shift; /* where log2 of a huge page's size is; 0: nowhere */
};

/* include/uapi/asm-generic/mman-common.h; 0x10 and 0x20 are arm64's. */
static const struct flag_name prot_bits[] = {
	{ 0x1, "PROT_READ" },
	{ 0x2, "PROT_WRITE" },
	{ 0x4, "PROT_EXEC" },
	{ 0x8, "PROT_SEM" },
#ifdef __aarch64__
	{ 0x10, "PROT_BTI" },
	{ 0x20, "PROT_MTE" },
#endif
	{ 0x01000000, "PROT_GROWSDOWN" },
	{ 0x02000000, "PROT_GROWSUP" },
	{ 0, NULL },
};
static const struct flag_table flags_prot = { .bits = prot_bits, .zero = "PROT_NONE" };

static const struct flag_name mmap_values[] = {
	{ 0x0, "MAP_FILE" },	  { 0x1, "MAP_SHARED" },
	{ 0x2, "MAP_PRIVATE" },	  { 0x3, "MAP_SHARED_VALIDATE" },
	{ 0x8, "MAP_DROPPABLE" }, { 0, NULL },
};
static const struct flag_name mmap_bits[] = {
	{ 0x10, "MAP_FIXED" },
	{ 0x20, "MAP_ANONYMOUS" },
#ifdef __x86_64__
	{ 0x40, "MAP_32BIT" },
	{ 0x80, "MAP_ABOVE4G" },
#endif
	{ 0x4000, "MAP_NORESERVE" },
	{ 0x8000, "MAP_POPULATE" },
	{ 0x10000, "MAP_NONBLOCK" },
	{ 0x100, "MAP_GROWSDOWN" },
	{ 0x800, "MAP_DENYWRITE" },
	{ 0x1000, "MAP_EXECUTABLE" },
	{ 0x2000, "MAP_LOCKED" },
	{ 0x20000, "MAP_STACK" },
	{ 0x40000, "MAP_HUGETLB" },
	{ 0x80000, "MAP_SYNC" },
	{ 0x100000, "MAP_FIXED_NOREPLACE" },
	{ 0, NULL },
};
static const struct flag_table flags_mmap = {
	.value_mask = 0xf,
	.values = mmap_values,
	.bits = mmap_bits,
	.huge_shift = 26,
};

static const struct flag_name mremap_bits[] = {
	{ 0x1, "MREMAP_MAYMOVE" },
	{ 0x2, "MREMAP_FIXED" },
	{ 0x4, "MREMAP_DONTUNMAP" },
	{ 0, NULL },
};
static const struct flag_table flags_mremap = { .bits = mremap_bits };

static const struct flag_name mlock2_bits[] = { { 0x1, "MLOCK_ONFAULT" }, { 0, NULL } };
static const struct flag_table flags_mlock2 = { .bits = mlock2_bits };

static const struct flag_name mlockall_bits[] = {
	{ 0x1, "MCL_CURRENT" },
	{ 0x2, "MCL_FUTURE" },
	{ 0x4, "MCL_ONFAULT" },
	{ 0, NULL },
};
static const struct flag_table flags_mlockall = { .bits = mlockall_bits };

static const struct flag_name msync_bits[] = {
	{ 0x1, "MS_ASYNC" },
	{ 0x2, "MS_INVALIDATE" },
	{ 0x4, "MS_SYNC" },
	{ 0, NULL },
};
static const struct flag_table flags_msync = { .bits = msync_bits };

static const struct flag_name shmat_bits[] = {
	{ 010000, "SHM_RDONLY" }, { 020000, "SHM_RND" }, { 040000, "SHM_REMAP" },
	{ 0100000, "SHM_EXEC" },  { 0, NULL },
};
static const struct flag_table flags_shmat = { .bits = shmat_bits };

static const struct flag_name mbind_bits[] = {
	{ 0x1, "MPOL_MF_STRICT" },
	{ 0x2, "MPOL_MF_MOVE" },
	{ 0x4, "MPOL_MF_MOVE_ALL" },
	{ 0, NULL },
};
static const struct flag_table flags_mbind = { .bits = mbind_bits };

static const struct flag_name shadow_stack_bits[] = {
	{ 0x1, "SHADOW_STACK_SET_TOKEN" },
	{ 0x2, "SHADOW_STACK_SET_MARKER" },
	{ 0, NULL },
};
static const struct flag_table flags_shadow_stack = { .bits = shadow_stack_bits };

/* No flag is known: all are shown in hex. */
static const struct flag_table flags_none = { .bits = NULL };

/* include/uapi/linux/mempolicy.h */
static const struct flag_name mpol_values[] = {
	{ 0, "MPOL_DEFAULT" },
	{ 1, "MPOL_PREFERRED" },
	{ 2, "MPOL_BIND" },
	{ 3, "MPOL_INTERLEAVE" },
	{ 4, "MPOL_LOCAL" },
	{ 5, "MPOL_PREFERRED_MANY" },
	{ 6, "MPOL_WEIGHTED_INTERLEAVE" },
	{ 0, NULL },
};
static const struct flag_name mpol_bits[] = {
	{ 0x2000, "MPOL_F_NUMA_BALANCING" },
	{ 0x4000, "MPOL_F_RELATIVE_NODES" },
	{ 0x8000, "MPOL_F_STATIC_NODES" },
	{ 0, NULL },
};
static const struct flag_table values_mpol = {
	.value_mask = 0x1fff,
	.values = mpol_values,
	.bits = mpol_bits,
};

static const struct flag_name advice_values[] = {
	{ 0, "MADV_NORMAL" },	       { 1, "MADV_RANDOM" },
	{ 2, "MADV_SEQUENTIAL" },      { 3, "MADV_WILLNEED" },
	{ 4, "MADV_DONTNEED" },	       { 8, "MADV_FREE" },
	{ 9, "MADV_REMOVE" },	       { 10, "MADV_DONTFORK" },
	{ 11, "MADV_DOFORK" },	       { 12, "MADV_MERGEABLE" },
	{ 13, "MADV_UNMERGEABLE" },    { 14, "MADV_HUGEPAGE" },
	{ 15, "MADV_NOHUGEPAGE" },     { 16, "MADV_DONTDUMP" },
	{ 17, "MADV_DODUMP" },	       { 18, "MADV_WIPEONFORK" },
	{ 19, "MADV_KEEPONFORK" },     { 20, "MADV_COLD" },
	{ 21, "MADV_PAGEOUT" },	       { 22, "MADV_POPULATE_READ" },
	{ 23, "MADV_POPULATE_WRITE" }, { 24, "MADV_DONTNEED_LOCKED" },
	{ 25, "MADV_COLLAPSE" },       { 100, "MADV_HWPOISON" },
	{ 101, "MADV_SOFT_OFFLINE" },  { 102, "MADV_GUARD_INSTALL" },
	{ 103, "MADV_GUARD_REMOVE" },  { 0, NULL },
};
static const struct flag_table values_advice = { .value_mask = ~0ULL, .values = advice_values };

/* include/uapi/linux/prctl.h */
static const struct flag_name prctl_values[] = {
	{ 35, "PR_SET_MM" },
	{ 0x53564d41, "PR_SET_VMA" },
	{ 0, NULL },
};
static const struct flag_table values_prctl = { .value_mask = ~0ULL, .values = prctl_values };

static const struct flag_name set_mm_values[] = {
	{ 1, "PR_SET_MM_START_CODE" },	{ 2, "PR_SET_MM_END_CODE" },
	{ 3, "PR_SET_MM_START_DATA" },	{ 4, "PR_SET_MM_END_DATA" },
	{ 5, "PR_SET_MM_START_STACK" }, { 6, "PR_SET_MM_START_BRK" },
	{ 7, "PR_SET_MM_BRK" },		{ 8, "PR_SET_MM_ARG_START" },
	{ 9, "PR_SET_MM_ARG_END" },	{ 10, "PR_SET_MM_ENV_START" },
	{ 11, "PR_SET_MM_ENV_END" },	{ 12, "PR_SET_MM_AUXV" },
	{ 13, "PR_SET_MM_EXE_FILE" },	{ 14, "PR_SET_MM_MAP" },
	{ 15, "PR_SET_MM_MAP_SIZE" },	{ 0, NULL },
};
static const struct flag_table values_set_mm = { .value_mask = ~0ULL, .values = set_mm_values };

static const struct flag_name set_vma_values[] = { { 0, "PR_SET_VMA_ANON_NAME" }, { 0, NULL } };
static const struct flag_table values_set_vma = { .value_mask = ~0ULL, .values = set_vma_values };

/* Names with bars between them, cut at the end of the room. */
struct names {
	char *buf;
	size_t size, len;
};

static void names__put(struct names *n, const char *text, size_t len)
{
	if (len > n->size - 1 - n->len)
		len = n->size - 1 - n->len;
	memcpy(n->buf + n->len, text, len);
	n->len += len;
	n->buf[n->len] = '\0';
}

/* Not printf: a record in JSON has two or three of these, and a million may come a second. */
static void names__add(struct names *n, const char *name)
{
	if (n->len)
		names__put(n, "|", 1);
	names__put(n, name, strlen(name));
}

static size_t flag_table__names(const struct flag_table *t, uint64_t value, char *buf, size_t size)
{
	struct names names = { buf, size, 0 };
	const struct flag_name *f;
	uint64_t rest = value;
	char number[32];

	buf[0] = '\0';
	for (f = t->values; f && f->name; f++) {
		if (f->value == (value & t->value_mask)) {
			names__add(&names, f->name);
			rest &= ~t->value_mask;
			break;
		}
	}
	for (f = t->bits; f && f->name; f++) {
		if (!(rest & f->value))
			continue;
		names__add(&names, f->name);
		rest &= ~f->value;
	}
	/* strace prints MAP_HUGE_2MB as 21<<MAP_HUGE_SHIFT */
	if (t->huge_shift && (rest >> t->huge_shift & 0x3f)) {
		snprintf(number, sizeof(number), "%u<<MAP_HUGE_SHIFT",
			 (unsigned int)(rest >> t->huge_shift & 0x3f));
		names__add(&names, number);
		rest &= ~(0x3fULL << t->huge_shift);
	}
	if (rest) {
		snprintf(number, sizeof(number), "%#llx", (unsigned long long)rest);
		names__add(&names, number);
	} else if (!names.len) {
		names__add(&names, t->zero ? t->zero : "0");
	}
	return names.len;
}

/* A long argument, an int one, and one that the columns of text do not say. */
#define LONG(i, f, t)                                             \
	{                                                         \
		.index = (i), .field = CALL_ARG_##f, .names = (t) \
	}
#define INT(i, f, t)                                                              \
	{                                                                         \
		.index = (i), .field = CALL_ARG_##f, .names = (t), .is_int = true \
	}
#define TEXT(i, f, t)                                                              \
	{                                                                          \
		.index = (i), .field = CALL_ARG_##f, .names = (t), .in_text = true \
	}
#define INT_TEXT(i, f, t)                                                                          \
	{                                                                                          \
		.index = (i), .field = CALL_ARG_##f, .names = (t), .is_int = true, .in_text = true \
	}
#define END                          \
	{                            \
		.field = CALL_ARG_NR \
	}
#define RANGE LONG(0, addr, NULL), LONG(1, length, NULL)
#define CALL_ARGS_MAX 7

static const struct call_arg args_of[MT_CALL_NR][CALL_ARGS_MAX] = {
	[MT_CALL_NONE] = { END },
	[MT_CALL_BRK] = { LONG(0, addr, NULL), LONG(1, old_break, NULL), END },
	[MT_CALL_MMAP] = { RANGE, LONG(2, prot, &flags_prot), TEXT(3, flags, &flags_mmap),
			   INT(4, fd, NULL), LONG(5, offset, NULL), END },
	[MT_CALL_MUNMAP] = { RANGE, END },
	[MT_CALL_MPROTECT] = { RANGE, LONG(2, prot, &flags_prot), END },
	[MT_CALL_PKEY_MPROTECT] = { RANGE, LONG(2, prot, &flags_prot), INT_TEXT(3, pkey, NULL),
				    END },
	[MT_CALL_MREMAP] = { LONG(0, addr, NULL), LONG(1, old_length, NULL), LONG(2, length, NULL),
			     TEXT(3, flags, &flags_mremap), LONG(4, new_addr, NULL), END },
	[MT_CALL_REMAP_FILE_PAGES] = { RANGE, LONG(2, prot, &flags_prot), TEXT(3, pgoff, NULL),
				       TEXT(4, flags, &flags_mmap), END },
	[MT_CALL_MADVISE] = { RANGE, INT_TEXT(2, advice, &values_advice), END },
	[MT_CALL_PROCESS_MADVISE] = { INT(0, pidfd, NULL), LONG(1, vec, NULL), LONG(2, vlen, NULL),
				      INT_TEXT(3, advice, &values_advice),
				      INT(4, flags, &flags_none), END },
	[MT_CALL_MLOCK] = { RANGE, END },
	[MT_CALL_MLOCK2] = { RANGE, INT_TEXT(2, flags, &flags_mlock2), END },
	[MT_CALL_MUNLOCK] = { RANGE, END },
	[MT_CALL_MLOCKALL] = { INT_TEXT(0, flags, &flags_mlockall), END },
	[MT_CALL_MUNLOCKALL] = { END },
	[MT_CALL_MSYNC] = { RANGE, INT_TEXT(2, flags, &flags_msync), END },
	[MT_CALL_MINCORE] = { RANGE, LONG(2, vec, NULL), END },
	[MT_CALL_SHMAT] = { INT_TEXT(0, shmid, NULL), LONG(1, addr, NULL),
			    INT_TEXT(2, flags, &flags_shmat), END },
	[MT_CALL_SHMDT] = { LONG(0, addr, NULL), END },
	[MT_CALL_PRCTL] = { INT(0, option, &values_prctl), TEXT(1, attr, &values_set_mm),
			    LONG(2, addr, NULL), END },
	[MT_CALL_MBIND] = { RANGE, TEXT(2, mode, &values_mpol), LONG(3, nodemask, NULL),
			    LONG(4, maxnode, NULL), INT_TEXT(5, flags, &flags_mbind), END },
	[MT_CALL_MSEAL] = { RANGE, LONG(2, flags, &flags_none), END },
	[MT_CALL_MAP_SHADOW_STACK] = { RANGE, INT_TEXT(2, flags, &flags_shadow_stack), END },
};

static const struct call_arg args_of_set_vma[] = {
	INT(0, option, &values_prctl),
	TEXT(1, attr, &values_set_vma),
	LONG(2, addr, NULL),
	LONG(3, length, NULL),
	END,
};

#define PR_SET_VMA_OPTION 0x53564d41

const struct call_arg *call_args(const struct call *c)
{
	if (c->id == MT_CALL_PRCTL && (uint32_t)c->args[0] == PR_SET_VMA_OPTION)
		return args_of_set_vma;
	return (unsigned int)c->id < MT_CALL_NR ? args_of[c->id] : args_of[MT_CALL_NONE];
}

enum arg_type call_arg__type(enum call_arg_field field)
{
	static const enum arg_type types[CALL_ARG_NR] = {
#define X(field, type, text) [CALL_ARG_##field] = type,
		CALL_ARG_FIELDS(X)
#undef X
	};

	return types[field];
}

const char *call_arg_field__name(enum call_arg_field field)
{
	static const char *const names[CALL_ARG_NR] = {
#define X(field, type, text) [CALL_ARG_##field] = #field,
		CALL_ARG_FIELDS(X)
#undef X
	};

	return names[field];
}

uint64_t call_arg__value(const struct call *c, const struct call_arg *arg)
{
	uint64_t value = c->args[arg->index];

	if (!arg->is_int)
		return value;
	/* The kernel takes an int from the low half of the register. */
	return arg->names ? (uint32_t)value : (uint64_t)(int64_t)(int32_t)value;
}

size_t call_arg__names(const struct call *c, const struct call_arg *arg, char *buf, size_t size)
{
	return flag_table__names(arg->names, call_arg__value(c, arg), buf, size);
}
