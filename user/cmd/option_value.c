// SPDX-License-Identifier: GPL-2.0
/*
 * Parsing of option values. strtoull and strtod are not used: they take signs,
 * blanks, "nan" and "0x", and what follows the locale.
 */
#include "option_value.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allow.h"

#define PID_MAX_LIMIT 4194304ULL /* include/linux/threads.h; an id below may still be nobody's */
#define NS_PER_S 1000000000ULL
#define SECONDS_MAX 1000000000ULL

static const char *const stacks_modes[] = {
#define X(id, name) name,
	STACKS_MODES(X)
#undef X
};

const char *stacks_mode__name(enum stacks_mode mode)
{
	return stacks_modes[mode];
}

/* Digits at *at, up to end: false when there are none or they are more than max. */
static bool digits__parse(const char **at, const char *end, uint64_t max, uint64_t *ret)
{
	const char *first = *at;
	uint64_t value = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
		uint64_t digit = (uint64_t)(**at - '0');

		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return *at != first;
}

int option_value__pid(const char *text, size_t len, pid_t *ret, char *why, size_t why_len)
{
	const char *at = text;
	const uint64_t max = PID_MAX_LIMIT;
	uint64_t pid;

	if (len && strspn(text, "0123456789") >= len) {
		if (digits__parse(&at, text + len, max, &pid) && pid) {
			*ret = (pid_t)pid;
			return 0;
		}
		snprintf(why, why_len, "'%.*s' is not a process id: they go from 1 to %llu",
			 (int)len, text, (unsigned long long)max);
	} else if (len) {
		snprintf(why, why_len, "'%.*s' is not a process id", (int)len, text);
	} else {
		snprintf(why, why_len, "a process id is empty");
	}
	return -EINVAL;
}

static int pids__add(struct pid_list *list, pid_t pid)
{
	pid_t *more;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (list->pid[i] == pid)
			return 0;
	}
	more = realloc(list->pid, (list->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	more[list->n++] = pid;
	list->pid = more;
	return 0;
}

static int pids__parse(const char *text, void *field, char *why, size_t why_len)
{
	struct pid_list *list = field;
	int err = 0;

	if (!*text) {
		snprintf(why, why_len, "the list of process ids is empty");
		return -EINVAL;
	}
	while (!err) {
		size_t len = strcspn(text, ",");
		pid_t pid;

		err = option_value__pid(text, len, &pid, why, why_len);
		if (!err)
			err = pids__add(list, pid);
		if (!text[len])
			break;
		text += len + 1;
	}
	return err;
}

static int text__parse(const char *text, void *field, char *why, size_t why_len)
{
	if (!*text) {
		snprintf(why, why_len, "its value is empty");
		return -EINVAL;
	}
	*(const char **)field = text;
	return 0;
}

static int comm__parse(const char *text, void *field, char *why, size_t why_len)
{
	if (strlen(text) >= MT_COMM_LEN) {
		snprintf(why, why_len,
			 "'%s' never matches: the kernel keeps the first %d bytes "
			 "of a name, '%.*s'",
			 text, MT_COMM_LEN - 1, MT_COMM_LEN - 1, text);
		return -EINVAL;
	}
	return text__parse(text, field, why, why_len);
}

static int user__parse(const char *text, void *field, char *why, size_t why_len)
{
	if (!getpwnam(text)) {
		snprintf(why, why_len, "there is no user '%s'", text);
		return -EINVAL;
	}
	return text__parse(text, field, why, why_len);
}

static int uid__parse(const char *text, void *field, char *why, size_t why_len)
{
	const char *at = text, *end = text + strlen(text);
	struct uid_choice *choice = field;
	const struct passwd *user;
	uint64_t uid;

	/* (uid_t)-1 is no user: setreuid(2). */
	if (digits__parse(&at, end, UINT32_MAX - 1, &uid) && at == end) {
		choice->uid = (uid_t)uid;
	} else {
		user = getpwnam(text);
		if (!user) {
			snprintf(why, why_len, "there is no user '%s'", text);
			return -EINVAL;
		}
		choice->uid = user->pw_uid;
	}
	choice->given = true;
	return 0;
}

static int size__parse(const char *text, void *field, char *why, size_t why_len)
{
	static const char units[] = "KMGT"; /* strchr(3) also finds the NUL, for ' ' */
	const char *at = text, *end = text + strlen(text), *unit;
	uint64_t bytes;

	if (digits__parse(&at, end, UINT64_MAX, &bytes)) {
		unit = *at ? strchr(units, *at & ~0x20) : NULL;
		if (unit && *unit && !at[1] && bytes <= UINT64_MAX >> 10 * (unit - units + 1)) {
			*(uint64_t *)field = bytes << 10 * (unit - units + 1);
			return 0;
		}
		if (!*at) {
			*(uint64_t *)field = bytes;
			return 0;
		}
	}
	snprintf(why, why_len, "'%s' is not a size: give bytes, or a number with K, M, G or T",
		 text);
	return -EINVAL;
}

static uint64_t power_of_two(uint64_t at_least)
{
	uint64_t power = 1;

	while (power < at_least)
		power *= 2;
	return power;
}

/* "64M", or "64M,4": so much together, in so many. */
static int ring__parse(const char *text, void *field, char *why, size_t why_len)
{
	struct ring_choice *choice = field;
	const char *comma = text + strcspn(text, ","), *at = comma + 1;
	uint64_t bytes, n = 0;
	char size[32];
	int err;

	snprintf(size, sizeof(size), "%.*s", (int)(comma - text), text);
	err = size__parse(comma - text < (int)sizeof(size) ? size : text, &bytes, why, why_len);
	if (err)
		return err;
	if (*comma && (!digits__parse(&at, text + strlen(text), MT_RINGS_MAX, &n) || *at || !n)) {
		snprintf(why, why_len, "'%s' is no number of rings: there are 1 to %d", comma + 1,
			 MT_RINGS_MAX);
		return -EINVAL;
	}
	/* The kernel takes powers of two only (kernel/bpf/ringbuf.c, ringbuf_map_alloc). */
	n = n ? power_of_two(n) : 0;
	if (bytes < RING_BYTES_MIN * (n ? n : 1) || bytes > RING_BYTES_MAX) {
		snprintf(why, why_len, "'%s' is out of range: from %lluK for each ring to %lluM",
			 text, RING_BYTES_MIN >> 10, RING_BYTES_MAX >> 20);
		return -EINVAL;
	}
	choice->bytes = power_of_two(bytes);
	choice->n = (unsigned int)n;
	return 0;
}

/* "0.5", "90", "1.5h": seconds unless a unit says otherwise. */
static int duration__parse(const char *text, void *field, char *why, size_t why_len)
{
	const char *at = text, *end = text + strlen(text);
	uint64_t whole = 0, fraction = 0, unit_ns = NS_PER_S, place;
	bool valid;

	valid = digits__parse(&at, end, SECONDS_MAX, &whole) || *at == '.';
	if (valid && *at == '.') {
		at++;
		valid = *at >= '0' && *at <= '9';
		for (place = NS_PER_S / 10; *at >= '0' && *at <= '9'; at++, place /= 10)
			fraction += (uint64_t)(*at - '0') * place;
	}
	if (*at == 'm')
		unit_ns = 60 * NS_PER_S;
	else if (*at == 'h')
		unit_ns = 3600 * NS_PER_S;
	if (*at && strchr("smh", *at))
		at++;
	if (!valid || *at || whole > SECONDS_MAX * NS_PER_S / unit_ns) {
		snprintf(why, why_len,
			 "'%s' is not a duration: give seconds (0.5, 90) or a "
			 "number with s, m or h",
			 text);
		return -EINVAL;
	}
	whole = whole * unit_ns + fraction * (unit_ns / NS_PER_S);
	if (!whole) {
		snprintf(why, why_len, "a duration must be more than 0");
		return -EINVAL;
	}
	*(uint64_t *)field = whole;
	return 0;
}

static void events__set(struct event_choice *choice, bool on)
{
	size_t i;

	for (i = 0; i < MT_CALL_NR; i++)
		choice->calls[i] = on;
	for (i = 0; i < FINDING_NR; i++)
		choice->findings[i] = on;
}

static size_t why__append(char *why, size_t why_len, size_t at, const char *separator,
			  const char *name)
{
	int n = at < why_len ? snprintf(why + at, why_len - at, "%s%s", separator, name) : 0;

	return at + (size_t)n;
}

static void events__list(char *why, size_t why_len, size_t at)
{
	size_t i;

	for (i = MT_CALL_NONE + 1; i < MT_CALL_NR; i++)
		at = why__append(why, why_len, at, i == MT_CALL_NONE + 1 ? "" : ", ",
				 call__name((enum mt_call_id)i));
	for (i = 0; i < FINDING_NR; i++)
		at = why__append(why, why_len, at, ", ", finding_kind__name((enum finding_kind)i));
}

/* Switches what is called name on or off; false when nothing is. */
static bool events__switch(struct event_choice *choice, const char *name, bool on)
{
	enum mt_call_id call = call__by_name(name);
	size_t i;

	if (call != MT_CALL_NONE) {
		choice->calls[call] = on;
		choice->names_call |= on;
		return true;
	}
	for (i = 0; i < FINDING_NR; i++) {
		if (!strcmp(name, finding_kind__name((enum finding_kind)i))) {
			choice->findings[i] = on;
			return true;
		}
	}
	return false;
}

/* "mmap,growth" is these alone; "!brk,locked" everything but these, as in strace. */
static int events__parse(const char *text, void *field, char *why, size_t why_len)
{
	struct event_choice *choice = field;
	bool on = *text != '!';

	text += !on;
	if (!choice->given) {
		events__set(choice, !on);
		choice->given = true;
	}
	for (;;) {
		size_t len = strcspn(text, ",");
		char name[32];
		int n;

		snprintf(name, sizeof(name), "%.*s", (int)(len < 31 ? len : 31), text);
		if (!len || len >= sizeof(name) || !events__switch(choice, name, on)) {
			n = snprintf(why, why_len, "unknown event '%.*s'; there are ", (int)len,
				     text);
			events__list(why, why_len, (size_t)n);
			return -EINVAL;
		}
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static int stacks__parse(const char *text, void *field, char *why, size_t why_len)
{
	struct stacks_choice *choice = field;
	size_t i;

	for (i = 0; i < STACKS_NR; i++) {
		if (strcmp(text, stacks_modes[i]))
			continue;
		choice->given = true;
		choice->mode = (enum stacks_mode)i;
		return 0;
	}
	snprintf(why, why_len, "'%s' is no way to take stacks; there are dwarf, none", text);
	return -EINVAL;
}

static int tier__parse(const char *text, void *field, char *why, size_t why_len)
{
	struct tier_choice *choice = field;
	size_t at = 0;
	int i;

	choice->given = strcmp(text, TIER_CHOICE_AUTO) != 0;
	if (!choice->given)
		return 0;
	for (i = 0; i < TIER_NR; i++) {
		if (!strcmp(text, tier__name((enum tier)i))) {
			choice->tier = (enum tier)i;
			return 0;
		}
	}
	at = (size_t)snprintf(why, why_len, "'%s' is no tier; there are " TIER_CHOICE_AUTO, text);
	for (i = 0; i < TIER_NR && at < why_len; i++)
		at += (size_t)snprintf(why + at, why_len - at, ", %s", tier__name((enum tier)i));
	return -EINVAL;
}

static int verify__parse(const char *text, void *field, char *why, size_t why_len)
{
	if (text)
		return duration__parse(text, field, why, why_len);
	*(uint64_t *)field = NS_PER_S;
	return 0;
}

/* "1/100", "1/100,quietly" */
static int drop__parse(const char *text, void *field, char *why, size_t why_len)
{
	const char *at = text + 2, *end = text + strcspn(text, ",");
	struct test_drop *drop = field;
	uint64_t one_in;

	if (!strncmp(text, "1/", 2) && digits__parse(&at, end, UINT32_MAX, &one_in) && at == end &&
	    one_in && (!*end || !strcmp(end, ",quietly"))) {
		drop->one_in = (uint32_t)one_in;
		drop->quietly = *end;
		return 0;
	}
	snprintf(why, why_len, "'%s' is no share of the records: give 1/N or 1/N,quietly", text);
	return -EINVAL;
}

static int sort__parse(const char *text, void *field, char *why, size_t why_len)
{
	struct sort_choice *choice = field;
	size_t len;
	int c;

	choice->column = top_column__by_key(text);
	choice->given = choice->column < TOP_COLUMN_NR;
	if (choice->given)
		return 0;
	len = (size_t)snprintf(why, why_len, "there is no column '%s': give", text);
	for (c = 0; c < TOP_COLUMN_NR && len < why_len; c++)
		len += (size_t)snprintf(why + len, why_len - len, "%s %s", c ? "," : "",
					top_column__row((enum top_column)c)->key);
	return -EINVAL;
}

int option_value__count(const char *text, uint64_t *ret, char *why, size_t why_len)
{
	const char *at = text;

	if (digits__parse(&at, text + strlen(text), UINT32_MAX, ret) && !*at && *ret)
		return 0;
	snprintf(why, why_len, "'%s' is no number of intervals, from 1 on", text);
	return -EINVAL;
}

static int flag__parse(const char *text, void *field, char *why, size_t why_len)
{
	(void)text, (void)why, (void)why_len;
	*(bool *)field = true;
	return 0;
}

int option_value__parse(enum option_kind kind, const char *text, void *field, char *why,
			size_t why_len)
{
	static int (*const parse[OPTION_KIND_NR])(const char *, void *, char *, size_t) = {
		[OPTION_FLAG] = flag__parse,	     [OPTION_FILE] = text__parse,
		[OPTION_CGROUP] = text__parse,	     [OPTION_COMM] = comm__parse,
		[OPTION_USER] = user__parse,	     [OPTION_PIDS] = pids__parse,
		[OPTION_UID] = uid__parse,	     [OPTION_EVENTS] = events__parse,
		[OPTION_SIZE] = size__parse,	     [OPTION_RING] = ring__parse,
		[OPTION_DURATION] = duration__parse, [OPTION_STACKS] = stacks__parse,
		[OPTION_TIER] = tier__parse,	     [OPTION_VERIFY] = verify__parse,
		[OPTION_DROP] = drop__parse,	     [OPTION_ALLOW] = allow__parse_rule,
		[OPTION_ALLOW_FILE] = allow__parse_file,
		[OPTION_SORT] = sort__parse,
	};

	return parse[kind](text, field, why, why_len);
}
