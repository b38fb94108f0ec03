// SPDX-License-Identifier: GPL-2.0
/*
 * From what the command line asked for to what the kernel is told: pids,
 * cgroups, the tier. Knows nothing of what is shown; says what is wrong on stderr.
 */
#include "scope.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "complain.h"
#include "input/proc.h"

/* A pid that can be traced: its process, or one line on why not. */
static int check_pid(pid_t pid, pid_t *ret_tgid)
{
	struct proc_stat st;
	int err = proc__tgid(pid, ret_tgid);

	if (!err)
		err = proc__stat(*ret_tgid, &st);
	if (err) {
		complain("process %d: %s", pid,
			 err == -ENOENT ? "there is none with that id" : strerror(-err));
		return -ESRCH;
	}
	if (st.kernel_thread) {
		complain("process %d (%s) is a kernel thread and has no address space", pid,
			 st.comm);
		return -EINVAL;
	}
	/* With its main thread alone ended it goes on. */
	if ((st.state == 'Z' || st.state == 'X') && st.threads <= 1) {
		complain("process %d (%s) has ended", pid, st.comm);
		return -ESRCH;
	}
	return 0;
}

/* A path as it is, or below where cgroup2 is mounted (unified: beside version 1). */
static int cgroup_id(const char *path, uint64_t *ret)
{
	static const char *const roots[] = { "", "/sys/fs/cgroup/", "/sys/fs/cgroup/unified/" };
	char full[PATH_MAX];
	struct statfs fs;
	struct stat st;
	size_t i;

	for (i = *path == '/' ? 0 : 1; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(full, sizeof(full), "%s%s", roots[i], path);
		if (stat(full, &st) || statfs(full, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC)
			continue;
		*ret = st.st_ino; /* of a directory of cgroup2 it is the cgroup's id */
		return 0;
	}
	complain("%s is not a directory of cgroup version 2; see /proc/PID/cgroup", path);
	return -ENOENT;
}

int scope__check_pids(const struct pid_list *pids)
{
	int err = 0;
	pid_t tgid;
	size_t i;

	for (i = 0; i < pids->n && !err; i++)
		err = check_pid(pids->pid[i], &tgid);
	return err;
}

int scope__add_pids(struct live *live, const struct pid_list *pids)
{
	int err = 0;
	pid_t tgid;
	size_t i;

	for (i = 0; i < pids->n && !err; i++) {
		err = check_pid(pids->pid[i], &tgid);
		if (!err)
			err = live__add_target(live, (uint32_t)tgid);
	}
	return err;
}

int scope__from_options(const struct trace_options *o, struct live_scope *ret)
{
	*ret = (struct live_scope){
		.all = o->all,
		.follow = o->follow,
		.comm = o->comm,
		.uid_set = o->uid.given,
		.uid = o->uid.uid,
		.cgroup_set = o->cgroup != NULL,
		.test_drop = o->test_drop.one_in,
		.test_drop_quietly = o->test_drop.quietly,
		.rings = { .bytes = o->ring.bytes, .n = o->ring.n },
	};
	return o->cgroup ? cgroup_id(o->cgroup, &ret->cgroup_id) : 0;
}

/*
 * The best tier that there is, or the one asked for. What a higher one came to
 * grief at is told once a lower one has been loaded.
 */
int scope__load(struct session *s, struct live_scope *scope, const struct trace_options *o)
{
	const struct tier_choice *choice = &o->tier;
	char why[TIER_NR][512];
	enum tier tier, first = choice->given ? choice->tier : (enum tier)0;
	int err = -ENOTSUP;

	for (tier = first; tier < TIER_NR; tier++) {
		scope->tier = tier;
		err = session__load(s, scope, why[tier], sizeof(why[tier]));
		if (!err || choice->given || err == -ENOMEM)
			break;
	}
	if (err) {
		tier = tier < TIER_NR ? tier : TIER_NR - 1;
		complain("cannot trace%s%s: %s", choice->given ? " in tier " : "",
			 choice->given ? tier__name(tier) : "", why[tier]);
		return err;
	}
	for (; first < tier && !o->quiet; first++)
		complain("tier %s: %s; going on with tier %s", tier__name(first), why[first],
			 tier__name(tier));
	if (scope->stacks && !live__has_stacks(s->live) && !o->quiet)
		complain("stacks: %s; growth is told by call", STACKS_WHY_NOT);
	return 0;
}

void scope__tell_begin(const struct session *s)
{
	size_t n = tracker__live_processes(s->tracker);

	fprintf(stderr, "Tracing the memory of %zu process%s, tier %s ... Hit Ctrl-C to end.\n", n,
		n == 1 ? "" : "es", session__tier(s));
}
