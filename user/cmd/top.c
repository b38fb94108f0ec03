// SPDX-License-Identifier: GPL-2.0
/*
 * memtrace top: a session whose only sink is the model of top. Owns signals, the
 * main loop, and when something is drawn or printed. Knows nothing of columns.
 */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "complain.h"
#include "input/features.h"
#include "output/screen.h"
#include "output/top_screen.h"
#include "output/top_site_text.h"
#include "output/top_text.h"
#include "privileges.h"
#include "scope.h"
#include "session.h"

#define NS_PER_S 1000000000ull
#define INTERVAL_NS NS_PER_S
#define MESSAGE_NS (10 * NS_PER_S) /* for how long one stays */
#define KEYS_MAX 32
#define QUEUE_BYTES (16u << 20)	   /* of tables that a slow reader has not taken yet */
#define CLOSE_TIMEOUT_MS 2000

struct top_run {
	const struct trace_options *opts;
	struct session session;
	struct sink sink;
	struct top_ui ui;
	struct writer *out; /* batch; NULL: the screen */
	uint64_t count, tables, interval_ns, next_ns;
	int signal_fd;
	bool batch, on_screen, dirty, stop, no_memory;
};

/* While the screen is ours a line for people goes there: session.tell has no context. */
static char message[256];
static uint64_t message_ns;
static bool message_to_screen;

static void tell(const char *text)
{
	if (!message_to_screen) {
		complain("%s", text);
		return;
	}
	snprintf(message, sizeof(message), "%s", text);
	message_ns = session__now();
}

/* What the tracker knows is asked of it once an interval: no record is wanted. */
static void ignore_process(struct sink *s, const struct process_record *rec)
{
	(void)s, (void)rec;
}

static void ignore_finding(struct sink *s, const struct finding *finding)
{
	(void)s, (void)finding;
}

static void ignore_state(struct sink *s, const struct state_record *rec)
{
	(void)s, (void)rec;
}

static void ignore_lost(struct sink *s, const struct lost_record *rec)
{
	(void)s, (void)rec;
}

static void ignore_audit(struct sink *s, const struct audit_record *rec)
{
	(void)s, (void)rec;
}

static const struct sink_ops ignore_ops = {
	.process = ignore_process,
	.finding = ignore_finding,
	.state = ignore_state,
	.lost = ignore_lost,
	.audit = ignore_audit,
};

static int block_signals(struct top_run *r)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	static const int of_screen[] = { SIGWINCH, SIGTSTP, SIGCONT };
	sigset_t set;
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	/* ncurses would handle them in the middle of anything; we do between two drawings. */
	for (i = 0; !r->batch && i < sizeof(of_screen) / sizeof(of_screen[0]); i++)
		sigaddset(&set, of_screen[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signal_fd < 0 ? -errno : 0;
}

static int load(struct top_run *r)
{
	struct live_scope scope;
	int err = scope__from_options(r->opts, &scope);

	if (err)
		return err;
	scope.stacks = r->opts->stacks.mode == STACKS_DWARF;
	err = scope__load(&r->session, &scope, r->opts);
	r->session.tell = tell;
	if (err)
		return err;
	privileges__hurry();
	if (!privileges__drop(r->session.stacks ? PRIVILEGE_MAP_FILES : 0))
		return 0;
	complain("cannot give up privileges that are not needed");
	return -EPERM;
}

static int attach(struct top_run *r)
{
	int err;

	r->sink.ops = &ignore_ops;
	err = session__open(&r->session, &r->sink, false);
	if (err) {
		complain("cannot trace: %s", strerror(-err));
		return err;
	}
	err = scope__add_pids(r->session.live, &r->opts->pids);
	if (err)
		return err;
	err = session__attach(&r->session);
	if (err)
		complain("cannot trace: reading the processes that run: %s", strerror(-err));
	return err;
}

static bool wants_colour(void)
{
	const char *no_color = getenv("NO_COLOR");

	return !(no_color && *no_color);
}

static int open_output(struct top_run *r)
{
	int err = 0;

	if (r->batch) {
		r->out = writer__new(STDOUT_FILENO, QUEUE_BYTES);
		if (!r->out)
			err = -ENOMEM;
		scope__tell_begin(&r->session);
	} else {
		err = screen__open(wants_colour());
		r->on_screen = message_to_screen = !err;
	}
	if (err)
		complain("cannot write to the terminal: %s", strerror(-err));
	return err;
}

static void time_of_day(char at[16])
{
	time_t now = time(NULL);
	struct tm tm;

	if (!localtime_r(&now, &tm) || !strftime(at, 16, "%H:%M:%S", &tm))
		*at = '\0';
}

static void draw(struct top_run *r)
{
	struct summary sum;
	char at[16];
	struct top_screen around = { .sum = &sum, .at = at };

	/* A terminal that is stopped (^S) is drawn when it goes on; tracing does meanwhile. */
	if (!screen__ready())
		return;
	time_of_day(at);
	session__summary(&r->session, &sum);
	around.every = (double)r->interval_ns / (double)NS_PER_S;
	if (message_ns && session__now() - message_ns < MESSAGE_NS)
		around.message = message;
	r->no_memory |= top_screen__draw(&r->ui, &around) != 0;
	r->dirty = false;
}

static void print_table(struct top_run *r)
{
	struct summary sum;
	char at[16];

	time_of_day(at);
	session__summary(&r->session, &sum);
	top_text__table(r->out, r->ui.top, &r->ui.view, &sum, at);
	if (r->ui.page != TOP_PAGE_SITES)
		return;
	r->no_memory |= top_ui__arrange(&r->ui, TOP_SITES_TOLD) != 0;
	top_site_text__table(r->out, &r->ui.detail, r->ui.listed, r->ui.n);
}

/* Batch tells the sites of the one process of -p below it: as if its page had been opened. */
static void open_sites(struct top_run *r)
{
	if (!r->batch || r->opts->pids.n != 1)
		return;
	r->no_memory |= top_ui__arrange(&r->ui, 1) != 0;
	top_ui__key(&r->ui, TOP_KEY_ENTER, 1);
	if (!r->ui.wants_detail)
		return;
	r->no_memory |= top_ui__open(&r->ui, r->session.tracker, session__now()) != 0;
	top_ui__key(&r->ui, TOP_KEY_TAB, 1);
}

/* All processes of -p have ended: nothing will change any more. */
static bool all_ended(const struct top_run *r)
{
	return r->opts->pids.n && !tracker__live_processes(r->session.tracker);
}

static void end_interval(struct top_run *r, uint64_t now)
{
	r->no_memory |= top_ui__sample(&r->ui, r->session.tracker, now) != 0;
	r->next_ns += r->interval_ns;
	/* Where we were stopped or kept waiting, what is past is one interval. */
	if (r->next_ns <= now)
		r->next_ns = now + r->interval_ns;
	r->dirty = true;
	r->tables++;
	if (r->batch)
		print_table(r);
	if ((r->count && r->tables >= r->count) || (r->batch && all_ended(r)))
		r->stop = true;
}

/* The shell gets its terminal back, and we ours when it lets us go on. */
static void stop_ourselves(struct top_run *r)
{
	screen__suspend();
	raise(SIGSTOP);
	screen__resume();
	r->dirty = true;
}

static void read_signals(struct top_run *r)
{
	struct signalfd_siginfo info;

	while (read(r->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTSTP:
			stop_ourselves(r);
			break;
		case SIGCONT: /* of a SIGSTOP that we were not told of */
		case SIGWINCH:
			if (r->on_screen)
				screen__resize();
			r->dirty = true;
			break;
		default:
			r->stop = true;
		}
	}
}

static void read_keys(struct top_run *r, short events)
{
	int lines, columns, key, n = 0;

	if (!events)
		return;
	screen__size(&lines, &columns);
	/* Not all of what may be pasted at once: events are waiting. */
	while (n < KEYS_MAX && (key = screen__key()) != TOP_KEY_NONE) {
		if (key == TOP_KEY_REDRAW)
			screen__resize();
		top_ui__key(&r->ui, key, top_screen__height(lines));
		/* Keys typed ahead go by what their forerunners have brought up. */
		r->no_memory |= top_ui__arrange(&r->ui, top_screen__height(lines)) != 0;
		n++;
	}
	/* Something was to be read, and there was nothing: the terminal has gone. */
	if (!n && events & (POLLHUP | POLLERR | POLLNVAL))
		top_ui__key(&r->ui, TOP_KEY_END_OF_INPUT, 0);
	r->stop |= r->ui.quit;
	r->dirty = true;
	if (r->ui.wants_detail)
		r->no_memory |=
			top_ui__open(&r->ui, r->session.tracker, session__now()) != 0;
}

static void loop(struct top_run *r)
{
	struct pollfd fds[] = {
		{ .fd = r->signal_fd, .events = POLLIN },
		{ .fd = r->on_screen ? STDIN_FILENO : -1, .events = POLLIN },
	};
	uint64_t now;
	int wait_ms = 0;

	r->next_ns = session__now() + r->interval_ns;
	/* What was there at the start is what the first interval is measured from. */
	r->no_memory |= top_ui__sample(&r->ui, r->session.tracker, session__now()) != 0;
	open_sites(r);
	r->dirty = true;
	while (!r->stop) {
		fds[1].revents = 0;
		poll(fds, 2, wait_ms);
		read_signals(r);
		if (r->on_screen)
			read_keys(r, fds[1].revents);
		wait_ms = session__wait_ms(wait_ms, session__pump(&r->session));
		now = session__now();
		if (!r->stop && now >= r->next_ns)
			end_interval(r, now);
		if (!r->stop && r->on_screen && r->dirty)
			draw(r);
		if (r->no_memory || (r->out && writer__error(r->out)))
			r->stop = true;
	}
}

static int close_output(struct top_run *r)
{
	uint64_t dropped;
	int err;

	if (!r->batch) {
		screen__close();
		r->on_screen = message_to_screen = false;
		/* What was told last would else be gone with the screen. */
		if (message_ns)
			complain("%s", message);
		return STATUS_OK;
	}
	dropped = writer__dropped(r->out);
	if (dropped)
		complain("%llu tables dropped: the reader was too slow",
			 (unsigned long long)dropped);
	err = writer__close(r->out, CLOSE_TIMEOUT_MS);
	r->out = NULL;
	if (!err)
		return STATUS_OK;
	complain("cannot write to standard output: %s",
		 err == -ETIMEDOUT ? "the reader has stalled" : strerror(-err));
	return STATUS_OUTPUT;
}

static int run(struct top_run *r)
{
	int status;

	if (attach(r) || open_output(r))
		return STATUS_CANNOT_TRACE;
	loop(r);
	status = close_output(r);
	if (r->no_memory) {
		complain("out of memory");
		return STATUS_CANNOT_TRACE;
	}
	return status;
}

/* Where there is no terminal to take, or none that we know how to, tables are printed. */
static bool choose_batch(const struct trace_options *o)
{
	const char *why;

	if (o->batch || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return true;
	why = screen__why_not();
	if (why)
		complain("%s: printing tables, as with -b", why);
	return why;
}

static int prepare(struct top_run *r)
{
	const struct trace_options *o = r->opts;
	char why[512];

	if (o->n_args && option_value__count(o->args[0], &r->count, why, sizeof(why))) {
		complain("%s; see memtrace top --help", why);
		return STATUS_USAGE;
	}
	r->interval_ns = o->interval_ns ? o->interval_ns : INTERVAL_NS;
	setlocale(LC_CTYPE, "");
	r->batch = choose_batch(o);
	if (scope__check_pids(&o->pids))
		return STATUS_CANNOT_TRACE;
	if (features__check_trace(why, sizeof(why))) {
		complain("%s", why);
		return STATUS_CANNOT_TRACE;
	}
	if (top_ui__init(&r->ui)) {
		complain("out of memory");
		return STATUS_CANNOT_TRACE;
	}
	if (o->sort.given)
		r->ui.view.sort = o->sort.column;
	return STATUS_OK;
}

int cmd_top(const struct trace_options *opts)
{
	struct top_run r = { .opts = opts, .signal_fd = -1 };
	int status = prepare(&r);

	if (status == STATUS_OK) {
		status = STATUS_CANNOT_TRACE;
		if (!block_signals(&r) && !load(&r))
			status = run(&r);
	}
	screen__close();
	if (r.session.live)
		session__close(&r.session);
	writer__close(r.out, CLOSE_TIMEOUT_MS);
	top_ui__fini(&r.ui);
	if (r.signal_fd >= 0)
		close(r.signal_fd);
	return status;
}
