/* SPDX-License-Identifier: GPL-2.0 */
/*
 * prctl(PR_SET_VMA) names anonymous memory (EINVAL without CONFIG_ANON_VMA_NAME),
 * prctl(PR_SET_MM) moves the break's ends; other prctl calls are not memory calls.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include "work.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

static void names(long at)
{
	static const char name[] = "a name";

	if (W(prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, at + 4 * PAGE, 4 * PAGE, (long)name) == 0) {
		work__checkpoint();
		W(prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, at + 6 * PAGE, 4 * PAGE, 0);
		W(prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, PAGE, (long)"other");
		work__checkpoint();
		W(prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, PAGE, (long)"bad\n[name]");
	}
	W(prctl, PR_SET_VMA, 12345, at, PAGE, 0);
	work__checkpoint();
}

static void layout(void)
{
	long brk = W(brk, 0);

	MUST(W(brk, brk + 8 * PAGE) == brk + 8 * PAGE);
	/* The start of the heap decides which regions are called [heap]. */
	if (W(prctl, PR_SET_MM, PR_SET_MM_START_BRK, brk + 4 * PAGE, 0, 0) == 0)
		work__checkpoint();
	W(prctl, PR_SET_MM, PR_SET_MM_BRK, brk + 6 * PAGE, 0, 0);
	W(prctl, PR_SET_MM, 999, 0, 0, 0);
	work__checkpoint();
	W(brk, brk + 10 * PAGE);
	work__checkpoint();
}

int main(void)
{
	long at;

	work__begin();
	at = work__anon(16, RW);
	prctl(PR_SET_NAME, "work prctl");
	names(at);
	prctl(PR_GET_DUMPABLE);
	layout();
	return 0;
}
