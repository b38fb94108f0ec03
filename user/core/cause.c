// SPDX-License-Identifier: GPL-2.0
/* Names of causes; see cause.h. */
#include "cause.h"

#include <stddef.h>
#include "call.h"

const char *cause__name(uint32_t what)
{
	static const char *const names[CAUSE_NR] = {
#define X(id, name, text) [CAUSE_##id] = name,
		CAUSES(X)
#undef X
	};
	struct call c = { .origin = what };

	if (what < MT_CALL_NR)
		return call__name(what);
	if (what < MT_ORIGIN_NR)
		return call__what(&c);
	return what < CAUSE_NR && names[what] ? names[what] : names[CAUSE_OTHERS];
}
