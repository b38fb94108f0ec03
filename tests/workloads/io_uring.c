/* SPDX-License-Identifier: GPL-2.0 */
/*
 * madvise through io_uring, made to run in a worker (IOSQE_ASYNC): it splits and
 * joins regions, and no system call is seen to do it. Without liburing.
 */
#define _GNU_SOURCE
#include "work.h"
#include <linux/io_uring.h>

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#define __NR_io_uring_enter 426
#endif

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static long map_ring(int fd, long len, long offset)
{
	long at = W(mmap, 0, len, RW, MAP_SHARED | MAP_POPULATE, fd, offset);

	MUST(at > 0);
	return at;
}

static void ring__init(struct ring *r)
{
	struct io_uring_params p = { 0 };
	long sq, cq;

	r->fd = (int)syscall(__NR_io_uring_setup, 4, &p);
	if (r->fd < 0)
		work__skip(errno == ENOSYS ? "this kernel has no io_uring" : "io_uring is refused");
	sq = map_ring(r->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		      IORING_OFF_SQ_RING);
	cq = map_ring(r->fd, p.cq_off.cqes + p.cq_entries * sizeof(*r->cqes), IORING_OFF_CQ_RING);
	r->sqes = (void *)map_ring(r->fd, p.sq_entries * sizeof(*r->sqes), IORING_OFF_SQES);
	r->sq_tail = (void *)(sq + p.sq_off.tail);
	r->sq_mask = (void *)(sq + p.sq_off.ring_mask);
	r->sq_array = (void *)(sq + p.sq_off.array);
	r->cq_head = (void *)(cq + p.cq_off.head);
	r->cq_tail = (void *)(cq + p.cq_off.tail);
	r->cq_mask = (void *)(cq + p.cq_off.ring_mask);
	r->cqes = (void *)(cq + p.cq_off.cqes);
}

static int ring__madvise(struct ring *r, long at, long len, int advice)
{
	unsigned int tail = *r->sq_tail, i = tail & *r->sq_mask, head;

	r->sqes[i] = (struct io_uring_sqe){
		.opcode = IORING_OP_MADVISE,
		.flags = IOSQE_ASYNC,
		.addr = (unsigned long)at,
		.len = (unsigned int)len,
		.fadvise_advice = (unsigned int)advice,
	};
	r->sq_array[i] = i;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
	MUST(syscall(__NR_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
	head = *r->cq_head;
	MUST(head != __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE));
	i = head & *r->cq_mask;
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return r->cqes[i].res;
}

static void advise(struct ring *r, long at, int advice)
{
	MUST(ring__madvise(r, at, PAGE, advice) == 0);
	work__change("io_uring", at, PAGE);
	work__checkpoint();
}

int main(void)
{
	struct ring r;
	long at;
	pid_t pid;

	work__begin();
	ring__init(&r);
	at = work__anon(16, RW);
	work__touch(at, 16);
	if (ring__madvise(&r, at, PAGE, MADV_NORMAL) == -EINVAL)
		work__skip("this kernel's io_uring has no madvise");
	work__checkpoint();
	advise(&r, at + 4 * PAGE, MADV_DONTDUMP);
	advise(&r, at + 8 * PAGE, MADV_DONTFORK);
	advise(&r, at + 12 * PAGE, MADV_WIPEONFORK);
	/* Copied as the worker left it. */
	pid = fork();
	if (pid == 0) {
		work__checkpoint();
		_exit(0);
	}
	work__reap(pid);
	advise(&r, at + 4 * PAGE, MADV_DODUMP);
	advise(&r, at + 8 * PAGE, MADV_DOFORK);
	MUST(W(mprotect, at + 2 * PAGE, PAGE, PROT_READ) == 0);
	advise(&r, at + 12 * PAGE, MADV_KEEPONFORK);
	return 0;
}
