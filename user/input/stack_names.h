/* SPDX-License-Identifier: GPL-2.0 */
/* Names of functions made readable, and safe: C++ and Rust. Knows no files. */
#ifndef MEMTRACE_INPUT_STACK_NAMES_H
#define MEMTRACE_INPUT_STACK_NAMES_H

#include <stddef.h>

#define STACK_NAME_LEN 512

/*
 * Demangles the name of a symbol, as far as that is bounded, cuts what is long
 * and escapes it.
 */
void stack_name__of_symbol(const char *symbol, char ret[STACK_NAME_LEN]);

/* Any bytes, escaped: as a map of generated code has them. */
void stack_name__of_bytes(const char *bytes, size_t len, char ret[STACK_NAME_LEN]);

#endif
