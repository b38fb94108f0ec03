/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tests under live tracing, as far as maps and counts have to be compared:
 * what its files share. It knows memtrace only from outside: command line,
 * signals, JSON Lines, exit status. What needs no more than a shell is in the
 * *.sh files beside it.
 */
#ifndef KERNEL_HARNESS_H
#define KERNEL_HARNESS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WHY_LEN 600
/*
 * How long anything is waited for: only what hangs takes so long, and how fast
 * the machine is, is no matter of a test.
 */
#define PATIENCE_MS 60000

/* Where things are; written by main alone. */
struct place {
	const char *memtrace;  /* the program under test */
	const char *workloads; /* directory of the workload programs */
	const char *sources;   /* directory of this file's like */
	const char *tmp;       /* a directory of this run's own */
};

/* A test's verdict, as it grows: the first failure stays. */
struct verdict {
	bool failed;
	bool skipped;	       /* all that was lost the kernel did not run a program for */
	char why[WHY_LEN];     /* when failed */
	char details[WHY_LEN]; /* when not */
};

struct test {
	const char *name;
	void (*run)(const struct place *at, const struct test *test, struct verdict *v);
	const char *arg;
	unsigned int flags; /* the case's own */
};

__attribute__((format(printf, 2, 3))) void verdict__fail(struct verdict *v, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void verdict__detail(struct verdict *v, const char *fmt, ...);

/* ------------------------------------------------ process.c: programs that run */

struct child {
	pid_t pid;
	int status; /* as wait(2), once it has ended */
	bool ended;
	char out[256]; /* files that got its stdout and stderr */
	char err[256];
};

/*
 * Starts argv[0], found by PATH, with its output in files of that name in
 * at->tmp, and env ("NAME=value", or NULL) added. Returns 0 or -errno.
 */
int child__start(struct child *c, const struct place *at, const char *name,
		 const char *const argv[], const char *env);
/* True when it has ended; waits at most timeout_ms (0: does not wait). */
bool child__ended(struct child *c, int timeout_ms);
/* Ends it if it still runs: SIGKILL, and waits. */
void child__kill(struct child *c);
/* Exit status as a shell gives it: 128 + signal. */
int child__code(const struct child *c);

void sleep_ms(int ms);
/* Where all takes $SLOWNESS times as long (an emulator), time passes so much slower. */
int64_t now_ms(void);

/*
 * 'T' when every thread of pid that lives is stopped, 0 when not, 'Z' when all have
 * ended, -errno when it is gone.
 */
int process__stopped(pid_t pid);
/* Waits until process__stopped; false when it did not stop in time. */
bool process__wait_stopped(pid_t pid, int timeout_ms);

/* The whole file, NUL-terminated, from offset on; NULL when it cannot be read. */
char *file__read(const char *path, off_t offset, size_t *ret_len);
/* Waits until the file holds text. */
bool file__wait_for(const char *path, const char *text, int timeout_ms);

/* ------------------------------------------------ maps.c: maps and how they differ */

struct map_line {
	uint64_t start, end, offset, inode;
	unsigned int dev_major, dev_minor;
	char perms[5];
	char *name;
};

struct map {
	struct map_line *lines;
	size_t count;
};

int map__of_process(struct map *m, pid_t pid);
int map__of_json(struct map *m, struct json_object *record);
int map__of_text(struct map *m, const char *text); /* ends where lines end to be of a map */
/*
 * Neighbours that continue each other become one line: the kernel's own
 * boundaries depend on page faults, which calls do not tell of (rr and Valgrind
 * compare in this way).
 */
void map__merge(struct map *m);
void map__free(struct map *m);
/* True when equal; else why says where the first difference is. */
bool map__equal(const struct map *expected, const struct map *got, char *why, size_t size);
/* The same when both are merged, as they are then. */
bool map__equal_merged(struct map *expected, struct map *got, char *why, size_t size);

/* ------------------------------------------------ jsonl.c: records of memtrace */

struct jsonl {
	char path[256];
	off_t offset; /* of the first line not read yet */
	char *buffer;
	size_t next, len;
	bool malformed; /* a line was not a JSON object */
};

void jsonl__open(struct jsonl *j, const char *path);
void jsonl__close(struct jsonl *j);
/* The next whole line, to be given back with json_object_put; NULL: none yet. */
struct json_object *jsonl__next(struct jsonl *j);

const char *json__text(struct json_object *o, const char *field); /* "" when absent */
int64_t json__int(struct json_object *o, const char *field);	  /* -1 when absent */
bool json__bool(struct json_object *o, const char *field);
/* A number, or a string that holds one (0x: hex). */
bool json__u64(struct json_object *value, uint64_t *ret_value);
struct json_object *json__get(struct json_object *o, const char *field); /* NULL: absent */

/* The summary that closes a recording. */
struct totals {
	int64_t seen, delivered, lost, missed, resyncs;
	char causes[160]; /* of the losses, as they are in the record */
};
bool totals__of(struct totals *t, struct json_object *summary);
/* seen == delivered + lost, and lost is 0. */
void totals__check(const struct totals *t, struct verdict *v);

/* ------------------------------------------------ counts.c: calls by name */

#define CALL_KINDS 32
struct counts {
	long by_call[CALL_KINDS]; /* index: enum mt_call_id */
};

/*
 * How often strace saw each memory call of a command and its children, from
 * its execve on. Returns 0 or -errno.
 */
int counts__by_strace(struct counts *counts, const struct place *at, const char *const command[]);
/* Adds what a summary says of processes for which wanted is true (NULL: all). */
void counts__of_summary(struct counts *counts, struct json_object *summary,
			bool (*wanted)(void *ctx, struct json_object *process), void *ctx);
void counts__add(struct counts *counts, const char *call, long n);
long counts__total(const struct counts *counts);
/* Differences, named; low and high bound what is allowed. */
bool counts__within(const struct counts *got, const struct counts *low, const struct counts *high,
		    char *why, size_t size);

/* ------------------------------------------------ record_call.c: a call record's fields */

/*
 * Arguments and result (or -errno) of a call record: arguments in their order
 * in the system call, told[i] false for those that the record leaves out.
 * False when the record makes no sense.
 */
bool record_call__read(struct json_object *record, uint64_t args[6], bool told[6],
		       int64_t *ret_ret);
/* An argument as it was given and as it is told: a C int has only its low half. */
bool record_call__same_arg(const char *call, int index, uint64_t given, uint64_t told);

/* ------------------------------------------------ expect.c: what a workload says */

struct expect;
struct expect *expect__new(void);
void expect__free(struct expect *e);
/* A line of work.h's format other than checkpoint. False when malformed. */
bool expect__line(struct expect *e, const char *line);
/* A call record of memtrace's, a change record. */
bool expect__record(struct expect *e, struct json_object *record);
bool expect__change(struct expect *e, struct json_object *record);
size_t expect__records(const struct expect *e);
size_t expect__halves(const struct expect *e);
/* Every call that the workload printed was recorded, once, in order. */
bool expect__check(struct expect *e, char *why, size_t size);
/* Every change that no call of ours made was told of, under that name. */
bool expect__check_changes(struct expect *e, char *why, size_t size);
/* Why the workload did nothing, or NULL. */
const char *expect__skipped(const struct expect *e);

/* ------------------------------------------------ the cases */

#define WORKLOAD_THREADS 0x1 /* several threads: an uncertain map is no failure */
#define WORKLOAD_UNSEEN 0x2  /* strace sees other calls than we do, or cannot be used */
#define WORKLOAD_TMPFS 0x4   /* in a mount namespace of its own: in_mount.sh */
#define WORKLOAD_OVERLAY 0x8
#define WORKLOAD_CHROOT 0x10
#define WORKLOAD_MOUNT (WORKLOAD_TMPFS | WORKLOAD_OVERLAY | WORKLOAD_CHROOT)
void case__workload(const struct place *at, const struct test *test, struct verdict *v);
void case__workload_text(const struct place *at, const struct test *test, struct verdict *v);
void case__busy(const struct place *at, const struct test *test, struct verdict *v);
void case__gcc(const struct place *at, const struct test *test, struct verdict *v);
void case__node(const struct place *at, const struct test *test, struct verdict *v);
void case__reuse(const struct place *at, const struct test *test, struct verdict *v);
void case__all(const struct place *at, const struct test *test, struct verdict *v);
void case__group(const struct place *at, const struct test *test, struct verdict *v);
void case__fuzz(const struct place *at, const struct test *test, struct verdict *v);

#endif
