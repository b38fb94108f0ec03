/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of generated code, from /tmp/perf-PID.map as perf(1) reads it. The file
 * is a stranger's: whose it is, how long it is and how many lines it has is
 * looked at. Knows nothing of stacks.
 */
#ifndef MEMTRACE_INPUT_STACK_JIT_H
#define MEMTRACE_INPUT_STACK_JIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JIT_MAP_BYTES_MAX (64u << 20)
#define JIT_MAP_LINES_MAX (1u << 20)

struct jit_map;

/* NULL without memory. Reads nothing yet. */
struct jit_map *jit_map__new(void);
void jit_map__free(struct jit_map *map); /* NULL is allowed */

/* How much memory it takes; and gives it back, until its time to be read has come again. */
size_t jit_map__footprint(const struct jit_map *map);
void jit_map__forget(struct jit_map *map);

/*
 * The name of the code at addr, len bytes that are not escaped, or NULL. Looks
 * into the file of the process that thread tid is of, at most each second; a large
 * one takes long, and is read less often.
 */
const char *jit_map__find(struct jit_map *map, pid_t tid, uint64_t addr, uint64_t now_ns,
			  size_t *ret_len);

/* Takes over the text of such a file, from malloc(3): for tests as well. 0 or -errno. */
int jit_map__parse(struct jit_map *map, char *text, size_t len);

/* For tests: what jit_map__find() does without looking into the file. */
const char *jit_map__lookup(const struct jit_map *map, uint64_t addr, size_t *ret_len);

#endif
