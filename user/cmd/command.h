/* SPDX-License-Identifier: GPL-2.0 */
/*
 * COMMAND: started, held back before its first instruction until we are
 * attached, and waited for. It inherits nothing of ours but the standard
 * streams: not our signal mask, dropped capabilities, open files.
 */
#ifndef MEMTRACE_CMD_COMMAND_H
#define MEMTRACE_CMD_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct command {
	pid_t pid;
	int go_fd;     /* written to: exec; closed: end */
	int status_fd; /* gives errno of a failed exec, or ends */
	bool ended;
	int wait_status; /* of waitpid(2), once ended */
};

/*
 * Forks; the child waits. Called before signals are blocked, files are opened
 * and privileges dropped, for the child keeps what it finds. It becomes user
 * (NULL: stays who we are). Returns 0 or -errno.
 */
int command__prepare(struct command *c, char **argv, const char *user);

/* Lets it exec. Returns 0, or -errno of the exec (it is reaped then). */
int command__go(struct command *c);

/* True once it has ended; does not wait. */
bool command__reap(struct command *c);

/* Gives up a command that was prepared and never went. */
void command__cancel(struct command *c);

/* Its exit status as sh(1) would say it: 128 and the signal when killed. */
int command__exit_status(const struct command *c);

#endif
