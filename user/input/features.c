// SPDX-License-Identifier: GPL-2.0
/*
 * The table of what memtrace can use of a kernel, and the quick check before a
 * trace. Owns the reasons and the remedies; must not know how they are shown.
 */
#include "features.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "live.h"
#include "live_probe.h"
#include "memtrace/event.h"

#define TRACEFS_PATH "/sys/kernel/tracing"
/* libbpf prefers this one when it is there (tracefs_path in its libbpf.c). */
#define TRACEFS_OLD_PATH "/sys/kernel/debug/tracing"

/* Each with the older, larger privilege that contains it. */
static const struct privilege {
	const char *name;
	unsigned int cap, larger;
} privileges[] = {
	{ "CAP_BPF", CAP_BPF, CAP_SYS_ADMIN },
	{ "CAP_PERFMON", CAP_PERFMON, CAP_SYS_ADMIN },
	{ "CAP_SYS_PTRACE", CAP_SYS_PTRACE, CAP_SYS_PTRACE },
	{ "CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE },
};
#define PRIVILEGES (sizeof(privileges) / sizeof(privileges[0]))

struct probe {
	const char *btf_path, *tracefs;
	struct kernel_types *types; /* NULL: no BTF */
	int btf_err, ring_err, program_err;
};

struct row {
	const char *name;
	enum feature_need need;
	bool (*probe)(const struct probe *p, const char *arg, char *detail, size_t len);
	const char *arg;
	const char *why, *remedy;
};

static bool privilege__held(const struct privilege *p)
{
	return capng_have_capability(CAPNG_EFFECTIVE, p->cap) ||
	       capng_have_capability(CAPNG_EFFECTIVE, p->larger);
}

/* "CAP_BPF, CAP_PERFMON" in list: what is missing; false when nothing is. */
static bool privileges__missing(char *list, size_t len)
{
	size_t at = 0, i;

	for (i = 0; i < PRIVILEGES; i++) {
		if (!privilege__held(&privileges[i]) && at < len)
			at += (size_t)snprintf(list + at, len - at, "%s%s", at ? ", " : "",
					       privileges[i].name);
	}
	return at > 0;
}

static bool probe__privilege(const struct probe *p, const char *arg, char *detail, size_t len)
{
	size_t i;

	(void)p, (void)detail, (void)len;
	for (i = 0; i < PRIVILEGES; i++) {
		if (!strcmp(privileges[i].name, arg))
			return privilege__held(&privileges[i]);
	}
	return false;
}

static bool detail__error(int err, char *detail, size_t len)
{
	if (err)
		snprintf(detail, len, "%s", strerror(-err));
	return !err;
}

static bool probe__program(const struct probe *p, const char *arg, char *detail, size_t len)
{
	(void)arg;
	return detail__error(p->program_err, detail, len);
}

static bool probe__ring(const struct probe *p, const char *arg, char *detail, size_t len)
{
	(void)arg;
	return detail__error(p->ring_err, detail, len);
}

static bool probe__task_storage(const struct probe *p, const char *arg, char *detail, size_t len)
{
	(void)p, (void)arg;
	return detail__error(live_probe__task_storage(), detail, len);
}

static bool probe__btf(const struct probe *p, const char *arg, char *detail, size_t len)
{
	(void)arg;
	snprintf(detail, len, "%s%s%s", p->btf_path, p->btf_err ? ": " : "",
		 p->btf_err ? strerror(-p->btf_err) : "");
	return p->types != NULL;
}

/* A path below tracefs can be reached. */
static int tracefs__access(const char *tracefs, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", tracefs, path);
	return faccessat(AT_FDCWD, full, R_OK, AT_EACCESS) ? -errno : 0;
}

static bool probe__tracefs(const struct probe *p, const char *arg, char *detail, size_t len)
{
	int err = tracefs__access(p->tracefs, arg);

	snprintf(detail, len, "%s%s%s", p->tracefs, err ? ": " : "", err ? strerror(-err) : "");
	return !err;
}

static int tracefs__call(const char *tracefs, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "events/syscalls/sys_exit_%s/id", name);
	return tracefs__access(tracefs, path);
}

/* Fails only when there is none: a call without a tracepoint does not exist in the kernel. */
static bool probe__calls(const struct probe *p, const char *arg, char *detail, size_t len)
{
	static const char *const names[] = {
#define X(id, name, nargs) #name,
		MT_CALLS(X)
#undef X
	};
	const size_t n = sizeof(names) / sizeof(names[0]);
	size_t missing = 0, at = 0, i;
	char list[256] = "";

	(void)arg;
	for (i = 0; i < n; i++) {
		if (!tracefs__call(p->tracefs, names[i]))
			continue;
		if (at < sizeof(list))
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s",
					       missing ? ", " : "; none: ", names[i]);
		missing++;
	}
	snprintf(detail, len, "%zu of %zu%s", n - missing, n, missing < n ? list : "");
	return missing < n;
}

static bool probe__helper(const struct probe *p, const char *arg, char *detail, size_t len)
{
	(void)detail, (void)len;
	return p->types && kernel_types__helper(p->types, arg);
}

static bool probe__function(const struct probe *p, const char *arg, char *detail, size_t len)
{
	(void)detail, (void)len;
	return p->types && kernel_types__function(p->types, arg);
}

/* arg: names of tracepoints with blanks between; all must be there. */
static bool probe__tracepoints(const struct probe *p, const char *arg, char *detail, size_t len)
{
	bool present = p->types != NULL;
	char name[64];
	size_t n;

	for (; present && *arg; arg += n + (arg[n] == ' ')) {
		n = strcspn(arg, " ");
		snprintf(name, sizeof(name), "%.*s", (int)n, arg);
		if (kernel_types__tracepoint(p->types, name) < 0) {
			snprintf(detail, len, "none: %s", name);
			present = false;
		}
	}
	return present;
}

static bool probe__mmap_lock(const struct probe *p, const char *arg, char *detail, size_t len)
{
	int n = p->types ? kernel_types__tracepoint(p->types, arg) : -1;

	/* 6.1 and 6.12 pass memcg_path as well: (mm, memcg_path, write, success). */
	if (n == 3 || n == 4)
		snprintf(detail, len, "%s", n == 3 ? "(mm, write, success)" :
						     "(mm, memcg_path, write, success)");
	else if (n >= 0)
		snprintf(detail, len, "unknown prototype of %d arguments", n);
	return n == 3 || n == 4;
}

static bool probe__member(const struct probe *p, const char *arg, char *detail, size_t len)
{
	static const char *const forms[] = { "", "plain integer", "seqcount", "unknown form" };
	enum member_form form = p->types ? kernel_types__member(p->types, "mm_struct", arg) :
					   MEMBER_NONE;

	if (!strcmp(arg, "mm_lock_seq"))
		snprintf(detail, len, "%s", forms[form]);
	return form != MEMBER_NONE;
}

/* struct procmap_query of include/uapi/linux/fs.h (6.11). */
struct query {
	uint64_t size, flags, addr;
	uint64_t start, end, vma_flags, page_size, offset, inode;
	uint32_t dev_major, dev_minor, name_size, build_id_size;
	uint64_t name_addr, build_id_addr;
};
#define QUERY_REGION _IOWR('f', 17, struct query)

static bool probe__query(const struct probe *p, const char *arg, char *detail, size_t len)
{
	struct query query = { .size = sizeof(query), .addr = (uint64_t)(uintptr_t)&query };
	int fd, err;

	(void)p;
	fd = open(arg, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return detail__error(-errno, detail, len);
	err = ioctl(fd, QUERY_REGION, &query) ? -errno : 0;
	close(fd);
	return !err && query.start <= query.addr && query.addr < query.end;
}

#define AS_ROOT "run memtrace as root: sudo memtrace ..."
#define NEWER "a newer kernel"

static const struct row rows[] = {
	{ "CAP_BPF", FEATURE_REQUIRED, probe__privilege, "CAP_BPF", "to load BPF programs",
	  AS_ROOT },
	{ "CAP_PERFMON", FEATURE_REQUIRED, probe__privilege, "CAP_PERFMON",
	  "to attach them to tracepoints", AS_ROOT },
	{ "CAP_SYS_PTRACE", FEATURE_REQUIRED, probe__privilege, "CAP_SYS_PTRACE",
	  "to read other processes' maps", AS_ROOT },
	{ "CAP_DAC_READ_SEARCH", FEATURE_REQUIRED, probe__privilege, "CAP_DAC_READ_SEARCH",
	  "to read tracefs, which only root may", AS_ROOT },
	{ "btf", FEATURE_REQUIRED, probe__btf, NULL, "tells where the kernel keeps things",
	  "a kernel built with CONFIG_DEBUG_INFO_BTF=y, and sysfs mounted on /sys" },
	{ "tracefs", FEATURE_REQUIRED, probe__tracefs, "events", "names the tracepoints",
	  "mount -t tracefs tracefs " TRACEFS_PATH },
	{ "syscall-tracepoints", FEATURE_REQUIRED, probe__calls, NULL,
	  "every memory system call is seen there",
	  "a kernel built with CONFIG_FTRACE_SYSCALLS=y" },
	{ "sched-tracepoints", FEATURE_REQUIRED, probe__tracepoints,
	  "sched_process_fork sched_process_exec sched_process_exit",
	  "processes begin and end there", NEWER },
	{ "ring-buffer", FEATURE_REQUIRED, probe__ring, NULL, "carries the events: one was tried",
	  "kernel 5.8 or newer, and no lockdown or seccomp filter against bpf(2)" },
	{ "bpf", FEATURE_REQUIRED, probe__program, NULL, "lets programs be loaded: one was tried",
	  "run on the host: lockdown or a container's seccomp filter forbids bpf(2)" },
	{ "task-iterator", FEATURE_REQUIRED, probe__function, "bpf_iter_task",
	  "finds the threads that run already", "kernel 5.8 or newer" },
	{ "task-storage", FEATURE_USED, probe__task_storage, NULL,
	  "keeps state with its thread: cheaper than a table of threads; it was tried",
	  "kernel 5.11 or newer" },
	{ "current-task", FEATURE_USED, probe__helper, "get_current_task_btf",
	  "reads what belongs to a thread in place", "kernel 5.11 or newer" },
	{ "task-pt-regs", FEATURE_USED, probe__helper, "task_pt_regs",
	  "tells which call a thread is in when tracing begins", "kernel 5.15 or newer" },
	{ "bpf-loop", FEATURE_USED, probe__helper, "loop",
	  "walks the regions of a new program in the kernel", "kernel 5.17 or newer" },
	{ "maple-tree", FEATURE_USED, probe__member, "mm_mt",
	  "how the kernel keeps regions since 6.1; before, a list is walked", "kernel 6.1" },
	{ "procmap-query", FEATURE_EXTRA, probe__query, "/proc/self/maps",
	  "asks for one region without reading them all", "kernel 6.11 or newer" },
	{ "mmap-lock-tracepoints", FEATURE_USED, probe__mmap_lock, "mmap_lock_acquire_returned",
	  "show each change of a space under its lock", "kernel 5.11 or newer" },
	{ "mm-lock-seq", FEATURE_USED, probe__member, "mm_lock_seq",
	  "numbers the changes of a space", "kernel 6.4 or newer with CONFIG_PER_VMA_LOCK=y" },
	{ "maple-tracepoints", FEATURE_USED, probe__tracepoints, "ma_write",
	  "show which part of a space changed", "kernel 6.1 or newer" },
	{ "exit-mmap-tracepoint", FEATURE_EXTRA, probe__tracepoints, "exit_mmap",
	  "shows the end of a space", "kernel 6.1 or newer" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Without privileges the answer says nothing of the kernel. */
static bool row__needs_privilege(const struct row *row)
{
	return row->probe == probe__tracefs || row->probe == probe__calls ||
	       row->probe == probe__ring || row->probe == probe__task_storage ||
	       row->probe == probe__program;
}

const char *feature_need__name(enum feature_need need)
{
	static const char *const names[] = { "required", "used", "extra" };

	return names[need];
}

static void probe__paths(struct probe *p, const struct features_roots *roots)
{
	memset(p, 0, sizeof(*p));
	p->btf_path = roots && roots->btf ? roots->btf : kernel_types__path();
	if (roots && roots->tracefs)
		p->tracefs = roots->tracefs;
	else
		p->tracefs = tracefs__access(TRACEFS_OLD_PATH, "events") ? TRACEFS_PATH :
									   TRACEFS_OLD_PATH;
	capng_get_caps_process();
}

int features__probe(const struct features_roots *roots, struct feature **ret, size_t *ret_n)
{
	struct feature *features;
	char missing[128];
	bool unprivileged;
	struct probe p;
	size_t i;

	features = calloc(ROWS, sizeof(*features));
	if (!features)
		return -ENOMEM;
	probe__paths(&p, roots);
	unprivileged = privileges__missing(missing, sizeof(missing));
	p.btf_err = kernel_types__load(p.btf_path, &p.types);
	p.ring_err = live_probe__ring();
	p.program_err = live_probe__program();
	for (i = 0; i < ROWS; i++) {
		struct feature *f = &features[i];

		f->name = rows[i].name;
		f->need = rows[i].need;
		f->why = rows[i].why;
		f->remedy = rows[i].remedy;
		if (unprivileged && row__needs_privilege(&rows[i]))
			f->remedy = AS_ROOT;
		f->present = rows[i].probe(&p, rows[i].arg, f->detail, sizeof(f->detail));
	}
	if (p.types)
		kernel_types__free(p.types);
	*ret = features;
	*ret_n = ROWS;
	return 0;
}

bool features__can_trace(const struct feature *features, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (features[i].need == FEATURE_REQUIRED && !features[i].present)
			return false;
	}
	return true;
}

enum tier features__tier(const struct feature *features, size_t n,
			 char why_not[TIER_NR][FEATURES_WHY_LEN])
{
	enum tier tier;

	if (!features__can_trace(features, n))
		return TIER_NR;
	for (tier = 0; tier < TIER_NR; tier++) {
		if (!live__try(tier, why_not[tier], FEATURES_WHY_LEN))
			break;
	}
	return tier;
}

int features__check_trace(char *why, size_t len)
{
	return features__check_trace_at(NULL, why, len);
}

int features__check_trace_at(const struct features_roots *roots, char *why, size_t len)
{
	char list[128];
	struct probe p;
	int err;

	probe__paths(&p, roots);
	if (privileges__missing(list, sizeof(list))) {
		snprintf(why, len, "cannot trace without %s: " AS_ROOT, list);
		return -EPERM;
	}
	if (faccessat(AT_FDCWD, p.btf_path, R_OK, AT_EACCESS)) {
		snprintf(why, len, "cannot trace without the kernel's type information "
			 "(%s: %s): it takes a kernel built with CONFIG_DEBUG_INFO_BTF=y, and "
			 "sysfs mounted on /sys", p.btf_path, strerror(errno));
		return -ENOTSUP;
	}
	err = tracefs__access(p.tracefs, "events");
	if (err) {
		snprintf(why, len, "cannot trace without tracefs (%s: %s): mount -t tracefs "
			 "tracefs " TRACEFS_PATH, p.tracefs, strerror(-err));
		return err == -EACCES || err == -EPERM ? -EPERM : -ENOTSUP;
	}
	if (tracefs__call(p.tracefs, "mmap")) {
		snprintf(why, len, "cannot trace without system call tracepoints (%s/events/"
			 "syscalls): it takes a kernel built with CONFIG_FTRACE_SYSCALLS=y",
			 p.tracefs);
		return -ENOTSUP;
	}
	err = live_probe__program();
	if (err == -EPERM || err == -EACCES || err == -ENOSYS) {
		snprintf(why, len, "the kernel refuses BPF programs (%s): lockdown or a "
			 "container's seccomp filter forbids bpf(2); run memtrace on the host",
			 strerror(-err));
		return err == -ENOSYS ? -ENOTSUP : -EPERM;
	}
	err = err ? err : live_probe__ring();
	if (err) {
		snprintf(why, len, "the kernel is too old for memtrace: it has no BPF ring "
			 "buffer (%s); 5.8 or newer is needed", strerror(-err));
		return -ENOTSUP;
	}
	return 0;
}
