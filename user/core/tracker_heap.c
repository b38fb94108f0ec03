// SPDX-License-Identifier: GPL-2.0
/* What memory of a process is for, and how much of it is resident, as the tracker knows it. */
#include "tracker_private.h"

/* A child of vfork(2) has not made what is its parent's. */
static struct space *own_space(struct tracker *t, const struct process *p)
{
	struct space *s = tracker__space(t, p->space);

	return s && s->tgid == p->tgid && s->has_base && s->origins ? s : NULL;
}

bool tracker__heap(struct tracker *t, const struct process *p, struct heap *ret)
{
	const struct space *s = own_space(t, p);

	if (!s)
		return false;
	origins__heap(s->origins, ret);
	return true;
}

void tracker__resident(struct tracker *t, const struct process *p, const struct resident *list,
		       size_t n, struct heap *heap)
{
	const struct space *s = own_space(t, p);

	if (s)
		origins__resident(s->origins, list, n, heap);
}
