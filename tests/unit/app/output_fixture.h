/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of user/output share: a writer whose bytes come back, and sample records. */
#ifndef MEMTRACE_TESTS_OUTPUT_FIXTURE_H
#define MEMTRACE_TESTS_OUTPUT_FIXTURE_H

#include "output/sink.h"

#define MONO_NS 5000000000ULL
#define WALL_NS 1700000000000000000ULL /* 2023-11-14T22:13:20Z */
#define SAMPLE_TGID 2623
#define SAMPLE_TID 2629
#define SAMPLE_SPACE 77

struct capture {
	int fd;
	struct writer *out;
};

void capture__init(struct capture *c);

/* Closes the writer; what was written, which the caller frees. */
char *capture__take(struct capture *c);

/* Of one process and one space, ready to be made a call of. */
struct sample {
	struct process process;
	struct space space;
	struct call call;
	struct change change;
	struct call_record rec;
};

/* A call that worked, a second after the start, and took 1500 ns. */
void sample__init(struct sample *s, enum mt_call_id id);

/* A tracker with n processes, of pids 1000 and up, named "work"; their fields are the test's. */
struct tracker *sample_tracker(size_t n);

/* 0 lost, of n seen. */
struct summary sample_summary(struct tracker *t, uint64_t n);

/* Everything is shown. */
struct view view_all(void);
extern const struct start_info sample_start;

/* Number 1 has two frames, the second in generated code, and is cut. */
struct stacks *sample_stacks(void);

/*
 * Gives the space two regions at 0x10000: of the first 8 pages 4 were there, 4 were
 * mapped twice with stack 1, the last of them made read-only by another's call and given
 * back; of 70 more pages each had a thread of its own.
 */
void sample_history(struct space *s);
void sample_history__free(struct space *s);

/*
 * Gives p a site with a stack, whose innermost frames are malloc's, and one without.
 * Returns the stacks, which t has by then and the caller frees after it.
 */
struct stacks *sample_sites(struct tracker *t, struct process *p);

/* Gives p a heap at its start and end, of five parts. */
void sample_heap(struct process *p);
/* Sites of a process, and what is suspected of it. */
void sample_needs(struct process *p);

size_t count_lines(const char *text);

#endif
