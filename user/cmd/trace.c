// SPDX-License-Identifier: GPL-2.0
/*
 * memtrace [OPTIONS] -p PID | -- COMMAND | -a. Owns signals, the main loop and
 * the exit status. Knows nothing of records and maps.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "command.h"
#include "complain.h"
#include "exports.h"
#include "input/features.h"
#include "input/proc.h"
#include "input/proc_maps.h"
#include "privileges.h"
#include "scope.h"
#include "session.h"
#include "util/escape.h"

#define QUEUE_BYTES (32u << 20) /* of output that a slow reader has not taken yet */
#define CLOSE_TIMEOUT_MS 2000	/* for a reader that has stalled */

struct trace {
	const struct trace_options *opts;
	struct allow allow; /* its rules, and what they count, are of opts */
	struct session session;
	struct command command;
	struct exports exports;
	struct writer *out;
	struct sink *sink;
	struct start_info info;
	char kernel[128], boot_id[40], command_line[ESCAPE_ROOM(256)], vsyscall[PROC_VSYSCALL_LEN];
	int out_fd, signal_fd;
	uint64_t end_ns; /* -d; 0 none */
	bool stop;
};

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

static int output_failure(const struct trace *t)
{
	return t->opts->command ? STATUS_OURS : STATUS_OUTPUT;
}

/* Where a terminal does not know its size (a serial line) it is taken to have the usual one. */
static void look_at_terminal(const struct trace *t, struct view *view)
{
	const char *no_color = getenv("NO_COLOR");
	struct winsize size = { 0 };

	if (!isatty(t->out_fd))
		return;
	view->colour = !(no_color && *no_color);
	ioctl(t->out_fd, TIOCGWINSZ, &size);
	view->columns = size.ws_col ? size.ws_col : 80;
	view->rows = size.ws_row ? size.ws_row : 24;
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
		.history = o->history,
		.map_alone = o->map_alone,
		.min_bytes = o->min_bytes,
	};
	struct raw_region *own;
	struct timespec wall;
	size_t n;

	memcpy(view.calls, o->events.calls, sizeof(view.calls));
	memcpy(view.findings, o->events.findings, sizeof(view.findings));
	look_at_terminal(t, &view);
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
		.stacks = session_stacks__all(t->session.stacks),
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

static int add_targets(struct trace *t)
{
	if (t->opts->command)
		return live__add_target(t->session.live, (uint32_t)t->command.pid);
	return scope__add_pids(t->session.live, &t->opts->pids);
}

/* What takes more privileges than tracing itself: loads and attaches. */
static int load(struct trace *t)
{
	const struct trace_options *o = t->opts;
	struct live_scope scope;
	int err;

	err = scope__from_options(o, &scope);
	if (err)
		return err;
	scope.clocks = o->json || o->history;
	scope.stacks = o->stacks.mode == STACKS_DWARF;
	err = scope__load(&t->session, &scope, o);
	t->session.verify_ns = o->verify_ns;
	t->session.watches = true;
	t->session.sample_ns = o->interval_ns;
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
	tracker__set_allow(t->session.tracker, &t->allow);
	tracker__set_ledger(t->session.tracker, t->exports.ledger);
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

/*
 * COMMAND may become another user: passing SIGTERM on takes a privilege then. And
 * what a process has mapped can be opened, and what became of its path be seen, by
 * /proc/PID/map_files (proc(5)).
 */
static int drop_privileges(const struct trace *t)
{
	const unsigned int also = (t->opts->command ? PRIVILEGE_KILL : 0) |
				  (t->session.stacks ? PRIVILEGE_MAP_FILES : 0) |
				  exports__privileges(&t->exports);

	privileges__hurry();
	if (!privileges__drop(also))
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

static void loop(struct trace *t)
{
	struct pollfd fd = { .fd = t->signal_fd, .events = POLLIN };
	int wait_ms = 0;

	while (!t->stop && !finished(t)) {
		poll(&fd, 1, wait_ms);
		read_signals(t);
		wait_ms = session__wait_ms(wait_ms, session__pump(&t->session));
		session__sample(&t->session, session__now());
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
	return output_failure(t);
}

/* False: it was to be written, and its process has ended. */
static bool write_map(struct trace *t)
{
	if (!t->opts->map_alone)
		return true;
	session__maps(&t->session);
	if (tracker__live_processes(t->session.tracker))
		return true;
	complain("process %d has ended: it has no map any more", (int)t->opts->pids.pid[0]);
	return false;
}

static int run(struct trace *t)
{
	struct summary sum;
	bool has_map;
	int status;

	if (attach(t))
		return own_failure(t);
	status = start_command(t);
	if (status)
		return status;
	if ((!t->opts->quiet || t->opts->map_alone) && !t->opts->command)
		scope__tell_begin(&t->session);
	if (t->opts->duration_ns)
		t->end_ns = session__now() + t->opts->duration_ns;
	session__heap_start(&t->session);
	t->session.sample_next_ns = session__now() + t->session.sample_ns;
	loop(t);
	has_map = write_map(t);
	session__finish(&t->session, writer__dropped(t->out), &sum);
	status = close_output(t);
	if (exports__write(&t->exports, &sum, &t->info) && status == STATUS_OK)
		status = output_failure(t);
	if (status == STATUS_OK && t->opts->command && t->command.ended)
		status = command__exit_status(&t->command);
	/* A wrong map is worse than whatever COMMAND has to say. */
	return t->session.differences ? STATUS_DIFFERS :
	       status == STATUS_OK && !has_map ? STATUS_CANNOT_TRACE : status;
}

int cmd_trace(const struct trace_options *opts)
{
	struct trace t = { .opts = opts, .allow = opts->allow, .out_fd = -1, .signal_fd = -1 };
	int status = own_failure(&t);
	char why[512];

	if (scope__check_pids(&opts->pids))
		return status;
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
	if (exports__open(&t.exports, opts))
		status = output_failure(&t);
	else if (!open_output(&t) && !block_signals(&t) && !load(&t) && !drop_privileges(&t) &&
		 !open_sink(&t))
		status = run(&t);
	if (opts->command)
		command__cancel(&t.command);
	session__close(&t.session);
	exports__close(&t.exports);
	sink__free(t.sink);
	writer__close(t.out, CLOSE_TIMEOUT_MS);
	if (opts->output && t.out_fd >= 0)
		close(t.out_fd);
	if (t.signal_fd >= 0)
		close(t.signal_fd);
	return status;
}
