/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line: one table of options and one of verbs, which parsing,
 * --help, the man page and shell completion are made from. Knows nothing of
 * what the verbs do.
 */
#ifndef MEMTRACE_CMD_OPTIONS_H
#define MEMTRACE_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include "core/allow.h"
#include "option_value.h"

/*
 * Verbs: name, what follows it (one form of use a line), least and most
 * arguments (trace takes a COMMAND instead), hidden from help, what it does.
 */
#define VERBS(X)                                                                        \
	X(TRACE, trace, "[OPTION...] -p PID[,PID...]\n[OPTION...] [--] COMMAND [ARG...]\n" \
	  "[OPTION...] -a", 0, 0, false,                                                \
	  "follow memory system calls and report how processes use memory (the default)") \
	X(MAPS, maps, "[--json] PID\n--history [OPTION...] PID", 1, 1, false,           \
	  "print a process's regions: kinds, sizes and, with --history, who made them") \
	X(TOP, top, "[OPTION...] [-p PID[,PID...]] [COUNT]", 0, 1, false,               \
	  "show whose memory grows, interval by interval, and what it is made of") \
	X(FEATURES, features, "[--json]", 0, 0, false,                                  \
	  "say what this kernel offers, and what is missing and why")                   \
	X(DOCS, docs, "man|bash-completion|options", 1, 1, true,                        \
	  "print the man page, the bash completion or the table of options")

enum verb {
#define X(id, name, use, min, max, hidden, text) VERB_##id,
	VERBS(X)
#undef X
	VERB_NR
};

struct verb_row {
	const char *name, *use;
	int args_min, args_max;
	bool hidden;
	const char *text;
};
const struct verb_row *verb__row(enum verb verb);

/* The verb called name; VERB_NR when there is none, or name is NULL. */
enum verb verb__by_name(const char *name);

/* What a command line asked for: all verbs write into one of these. */
struct trace_options {
	struct pid_list pids;  /* -p */
	char **command;	       /* COMMAND [ARG...], NULL-terminated, in argv; NULL none */
	char **args;	       /* what other verbs take; in argv */
	int n_args;
	bool all;	       /* -a, or implied by -c, -n, -u */
	bool follow;	       /* -f, or COMMAND */
	const char *cgroup;    /* -c; NULL any */
	const char *comm;      /* -n, at most MT_COMM_LEN - 1 bytes; NULL any */
	struct uid_choice uid; /* -u */
	uint64_t duration_ns;  /* -d; 0 no limit */
	struct event_choice events; /* -e; all true without it */
	uint64_t min_bytes;    /* -z */
	bool failures;	       /* -x */
	struct stacks_choice stacks; /* -s */
	struct allow allow;    /* --allow, --allow-file */
	bool quiet;	       /* -q */
	bool verbose;	       /* -v, or -e with a call */
	bool json;
	const char *output;    /* -o; NULL standard streams */
	bool history;	       /* --history */
	bool map_alone;	       /* of maps --history: the map at the end, and no report */
	const char *folded;    /* --folded; NULL none */
	const char *pprof;     /* --pprof; NULL none */
	const char *user;      /* --user, a user that exists; NULL ours */
	struct tier_choice tier; /* --tier */
	uint64_t verify_ns;    /* --verify; 0 never */
	struct test_drop test_drop; /* --test-drop */
	struct ring_choice ring; /* --ring-size */
	uint64_t interval_ns;  /* -i; 0 not given */
	bool batch;	       /* -b */
	struct sort_choice sort; /* --sort */
	bool help, version;    /* print this and do nothing else */
};

/*
 * Parses the arguments of verb (argv[0] is not looked at). opts is filled in
 * either case and wants options__fini(). Returns 0, or -EINVAL with one line
 * in why that names the offender, or -ENOMEM.
 */
int options__parse(enum verb verb, int argc, char **argv, struct trace_options *opts, char *why,
		   size_t why_len);
void options__fini(struct trace_options *opts);

#define VERB_BIT(id) (1u << VERB_##id)

/* One option. A new one is one row of the table in options.c. */
struct option_row {
	const char *name; /* "pid": --pid */
	int key;	  /* 'p': -p; above 255: no short option */
	const char *arg;  /* "PID[,PID...]"; "[=SECONDS]": may be left out; NULL: takes none */
	const char *text; /* for people, one or more sentences */
	enum option_kind kind;
	size_t offset;	    /* in struct trace_options */
	unsigned int verbs; /* VERB_BIT()s */
	const char *group;  /* its heading in help and man page */
};
const struct option_row *option_rows(size_t *ret_n);

/* Whether its value may be left out. */
bool option_row__optional(const struct option_row *row);
/* What stands between --NAME and its value in a description. */
const char *option_row__equals(const struct option_row *row);

/* The text of --help. verb TRACE tells of the other verbs as well. */
void options__print_help(FILE *out, enum verb verb);

#endif
