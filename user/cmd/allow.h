/* SPDX-License-Identifier: GPL-2.0 */
/* The values of --allow and --allow-file: rules in, or one line on what is wrong. */
#ifndef MEMTRACE_CMD_ALLOW_H
#define MEMTRACE_CMD_ALLOW_H

#include "core/allow.h"

/*
 * Parsers as option_value.c has them: field is a struct allow, which they add
 * to, and which allow__fini() frees. 0, -ENOMEM, or -EINVAL and why.
 */
int allow__parse_rule(const char *text, void *field, char *why, size_t why_len);
int allow__parse_file(const char *path, void *field, char *why, size_t why_len);

#endif
