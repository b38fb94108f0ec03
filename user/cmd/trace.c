// SPDX-License-Identifier: GPL-2.0
/*
 * memtrace [OPTIONS] -p PID | -- COMMAND | -a. Owns signals, the main loop and
 * the exit status. Knows nothing of records and maps.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "command.h"
#include "input/features.h"
#include "input/proc.h"
#include "input/proc_maps.h"
#include "privileges.h"
#include "session.h"
#include "util/escape.h"

#define QUEUE_BYTES (32u << 20) /* of output that a slow reader has not taken yet */
#define CLOSE_TIMEOUT_MS 2000	/* for a reader that has stalled */
#define WAIT_MIN_MS 2
#define WAIT_SOME_MS 20
#define WAIT_MAX_MS 50 /* 64 MiB of ring last for some 200 ms at full rate */

struct trace {
	const struct trace_options *opts;
	struct session session;
	struct command command;
	struct writer *out;
	struct sink *sink;
	struct start_info info;
	char kernel[128], boot_id[40], command_line[ESCAPE_ROOM(256)], vsyscall[PROC_VSYSCALL_LEN];
	int out_fd, signal_fd;
	uint64_t end_ns; /* -d; 0 none */
	bool stop;
};

/* One line on stderr, as every error is told. */
#define complain(...)                          \
	do {                                   \
		fprintf(stderr, "memtrace: "); \
		fprintf(stderr, __VA_ARGS__);  \
		fputc('\n', stderr);           \
	} while (0)

static void tell(const char *text)
{
	complain("%s", text);
}

static void tell_difference(const struct space *space, const struct map_difference *diff)
{
	complain("pid %u, space %llu: the map differs from /proc/PID/maps", space->tgid,
		 (unsigned long long)space->id);
	fprintf(stderr, "  expected %s\n  got      %s\n", diff->expected, diff->got);
}

static int own_failure(const struct trace *t)
{
	return t->opts->command ? STATUS_OURS : STATUS_CANNOT_TRACE;
}

static bool to_terminal(const struct trace *t)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(t->out_fd) && !(no_color && *no_color);
}

static int open_output(struct trace *t)
{
	const char *path = t->opts->output;

	if (!path) {
		t->out_fd = t->opts->command ? STDERR_FILENO : STDOUT_FILENO;
		return 0;
	}
	t->out_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (t->out_fd >= 0)
		return 0;
	complain("cannot write to %s: %s", path, strerror(errno));
	return -errno;
}

/* Our command line, words apart by blanks; cut where it is long. */
static void own_command_line(char *to, size_t size)
{
	char raw[256];
	ssize_t n = 0, i;
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, raw, sizeof(raw));
		close(fd);
	}
	for (i = 0; i + 1 < n; i++) {
		if (!raw[i])
			raw[i] = ' ';
	}
	escape__bytes(to, size, raw, n > 0 ? (size_t)n - 1 : 0, 0);
}

static int open_sink(struct trace *t)
{
	const struct trace_options *o = t->opts;
	struct view view = {
		.verbose = o->verbose,
		.quiet = o->quiet,
		.failures = o->failures,
		.min_bytes = o->min_bytes,
		.colour = to_terminal(t),
	};
	struct raw_region *own;
	struct timespec wall;
	size_t n;

	memcpy(view.calls, o->events.calls, sizeof(view.calls));
	memcpy(view.findings, o->events.findings, sizeof(view.findings));
	clock_gettime(CLOCK_REALTIME, &wall);
	proc__kernel_release(t->kernel, sizeof(t->kernel));
	proc__boot_id(t->boot_id);
	/* The page is no region of any process: ours shows it as it shows in all. */
	if (!proc_maps__read(getpid(), &own, &n, t->vsyscall))
		free(own);
	own_command_line(t->command_line, sizeof(t->command_line));
	t->info = (struct start_info){
		.mono_ns = t->session.begin_ns,
		.wall_ns = (uint64_t)wall.tv_sec * 1000000000ull + (uint64_t)wall.tv_nsec,
		.version = MEMTRACE_VERSION,
		.kernel = t->kernel,
		.boot_id = t->boot_id,
		.tier = session__tier(&t->session),
		.command_line = t->command_line,
		.vsyscall = *t->vsyscall ? t->vsyscall : NULL,
	};
	t->out = writer__new(t->out_fd, QUEUE_BYTES);
	if (t->out)
		t->sink = (o->json ? json_sink__new : text_sink__new)(t->out, &view, &t->info);
	if (t->sink)
		return 0;
	complain("out of memory");
	return -ENOMEM;
}

/* COMMAND's terminal signals are its own; ours come through a descriptor. */
static int block_signals(struct trace *t)
{
	struct sigaction hangup;
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	/* Blocked, it would reach us even where nohup(1) has it ignored. */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	t->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return t->signal_fd < 0 ? -errno : 0;
}

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

static int add_targets(struct trace *t)
{
	const struct pid_list *pids = &t->opts->pids;
	int err = 0;
	size_t i;
	pid_t tgid;

	if (t->opts->command)
		return live__add_target(t->session.live, (uint32_t)t->command.pid);
	for (i = 0; i < pids->n && !err; i++) {
		err = check_pid(pids->pid[i], &tgid);
		if (!err)
			err = live__add_target(t->session.live, (uint32_t)tgid);
	}
	return err;
}

/*
 * The best tier that there is, or the one asked for. What a higher one came to
 * grief at is told once a lower one has been loaded.
 */
static int load_tier(struct trace *t, struct live_scope *scope)
{
	const struct tier_choice *choice = &t->opts->tier;
	char why[TIER_NR][512];
	enum tier tier, first = choice->given ? choice->tier : (enum tier)0;
	int err = -ENOTSUP;

	for (tier = first; tier < TIER_NR; tier++) {
		scope->tier = tier;
		err = session__load(&t->session, scope, why[tier], sizeof(why[tier]));
		if (!err || choice->given || err == -ENOMEM)
			break;
	}
	if (err) {
		tier = tier < TIER_NR ? tier : TIER_NR - 1;
		complain("cannot trace%s%s: %s", choice->given ? " in tier " : "",
			 choice->given ? tier__name(tier) : "", why[tier]);
		return err;
	}
	for (; first < tier && !t->opts->quiet; first++)
		complain("tier %s: %s; going on with tier %s", tier__name(first), why[first],
			 tier__name(tier));
	return 0;
}

/* What takes more privileges than tracing itself: loads and attaches. */
static int load(struct trace *t)
{
	const struct trace_options *o = t->opts;
	struct live_scope scope = {
		.all = o->all,
		.follow = o->follow,
		.comm = o->comm,
		.uid_set = o->uid.given,
		.uid = o->uid.uid,
		.cgroup_set = o->cgroup != NULL,
		.test_drop = o->test_drop.one_in,
		.test_drop_quietly = o->test_drop.quietly,
		.clocks = o->json,
		.rings = { o->ring.bytes, o->ring.n },
	};
	int err;

	if (o->cgroup) {
		err = cgroup_id(o->cgroup, &scope.cgroup_id);
		if (err)
			return err;
	}
	err = load_tier(t, &scope);
	t->session.verify_ns = o->verify_ns;
	t->session.tell = tell;
	t->session.differs = tell_difference;
	return err;
}

static int attach(struct trace *t)
{
	const struct trace_options *o = t->opts;
	int err;

	err = session__open(&t->session, t->sink, o->verbose);
	if (err) {
		complain("cannot trace: %s", strerror(-err));
		return err;
	}
	err = add_targets(t);
	if (err)
		return err;
	/* First in the stream, before anything that the scan finds. */
	t->sink->ops->start(t->sink, &t->info);
	/* COMMAND comes into scope by its exec: until then it is a copy of us. */
	err = o->command ? 0 : session__attach(&t->session);
	if (err)
		complain("cannot trace: reading the processes that run: %s", strerror(-err));
	return err;
}

/* COMMAND may become another user: passing SIGTERM on takes a privilege then. */
static int drop_privileges(const struct trace *t)
{
	privileges__hurry();
	if (!privileges__drop(t->opts->command))
		return 0;
	complain("cannot give up privileges that are not needed");
	return -EPERM;
}

/* Returns 0, or the exit status when COMMAND could not be run. */
static int start_command(struct trace *t)
{
	int err = t->opts->command ? command__go(&t->command) : 0;

	if (!err)
		return 0;
	complain("%s: %s", t->opts->command[0],
		 err == -ENOENT ? "command not found" : strerror(-err));
	return err == -ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
}

static void on_signal(struct trace *t, int signo)
{
	switch (signo) {
	case SIGUSR1:
		session__maps(&t->session);
		break;
	case SIGINT:
		/* With COMMAND the terminal sent it to COMMAND as well: that ends, or not. */
		if (!t->opts->command)
			t->stop = true;
		break;
	case SIGTERM:
	case SIGHUP:
		/* Once it is reaped, its id may be another's. */
		if (t->opts->command && !t->command.ended)
			kill(t->command.pid, signo);
		else
			t->stop = true;
		break;
	case SIGCHLD:
		if (t->opts->command && command__reap(&t->command))
			t->stop = true;
		break;
	}
}

static void read_signals(struct trace *t)
{
	struct signalfd_siginfo info;

	while (read(t->signal_fd, &info, sizeof(info)) == sizeof(info))
		on_signal(t, (int)info.ssi_signo);
}

static bool finished(const struct trace *t)
{
	/* An output that is gone ends -p and -a; COMMAND is not ours to end. */
	if (writer__error(t->out) && !t->opts->command)
		return true;
	if (t->end_ns && session__now() >= t->end_ns)
		return true;
	return t->opts->pids.n && !tracker__live_processes(t->session.tracker);
}

/* Nobody wakes us: we sleep the longer, the less comes. */
static int next_wait(int wait_ms, enum session_flow flow)
{
	static const int most_ms[] = {
		[FLOW_NONE] = WAIT_MAX_MS,
		[FLOW_LITTLE] = WAIT_SOME_MS,
		[FLOW_MUCH] = WAIT_MIN_MS,
		[FLOW_MORE] = 0,
	};

	return wait_ms < most_ms[flow] ? wait_ms + 1 : most_ms[flow];
}

static void loop(struct trace *t)
{
	struct pollfd fd = { .fd = t->signal_fd, .events = POLLIN };
	int wait_ms = WAIT_MIN_MS;

	while (!t->stop && !finished(t)) {
		poll(&fd, 1, wait_ms);
		read_signals(t);
		wait_ms = next_wait(wait_ms, session__pump(&t->session));
	}
}

/* Returns the exit status, given that tracing itself went well. */
static int close_output(struct trace *t)
{
	int err = writer__close(t->out, CLOSE_TIMEOUT_MS);

	t->out = NULL;
	if (!err)
		return STATUS_OK;
	complain("cannot write to %s: %s",
		 t->opts->output	    ? t->opts->output :
		 t->out_fd == STDOUT_FILENO ? "standard output" :
					      "standard error",
		 err == -ETIMEDOUT ? "the reader has stalled" : strerror(-err));
	return t->opts->command ? STATUS_OURS : STATUS_OUTPUT;
}

static void tell_begin(const struct trace *t)
{
	size_t n = tracker__live_processes(t->session.tracker);

	fprintf(stderr, "Tracing the memory of %zu process%s, tier %s ... Hit Ctrl-C to end.\n", n,
		n == 1 ? "" : "es", session__tier(&t->session));
}

static int run(struct trace *t)
{
	int status;

	if (attach(t))
		return own_failure(t);
	status = start_command(t);
	if (status)
		return status;
	if (!t->opts->quiet && !t->opts->command)
		tell_begin(t);
	if (t->opts->duration_ns)
		t->end_ns = session__now() + t->opts->duration_ns;
	loop(t);
	session__finish(&t->session, writer__dropped(t->out));
	status = close_output(t);
	if (status == STATUS_OK && t->opts->command && t->command.ended)
		status = command__exit_status(&t->command);
	/* A wrong map is worse than whatever COMMAND has to say. */
	return t->session.differences ? STATUS_DIFFERS : status;
}

int cmd_trace(const struct trace_options *opts)
{
	struct trace t = { .opts = opts, .out_fd = -1, .signal_fd = -1 };
	int status = own_failure(&t);
	char why[512];
	size_t i;
	pid_t tgid;

	for (i = 0; i < opts->pids.n; i++) {
		if (check_pid(opts->pids.pid[i], &tgid))
			return status;
	}
	if (features__check_trace(why, sizeof(why))) {
		complain("%s", why);
		return status;
	}
	if (opts->command && command__prepare(&t.command, opts->command, opts->user)) {
		complain("cannot start %s: %s", opts->command[0], strerror(errno));
		return status;
	}
	/*
	 * Privileges are a thread's own: given up before the sink starts one, and
	 * after what takes CAP_SYS_ADMIN on some kernels (perf_event_open(2) on
	 * Debian's, where kernel.perf_event_paranoid is 3).
	 */
	if (!open_output(&t) && !block_signals(&t) && !load(&t) && !drop_privileges(&t) &&
	    !open_sink(&t))
		status = run(&t);
	if (opts->command)
		command__cancel(&t.command);
	session__close(&t.session);
	sink__free(t.sink);
	writer__close(t.out, CLOSE_TIMEOUT_MS);
	if (opts->output && t.out_fd >= 0)
		close(t.out_fd);
	if (t.signal_fd >= 0)
		close(t.signal_fd);
	return status;
}
