/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the tracker share: a tracker whose observer notes what it
 * was told, events in one line each, and maps as pictures. Knows no test.
 *
 * A picture has one character a page, from PAGE(0):
 *	.  nothing		w  anonymous rw-	n  anonymous ---
 *	r  anonymous r--	x  anonymous r-x	X  anonymous rwx
 *	l  w, locked		d  w, DONTFORK		g  w, grows down
 *	s  w, MAP_STACK		f  a file r-x, its offset is its page; F  the same rw-
 */
#ifndef MEMTRACE_TESTS_TRACKER_FIXTURE_H
#define MEMTRACE_TESTS_TRACKER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/tracker.h"

#define PAGE(n) (0x10000ULL + (uint64_t)(n)*REGION_PAGE)
#define LEN(n) ((uint64_t)(n)*REGION_PAGE)
#define PICTURE 24
#define SPACE 7 /* the one most tests are about; its process and first thread: */
#define TGID 100

/* What the observer was told. */
struct told {
	unsigned int process[4], exact, uncertain, lost_events, calls;
	unsigned int findings[FINDING_NR];
	uint64_t lost;
	struct finding finding; /* the last */
	enum limit limit;	/* of the last call */
};

struct fixture {
	struct tracker *t;
	struct told told;
};

void fixture__open(struct fixture *f);
void fixture__close(struct fixture *f);

/* With a thread TGID that was found at 10, and a base of SPACE read at 20 to 30. */
void fixture__open_with(struct fixture *f, const char *picture);

int fixture__try_base(struct fixture *f, uint64_t space, const char *picture, uint64_t begin,
		      uint64_t end);
void fixture__base(struct fixture *f, uint64_t space, const char *picture, uint64_t begin,
		   uint64_t end);
/* Tier ordered: read between those sections. */
void fixture__base_numbered(struct fixture *f, uint64_t space, const char *picture,
			    uint64_t begin_seq, uint64_t end_seq);
int fixture__try_task(struct fixture *f, uint64_t space, uint32_t tgid, uint32_t tid, uint64_t ts);
void fixture__task(struct fixture *f, uint64_t space, uint32_t tgid, uint32_t tid, uint64_t ts);

/* What a call acts on: pages [page, page + n), and how: a letter of a picture. */
struct act {
	enum mt_call_id id; /* MMAP (fixed), MUNMAP or MPROTECT */
	uint32_t page, n;
	char letter;
};
struct call fixture__call(uint64_t space, uint32_t tgid, uint32_t tid, const struct act *act,
			  uint64_t enter, uint64_t exit);
/* Its counters are made to agree with the map as it will be. */
int fixture__try(struct fixture *f, struct call *c);
void fixture__act(struct fixture *f, uint32_t tid, const struct act *act, uint64_t enter,
		  uint64_t exit);

struct fork_event fixture__fork(uint64_t space, uint64_t child_space, uint32_t child, uint64_t ts,
				const char *child_picture);
struct exec_event fixture__exec(uint64_t space, uint32_t tgid, uint64_t ts, const char *picture);
/* The picture's pages from..to of a walk; first counts regions. Returns their number. */
uint32_t fixture__walk(struct fixture *f, uint64_t space, uint64_t ts, const char *picture,
		       uint32_t first, bool last, bool bad);
/* At 900, with status 0x100; group: the whole process. */
void fixture__exits(struct fixture *f, uint64_t space, uint32_t tgid, uint32_t tid, bool group);

/* NULL: there is none of that number. */
const struct space *fixture__space(const struct fixture *f, uint64_t id);
struct mt_counters fixture__counters(const char *picture);
const char *fixture__picture(const struct fixture *f, uint64_t space);
/* Exact and this; or uncertain for a reason that holds why. */
void fixture__assert_exact(const struct fixture *f, uint64_t space, const char *picture);
void fixture__assert_uncertain(const struct fixture *f, uint64_t space, const char *why);
void fixture__assert_users(const struct fixture *f, uint64_t space, uint32_t users,
			   uint32_t threads);
/* Exactly these ids were handed on, the last first, two digits each. */
void fixture__assert_ended(struct fixture *f, uint64_t want);

#define MMAP(page, n, letter) (&(struct act){ MT_CALL_MMAP, page, n, letter })
#define MUNMAP(page, n) (&(struct act){ MT_CALL_MUNMAP, page, n, '.' })
#define MPROTECT(page, n, letter) (&(struct act){ MT_CALL_MPROTECT, page, n, letter })

#endif
