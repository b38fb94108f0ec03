/* SPDX-License-Identifier: GPL-2.0 */
/* A memtrace --json that runs, and the records that it has written so far. */
#ifndef KERNEL_SESSION_H
#define KERNEL_SESSION_H

#include "harness.h"

struct session {
	struct child memtrace;
	struct jsonl records;
	struct json_object *summary;
	char why[128]; /* why a space became uncertain last; "" when none did */
	uint64_t start_ns;  /* CLOCK_MONOTONIC */
	uint64_t asked_ns;  /* when maps were asked for: older ones are passed over */
	bool line_for_line; /* maps are compared as they are, not merged: tier truth */
	/* Each record but maps that were asked for and the summary. */
	void (*on_record)(void *ctx, const char *type, struct json_object *record);
	void *ctx;
};

enum map_verdict {
	MAP_EXACT,     /* called exact, and it is */
	MAP_UNCERTAIN, /* called uncertain */
	MAP_WRONG,     /* called exact, and it differs */
	MAP_MISSING,
};

/* s must be zeroed but for on_record and ctx. */
int session__start(struct session *s, const struct place *at, const char *const options[],
		   const char *const command[], const char *env);
/* Asks for the maps and compares that of pid, which must be stopped. */
enum map_verdict session__compare(struct session *s, pid_t pid, char *why, size_t size);
/* The same in parts, for several: asks; the next map (of pid, or of any for 0); compares it. */
void session__ask(struct session *s);
struct json_object *session__next_map(struct session *s, pid_t pid, int timeout_ms);
enum map_verdict session__judge(struct session *s, struct json_object *map, size_t *ret_lines,
				char *why, size_t size);
/* Reads what is there. */
void session__drain(struct session *s);
void session__record(struct session *s, struct json_object *record);
/* Waits for the end, and checks status and totals. */
void session__finish(struct session *s, int timeout_ms, int code, struct verdict *v);
/* Frees; ends memtrace if it still runs. */
void session__end(struct session *s);

#endif
