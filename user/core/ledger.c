// SPDX-License-Identifier: GPL-2.0
/* Two arrays that grow up to their bounds; see ledger.h. */
#include "ledger.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_AT_FIRST 64

struct list {
	void *items;
	size_t n, room;
};

struct ledger {
	struct list processes, rows;
	struct ledger_process others;
};

/* Room for one more of that size, zeroed and counted; NULL: there is none. */
static void *list__add(struct list *list, size_t size, size_t max)
{
	size_t room = list->room ? 2 * list->room : ROOM_AT_FIRST;
	void *items;

	if (list->n == max)
		return NULL;
	if (list->n == list->room) {
		items = realloc(list->items, room * size);
		if (!items)
			return NULL;
		list->items = items;
		list->room = room;
	}
	return memset((char *)list->items + list->n++ * size, 0, size);
}

struct ledger *ledger__new(void)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l)
		snprintf(l->others.comm, sizeof(l->others.comm), "others");
	return l;
}

void ledger__free(struct ledger *l)
{
	if (!l)
		return;
	free(l->processes.items);
	free(l->rows.items);
	free(l);
}

static void note_site(struct ledger *l, uint32_t number, struct ledger_process *process,
		      const struct site *site)
{
	struct site_sums sums = site__sums(site);
	struct ledger_row *row;

	if (!sums.bytes && !sums.kept)
		return;
	/* Others of the process itself have no place of their own. */
	row = number && site->what != CAUSE_OTHERS ?
		      list__add(&l->rows, sizeof(*row), LEDGER_ROWS_MAX) : NULL;
	if (!row) {
		site_sums__add(&process->rest, &sums);
		return;
	}
	row->process = number;
	row->stack = site->stack;
	row->what = site->what;
	row->nr = site->nr;
	row->kind = site->kind;
	memcpy(row->comm, site->comm, sizeof(row->comm));
	row->sums = sums;
}

void ledger__note(struct ledger *l, uint32_t tgid, const char *comm, const struct intern *sites)
{
	struct ledger_process *process =
		list__add(&l->processes, sizeof(*process), LEDGER_PROCESSES_MAX - 1);
	uint32_t number = process ? (uint32_t)l->processes.n : 0, i;

	if (process) {
		process->tgid = tgid;
		snprintf(process->comm, sizeof(process->comm), "%s", comm);
	} else {
		process = &l->others;
	}
	for (i = 0; i < sites->n; i++)
		note_site(l, number, process, intern__at(sites, i));
}

size_t ledger__processes(const struct ledger *l)
{
	return l->processes.n + 1;
}

const struct ledger_process *ledger__process(const struct ledger *l, size_t number)
{
	const struct ledger_process *list = l->processes.items;

	return number ? &list[number - 1] : &l->others;
}

size_t ledger__rows(const struct ledger *l)
{
	return l->rows.n;
}

const struct ledger_row *ledger__row(const struct ledger *l, size_t number)
{
	return (const struct ledger_row *)l->rows.items + number;
}
