/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The call frame information of one ELF file: which entry is whose address's.
 * What the entries say is for stack_row.h. Bounded, whatever the file holds.
 */
#ifndef MEMTRACE_INPUT_STACK_FRAMES_H
#define MEMTRACE_INPUT_STACK_FRAMES_H

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>
#include "stack_bytes.h"

/* Of one section; no program's comes near (Chromium's has 20 MiB). */
#define FRAMES_BYTES_MAX (64u << 20)
#define FRAMES_PROGRAM_MAX (64u << 10) /* instructions of one function, in bytes */

struct frames;

/*
 * Reads the section of that name, .eh_frame or .debug_frame, or .eh_frame where
 * the program's header names it. It needs the file as long as it is used. NULL
 * when there is none, it is not to be believed, or without memory.
 */
struct frames *frames__read(Elf *elf, const char *section);
void frames__free(struct frames *f); /* NULL is allowed */

/* How much memory it takes, with what libelf keeps for it. */
size_t frames__footprint(const struct frames *f);

/* What makes the row of one address: DWARF 5, 6.4.2. */
struct frame_program {
	struct bytes initial, rest; /* instructions of the CIE, and of the FDE */
	uint64_t start;		    /* where the FDE's begin to apply */
	uint64_t code_align;
	int64_t data_align;
	uint64_t return_register;
	bool signal;
	const struct frames *of;
	uint8_t encoding;
};
/* False: nothing is known of that address. */
bool frames__find(const struct frames *f, uint64_t addr, struct frame_program *ret);

/* An address that is encoded as the FDE's are (DW_CFA_set_loc). */
bool frame_program__address(const struct frame_program *p, struct bytes *b, uint64_t *ret);

#endif
