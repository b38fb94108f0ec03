/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every process needed, site by site: of each once, when it ends or at the
 * end of all. Bounded; what has no room is summed up, so that sums hold. Knows no
 * space and no event.
 */
#ifndef MEMTRACE_CORE_LEDGER_H
#define MEMTRACE_CORE_LEDGER_H

#include "cause.h"
#include "intern.h"
#include "sites.h"

#define LEDGER_ROWS_MAX 131072
#define LEDGER_PROCESSES_MAX 16384 /* the first of them stands for all that are beyond */

struct ledger_process {
	uint32_t tgid; /* 0: of many processes */
	char comm[CAUSE_COMM]; /* escaped */
	struct site_sums rest; /* of sites that had no room */
};

/* What the site is, and its sums. */
struct ledger_row {
	uint32_t process; /* ledger__process() */
	uint32_t stack;
	uint32_t what;
	int32_t nr;
	uint32_t kind;
	char comm[CAUSE_COMM]; /* of the thread, without a stack */
	struct site_sums sums;
};

struct ledger;

/* NULL without memory. */
struct ledger *ledger__new(void);
void ledger__free(struct ledger *l); /* NULL is allowed */

/* All sites of a process, which is noted once. */
void ledger__note(struct ledger *l, uint32_t tgid, const char *comm, const struct intern *sites);

size_t ledger__processes(const struct ledger *l);
const struct ledger_process *ledger__process(const struct ledger *l, size_t number);
size_t ledger__rows(const struct ledger *l);
const struct ledger_row *ledger__row(const struct ledger *l, size_t number);

#endif
