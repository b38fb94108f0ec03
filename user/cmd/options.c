// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of verbs and options, and parsing by them. Owns what excludes
 * what. Prints nothing but help: errors are one line for the caller to print.
 */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Options without a short form. */
enum { KEY_JSON = 256, KEY_USER, KEY_RING_SIZE, KEY_TIER, KEY_VERIFY, KEY_TEST_DROP, KEY_ALLOW,
       KEY_ALLOW_FILE, KEY_SORT, KEY_FOLDED, KEY_PPROF,
       KEY_HISTORY };

static const struct verb_row verb_rows[] = {
#define X(id, name, use, min, max, hidden, text) { #name, use, min, max, hidden, text },
	VERBS(X)
#undef X
};

#define SCOPE "What to trace"
#define SHOW "What to show"
#define WHERE "Where to"
#define OTHER "Other"
#define TRACE VERB_BIT(TRACE)
#define TOP VERB_BIT(TOP)
#define MAPS VERB_BIT(MAPS)
#define ALL_VERBS ((1u << VERB_NR) - 1)
#define INTERVAL_MIN_NS 100000000ull
#define AT(field) offsetof(struct trace_options, field)

/* A letter means the same in every verb, so there is one row for it. */
/* "truth (...), ..., " */
#define TIER_WORD(id, name, what, kernels) name " (" what ": " kernels "), "
#define TIER_WORDS TIERS(TIER_WORD)

#define SORT_WORD(id, key, heading, width, rank, text) key ", "
#define SORT_WORDS TOP_COLUMNS(SORT_WORD)

static const struct option_row rows[] = {
	{ "pid", 'p', "PID[,PID...]", "Trace these processes. May be repeated.",
	  OPTION_PIDS, AT(pids), TRACE | TOP, SCOPE },
	{ "all", 'a', NULL, "Trace every process.", OPTION_FLAG, AT(all), TRACE | TOP, SCOPE },
	{ "follow", 'f', NULL,
	  "Trace the processes that a traced process creates as well. COMMAND is always followed.",
	  OPTION_FLAG, AT(follow), TRACE | TOP, SCOPE },
	{ "cgroup", 'c', "PATH",
	  "Trace all processes in this cgroup and below it; implies -a. PATH is a directory, or "
	  "relative to /sys/fs/cgroup.", OPTION_CGROUP, AT(cgroup), TRACE | TOP, SCOPE },
	{ "name", 'n', "COMM",
	  "Trace all processes with this name (the kernel keeps 15 bytes of it); implies -a.",
	  OPTION_COMM, AT(comm), TRACE | TOP, SCOPE },
	{ "uid", 'u', "USER", "Trace all processes of this user, a name or a number; implies -a.",
	  OPTION_UID, AT(uid), TRACE | TOP, SCOPE },
	{ "user", KEY_USER, "NAME", "Run COMMAND as this user.",
	  OPTION_USER, AT(user), TRACE, SCOPE },
	{ "duration", 'd', "SECONDS",
	  "Stop tracing after this time: 0.5, 90, 10m, 1.5h. COMMAND goes on untraced.",
	  OPTION_DURATION, AT(duration_ns), TRACE | MAPS, SCOPE },
	{ "events", 'e', "LIST",
	  "Show only these calls and findings; with a ! in front, all but these. Naming a call "
	  "implies -v.", OPTION_EVENTS, AT(events), TRACE, SHOW },
	{ "min-size", 'z', "SIZE",
	  "Show only what concerns at least this many bytes; K, M and G are understood.",
	  OPTION_SIZE, AT(min_bytes), TRACE, SHOW },
	{ "failures", 'x', NULL, "Show only calls that failed.",
	  OPTION_FLAG, AT(failures), TRACE, SHOW },
	{ "stacks", 's', "MODE",
	  "Take the stacks of calls that ask for memory, and with -v show them: dwarf (unwound by "
	  "call frame information, without frame pointers; of many calls a sample; the default but "
	  "with -a), or none. top: of whom it tells as sites.",
	  OPTION_STACKS, AT(stacks), TRACE | MAPS | TOP, SHOW },
	{ "allow", KEY_ALLOW, "RULE",
	  "Count these changes of protection, but do not tell of them. RULE is one or more of "
	  "path:GLOB, comm:GLOB, class:GLOB and stack:GLOB, joined by commas: all must match. May "
	  "be repeated.", OPTION_ALLOW, AT(allow), TRACE, SHOW },
	{ "allow-file", KEY_ALLOW_FILE, "FILE",
	  "The same for each line of FILE; empty ones and those that begin with # are left out.",
	  OPTION_ALLOW_FILE, AT(allow), TRACE, SHOW },
	{ "quiet", 'q', NULL, "Show only the closing report.",
	  OPTION_FLAG, AT(quiet), TRACE, SHOW },
	{ "verbose", 'v', NULL, "Show each call.", OPTION_FLAG, AT(verbose), TRACE | MAPS, SHOW },
	{ "history", KEY_HISTORY, NULL,
	  "In maps tell below each region who made it and who changed it last: call, time, thread "
	  "and the functions that tell most; with -v the whole stack. What was there when tracing "
	  "began says so: maps traces the process until Ctrl-C, its end or -d, and prints its map "
	  "then.", OPTION_FLAG, AT(history), TRACE | MAPS, SHOW },
	{ "interval", 'i', "SECONDS",
	  "How long an interval is: 0.5, 10, 10m. trace: tell at each what memory is for and how "
	  "much of it is resident; not unless given. top: a second unless given.",
	  OPTION_DURATION, AT(interval_ns), TRACE | TOP, SHOW },
	{ "sort", KEY_SORT, "COLUMN",
	  "Sort by one of these columns: " SORT_WORDS "instead of by growth.",
	  OPTION_SORT, AT(sort), TOP, SHOW },
	{ "batch", 'b', NULL,
	  "Print a table for each interval, as without a terminal, instead of taking the screen.",
	  OPTION_FLAG, AT(batch), TOP, SHOW },
	{ "json", KEY_JSON, NULL, "Write JSON Lines: one record a line.", OPTION_FLAG, AT(json),
	  TRACE | MAPS | VERB_BIT(FEATURES), WHERE },
	{ "output", 'o', "FILE", "Write events and report to FILE, which is overwritten.",
	  OPTION_FILE, AT(output), TRACE, WHERE },
	{ "folded", KEY_FOLDED, "FILE",
	  "At the end write the bytes that were asked for to FILE, by stack, as flamegraph.pl and "
	  "inferno read it; and to FILE.kept those of them that are kept.",
	  OPTION_FILE, AT(folded), TRACE, WHERE },
	{ "pprof", KEY_PPROF, "FILE",
	  "At the end write both to FILE by stack, and the number of calls, as pprof reads it.",
	  OPTION_FILE, AT(pprof), TRACE, WHERE },
	{ "tier", KEY_TIER, "TIER",
	  "How maps are made: " TIER_WORDS "auto (the default): the first of them that there is.",
	  OPTION_TIER, AT(tier), TRACE | TOP, OTHER },
	{ "ring-size", KEY_RING_SIZE, "SIZE[,N]",
	  "Size of the buffer between kernel and memtrace: 64M unless given, or less where that "
	  "is more than a 64th of the memory; stacks have half as much, at most 32M. It is parted "
	  "into N rings, unless given one for every four CPUs up to 8. Both are rounded up to a "
	  "power of two.",
	  OPTION_RING, AT(ring), TRACE | TOP, OTHER },
	{ "verify", KEY_VERIFY, "[=SECONDS]",
	  "Compare each map with /proc/PID/maps whenever its process stands still, each second "
	  "unless another time is given, and at the end; a difference is told, and the exit status "
	  "is 3.", OPTION_VERIFY, AT(verify_ns), TRACE, OTHER },
	{ "test-drop", KEY_TEST_DROP, "1/N[,quietly]",
	  "For tests of memtrace itself: drop one record in N, at random. quietly: do not count "
	  "for the process what the numbers of write sections tell as well.",
	  OPTION_DROP, AT(test_drop), TRACE | TOP, OTHER },
	{ "help", 'h', NULL, "Print this help.", OPTION_FLAG, AT(help), ALL_VERBS, OTHER },
	{ "version", 'V', NULL, "Print the version.",
	  OPTION_FLAG, AT(version), ALL_VERBS, OTHER },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct option_row *option_rows(size_t *ret_n)
{
	*ret_n = ROWS;
	return rows;
}

bool option_row__optional(const struct option_row *row)
{
	return row->arg && *row->arg == '[';
}

const char *option_row__equals(const struct option_row *row)
{
	return row->arg && !option_row__optional(row) ? "=" : "";
}

const struct verb_row *verb__row(enum verb verb)
{
	return &verb_rows[verb];
}

enum verb verb__by_name(const char *name)
{
	size_t i;

	for (i = 0; name && i < VERB_NR; i++) {
		if (!strcmp(name, verb_rows[i].name))
			return (enum verb)i;
	}
	return VERB_NR;
}

struct parse {
	enum verb verb;
	struct trace_options *opts;
	char *why;
	size_t why_len;
	int next;     /* index of the argument that holds the next option */
	bool refused; /* a value was, and why says so: argp has no complaint of its own */
};

static const struct option_row *row__by_key(enum verb verb, int key)
{
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if (rows[i].key == key && rows[i].verbs & 1u << verb)
			return &rows[i];
	}
	return NULL;
}

static int parse__value(struct parse *p, const struct option_row *row, const char *text)
{
	void *field = (char *)p->opts + row->offset;
	char why[768];
	int err;

	err = option_value__parse(row->kind, text, field, why, sizeof(why));
	p->refused = err == -EINVAL;
	if (err == -EINVAL && row->key < 256)
		snprintf(p->why, p->why_len, "-%c: %s", row->key, why);
	else if (err == -EINVAL)
		snprintf(p->why, p->why_len, "--%s: %s", row->name, why);
	return err;
}

/* The callback of argp(3), which wants errno values above 0. */
static error_t parse__argp(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	const struct option_row *row = row__by_key(p->verb, key);

	if (row) {
		p->next = state->next;
		return -parse__value(p, row, arg);
	}
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (p->verb == VERB_TRACE) {
		/* Options end at the first word that is none: the rest is COMMAND's. */
		p->opts->command = state->argv + state->next - 1;
		state->next = state->argc;
	} else {
		p->opts->args[p->opts->n_args++] = arg;
	}
	return 0;
}

/* Says what is wrong with --NAME[=VALUE], which getopt_long(3) refused. */
static void parse__why_long(struct parse *p, const char *arg)
{
	size_t len = strcspn(arg + 2, "="), matches = 0, i;
	const struct option_row *match = NULL;

	for (i = 0; i < ROWS; i++) {
		if (!(rows[i].verbs & 1u << p->verb) || strncmp(rows[i].name, arg + 2, len))
			continue;
		match = &rows[i];
		if (!rows[i].name[len]) {
			matches = 1;
			break;
		}
		matches++;
	}
	if (!matches)
		snprintf(p->why, p->why_len, "unknown option '%.*s'", (int)len + 2, arg);
	else if (matches > 1)
		snprintf(p->why, p->why_len, "option '%.*s' is ambiguous", (int)len + 2, arg);
	else if (match->arg)
		snprintf(p->why, p->why_len, "option '--%s' needs a value: %s", match->name,
			 match->arg);
	else
		snprintf(p->why, p->why_len, "option '--%s' takes no value", match->name);
}

/* The same for a cluster, "-afp": the first letter that is not a flag. */
static void parse__why_short(struct parse *p, const char *arg)
{
	const struct option_row *row;

	for (arg++; *arg; arg++) {
		row = row__by_key(p->verb, (unsigned char)*arg);
		if (!row)
			snprintf(p->why, p->why_len, "unknown option '-%c'", *arg);
		else if (row->arg)
			snprintf(p->why, p->why_len, "option '-%c' needs a value: %s", *arg,
				 row->arg);
		else
			continue;
		return;
	}
}

/* argp prints two lines on an error and no more: we keep it silent and look ourselves. */
static void parse__why(struct parse *p, int argc, char **argv)
{
	const char *arg = p->next < argc ? argv[p->next] : "";

	snprintf(p->why, p->why_len, "the command line is not understood");
	if (!strncmp(arg, "--", 2))
		parse__why_long(p, arg);
	else if (*arg == '-')
		parse__why_short(p, arg);
}

static int parse__run(struct parse *p, int argc, char **argv)
{
	const unsigned int flags = ARGP_NO_HELP | ARGP_NO_EXIT | ARGP_NO_ERRS | ARGP_IN_ORDER;
	struct argp_option options[ROWS + 1] = { 0 };
	struct argp argp = { .options = options, .parser = parse__argp };
	size_t i, n = 0;
	int err;

	for (i = 0; i < ROWS; i++) {
		if (!(rows[i].verbs & 1u << p->verb))
			continue;
		options[n].name = rows[i].name;
		options[n].key = rows[i].key;
		options[n].flags = option_row__optional(&rows[i]) ? OPTION_ARG_OPTIONAL : 0;
		options[n++].arg = rows[i].arg;
	}
	err = argp_parse(&argp, argc, argv, flags, NULL, p);
	if (err && err != ENOMEM && !p->refused)
		parse__why(p, argc, argv);
	return err == ENOMEM ? -ENOMEM : err ? -EINVAL : 0;
}

__attribute__((format(printf, 3, 4)))
static int why__set(char *why, size_t why_len, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, why_len, format, args);
	va_end(args);
	return -EINVAL;
}

/* What a file is, or, where there is none yet, the directory that it is to be in. */
static bool find_file(const char *path, struct stat *st, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	*ret_name = "";
	if (!stat(path, st))
		return true;
	*ret_name = slash ? slash + 1 : path;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	return !stat(dir, st);
}

/* By whatever path. Devices may well be given twice: /dev/null. */
static bool same_file(const char *a, const char *b)
{
	const char *a_name, *b_name;
	struct stat st, other;

	return *a && *b && find_file(a, &st, &a_name) && find_file(b, &other, &b_name) &&
	       st.st_dev == other.st_dev && st.st_ino == other.st_ino &&
	       (*a_name || S_ISREG(st.st_mode)) && !strcmp(a_name, b_name);
}

static int check_files(const struct trace_options *o, char *why, size_t why_len)
{
	char kept[PATH_MAX]; /* see exports.c */
	const char *files[] = { o->output, o->folded, o->folded ? kept : NULL, o->pprof };
	const size_t n = sizeof(files) / sizeof(files[0]);
	size_t i, j;

	snprintf(kept, sizeof(kept), "%s.kept", o->folded ? o->folded : "");
	for (i = 0; i < n; i++)
		for (j = i + 1; j < n; j++)
			if (files[i] && files[j] && same_file(files[i], files[j]))
				return why__set(why, why_len, "'%s' cannot be two files at once",
						files[i]);
	return 0;
}

/* Exactly one of -p, COMMAND and -a; what narrows -a goes with -a alone. */
static int trace__check(struct trace_options *o, char *why, size_t why_len)
{
	const char *narrow = o->cgroup ? "-c" : o->comm ? "-n" : o->uid.given ? "-u" : NULL;
	const char *target = o->pids.n ? "-p" : o->command ? "COMMAND" : NULL;

	if (narrow && target)
		return why__set(why, why_len, "%s chooses among all processes and excludes %s",
				narrow, target);
	if (o->pids.n && o->command)
		return why__set(why, why_len, "-p excludes a COMMAND: '%s'", o->command[0]);
	if (o->all && target)
		return why__set(why, why_len, "-a excludes %s", target);
	if (o->user && !o->command)
		return why__set(why, why_len, "--user %s needs a COMMAND to run", o->user);
	if (!o->all && !narrow && !target)
		return why__set(why, why_len, "nothing to trace: give -p PID, a COMMAND to run, "
				"or -a");
	if (o->quiet && o->verbose)
		return why__set(why, why_len, "-q and -v exclude each other");
	if (o->interval_ns && o->interval_ns < INTERVAL_MIN_NS)
		return why__set(why, why_len, "-i: an interval is at least 0.1 seconds");
	if (check_files(o, why, why_len))
		return -EINVAL;
	o->all |= narrow != NULL;
	if (!o->stacks.given)
		o->stacks.mode = o->all ? STACKS_NONE : STACKS_DWARF;
	o->follow |= o->command != NULL;
	o->verbose |= o->events.names_call && !o->quiet;
	return 0;
}

/* Every process unless some are named. */
static int top__check(struct trace_options *o, char *why, size_t why_len)
{
	if (!o->pids.n)
		o->all = true;
	return trace__check(o, why, why_len);
}

/* Without a history nothing is traced. */
static int maps__check(struct trace_options *o, char *why, size_t why_len)
{
	const char *traced = o->duration_ns  ? "-d" :
			     o->stacks.given ? "-s" :
			     o->verbose	     ? "-v" :
					       NULL;

	if (!o->history && traced)
		return why__set(why, why_len, "%s needs --history", traced);
	if (!o->stacks.given)
		o->stacks.mode = STACKS_DWARF;
	return 0;
}

static int args__check(enum verb verb, struct trace_options *o, char *why, size_t why_len)
{
	const struct verb_row *row = &verb_rows[verb];

	if (o->n_args > row->args_max)
		return why__set(why, why_len, "unexpected argument '%s'", o->args[row->args_max]);
	if (o->n_args < row->args_min)
		return why__set(why, why_len, "an argument is missing: %.*s",
				(int)strcspn(row->use, "\n"), row->use);
	return 0;
}

int options__parse(enum verb verb, int argc, char **argv, struct trace_options *opts, char *why,
		   size_t why_len)
{
	struct parse p = { verb, opts, why, why_len, 1, false };
	int err;

	memset(opts, 0, sizeof(*opts));
	memset(opts->events.calls, true, sizeof(opts->events.calls));
	memset(opts->events.findings, true, sizeof(opts->events.findings));
	opts->args = calloc((size_t)argc + 1, sizeof(*opts->args));
	if (!opts->args)
		return -ENOMEM;
	err = parse__run(&p, argc, argv);
	if (err || opts->help || opts->version)
		return err;
	if (verb == VERB_TRACE)
		return trace__check(opts, why, why_len);
	if (verb == VERB_TOP)
		err = top__check(opts, why, why_len);
	if (verb == VERB_MAPS)
		err = maps__check(opts, why, why_len);
	return err ? err : args__check(verb, opts, why, why_len);
}

void options__fini(struct trace_options *opts)
{
	free(opts->pids.pid);
	free(opts->args);
	allow__fini(&opts->allow);
	memset(opts, 0, sizeof(*opts));
}
