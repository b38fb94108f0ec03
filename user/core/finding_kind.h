/* SPDX-License-Identifier: GPL-2.0 */
/* The kinds of finding, as -e and JSON spell them. */
#ifndef MEMTRACE_CORE_FINDING_KIND_H
#define MEMTRACE_CORE_FINDING_KIND_H

#define FINDING_KINDS(X)                                                                  \
	X(GROWTH, "growth", "heap or mapped memory grew")                                 \
	X(PROTECTION, "protection", "memory is, or was, writable and executable")         \
	X(LIMIT, "limit", "a call failed at a limit")                                     \
	X(FAILURE, "failure", "a call failed")                                            \
	X(LOCKED, "locked", "memory was locked")                                          \
	X(NEAR, "near", "a limit comes near")                                             \
	X(LEAK, "leak", "memory that is kept rises with time: who needed it may leak it") \
	X(STACK, "stack", "stacks of threads that have ended are kept")                   \
	X(DELETED, "deleted", "a file that was deleted or replaced is mapped")            \
	X(FREE, "free", "memory that the program has freed is kept by malloc(3)")

enum finding_kind {
#define X(id, name, text) FINDING_##id,
	FINDING_KINDS(X)
#undef X
	FINDING_NR
};
const char *finding_kind__name(enum finding_kind kind);

#endif
