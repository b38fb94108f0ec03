// SPDX-License-Identifier: GPL-2.0
/*
 * Tier truth reads the kernel's own structures by offsets from its type
 * information. Before it is believed it reads a map that is known: our own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "session_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/map_compare.h"
#include "input/proc_maps.h"

#define TRIAL_SPACE (1ull << 62) /* no real one has such an id */
#define TRIAL_TRIES 8
#define TRIAL_PAGES 200 /* no two alike side by side: the tree is three nodes deep */
#define TRIAL_SECTIONS 4
#define TRIAL_TEXT (1u << 20) /* bytes of /proc/self/maps: some 10,000 lines */
#define PAGE 4096u

/* A tracker of its own, that is told of our space alone. */
struct trial {
	struct tracker *tracker;
	struct decoder *decoder;
	char *pages;	 /* TRIAL_PAGES */
	char *text;	 /* TRIAL_TEXT */
	uint64_t walked[2]; /* struct space.walk_seq of the last two walks that differed in it */
};

static void on_record(void *ctx, const void *data, size_t len)
{
	struct trial *trial = ctx;
	const struct space *space;

	decoder__record(trial->decoder, data, len);
	space = tracker__space(trial->tracker, TRIAL_SPACE);
	if (!space || space->walk_seq == trial->walked[1])
		return;
	trial->walked[0] = trial->walked[1];
	trial->walked[1] = space->walk_seq;
}

static int trial__init(struct trial *trial)
{
	const struct mt_task self = { .space = TRIAL_SPACE,
				      .tgid = (uint32_t)getpid(),
				      .tid = (uint32_t)getpid() };
	int i;

	memset(trial, 0, sizeof(*trial));
	trial->pages =
		mmap(NULL, TRIAL_PAGES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (trial->pages == MAP_FAILED)
		trial->pages = NULL;
	trial->text = malloc(TRIAL_TEXT);
	trial->tracker = tracker__new(NULL, NULL);
	trial->decoder = trial->tracker ? decoder__new(trial->tracker) : NULL;
	if (!trial->decoder || !trial->pages || !trial->text)
		return -ENOMEM;
	for (i = 0; i < TRIAL_PAGES; i += 2)
		mprotect(trial->pages + i * PAGE, PAGE, PROT_READ | PROT_WRITE);
	/* One that is locked, if we may; it is one of those anyhow. */
	mlock(trial->pages, PAGE);
	tracker__set_truth(trial->tracker, true);
	return tracker__on_task(trial->tracker, &self, "memtrace");
}

static void trial__fini(struct trial *trial)
{
	if (trial->pages)
		munmap(trial->pages, TRIAL_PAGES * PAGE);
	free(trial->text);
	decoder__free(trial->decoder);
	tracker__free(trial->tracker);
}

/* /proc/self/maps without a byte allocated on the way: what it says is still so afterwards. */
static int trial__read_text(struct trial *trial, size_t *ret_len)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), err = 0;
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n && !err && len < TRIAL_TEXT) {
		n = read(fd, trial->text + len, TRIAL_TEXT - len);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0 && errno != EINTR)
			err = -errno;
	}
	close(fd);
	*ret_len = len;
	return err ? err : len < TRIAL_TEXT ? 0 : -EFBIG;
}

/* Nothing that is sent yet is another's: nothing is attached. */
static const struct space *trial__take(struct trial *trial, struct live *live)
{
	live__drain(live, on_record, trial);
	return tracker__space(trial->tracker, TRIAL_SPACE);
}

/* One reading of both. -EAGAIN: they differ. */
static int trial__compare(struct trial *trial, struct live *live, struct map_difference *diff)
{
	const struct space *space;
	struct raw_region *lines;
	size_t n, len = 0;
	int err;

	err = trial__read_text(trial, &len);
	if (!err)
		err = live__walk_self(live, TRIAL_SPACE);
	if (!err)
		err = proc_maps__parse(trial->text, len, &lines, &n);
	if (err)
		return err;
	space = trial__take(trial, live);
	if (!space || !space->exact) {
		snprintf(diff->expected, sizeof(diff->expected), "%zu regions", n);
		snprintf(diff->got, sizeof(diff->got), "%s",
			 space && space->has_base && space->why ? space->why : "no map");
		err = -EAGAIN;
	} else if (!map_compare__equal(space->map, tracker__backings(trial->tracker), lines, n,
				       false, diff)) {
		err = -EAGAIN;
	}
	free(lines);
	return err;
}

/*
 * Sections are numbered as they come: by one each. Both walks are taken when all is
 * over, for what taking them allocates may be mapped, and be sections as well.
 */
static int trial__count(struct trial *trial, struct live *live, struct map_difference *diff)
{
	uint64_t sections;
	int err, i;

	trial->walked[0] = trial->walked[1] = UINT64_MAX;
	err = live__walk_self(live, TRIAL_SPACE);
	for (i = 0; i < TRIAL_SECTIONS; i++)
		mprotect(trial->pages, PAGE, i % 2 ? PROT_READ | PROT_WRITE : PROT_NONE);
	if (!err)
		err = live__walk_self(live, TRIAL_SPACE);
	trial__take(trial, live);
	if (err)
		return err;
	sections = (trial->walked[1] - trial->walked[0]) & MT_SEQ_MASK;
	if (trial->walked[0] != UINT64_MAX && sections == TRIAL_SECTIONS)
		return 0;
	snprintf(diff->expected, sizeof(diff->expected), "%d write sections", TRIAL_SECTIONS);
	snprintf(diff->got, sizeof(diff->got), "%llu",
		 trial->walked[0] != UINT64_MAX ? (unsigned long long)sections : 0);
	return -EAGAIN;
}

static int trial__run(struct trial *trial, struct live *live, struct map_difference *diff)
{
	int err = -EAGAIN, i;

	for (i = 0; i < TRIAL_TRIES && err == -EAGAIN; i++)
		err = trial__compare(trial, live, diff);
	if (err || !live__numbers_sections(live))
		return err;
	for (err = -EAGAIN, i = 0; i < TRIAL_TRIES && err == -EAGAIN; i++)
		err = trial__count(trial, live, diff);
	return err;
}

int session__try_truth(struct live *live, char *why, size_t why_len)
{
	const char *wanted = secure_getenv("MEMTRACE_SELF_TEST");
	struct map_difference diff = { "", "" };
	struct trial trial;
	int err;

	if (wanted && !strcmp(wanted, "0"))
		return 0;
	err = trial__init(&trial);
	if (!err)
		err = trial__run(&trial, live, &diff);
	trial__fini(&trial);
	if (!err || err == -ENOMEM)
		return err;
	snprintf(why, why_len,
		 "what is read of memtrace's own map is not what the kernel says "
		 "(expected %s; got %s): tier truth cannot be trusted here",
		 diff.expected, diff.got);
	return -ENOTSUP;
}
