// SPDX-License-Identifier: GPL-2.0
/*
 * Executes the instructions of call frame information (DWARF 5, 6.4.2) up to one
 * address. They are bounded (FRAMES_PROGRAM_MAX), and so is what they can remember.
 */
#include "stack_cfi.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#define SAVED_MAX 8 /* rows remembered at one time; compilers nest no more than two */

struct run {
	const struct frame_program *program;
	uint64_t at, addr; /* where the row applies from; the address that is looked for */
	bool passed;	   /* what follows is for addresses beyond it */
	struct cfi_row row, initial;
	struct cfi_row saved[SAVED_MAX];
	size_t n_saved;
};

/* The return address may be in a register that is kept as well: arm64's. */
static void set_rule(struct run *r, uint64_t reg, const struct cfi_rule *rule)
{
	static const uint8_t kept_regs[] = MT_STACK_KEPT;
	size_t i;

	/* NULL: as it was when the function began. */
	if (reg == CFI_REG_RA)
		r->row.ra = rule ? *rule : r->initial.ra;
	for (i = 0; i < sizeof(kept_regs); i++)
		if (kept_regs[i] == reg)
			r->row.kept[i] = rule ? *rule : r->initial.kept[i];
}

static bool restore(struct run *r, uint64_t reg)
{
	set_rule(r, reg, NULL);
	return true;
}

static bool advance_to(struct run *r, uint64_t at)
{
	r->passed = at > r->addr;
	r->at = at;
	return true;
}

static bool advance(struct run *r, uint64_t delta)
{
	uint64_t by = delta * r->program->code_align;

	/* Backwards: it wraps. */
	return r->at + by >= r->at && advance_to(r, r->at + by);
}

static bool set(struct run *r, uint64_t reg, enum cfi_rule_kind kind, uint64_t offset)
{
	const struct cfi_rule rule = { .kind = kind, .offset = (int64_t)offset };

	set_rule(r, reg, &rule);
	return true;
}

static bool set_register(struct run *r, uint64_t reg, uint64_t in)
{
	const struct cfi_rule rule = { .kind = RULE_REGISTER, .reg = in };

	set_rule(r, reg, &rule);
	return true;
}

static bool set_expression(struct run *r, uint64_t reg, enum cfi_rule_kind kind, struct bytes *b)
{
	struct cfi_rule rule = { .kind = kind };

	rule.expression = bytes__part(b, bytes__uleb(b));
	set_rule(r, reg, &rule);
	return true;
}

static bool set_cfa(struct run *r, uint64_t reg, int64_t offset)
{
	r->row.cfa = (struct cfi_rule){ .kind = RULE_REGISTER, .reg = reg, .offset = offset };
	return true;
}

static bool remember(struct run *r)
{
	if (r->n_saved == SAVED_MAX)
		return false;
	r->saved[r->n_saved++] = r->row;
	return true;
}

static bool recall(struct run *r)
{
	if (!r->n_saved)
		return false;
	r->row = r->saved[--r->n_saved];
	return true;
}

/* Those that say what the CFA is; *ret_known is false for all others. */
static bool execute_cfa(struct run *r, uint8_t op, struct bytes *b, bool *ret_known)
{
	const int64_t align = r->program->data_align;
	struct cfi_rule *cfa = &r->row.cfa;
	uint64_t reg;

	*ret_known = true;
	switch (op) {
	case DW_CFA_def_cfa:
		reg = bytes__uleb(b);
		return set_cfa(r, reg, (int64_t)bytes__uleb(b));
	case DW_CFA_def_cfa_sf:
		reg = bytes__uleb(b);
		return set_cfa(r, reg, (int64_t)((uint64_t)bytes__sleb(b) * (uint64_t)align));
	case DW_CFA_def_cfa_register:
		return cfa->kind == RULE_REGISTER && set_cfa(r, bytes__uleb(b), cfa->offset);
	case DW_CFA_def_cfa_offset:
		return cfa->kind == RULE_REGISTER && set_cfa(r, cfa->reg, (int64_t)bytes__uleb(b));
	case DW_CFA_def_cfa_offset_sf:
		return cfa->kind == RULE_REGISTER &&
		       set_cfa(r, cfa->reg, (int64_t)((uint64_t)bytes__sleb(b) * (uint64_t)align));
	case DW_CFA_def_cfa_expression:
		*cfa = (struct cfi_rule){ .kind = RULE_VALUE };
		cfa->expression = bytes__part(b, bytes__uleb(b));
		return true;
	}
	*ret_known = false;
	return true;
}

/* Those that name a register and say where it is in the caller. */
static bool execute_register(struct run *r, uint8_t op, struct bytes *b)
{
	const uint64_t align = (uint64_t)r->program->data_align;
	uint64_t reg = bytes__uleb(b);

	switch (op) {
	case DW_CFA_offset_extended:
		return set(r, reg, RULE_SAVED, bytes__uleb(b) * align);
	case DW_CFA_offset_extended_sf:
		return set(r, reg, RULE_SAVED, (uint64_t)bytes__sleb(b) * align);
	case DW_CFA_GNU_negative_offset_extended:
		return set(r, reg, RULE_SAVED, -(bytes__uleb(b) * align));
	case DW_CFA_val_offset:
		return set(r, reg, RULE_OFFSET, bytes__uleb(b) * align);
	case DW_CFA_val_offset_sf:
		return set(r, reg, RULE_OFFSET, (uint64_t)bytes__sleb(b) * align);
	case DW_CFA_register:
		return set_register(r, reg, bytes__uleb(b));
	case DW_CFA_undefined:
		return set(r, reg, RULE_UNDEFINED, 0);
	case DW_CFA_same_value:
		return set(r, reg, RULE_SAME, 0);
	case DW_CFA_restore_extended:
		return restore(r, reg);
	case DW_CFA_expression:
		return set_expression(r, reg, RULE_EXPRESSION, b);
	case DW_CFA_val_expression:
		return set_expression(r, reg, RULE_VALUE, b);
	}
	return false;
}

static bool execute_one(struct run *r, struct bytes *b)
{
	uint8_t op = (uint8_t)bytes__uint(b, 1), low = op & 0x3f;
	bool known, ok = execute_cfa(r, op, b, &known);
	uint64_t at;

	if (known)
		return ok;
	switch (op & 0xc0) {
	case DW_CFA_advance_loc:
		return advance(r, low);
	case DW_CFA_offset:
		return set(r, low, RULE_SAVED,
			   bytes__uleb(b) * (uint64_t)r->program->data_align);
	case DW_CFA_restore:
		return restore(r, low);
	}
	switch (op) {
	case DW_CFA_nop:
	case DW_CFA_GNU_window_save: /* arm64's: return addresses are signed, or no more */
		return true;
	case DW_CFA_set_loc:
		return frame_program__address(r->program, b, &at) && at >= r->at &&
		       advance_to(r, at);
	case DW_CFA_advance_loc1:
		return advance(r, bytes__uint(b, 1));
	case DW_CFA_advance_loc2:
		return advance(r, bytes__uint(b, 2));
	case DW_CFA_advance_loc4:
		return advance(r, bytes__uint(b, 4));
	case DW_CFA_remember_state:
		return remember(r);
	case DW_CFA_restore_state:
		return recall(r);
	case DW_CFA_GNU_args_size:
		bytes__uleb(b);
		return true;
	}
	return execute_register(r, op, b);
}

/* Ends where the instructions do, or where they are for what lies beyond the address. */
static bool execute(struct run *r, struct bytes b)
{
	while (b.at < b.end && !r->passed) {
		if (!execute_one(r, &b) || b.beyond)
			return false;
	}
	return true;
}

struct cfi_row *cfi_row__new(const struct frames *f, uint64_t addr)
{
	struct frame_program program;
	struct run *r;
	struct cfi_row *row = NULL;

	if (!frames__find(f, addr, &program) || program.return_register != CFI_REG_RA)
		return NULL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->program = &program;
	r->at = program.start;
	r->addr = addr;
	r->row.cfa.kind = RULE_UNDEFINED;
	if (execute(r, program.initial) && !r->passed) {
		r->initial = r->row;
		if (execute(r, program.rest) && r->row.cfa.kind != RULE_UNDEFINED)
			row = malloc(sizeof(*row));
	}
	if (row) {
		*row = r->row;
		row->signal = program.signal;
	}
	free(r);
	return row;
}
