/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One step up a stack, by call frame information (DWARF 5, 6.4) over copied
 * registers and bytes. Knows no processes, files or symbols. What the tables
 * and the stack say is a stranger's: nothing here loops or reads beyond.
 */
#ifndef MEMTRACE_INPUT_STACK_CFI_H
#define MEMTRACE_INPUT_STACK_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "memtrace/event.h"
#include "stack_bytes.h"
#include "stack_frames.h"

/* A thread as it is while its stack is unwound. */
struct cfi_machine {
	uint64_t pc, sp;
	uint64_t kept[MT_STACK_REGS]; /* as struct mt_stack.regs */
	uint32_t known;		      /* a bit for each of kept */
	const char *bytes;	      /* of the stack, from bytes_at upwards */
	uint64_t bytes_at;
	size_t bytes_n;
};

enum cfi_rule_kind {
	RULE_SAME,
	RULE_UNDEFINED,
	RULE_SAVED,	 /* at the CFA and offset */
	RULE_OFFSET,	 /* is the CFA and offset */
	RULE_REGISTER,	 /* is in another register; of the CFA: that one and offset */
	RULE_EXPRESSION, /* saved where that says */
	RULE_VALUE,	 /* is what that says */
};

struct cfi_rule {
	enum cfi_rule_kind kind;
	uint64_t reg;
	int64_t offset;
	struct bytes expression; /* of the file */
};

/* How the caller's registers are found from one address of code. */
struct cfi_row {
	bool signal; /* a signal handler's frame: its caller was interrupted, and did not call */
	struct cfi_rule cfa, ra;
	struct cfi_rule kept[MT_STACK_REGS];
};

/*
 * For free(3); the frames must stay as long. NULL: nothing is known of that
 * address, it makes no sense, or there is no memory.
 */
struct cfi_row *cfi_row__new(const struct frames *f, uint64_t addr);

enum cfi_result {
	CFI_STEPPED, /* the machine is the caller's now */
	CFI_END,     /* this was the outermost frame */
	CFI_LOST,    /* what it needs is not there, or it makes no sense */
};

enum cfi_result cfi__step(const struct cfi_row *row, struct cfi_machine *m);

/* Where there is no information: by frame pointer, which generated code often has. */
enum cfi_result cfi__step_by_pointer(struct cfi_machine *m);

/* Which registers are kept, by DWARF numbers, and that of the return address. */
#define CFI_KEPT_FP MT_STACK_FP
#if defined(__aarch64__)
#define CFI_REG_SP 31
#define CFI_REG_RA 30
#else
#define CFI_REG_SP 7
#define CFI_REG_RA 16
#endif

#endif
