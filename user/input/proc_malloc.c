// SPDX-License-Identifier: GPL-2.0
/* Reads /proc/PID/mem where /proc/PID/pagemap says that it is in memory; see proc_malloc.h. */
#define _GNU_SOURCE
#include "proc_malloc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (256u << 10)
#define BLOCK_PAGES (BLOCK / REGION_PAGE)
/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGE_PRESENT (1ull << 63)
#define PAGE_SWAPPED (1ull << 62)
#define TRIES 4 /* a heap that changes while it is read */
#define NS_PER_S 1000000000ull
/*
 * A page may be gone between the look at pagemap and the reading, and if it is a file's the
 * file system decides when it comes back, which may be a program (FUSE): nobody waits for
 * that longer than so. For userfaultfd(2) nobody waits at all: access_remote_vm() of
 * mm/memory.c allows no fault to be tried again, so that handle_userfault() refuses.
 */
#define GRACE_NS NS_PER_S

/* Who reads is a thread of its own, that is left to itself when it does not come back. */
struct job {
	pthread_t thread;
	int mem, pagemap;
	uint64_t end_ns;
	struct malloc_heap *heaps;
	size_t n;
	struct malloc_sum sum;
	uint64_t left;	   /* bytes that may be read yet */
	uint64_t known, known_end; /* of these addresses what pagemap says is in entry */
	uint64_t entry[BLOCK_PAGES];
	bool absent;	   /* nothing is where something was to be read */
	unsigned char block[BLOCK];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static bool has_time(const struct job *j)
{
	return j->left && now_ns() < j->end_ns;
}

/* Notes what pagemap says of [start, end), at most a block of it; false: nothing. */
static bool look_up(struct job *j, uint64_t start, uint64_t end)
{
	uint64_t pages = (end - start) / REGION_PAGE;
	ssize_t n;

	pages = pages < BLOCK_PAGES ? pages : BLOCK_PAGES;
	j->known = j->known_end = start;
	n = pread(j->pagemap, j->entry, pages * sizeof(j->entry[0]),
		  (off_t)(start / REGION_PAGE * sizeof(j->entry[0])));
	if (n > 0)
		j->known_end += (uint64_t)n / sizeof(j->entry[0]) * REGION_PAGE;
	return j->known_end > start;
}

static uint64_t entry_of(const struct job *j, uint64_t addr)
{
	return j->entry[(addr - j->known) / REGION_PAGE];
}

/* malloc_pages_fn. What there is no time for is not counted. */
static uint64_t pages_kept(void *ctx, uint64_t start, uint64_t end)
{
	uint64_t bytes = 0, at = start;
	struct job *j = ctx;

	while (at < end) {
		if ((at < j->known || at >= j->known_end) &&
		    (!has_time(j) || !look_up(j, at, end)))
			break;
		for (; at < end && at < j->known_end; at += REGION_PAGE)
			bytes += entry_of(j, at) & (PAGE_PRESENT | PAGE_SWAPPED) ? REGION_PAGE : 0;
	}
	return bytes;
}

/*
 * Reads from addr on what of the block is in memory, at most to end: how many bytes, 0
 * when there are none.
 */
static size_t fetch(struct job *j, uint64_t addr, uint64_t end)
{
	uint64_t page = addr & ~(REGION_PAGE - 1), to = page;
	ssize_t n;

	if (!look_up(j, page, (end + REGION_PAGE - 1) & ~(REGION_PAGE - 1)))
		return 0;
	while (to < j->known_end &&
	       (entry_of(j, to) & (PAGE_PRESENT | PAGE_SWAPPED)) == PAGE_PRESENT)
		to += REGION_PAGE;
	j->absent = to == page && !(entry_of(j, page) & PAGE_SWAPPED);
	to = to < end ? to : end;
	if (to <= addr || to - addr > j->left)
		return 0;
	n = pread(j->mem, j->block, to - addr, (off_t)addr);
	if (n <= 0)
		return 0;
	j->left -= (size_t)n;
	return (size_t)n;
}

/* Once; false: nothing that can be believed. */
static bool walk_heap(struct job *j, struct malloc_walk *w)
{
	enum malloc_step step = MALLOC_MORE;
	uint64_t at;
	size_t len;

	while (step == MALLOC_MORE) {
		at = w->at;
		j->absent = false;
		len = has_time(j) ? fetch(j, at, w->heap.end) : 0;
		if (len < MALLOC_LEAST)
			return !j->absent && malloc_walk__may_be_cut(w);
		step = malloc_walk__feed(w, j->block, len);
	}
	return step == MALLOC_DONE;
}

/* malloc_heaps__of() knows that the main arena's may be there; of others the head tells. */
static bool begin_heap(struct job *j, struct malloc_heap *heap)
{
	if (heap->main)
		return true;
	return fetch(j, heap->start, heap->start + MALLOC_HEAD) == MALLOC_HEAD &&
	       malloc_heap__parse(heap, j->block);
}

static void read_heap(struct job *j, const struct malloc_heap *at)
{
	struct malloc_heap heap = *at;
	struct malloc_walk w;
	uint64_t first = 0;

	for (int i = 0; i < TRIES && has_time(j); i++) {
		/* It may have grown meanwhile. */
		heap = *at;
		if (!begin_heap(j, &heap))
			return;
		malloc_walk__begin(&w, &heap, first ? first : heap.start, pages_kept, j);
		if (walk_heap(j, &w)) {
			malloc_sum__add(&j->sum, &w.sum);
			return;
		}
		first = malloc_walk__again(&w);
	}
	/* A break may be anybody's; what has the head of an arena is malloc's. */
	j->sum.part |= !heap.main;
}

static void *run(void *arg)
{
	struct job *j = arg;
	size_t i;

	for (i = 0; i < j->n && has_time(j); i++)
		read_heap(j, &j->heaps[i]);
	j->sum.part |= i < j->n;
	return j;
}

static void job__free(struct job *j)
{
	if (j->mem >= 0)
		close(j->mem);
	if (j->pagemap >= 0)
		close(j->pagemap);
	free(j->heaps);
	free(j);
}

/* Both stay those of the program that is there now, whatever it executes (proc_pid(5)). */
static int open_both(struct job *j, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	j->mem = open(path, O_RDONLY | O_CLOEXEC);
	if (j->mem < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	j->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	return j->pagemap < 0 ? -errno : 0;
}

static struct job *job__new(const struct malloc_heap *heaps, size_t n, uint64_t ns)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->mem = j->pagemap = -1;
	j->end_ns = now_ns() + ns;
	j->left = PROC_MALLOC_BYTES;
	j->heaps = malloc(n * sizeof(*heaps));
	if (!j->heaps) {
		free(j);
		return NULL;
	}
	memcpy(j->heaps, heaps, n * sizeof(*heaps));
	j->n = n;
	return j;
}

/* Signals are for who waits for them. */
static int start(struct job *j)
{
	sigset_t none, all;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &none);
	err = pthread_create(&j->thread, NULL, run, j);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	return -err;
}

/* Of CLOCK_REALTIME, as pthread_timedjoin_np(3) has it. */
static struct timespec wall_in(uint64_t ns)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ns += (uint64_t)ts.tv_nsec;
	ts.tv_sec += (time_t)(ns / NS_PER_S);
	ts.tv_nsec = (long)(ns % NS_PER_S);
	return ts;
}

int proc_malloc__read(pid_t pid, const struct malloc_heap *heaps, size_t n, uint64_t ns,
		      struct malloc_sum *ret)
{
	struct timespec until;
	struct job *j;
	int err;

	if (!n)
		return -ENODATA;
	j = job__new(heaps, n, ns);
	if (!j)
		return -ENOMEM;
	err = open_both(j, pid);
	if (!err)
		err = start(j);
	if (err) {
		job__free(j);
		return err;
	}
	until = wall_in(ns + GRACE_NS);
	if (pthread_timedjoin_np(j->thread, NULL, &until)) {
		/* It keeps what it has: who comes back some day must find it. */
		pthread_detach(j->thread);
		return -ETIMEDOUT;
	}
	*ret = j->sum;
	job__free(j);
	return ret->heaps ? 0 : -ENODATA;
}
