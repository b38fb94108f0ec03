/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks of calls, each kept once, with their frames. Who unwinds puts them in;
 * who reports reads them. Pure: knows no process, file or symbol table.
 */
#ifndef MEMTRACE_CORE_STACKS_H
#define MEMTRACE_CORE_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All text is escaped, and never NULL. */
struct frame {
	const char *function; /* demangled; "" when no symbol is known */
	const char *module;   /* as maps name it; "" for code that no file backs */
	const char *build_id; /* of the module, in hex; "" when it has none */
	uint64_t offset;      /* in the module's file; without a module the address */
};

/* What a frame is to memory: malloc(3) of libc, another allocator or a runtime, or neither. */
enum frame_role { FRAME_UNKNOWN, FRAME_MALLOC, FRAME_ALLOCATOR, FRAME_OTHER };

struct stack {
	const uint32_t *frames; /* innermost first: ids for stacks__frame() */
	size_t n;
	bool cut; /* unwinding ended before the outermost frame */
};

/* Bounds: what is beyond is refused with -ENOSPC, and counted by who asked. */
#define STACKS_MAX 65536
#define STACKS_FRAMES_MAX 262144
#define STACKS_BYTES_MAX (96u << 20) /* of frames, and of stacks: paths may have 16 KB, escaped */
#define STACKS_DEPTH 128 /* frames of one stack; deeper ones are cut */

struct stacks;

/* NULL without memory. */
struct stacks *stacks__new(void);
void stacks__free(struct stacks *s);

/* Copies the frame's text; *ret_id, from 1 on, is the same for equal frames. 0 or -errno. */
int stacks__add_frame(struct stacks *s, const struct frame *frame, uint32_t *ret_id);

/* *ret_id, from 1 on, is the same for equal stacks; n above STACKS_DEPTH is cut. 0 or -errno. */
int stacks__add(struct stacks *s, const uint32_t *frames, size_t n, bool cut, uint32_t *ret_id);

/* NULL for 0 and for what is not there. Valid until stacks__free(). */
const struct frame *stacks__frame(const struct stacks *s, uint32_t id);
/* Found out once, when the frame was added: by its texts. FRAME_UNKNOWN for what is not there. */
enum frame_role stacks__role(const struct stacks *s, uint32_t id);
const struct stack *stacks__stack(const struct stacks *s, uint32_t id);

#endif
