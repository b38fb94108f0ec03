// SPDX-License-Identifier: GPL-2.0
/* Chooses the verb, parses its options by the table, runs it. Nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "util/escape.h"

static int (*const run[VERB_NR])(const struct trace_options *opts) = {
#define X(id, name, use, min, max, hidden, text) [VERB_##id] = cmd_##name,
	VERBS(X)
#undef X
};

/* One line, whatever the arguments held. */
static int usage_error(enum verb verb, const char *why)
{
	char line[ESCAPE_ROOM(1024)];

	escape__bytes(line, sizeof(line), why, strlen(why), 0);
	fprintf(stderr, "memtrace: %s; see memtrace %s%s--help\n", line,
		verb == VERB_TRACE ? "" : verb__row(verb)->name, verb == VERB_TRACE ? "" : " ");
	return STATUS_USAGE;
}

/*
 * Where a standard stream is closed, what is opened next would take its number
 * and be written to. Reading /dev/null holds the place: writing fails as before
 * (EBADF), and COMMAND does not get it.
 */
static void hold_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	enum verb verb = verb__by_name(argc > 1 ? argv[1] : NULL);
	int shift = verb < VERB_NR, status, err;
	struct trace_options opts;
	char why[1024];

	hold_standard_streams();
	if (!shift)
		verb = VERB_TRACE;
	/* main may be entered without any argument: execve(2). */
	err = options__parse(verb, argc ? argc - shift : 0, argv + shift, &opts, why, sizeof(why));
	if (err == -EINVAL) {
		status = usage_error(verb, why);
	} else if (err) {
		fprintf(stderr, "memtrace: %s\n", strerror(-err));
		status = STATUS_OURS;
	} else if (opts.help || opts.version) {
		if (opts.help)
			options__print_help(stdout, verb);
		else
			printf("memtrace %s\n", MEMTRACE_VERSION);
		status = STATUS_OK;
	} else {
		status = run[verb](&opts);
	}
	options__fini(&opts);
	if ((fflush(stdout) || ferror(stdout)) && status == STATUS_OK) {
		fprintf(stderr, "memtrace: standard output: %s\n", strerror(errno));
		status = STATUS_OUTPUT;
	}
	return status;
}
