/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls in words: arguments and flags named as strace names them, errors,
 * limits, sizes for people. One set of tables, for text and JSON alike. Knows
 * nothing of sinks, colours or columns.
 */
#ifndef MEMTRACE_OUTPUT_CALL_TEXT_H
#define MEMTRACE_OUTPUT_CALL_TEXT_H

#include "core/observer.h"
#include "core/words.h"

/* How an argument is to be read. */
enum arg_type {
	ARG_HEX,   /* an address or an offset */
	ARG_INT,   /* a number: bytes, a descriptor, an id */
	ARG_NAMES, /* named bits or values */
};

/* The fields that arguments are told in, as JSON spells them. */
#define CALL_ARG_FIELDS(X)                                                              \
	X(addr, ARG_HEX, "address asked for")                                           \
	X(length, ARG_INT, "bytes asked for")                                           \
	X(prot, ARG_NAMES, "PROT_* flags")                                              \
	X(flags, ARG_NAMES, "flags, named as strace does")                              \
	X(fd, ARG_INT, "mmap: file descriptor")                                         \
	X(offset, ARG_HEX, "mmap: offset into the file")                                \
	X(old_break, ARG_HEX, "brk: the break before; 0x0 if it is not known")          \
	X(pkey, ARG_INT, "pkey_mprotect: protection key")                               \
	X(old_length, ARG_INT, "mremap: bytes before")                                  \
	X(new_addr, ARG_HEX, "mremap: where to, with MREMAP_FIXED or MREMAP_DONTUNMAP") \
	X(pgoff, ARG_INT, "remap_file_pages: offset in pages")                          \
	X(advice, ARG_NAMES, "MADV_*")                                                  \
	X(pidfd, ARG_INT, "process_madvise: descriptor of the process")                 \
	X(vec, ARG_HEX, "mincore, process_madvise: address of the vector")              \
	X(vlen, ARG_INT, "process_madvise: ranges in the vector")                       \
	X(shmid, ARG_INT, "shmat: id of the segment")                                   \
	X(option, ARG_NAMES, "prctl: PR_SET_VMA or PR_SET_MM")                          \
	X(attr, ARG_NAMES, "prctl: what is set")                                        \
	X(mode, ARG_NAMES, "mbind: MPOL_*")                                             \
	X(nodemask, ARG_HEX, "mbind: address of the set of nodes")                      \
	X(maxnode, ARG_INT, "mbind: bits in the set of nodes")

enum call_arg_field {
#define X(field, type, text) CALL_ARG_##field,
	CALL_ARG_FIELDS(X)
#undef X
		CALL_ARG_NR
};

enum arg_type call_arg__type(enum call_arg_field field);
const char *call_arg_field__name(enum call_arg_field field);

struct flag_table;
struct call_arg {
	unsigned int index; /* into call->args */
	enum call_arg_field field;
	const struct flag_table *names; /* ARG_NAMES */
	bool is_int;			/* a C int: the upper half of the register does not count */
	bool in_text;			/* no column of text says it: it follows the region */
};

/* The arguments of a call in order; ends with the field CALL_ARG_NR. */
const struct call_arg *call_args(const struct call *c);

/* The value of an argument as its type has it: an int widened with its sign. */
uint64_t call_arg__value(const struct call *c, const struct call_arg *arg);

/*
 * "MAP_PRIVATE|MAP_ANONYMOUS|0x800000", unknown bits in hex; "0" for no flag
 * unless the table has a name for 0. Cut where size is too small, which it never is at
 * CALL_TEXT_FLAGS. Returns the length.
 */
#define CALL_TEXT_FLAGS 512
size_t call_arg__names(const struct call *c, const struct call_arg *arg, char *buf, size_t size);

/*
 * What follows the region on a line of text: the flags that no column says,
 * "from 7f.." of a move, W>X, the failure and its limit. "" when nothing.
 * Returns the length; what does not fit is cut.
 */
#define CALL_TEXT_DETAIL 1024
size_t call_text__detail(const struct call_record *rec, char *buf, size_t size);

/*
 * The errno of a call that failed, else 0. brk is a case of its own: on
 * failure the kernel returns the break as it was (mm/mmap.c, SYSCALL_DEFINE1(brk)),
 * and libc makes that ENOMEM (brk(2)).
 */
int call_text__errno(const struct call *c);

/*
 * What a call did to the size of the space, for the column SIZE: grew +1,
 * shrank -1, neither 0; *ret_bytes is by how much, or what it acted on.
 */
int call_text__size(const struct call_record *rec, uint64_t *ret_bytes);

/* "rw-p", "rw-p>r-xp" or "-", for the column PROT. */
#define CALL_TEXT_PROT 12
void call_text__prot(const struct call_record *rec, char buf[CALL_TEXT_PROT]);
void protection__text(uint32_t old_flags, uint32_t new_flags, char buf[CALL_TEXT_PROT]);

/* The address for the column ADDR: where it acted, or would have. */
uint64_t call_text__addr(const struct call_record *rec);

/* The call sets permissions: its old and new ones are a transition. */
bool call_text__sets_protection(enum mt_call_id id);

/* "W>X: was writable, now executable", "W+X: ..."; NULL when neither. */
const char *call_text__w_x(const struct call_record *rec);

#endif
