// SPDX-License-Identifier: GPL-2.0
/* Capabilities (capabilities(7)) by libcap-ng, and no_new_privs (prctl(2)). */
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* auditd does likewise (priority_boost in auditd.conf(5)). */
#define HURRY_NICE (-10)

void privileges__hurry(void)
{
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) == 0 && !errno)
		setpriority(PRIO_PROCESS, 0, HURRY_NICE);
}

int privileges__drop(unsigned int also)
{
	const struct {
		unsigned int cap;
		bool wanted;
	} keep[] = {
		{ CAP_BPF, true },
		{ CAP_PERFMON, true },
		{ CAP_SYS_PTRACE, true },
		{ CAP_DAC_READ_SEARCH, true },
		{ CAP_KILL, also & PRIVILEGE_KILL },
		{ CAP_CHECKPOINT_RESTORE, also & PRIVILEGE_MAP_FILES },
		{ CAP_DAC_OVERRIDE, also & PRIVILEGE_FILES },
		{ CAP_FOWNER, also & PRIVILEGE_FILES },
	};
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	const capng_type_t both = (capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
	bool had[sizeof(keep) / sizeof(keep[0])];
	size_t i;

	/* What maps and rings count against before 5.11; later it does not matter if it fails. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	if (capng_get_caps_process())
		return -1;
	for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		had[i] = keep[i].wanted && capng_have_capability(CAPNG_PERMITTED, keep[i].cap);
	capng_clear(CAPNG_SELECT_CAPS);
	for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
		if (had[i] && capng_update(CAPNG_ADD, both, keep[i].cap))
			return -1;
	}
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
