/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stands in the way of tracing is named with its remedy. Needs no
 * privilege: where there is none, that is what must be told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "input/features.h"
#include "input/live_probe.h"

static char dir[] = "/tmp/test_features.XXXXXX";
static char file[64], events[64];

static int make_dir(void **state)
{
	FILE *out;

	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/btf", dir);
	snprintf(events, sizeof(events), "%s/events", dir);
	out = fopen(file, "w");
	return !out || fclose(out) || mkdir(events, 0755) ? -1 : 0;
}

static int remove_dir(void **state)
{
	return unlink(file) | rmdir(events) | rmdir(dir);
}

/* As a user without any privilege: in a child, for there is no way back. */
static int check_unprivileged(char *why, size_t len)
{
	int fds[2], err = 0;
	pid_t pid;
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
			_exit(1);
		err = features__check_trace(why, len);
		_exit(write(fds[1], why, strlen(why)) >= 0 ? -err : 1);
	}
	close(fds[1]);
	n = read(fds[0], why, len - 1);
	why[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	waitpid(pid, &err, 0);
	return -WEXITSTATUS(err);
}

static void without_privilege_it_says_which(void **state)
{
	char why[512] = "";

	assert_int_equal(check_unprivileged(why, sizeof(why)), -EPERM);
	assert_string_equal(why, "cannot trace without CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, "
				 "CAP_DAC_READ_SEARCH: run memtrace as root: sudo memtrace ...");
}

static const struct {
	const char *btf, *tracefs; /* NULL: the system's own */
	const char *begins, *remedy;
} lacks[] = {
	{ "/no/such/file", NULL, "cannot trace without the kernel's type information "
	  "(/no/such/file: No such file", "CONFIG_DEBUG_INFO_BTF=y" },
	{ file, "/no/such/dir", "cannot trace without tracefs (/no/such/dir: No such file",
	  "mount -t tracefs tracefs /sys/kernel/tracing" },
	{ file, dir, "cannot trace without system call tracepoints (",
	  "CONFIG_FTRACE_SYSCALLS=y" },
};

static void what_the_kernel_lacks_is_named(void **state)
{
	char why[512];
	size_t i;

	for (i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		struct features_roots roots = { lacks[i].btf, lacks[i].tracefs };
		int err = features__check_trace_at(&roots, why, sizeof(why));

		if (err == -EPERM && !strncmp(why, "cannot trace without CAP_", 25)) {
			print_message("not privileged: that comes first, and is told: %s\n", why);
			return;
		}
		if (err != -ENOTSUP)
			fail_msg("[%zu] expected %d, got %d: %s", i, -ENOTSUP, err, why);
		if (strncmp(why, lacks[i].begins, strlen(lacks[i].begins)) ||
		    !strstr(why, lacks[i].remedy) || strchr(why, '\n'))
			fail_msg("[%zu] expected '%s ... %s', got '%s'", i, lacks[i].begins,
				 lacks[i].remedy, why);
	}
}

static bool row(const struct feature *features, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!strcmp(features[i].name, name))
			return features[i].present;
	}
	fail_msg("there is no row %s", name);
	return false;
}

/* Nothing to be found: what is read from there is absent, and tracing impossible. */
static void an_empty_system_has_no_features(void **state)
{
	static const char *const absent[] = { "btf", "tracefs", "syscall-tracepoints",
					      "sched-tracepoints", "task-iterator", "task-pt-regs",
					      "bpf-loop", "maple-tree",
					      "mmap-lock-tracepoints", "mm-lock-seq" };
	struct features_roots roots = { "/no/such/file", "/no/such/dir" };
	struct feature *features;
	size_t n, i;

	assert_int_equal(features__probe(&roots, &features, &n), 0);
	for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (row(features, n, absent[i]))
			fail_msg("%s: expected absent, got present", absent[i]);
	}
	for (i = 0; i < n; i++) {
		if (!*features[i].why || !*features[i].remedy)
			fail_msg("%s: no reason or no remedy", features[i].name);
	}
	assert_false(features__can_trace(features, n));
	free(features);
}

/* A file that is no BTF, and a tracefs with events of which none is ours. */
static void junk_is_no_feature(void **state)
{
	struct features_roots roots = { file, dir };
	struct feature *features;
	size_t n;

	assert_int_equal(features__probe(&roots, &features, &n), 0);
	assert_false(row(features, n, "btf"));
	assert_true(row(features, n, "tracefs"));
	assert_false(row(features, n, "syscall-tracepoints"));
	assert_false(features__can_trace(features, n));
	free(features);
}

/* A kernel with types, but none of those that the better tier is made from. */
static void what_a_tier_lacks_is_named(void **state)
{
	struct btf *btf = btf__new_empty();
	struct kernel_types *types;
	const void *raw;
	__u32 size;
	FILE *out;

	assert_true(btf__add_int(btf, "int", 4, BTF_INT_SIGNED) > 0);
	assert_true(btf__add_struct(btf, "mm_struct", 4) > 0);
	assert_int_equal(btf__add_field(btf, "mmap", 1, 0, 0), 0);
	raw = btf__raw_data(btf, &size);
	out = fopen(file, "w");
	assert_int_equal(fwrite(raw, 1, size, out), size);
	fclose(out);
	btf__free(btf);
	assert_int_equal(kernel_types__load(file, &types), 0);
	assert_string_equal(tier__lacks(TIER_TRUTH, types), "maple-tree");
	assert_null(tier__lacks(TIER_CALLS, types));
	kernel_types__free(types);
	assert_int_equal(truncate(file, 0), 0);
}

/* Tiers are tried in the order of the table: the one that needs least is the last. */
static void nothing_is_chosen_where_nothing_can_be_traced(void **state)
{
	char why_not[TIER_NR][FEATURES_WHY_LEN];
	struct features_roots roots = { "/no/such/file", "/no/such/dir" };
	struct feature *features;
	size_t n;

	assert_int_equal(features__probe(&roots, &features, &n), 0);
	assert_int_equal(features__tier(features, n, why_not), TIER_NR);
	free(features);
}

/* The quick check and the long list agree on this system, whatever it is. */
static void both_ways_agree(void **state)
{
	struct feature *features;
	char why[512] = "";
	size_t n;
	int err;

	err = features__check_trace(why, sizeof(why));
	assert_int_equal(features__probe(NULL, &features, &n), 0);
	if (features__can_trace(features, n) != !err)
		fail_msg("the list says %d, the check %d: %s", features__can_trace(features, n),
			 err, why);
	free(features);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_privilege_it_says_which),
		cmocka_unit_test(what_the_kernel_lacks_is_named),
		cmocka_unit_test(an_empty_system_has_no_features),
		cmocka_unit_test(junk_is_no_feature),
		cmocka_unit_test(what_a_tier_lacks_is_named),
		cmocka_unit_test(nothing_is_chosen_where_nothing_can_be_traced),
		cmocka_unit_test(both_ways_agree),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
