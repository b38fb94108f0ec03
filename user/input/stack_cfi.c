// SPDX-License-Identifier: GPL-2.0
/* Evaluates rows of call frame information: rules, and the expressions in them. */
#include "stack_cfi.h"

#include <dwarf.h>
#include <string.h>

#define KEPT_NR (sizeof(kept_regs) / sizeof(kept_regs[0]))
#define OPS_MAX 32   /* of one expression */
#define VALUES_MAX 16 /* on its stack */

static const uint8_t kept_regs[] = MT_STACK_KEPT;

static bool read_register(const struct cfi_machine *m, uint64_t regno, uint64_t *ret)
{
	size_t i;

	if (regno == CFI_REG_SP) {
		*ret = m->sp;
		return true;
	}
#if defined(__x86_64__)
	if (regno == CFI_REG_RA) {
		*ret = m->pc;
		return true;
	}
#endif
	for (i = 0; i < KEPT_NR; i++) {
		if (kept_regs[i] == regno) {
			*ret = m->kept[i];
			return m->known & 1u << i;
		}
	}
	return false;
}

static bool read_stack(const struct cfi_machine *m, uint64_t addr, uint64_t *ret)
{
	if (addr < m->bytes_at || m->bytes_n < sizeof(*ret) ||
	    addr - m->bytes_at > m->bytes_n - sizeof(*ret))
		return false;
	memcpy(ret, m->bytes + (addr - m->bytes_at), sizeof(*ret));
	return true;
}

struct values {
	uint64_t v[VALUES_MAX];
	size_t n;
};

static bool push(struct values *vs, uint64_t v)
{
	if (vs->n == VALUES_MAX)
		return false;
	vs->v[vs->n++] = v;
	return true;
}

/* Operations on two values: the one on top is b. */
static bool binary(struct values *vs, unsigned int atom)
{
	uint64_t a, b, r;

	if (vs->n < 2)
		return false;
	b = vs->v[--vs->n];
	a = vs->v[--vs->n];
	switch (atom) {
	case DW_OP_plus: r = a + b; break;
	case DW_OP_minus: r = a - b; break;
	case DW_OP_mul: r = a * b; break;
	case DW_OP_and: r = a & b; break;
	case DW_OP_or: r = a | b; break;
	case DW_OP_xor: r = a ^ b; break;
	case DW_OP_shl: r = b < 64 ? a << b : 0; break;
	case DW_OP_shr: r = b < 64 ? a >> b : 0; break;
	case DW_OP_shra: r = (uint64_t)((int64_t)a >> (b < 64 ? b : 63)); break;
	case DW_OP_eq: r = a == b; break;
	case DW_OP_ne: r = a != b; break;
	case DW_OP_lt: r = (int64_t)a < (int64_t)b; break;
	case DW_OP_le: r = (int64_t)a <= (int64_t)b; break;
	case DW_OP_gt: r = (int64_t)a > (int64_t)b; break;
	case DW_OP_ge: r = (int64_t)a >= (int64_t)b; break;
	default: return false;
	}
	return push(vs, r);
}

static bool push_register(struct values *vs, const struct cfi_machine *m, uint64_t regno,
			  int64_t offset)
{
	uint64_t v;

	return read_register(m, regno, &v) && push(vs, v + (uint64_t)offset);
}

/* Operations that push something that is not on the stack; *ret_known is false for others. */
static bool operate_push(struct values *vs, uint8_t atom, struct bytes *b,
			 const struct cfi_machine *m, bool *ret_known)
{
	uint64_t reg;

	*ret_known = true;
	if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
		return push(vs, atom - DW_OP_lit0);
	if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31)
		return push_register(vs, m, atom - DW_OP_breg0, bytes__sleb(b));
	switch (atom) {
	case DW_OP_bregx:
		reg = bytes__uleb(b);
		return push_register(vs, m, reg, bytes__sleb(b));
	case DW_OP_const1u: return push(vs, bytes__uint(b, 1));
	case DW_OP_const1s: return push(vs, (uint64_t)bytes__sint(b, 1));
	case DW_OP_const2u: return push(vs, bytes__uint(b, 2));
	case DW_OP_const2s: return push(vs, (uint64_t)bytes__sint(b, 2));
	case DW_OP_const4u: return push(vs, bytes__uint(b, 4));
	case DW_OP_const4s: return push(vs, (uint64_t)bytes__sint(b, 4));
	case DW_OP_const8u: case DW_OP_const8s: return push(vs, bytes__uint(b, 8));
	case DW_OP_constu: return push(vs, bytes__uleb(b));
	case DW_OP_consts: return push(vs, (uint64_t)bytes__sleb(b));
	}
	*ret_known = false;
	return true;
}

/* Jumps are not known, so that each operation is done once. */
static bool operate(struct values *vs, struct bytes *b, const struct cfi_machine *m)
{
	uint8_t atom = (uint8_t)bytes__uint(b, 1);
	bool known, ok = operate_push(vs, atom, b, m, &known);
	uint64_t *top = vs->n ? &vs->v[vs->n - 1] : NULL;

	if (known || atom == DW_OP_nop)
		return ok;
	if (!top)
		return false;
	switch (atom) {
	case DW_OP_plus_uconst:
		*top += bytes__uleb(b);
		return true;
	case DW_OP_deref:
		return read_stack(m, *top, top);
	case DW_OP_dup:
		return push(vs, *top);
	case DW_OP_drop:
		vs->n--;
		return true;
	case DW_OP_neg:
		*top = -*top;
		return true;
	case DW_OP_not:
		*top = ~*top;
		return true;
	}
	return binary(vs, atom);
}

/* That of a register finds the CFA on its stack (DWARF 5, 6.4.2.3). */
static bool evaluate(const struct bytes *expression, const struct cfi_machine *m,
		     const uint64_t *cfa, uint64_t *ret)
{
	struct values vs = { .n = 0 };
	struct bytes b = *expression;
	int ops;

	if (cfa)
		push(&vs, *cfa);
	for (ops = 0; b.at < b.end; ops++) {
		if (ops == OPS_MAX || !operate(&vs, &b, m) || b.beyond)
			return false;
	}
	if (!ops || !vs.n)
		return false;
	*ret = vs.v[vs.n - 1];
	return true;
}

/* What a register is in the caller: false when that is not known. */
static bool apply(const struct cfi_rule *rule, const struct cfi_machine *m, uint64_t cfa,
		  uint64_t same, bool same_known, uint64_t *ret)
{
	uint64_t at;

	switch (rule->kind) {
	case RULE_SAME:
		*ret = same;
		return same_known;
	case RULE_UNDEFINED:
		return false;
	case RULE_SAVED:
		return read_stack(m, cfa + (uint64_t)rule->offset, ret);
	case RULE_OFFSET:
		*ret = cfa + (uint64_t)rule->offset;
		return true;
	case RULE_REGISTER:
		return read_register(m, rule->reg, ret);
	case RULE_EXPRESSION:
		return evaluate(&rule->expression, m, &cfa, &at) && read_stack(m, at, ret);
	case RULE_VALUE:
		return evaluate(&rule->expression, m, &cfa, ret);
	}
	return false;
}

static bool find_cfa(const struct cfi_row *row, const struct cfi_machine *m, uint64_t *ret)
{
	if (row->cfa.kind == RULE_VALUE)
		return evaluate(&row->cfa.expression, m, NULL, ret);
	if (row->cfa.kind != RULE_REGISTER || !read_register(m, row->cfa.reg, ret))
		return false;
	*ret += (uint64_t)row->cfa.offset;
	return true;
}

enum cfi_result cfi__step(const struct cfi_row *row, struct cfi_machine *m)
{
	struct cfi_machine caller = *m;
	uint64_t cfa, ra = 0;
	size_t i;

	/* As _start and clone have it: there is nobody to return to (psABI, CIE and FDE). */
	if (row->ra.kind == RULE_UNDEFINED)
		return CFI_END;
	if (!find_cfa(row, m, &cfa))
		return CFI_LOST;
#if defined(__aarch64__)
	read_register(m, CFI_REG_RA, &ra);
#else
	if (row->ra.kind == RULE_SAME)
		return CFI_LOST;
#endif
	if (!apply(&row->ra, m, cfa, ra, ra != 0, &caller.pc))
		return CFI_LOST;
	caller.known = 0;
	for (i = 0; i < KEPT_NR; i++) {
		if (apply(&row->kept[i], m, cfa, m->kept[i], m->known & 1u << i, &caller.kept[i]))
			caller.known |= 1u << i;
	}
	caller.sp = cfa;
	*m = caller;
	return m->pc ? CFI_STEPPED : CFI_END;
}

enum cfi_result cfi__step_by_pointer(struct cfi_machine *m)
{
	uint64_t fp = m->kept[CFI_KEPT_FP], before, pc;

	if (m->known & 1u << CFI_KEPT_FP && !fp)
		return CFI_END;
	if (!(m->known & 1u << CFI_KEPT_FP) || fp < m->sp || !read_stack(m, fp, &before) ||
	    !read_stack(m, fp + 8, &pc))
		return CFI_LOST;
	m->kept[CFI_KEPT_FP] = before;
	m->known = 1u << CFI_KEPT_FP;
	m->sp = fp + 16;
	m->pc = pc;
	return pc ? CFI_STEPPED : CFI_END;
}
