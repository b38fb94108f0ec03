/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mbind(2): memory policies split regions without a trace in /proc/PID/maps.
 */
#define _GNU_SOURCE
#include "work.h"

#define POLICY_DEFAULT 0
#define POLICY_BIND 2

int main(void)
{
	unsigned long node0 = 1;
	long at;

	work__begin();
	at = work__anon(16, RW);
	work__touch(at, 16);
	W(mbind, at + 4 * PAGE, 4 * PAGE, POLICY_BIND, (long)&node0, 64, 0);
	work__checkpoint();
	W(mbind, at, 16 * PAGE, POLICY_DEFAULT, 0, 0, 0);
	W(mbind, at + 1, PAGE, POLICY_DEFAULT, 0, 0, 0);
	W(mbind, at, PAGE, 77, 0, 0, 0);
	work__checkpoint();
	return 0;
}
