/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The values that options take: text in, typed value out, or one line on what
 * is wrong with it. Knows neither the table of options nor the verbs.
 */
#ifndef MEMTRACE_CMD_OPTION_VALUE_H
#define MEMTRACE_CMD_OPTION_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "core/observer.h"
#include "input/tier.h"
#include "memtrace/event.h"
#include "output/top_model.h"

#define RING_BYTES_MIN (64ULL << 10)
#define RING_BYTES_MAX (1ULL << 30)

struct pid_list {
	pid_t *pid; /* no two the same */
	size_t n;
};

/* 0: what fits the machine. */
struct ring_choice {
	uint64_t bytes; /* of all together, a power of two */
	unsigned int n; /* a power of two */
};

struct uid_choice {
	bool given;
	uid_t uid;
};

/* Index by enum mt_call_id and enum finding_kind, as in struct view. */
struct event_choice {
	bool given, names_call;
	bool calls[MT_CALL_NR];
	bool findings[FINDING_NR];
};

#define STACKS_MODES(X)  \
	X(NONE, "none")  \
	X(DWARF, "dwarf")

/* One record in so many is dropped on purpose; 0: none. */
struct test_drop {
	uint32_t one_in;
	bool quietly;
};

enum stacks_mode {
#define X(id, name) STACKS_##id,
	STACKS_MODES(X)
#undef X
	STACKS_NR
};
const char *stacks_mode__name(enum stacks_mode mode);

struct stacks_choice {
	bool given; /* else what fits the scope */
	enum stacks_mode mode;
};

#define TIER_CHOICE_AUTO "auto"
struct tier_choice {
	bool given; /* else the best that there is */
	enum tier tier;
};

struct sort_choice {
	bool given; /* else what has grown most since the start */
	enum top_column column;
};

/* What a value is, how it is parsed and what completes it: type of the field in []. */
enum option_kind {
	OPTION_FLAG,	 /* [bool] takes no value */
	OPTION_FILE,	 /* [const char *] */
	OPTION_CGROUP,	 /* [const char *] */
	OPTION_COMM,	 /* [const char *] */
	OPTION_USER,	 /* [const char *] */
	OPTION_PIDS,	 /* [struct pid_list] adds to the list */
	OPTION_UID,	 /* [struct uid_choice] */
	OPTION_EVENTS,	 /* [struct event_choice] changes the choice */
	OPTION_SIZE,	 /* [uint64_t] bytes */
	OPTION_RING,	 /* [struct ring_choice] rounded up to powers of two */
	OPTION_DURATION, /* [uint64_t] ns, not 0 */
	OPTION_STACKS,	 /* [struct stacks_choice] */
	OPTION_TIER,	 /* [enum tier] */
	OPTION_VERIFY,	 /* [uint64_t] ns, not 0; without a value a second */
	OPTION_DROP,	 /* [struct test_drop] */
	OPTION_ALLOW,	 /* [struct allow] adds a rule */
	OPTION_ALLOW_FILE, /* [struct allow] adds those of a file */
	OPTION_SORT,	 /* [struct sort_choice] */
	OPTION_KIND_NR
};

/*
 * Parses text (NULL for OPTION_FLAG, and for OPTION_VERIFY without a value),
 * which must outlive the field where that is a pointer. Returns 0; -EINVAL with
 * why filled in; or -ENOMEM.
 */
int option_value__parse(enum option_kind kind, const char *text, void *field, char *why,
			size_t why_len);

/* One process id: decimal, from 1 to what no kernel exceeds. Returns as above. */
int option_value__pid(const char *text, size_t len, pid_t *ret, char *why, size_t why_len);

/* A number of times, from 1 on. Returns as above. */
int option_value__count(const char *text, uint64_t *ret, char *why, size_t why_len);

#endif
