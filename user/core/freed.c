// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a program has freed and that its malloc(3) has not given back. Told when it
 * is much, and again when it is twice as much; what is free malloc_walk.c counts.
 */
#include "tracker_private.h"

#include <stdio.h>

void tracker__on_malloc(struct tracker *t, struct process *p, const struct malloc_sum *sum,
			uint64_t ts_ns)
{
	struct suspicions *to = &p->suspicions;
	struct finding f = { .kind = FINDING_FREE, .bytes = sum->kept };
	char text[MALLOC_SUM_ROOM];

	to->malloc = *sum;
	to->malloc_ns = ts_ns;
	if (!malloc_sum__matters(sum) || sum->kept / 2 < to->malloc_told)
		return;
	to->malloc_told = sum->kept;
	snprintf(f.text, sizeof(f.text), "%.*s", (int)sizeof(f.text) - 1,
		 malloc_sum__text(sum, text));
	finding__tell_of_space(t, p, tracker__space(t, p->space), &f, ts_ns);
}
