/* SPDX-License-Identifier: GPL-2.0 */
/* Who needed memory, in words. Knows no report. */
#ifndef MEMTRACE_OUTPUT_SITE_TEXT_H
#define MEMTRACE_OUTPUT_SITE_TEXT_H

#include "core/sites.h"
#include "core/stacks.h"

/*
 * "mmap, anonymous, thread NAME"; of a stack the innermost function that is no
 * allocator's, and its caller: "load (app) < main (app)". stacks may be NULL. Returns buf.
 */
#define SITE_ROOM 512
const char *site__text(const struct site *site, const struct stacks *stacks, char buf[SITE_ROOM]);
/* The same where there is less room: "load < main", with modules only where they name. */
const char *site__brief(const struct site *site, const struct stacks *stacks, char buf[SITE_ROOM]);

#endif
