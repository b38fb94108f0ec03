/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Any bytes as a /tmp/perf-PID.map, and as names of symbols: what is found lies in
 * the text, and what is made of it holds no control byte.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/stack_jit.h"
#include "input/stack_names.h"

static void check(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "fuzz_perf_map: %s\n", what);
		abort();
	}
}

static void check_name(const char *name)
{
	check(strlen(name) < STACK_NAME_LEN, "a name that is too long");
	for (; *name; name++)
		check((unsigned char)*name >= ' ' && *name != 0x7f, "a control byte");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jit_map *map = jit_map__new();
	char *text = malloc(size ? size : 1), *symbol = malloc(size + 1);
	char name[STACK_NAME_LEN];
	const char *found;
	size_t len;

	memcpy(text, data, size);
	memcpy(symbol, data, size);
	symbol[size] = '\0';
	stack_name__of_symbol(symbol, name);
	check_name(name);
	if (!jit_map__parse(map, text, size)) {
		for (uint64_t addr = 0; addr < 1 << 20; addr += 4093) {
			found = jit_map__lookup(map, addr, &len);
			if (!found)
				continue;
			check(found >= text && found + len <= text + size, "outside of the text");
			stack_name__of_bytes(found, len, name);
			check_name(name);
		}
	}
	free(symbol);
	jit_map__free(map);
	return 0;
}
