// SPDX-License-Identifier: GPL-2.0
/* See stack_text.h. */
#include "stack_text.h"

#include <inttypes.h>

void stack_text__write(struct writer *out, const struct stacks *stacks, uint32_t id)
{
	const struct stack *stack = stacks ? stacks__stack(stacks, id) : NULL;
	const struct frame *f;
	size_t i;

	for (i = 0; stack && i < stack->n; i++) {
		f = stacks__frame(stacks, stack->frames[i]);
		writer__printf(out, " > %s(%s) [0x%" PRIx64 "]\n",
			       *f->module ? f->module : "[generated]", f->function, f->offset);
	}
	if (stack && stack->cut)
		writer__printf(out, " > ...\n");
}
