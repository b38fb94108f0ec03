// SPDX-License-Identifier: GPL-2.0
/*
 * Maps and reads the rings (Documentation/bpf/ringbuf.rst; kernel/bpf/ringbuf.c).
 * libbpf's reader tells the kernel of each record that was read, which takes the
 * line with the position away from those who write; and it cannot put one off.
 */
#include "live_ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RINGS_BYTES (64ULL << 20)
#define STACKS_BYTES_MAX ((uint64_t)MT_STACK_TOKENS * MT_STACK_BYTES)
#define CPUS_EACH 4
#define TURN 512      /* records of one ring before it is the next one's turn */
#define TOLD_PARTS 32 /* of a ring: when one has been read, the kernel is told */

struct ring {
	uint64_t *read_pos; /* we write it: what lies before may be used again */
	const uint64_t *written_pos;
	const char *data; /* twice in a row: a record is whole where the ring begins again */
	uint64_t at, told;
	bool reading;
};

struct live_rings {
	unsigned int n, next; /* whose turn it is */
	size_t bytes, page;   /* of each ring; of memory */
	live_record_fn record;
	void *record_ctx;
	struct ring ring[MT_RINGS_MAX];
};

void ring_sizes__fit(struct ring_sizes *sizes, unsigned int cpus, uint64_t memory_bytes)
{
	uint64_t fitting = memory_bytes / 32 / 2;

	if (!sizes->bytes) {
		sizes->bytes = RINGS_BYTES;
		while (memory_bytes && sizes->bytes > fitting && sizes->bytes > RING_BYTES_EACH_MIN)
			sizes->bytes /= 2;
	}
	sizes->stacks = sizes->bytes / 2;
	if (sizes->stacks > STACKS_BYTES_MAX)
		sizes->stacks = STACKS_BYTES_MAX;
	if (sizes->stacks < RING_BYTES_EACH_MIN)
		sizes->stacks = RING_BYTES_EACH_MIN;
	if (sizes->n)
		return;
	for (sizes->n = 1; sizes->n < MT_RINGS_MAX && sizes->n * CPUS_EACH < cpus &&
			   sizes->bytes / sizes->n > RING_BYTES_EACH_MIN;)
		sizes->n *= 2;
}

int ring_sizes__example(const struct ring_sizes *sizes)
{
	/* With one ring nobody looks at it. */
	size_t bytes = sizes->n > 1 ? sizes->bytes / sizes->n : (size_t)sysconf(_SC_PAGESIZE);
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "events", 0, 0, (uint32_t)bytes, NULL);

	return fd < 0 ? -errno : fd;
}

static int ring__map(struct ring *r, int fd, size_t bytes, size_t page)
{
	void *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	r->read_pos = at;
	at = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (at == MAP_FAILED)
		return -errno;
	r->written_pos = at;
	r->data = (const char *)at + page;
	r->at = r->told = __atomic_load_n(r->read_pos, __ATOMIC_ACQUIRE);
	return 0;
}

int live_rings__map(const int *fds, unsigned int n, size_t bytes_each, struct live_rings **ret)
{
	struct live_rings *rings = calloc(1, sizeof(*rings));
	unsigned int i;
	int err = 0;

	if (!rings)
		return -ENOMEM;
	rings->n = n;
	rings->bytes = bytes_each;
	rings->page = (size_t)sysconf(_SC_PAGESIZE);
	for (i = 0; i < n && !err; i++)
		err = ring__map(&rings->ring[i], fds[i], bytes_each, rings->page);
	if (err)
		live_rings__close(rings);
	else
		*ret = rings;
	return err;
}

int live_rings__open(const struct ring_sizes *sizes, int one, int several, struct live_rings **ret)
{
	size_t each = sizes->bytes / sizes->n;
	int fds[MT_RINGS_MAX], err = 0;
	uint32_t n = 0;

	if (sizes->n == 1)
		return live_rings__map(&one, 1, each, ret);
	while (n < sizes->n && !err) {
		fds[n] = ring_sizes__example(sizes);
		if (fds[n] < 0)
			err = fds[n];
		else if (bpf_map_update_elem(several, &n, &fds[n], BPF_ANY))
			err = -errno;
		n += fds[n] >= 0;
	}
	if (!err)
		err = live_rings__map(fds, n, each, ret);
	/* What is mapped, and in a map of maps, stays. */
	while (n > 0)
		close(fds[--n]);
	return err;
}

void live_rings__close(struct live_rings *rings)
{
	unsigned int i;

	for (i = 0; rings && i < rings->n; i++) {
		struct ring *r = &rings->ring[i];

		if (r->read_pos)
			munmap(r->read_pos, rings->page);
		if (r->written_pos)
			munmap((void *)r->written_pos, rings->page + 2 * rings->bytes);
	}
	free(rings);
}

static uint64_t ring__written(const struct ring *r)
{
	return __atomic_load_n(r->written_pos, __ATOMIC_ACQUIRE);
}

static void ring__tell(struct ring *r)
{
	__atomic_store_n(r->read_pos, r->at, __ATOMIC_RELEASE);
	r->told = r->at;
}

static long read_one(struct live_rings *rings, struct ring *r, uint64_t until, long max);

/*
 * An exec makes a space whose ring may be another than that of the space before:
 * what the process did until then is read first. Such records only ever point
 * back in time, so that following them comes to an end: a ring that is being
 * read has come at least as far as what another one's older record asks of it.
 * False: not all of it has been written out yet.
 */
static bool comes_next(struct live_rings *rings, const void *rec, size_t len)
{
	const struct mt_exec *exec = rec;
	struct ring *r;

	if (rings->n == 1 || len < sizeof(*exec) || exec->e.type != MT_EVENT_EXEC ||
	    !exec->old_space)
		return true;
	r = &rings->ring[exec->old_space & (rings->n - 1)];
	/* A position that the ring has not come to is none. */
	if (r->reading || exec->old_written > ring__written(r))
		return true;
	if (r->at < exec->old_written)
		read_one(rings, r, exec->old_written, LONG_MAX);
	return r->at >= exec->old_written;
}

/* Reads what lies before `until`, up to max records. Returns how many there were. */
static long read_one(struct live_rings *rings, struct ring *r, uint64_t until, long max)
{
	uint64_t written = ring__written(r);
	long n = 0;

	if (written < until)
		until = written;
	r->reading = true;
	while (n < max && r->at < until) {
		const char *head = r->data + (r->at & (rings->bytes - 1));
		uint32_t bits = __atomic_load_n((const uint32_t *)head, __ATOMIC_ACQUIRE);
		uint32_t len = bits & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (bits & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(bits & BPF_RINGBUF_DISCARD_BIT)) {
			if (!comes_next(rings, head + BPF_RINGBUF_HDR_SZ, len))
				break;
			rings->record(rings->record_ctx, head + BPF_RINGBUF_HDR_SZ, len);
			n++;
		}
		r->at += (len + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
		if (r->at - r->told >= rings->bytes / TOLD_PARTS)
			ring__tell(r);
	}
	if (r->at != r->told)
		ring__tell(r);
	r->reading = false;
	return n;
}

long live_rings__read(struct live_rings *rings, long max, live_record_fn cb, void *ctx)
{
	unsigned int empty = 0;
	long sum = 0, n;

	rings->record = cb;
	rings->record_ctx = ctx;
	while (sum < max && empty < rings->n) {
		n = max - sum < TURN ? max - sum : TURN;
		n = read_one(rings, &rings->ring[rings->next], UINT64_MAX, n);
		rings->next = (rings->next + 1) & (rings->n - 1);
		empty = n ? 0 : empty + 1;
		sum += n;
	}
	return sum;
}

uint64_t live_rings__waiting(const struct live_rings *rings)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < rings->n; i++)
		sum += ring__written(&rings->ring[i]) - rings->ring[i].at;
	return sum;
}

void live_rings__drain(struct live_rings *rings, live_record_fn cb, void *ctx)
{
	uint64_t until[MT_RINGS_MAX];
	unsigned int i;

	rings->record = cb;
	rings->record_ctx = ctx;
	for (i = 0; i < rings->n; i++)
		until[i] = ring__written(&rings->ring[i]);
	for (i = 0; i < rings->n; i++)
		read_one(rings, &rings->ring[i], until[i], LONG_MAX);
}
