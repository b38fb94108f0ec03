// SPDX-License-Identifier: GPL-2.0
/* Ranking, summing and endings of processes; see processes.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "processes.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

int64_t process__growth(const struct process *p)
{
	return (int64_t)(p->at_end.accessible - p->at_start.accessible);
}

uint64_t process__rate(const struct process *p, uint64_t bytes)
{
	uint64_t ns = p->last_ns > p->first_ns ? p->last_ns - p->first_ns : 0;

	/* Of a moment nothing can be said. */
	return ns < 1000000 ? 0 : (uint64_t)((double)bytes * 1e9 / (double)ns);
}

unsigned int process__share(const struct process *p, const struct site *site)
{
	double all = (double)p->site_sums.kept;

	return all > 0 ? (unsigned int)(100.0 * (double)site__kept(site) / all + 0.5) : 0;
}

/* True when a comes before b: it grew more, or as much and to a higher peak. */
static bool process__before(const struct process *a, const struct process *b)
{
	int64_t grew_a = process__growth(a), grew_b = process__growth(b);

	if (grew_a != grew_b)
		return grew_a > grew_b;
	return a->peak.accessible > b->peak.accessible;
}

static void rest__add(struct processes_rest *rest, const struct process *p)
{
	rest->count++;
	rest->growth += process__growth(p);
	rest->mapped += p->mapped;
	rest->unmapped += p->unmapped;
	site_sums__add(&rest->sites, &p->site_sums);
	for (size_t i = 0; i < MT_CALL_NR; i++) {
		rest->calls[i].count += p->calls[i].count;
		rest->calls[i].errors += p->calls[i].errors;
		rest->calls[i].bytes += p->calls[i].bytes;
		rest->calls[i].ns += p->calls[i].ns;
	}
}

size_t processes__largest(struct tracker *t, const struct process **top, size_t max,
			  struct processes_rest *ret_rest)
{
	const struct process *p;
	size_t n = 0, low, high, mid;

	memset(ret_rest, 0, sizeof(*ret_rest));
	for (p = tracker__next_process(t, NULL); p;
	     p = tracker__next_process(t, (struct process *)p)) {
		/* The first place in top that p comes before. */
		for (low = 0, high = n; low < high;) {
			mid = (low + high) / 2;
			if (process__before(p, top[mid]))
				high = mid;
			else
				low = mid + 1;
		}
		if (low == max) {
			rest__add(ret_rest, p);
			continue;
		}
		if (n == max)
			rest__add(ret_rest, top[--n]);
		memmove(top + low + 1, top + low, (n - low) * sizeof(*top));
		top[low] = p;
		n++;
	}
	return n;
}

uint64_t spaces__uncertain(struct tracker *t, const struct space **ret_first)
{
	const struct space *s, *first = NULL;
	uint64_t n = 0;

	for (s = tracker__next_space(t, NULL); s; s = tracker__next_space(t, (struct space *)s)) {
		if (s->ended || s->exact)
			continue;
		if (!first)
			first = s;
		n++;
	}
	*ret_first = first;
	return n;
}

const char *signal__name(int sig, char buf[SIGNAL_NAME_ROOM])
{
	const char *name = NULL;

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
	name = sigabbrev_np(sig);
#endif
	if (name)
		snprintf(buf, SIGNAL_NAME_ROOM, "SIG%s", name);
	else if (sig >= 32 && sig <= 64) /* the kernel's SIGRTMIN; named as strace does */
		snprintf(buf, SIGNAL_NAME_ROOM, "SIGRT_%d", sig - 32);
	else
		snprintf(buf, SIGNAL_NAME_ROOM, "signal %d", sig);
	return buf;
}

const char *process__end_text(const struct process *p, char buf[PROCESS_END_ROOM])
{
	char name[SIGNAL_NAME_ROOM];

	if (!p->ended)
		snprintf(buf, PROCESS_END_ROOM, "running");
	else if (p->end_lost)
		snprintf(buf, PROCESS_END_ROOM, "ended");
	else if (WIFEXITED(p->status))
		snprintf(buf, PROCESS_END_ROOM, "exited %d", WEXITSTATUS(p->status));
	else
		snprintf(buf, PROCESS_END_ROOM, "killed by %s%s",
			 signal__name(WTERMSIG(p->status), name),
			 WCOREDUMP(p->status) ? " (core dumped)" : "");
	return buf;
}
