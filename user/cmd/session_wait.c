// SPDX-License-Identifier: GPL-2.0
/* How long a session may be left alone, by how much has come of late. */
#include "session_private.h"

#include <time.h>

#define WAIT_MIN_MS 2
#define WAIT_SOME_MS 20
#define WAIT_MAX_MS 50 /* 64 MiB of ring last for some 200 ms at full rate */

int session__wait_ms(int before_ms, enum session_flow flow)
{
	static const int most_ms[] = {
		[FLOW_NONE] = WAIT_MAX_MS,
		[FLOW_LITTLE] = WAIT_SOME_MS,
		[FLOW_MUCH] = WAIT_MIN_MS,
		[FLOW_MORE] = 0,
	};

	return before_ms < most_ms[flow] ? before_ms + 1 : most_ms[flow];
}

void session__nap(uint64_t ns)
{
	struct timespec ts = { .tv_nsec = (long)ns };

	nanosleep(&ts, NULL);
}
