/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Takes the stacks of calls that ask for memory: which of them, and what is sent.
 * Unwinding is user space's: most code has no frame pointers. Knows no region.
 */
#ifndef MEMTRACE_STACK_BPF_H
#define MEMTRACE_STACK_BPF_H

#include "emit.bpf.h"

#define STACK_PROT_ANY 0x7 /* include/uapi/asm-generic/mman-common.h: read, write, exec */

/*
 * Whether a call asked for memory and got it: which sort, or STACK_NR; and how
 * many bytes, where its arguments tell. What nobody may touch yet has none.
 */
static __always_inline __u32 stack_asked(const struct task_state *ts, __s64 ret, __u64 *ret_bytes)
{
	const __u64 *args = ts->args;
	bool failed = ret < 0 && ret >= -4095;

	*ret_bytes = 0;
	switch (ts->call) {
	case MT_CALL_BRK:
		/* It has no errors; the break before may be unknown. */
		if (!args[1] || (__u64)ret <= args[1])
			return STACK_NR;
		*ret_bytes = ret - args[1];
		return STACK_BRK;
	case MT_CALL_MMAP:
		if (args[2] & STACK_PROT_ANY)
			*ret_bytes = args[1];
		return failed ? STACK_NR : STACK_MMAP;
	case MT_CALL_MREMAP:
		/* An old size of 0 makes a second mapping (mremap(2)). */
		if (failed || args[2] <= args[1])
			return STACK_NR;
		*ret_bytes = args[2] - args[1];
		return STACK_MREMAP;
	case MT_CALL_MPROTECT:
	case MT_CALL_PKEY_MPROTECT:
		*ret_bytes = args[1];
		return failed || !(args[2] & STACK_PROT_ANY) ? STACK_NR : STACK_MPROTECT;
	case MT_CALL_SHMAT:
		return failed ? STACK_NR : STACK_SHMAT;
	}
	return STACK_NR;
}

static __always_inline void stack_registers(struct pt_regs *regs, struct mt_stack *to)
{
#if defined(__TARGET_ARCH_x86)
	to->ip = regs->ip;
	to->regs[0] = regs->bx;
	to->regs[1] = regs->bp;
	to->regs[2] = regs->r12;
	to->regs[3] = regs->r13;
	to->regs[4] = regs->r14;
	to->regs[5] = regs->r15;
	__builtin_memset(&to->regs[6], 0, 6 * sizeof(to->regs[0]));
#elif defined(__TARGET_ARCH_arm64)
	int i;

	to->ip = regs->pc;
#pragma unroll
	for (i = 0; i < MT_STACK_REGS; i++)
		to->regs[i] = regs->regs[19 + i];
#endif
	to->sp = regs->sp;
}

/*
 * Up to MT_STACK_BYTES from sp upwards, as far as there are any: whole pages but
 * for the first and the last, for what ends ends at a page. `to` has room for a
 * page more. Returns how many bytes there were.
 */
static __always_inline __u32 stack_copy(char *to, __u64 sp)
{
	__u64 first = PAGE_SIZE - (sp & (PAGE_SIZE - 1)), last = PAGE_SIZE - first;
	int i;

	barrier_var(first);
	if (first > PAGE_SIZE || bpf_probe_read_user(to, first, (void *)sp))
		return 0;
#pragma unroll
	for (i = 0; i < MT_STACK_BYTES / 4096 - 1; i++) {
		if (bpf_probe_read_user(to + first + i * PAGE_SIZE, PAGE_SIZE,
					(void *)(sp + first + i * PAGE_SIZE)))
			return first + i * PAGE_SIZE;
	}
	barrier_var(last);
	if (last > PAGE_SIZE || bpf_probe_read_user(to + first + i * PAGE_SIZE, last,
						    (void *)(sp + first + i * PAGE_SIZE)))
		return first + i * PAGE_SIZE;
	return MT_STACK_BYTES;
}

#define CHAIN_WITHIN 64		  /* frames in the bytes that were copied */
#define CHAIN_FRAME_MAX (1u << 20) /* bytes; what lies farther apart are no frames */

/*
 * Frame pointers that lead to another stack: Go asks for memory on its threads' own
 * stacks, and who needed it is on a goroutine's. Only what lies outside of the copy is
 * sent, so that for other programs this is a read or two.
 */
static __always_inline void stack_chain(struct mt_stack *st)
{
	__u64 at = st->regs[MT_STACK_FP];
	__u64 frame[2]; /* the caller's frame pointer, and the return address: psABIs */
	int i;

	st->chain_n = st->chain_ended = 0;
	for (i = 0; i < CHAIN_WITHIN && at - st->sp < st->len; i++) {
		if (bpf_probe_read_user(frame, sizeof(frame), (void *)at))
			return;
		at = frame[0];
	}
	st->chain_at = at;
	for (i = 0; i < MT_STACK_CHAIN; i++) {
		if (!at || at % sizeof(at) || bpf_probe_read_user(frame, sizeof(frame), (void *)at))
			return;
		st->chain[i] = frame[1];
		st->chain_n = i + 1;
		st->chain_ended = !frame[0];
		if (frame[0] <= at || frame[0] - at > CHAIN_FRAME_MAX)
			return;
		at = frame[0];
	}
}

/* Apart, for the stack: all that is called has 512 bytes of it. 0, or it found no room. */
static __noinline int stack_send(struct task_state *ts, struct task_struct *task)
{
	struct mt_stack *st;
	struct scratch *s;
	long err = -1;
	__u64 len;

	if (bpf_ringbuf_query(&stacks, BPF_RB_AVAIL_DATA) + RECORD_LEN > stacks_bytes)
		return -1;
	s = scratch_get();
	if (!s)
		return -1;
	st = (void *)s->rec;
	st->cookie = ts->cookie;
	st->space = ts->space;
	st->tgid = ts->tgid;
	st->tid = ts->tid;
	st->call = ts->call;
	stack_registers((void *)bpf_task_pt_regs(task), st);
	st->len = stack_copy(s->rec + sizeof(*st), st->sp);
	stack_chain(st);
	len = sizeof(*st) + st->len;
	barrier_var(len);
	if (len <= RECORD_LEN)
		err = bpf_ringbuf_output(&stacks, s->rec, len, BPF_RB_NO_WAKEUP);
	scratch_put(s);
	return err ? -1 : 0;
}

#define STACK_ALL (MT_STACK_TOKENS / 2)	     /* from there on each call is taken */
#define STACK_DOUBLED (MT_STACK_TOKENS / 32) /* so many fewer, and it is half as many */
#define STACK_STEP_MAX (1ull << 40)

/*
 * How many bytes a sample is to stand for, as tokens are now; 0: each call for itself.
 * That tokens become fewer slows down what takes them, at once and whenever user space
 * comes to add some: a size that was changed step by step instead went on growing while
 * user space waited for a processor, and samples of 300 MB stood beside those of one call.
 */
static __always_inline __u64 stack_step(const struct stack_stratum *u, __s64 tokens)
{
	__u64 step;

	if (tokens >= STACK_ALL)
		return 0;
	step = u->mean << ((STACK_ALL - (tokens < 0 ? 0 : tokens)) / STACK_DOUBLED);
	return step < STACK_STEP_MAX ? step : STACK_STEP_MAX;
}

static __always_inline void stratum_begin(struct stack_stratum *u, __u64 step, __u64 at)
{
	u->step = step;
	u->at = at;
	u->point = (__u64)bpf_get_prandom_u32() * (step >> 8) >> 24;
}

/* A call that asks for less than a stratum; the next one is of `step` bytes. */
static __always_inline __u64 stratum_pass(struct stack_stratum *u, __u64 bytes, __u64 step)
{
	__u64 before = u->at, was = u->step, rest, stands_for = 0;

	u->at += bytes;
	if (before <= u->point && u->point < u->at)
		stands_for = was;
	if (u->at < was)
		return stands_for;
	rest = u->at - was;
	stratum_begin(u, step > rest ? step : was, rest);
	return stands_for + (u->point < rest ? u->step : 0);
}

/*
 * For how many bytes a call's stack stands; 0: it is not taken. Each byte that is
 * asked for has the same chance, so that a sum over samples is right for each stack
 * on average: whoever chose calls by the clock would take those that follow a pause,
 * and whoever counted calls would take small ones for large ones. What a sample says
 * of its stratum is wrong by no more than the stratum: see sites.h for the sum.
 * To begin a stratum anew at any time is no bias, but for when its point was hit.
 */
static __always_inline __u64 stack_stands_for(struct stack_stratum *u, __u64 bytes, __s64 tokens)
{
	__u64 step;

	if (bytes >= STACK_STEP_MAX)
		return bytes;
	u->mean = u->mean ? u->mean - u->mean / 16 + bytes / 16 : bytes;
	step = stack_step(u, tokens);
	if (u->step / 4 > step)
		stratum_begin(u, step, 0);
	if (bytes < u->step)
		return stratum_pass(u, bytes, step);
	/* It stands for itself alone. */
	if (step > u->step)
		stratum_begin(u, step, 0);
	return bytes;
}

/* Several CPUs may take the last one at once: it goes below 0 then, which is made up for. */
static __always_inline bool stack_token(__s64 *tokens)
{
	if (*(volatile __s64 *)tokens <= 0)
		return false;
	__sync_fetch_and_add(tokens, -1);
	return true;
}

/* The call that ends now: whether its stack is taken, and what that stands for. */
static __always_inline void stack_sample(struct task_state *ts, struct task_struct *task, __s64 ret)
{
	struct mt_stats *st = stats_of_cpu();
	__u64 bytes, weight, stands_for;
	struct stack_stratum *u;
	__u32 sort = stack_asked(ts, ret, &bytes);
	__s64 *tokens = &stack_tokens[bytes >= MT_STACK_LARGE];

	ts->cookie = ts->for_bytes = ts->for_calls = 0;
	if (sort >= STACK_NR || !st || stopped ||
	    !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return;
	__sync_fetch_and_add(&st->stacks_asked, 1);
	__sync_fetch_and_add(&st->stacks_bytes_asked, bytes);
	u = &ts->strata[sort];
	/* What nobody may touch yet is told as well, as if it were a page. */
	weight = bytes ? bytes : PAGE_SIZE;
	stands_for = stack_stands_for(u, weight, *(volatile __s64 *)tokens);
	if (!stands_for)
		return;
	stands_for += u->owed;
	u->owed = stands_for;
	if (!stack_token(tokens))
		return;
	/* Never 0; two that wait for their calls at one time are hardly the same. */
	ts->cookie = 1ull << 63 | (__u64)bpf_get_prandom_u32() << 32 | ts->tid;
	if (stack_send(ts, task)) {
		ts->cookie = 0;
		__sync_fetch_and_add(&st->stacks_lost, 1);
		return;
	}
	u->owed = 0;
	ts->for_bytes = stands_for;
	ts->for_calls = (stands_for + weight / 2) / weight;
	__sync_fetch_and_add(&st->stacks_taken, 1);
	__sync_fetch_and_add(&st->stacks_bytes_taken, bytes);
}

#endif
