// SPDX-License-Identifier: GPL-2.0
/* See stack_chain.h. Frame pointers are a stranger's: they are followed upwards only. */
#include "stack_chain.h"

#include <string.h>

#include "stack_cfi.h"

bool stack_chain__switches(const char *function)
{
	static const char *const names[] = { "runtime.systemstack", "runtime.mcall",
					     "runtime.morestack", "runtime.asmcgocall" };
	size_t i, len;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		/* ".abi0" is how Go's linker marks what is written in assembly. */
		if (!strncmp(function, names[i], len) &&
		    (!function[len] || !strcmp(function + len, ".abi0")))
			return true;
	}
	return false;
}

bool stack_chain__follows(const struct mt_stack *st, uint64_t pc)
{
	const char *bytes = (const char *)(st + 1);
	uint64_t at = st->regs[CFI_KEPT_FP], frame[2];

	while (st->len >= sizeof(frame) && at >= st->sp &&
	       at - st->sp <= st->len - sizeof(frame)) {
		memcpy(frame, bytes + (at - st->sp), sizeof(frame));
		if (frame[1] == pc)
			return frame[0] == st->chain_at;
		if (frame[0] <= at)
			return false;
		at = frame[0];
	}
	return false;
}
