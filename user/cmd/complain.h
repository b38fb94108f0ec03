/* SPDX-License-Identifier: GPL-2.0 */
/* How the verbs tell what is wrong. */
#ifndef MEMTRACE_CMD_COMPLAIN_H
#define MEMTRACE_CMD_COMPLAIN_H

#include <stdio.h>

/* One line on stderr, as every error is told. */
#define complain(...)                          \
	do {                                   \
		fprintf(stderr, "memtrace: "); \
		fprintf(stderr, __VA_ARGS__);  \
		fputc('\n', stderr);           \
	} while (0)

#endif
