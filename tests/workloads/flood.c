// SPDX-License-Identifier: GPL-2.0
/*
 * As many memory calls as are asked for, while somebody traces: a line "THREADS
 * RATE SECONDS" on standard input is answered, when that time is over, by "CALLS
 * NANOSECONDS" (made by these threads, and the time that it took). RATE is of all
 * threads together; 0: flat out. One thread is the main thread, and nothing else
 * is then called. Between lines it stands still, with the map that it began with.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>
#include "work.h"

#define THREADS_MAX 64
#define NS_PER_S 1000000000LL

struct job {
	long rate; /* of this thread; 0: flat out */
	long long end_ns;
	long calls;
};

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Waits until as many calls as were made are due. */
static void keep_pace(const struct job *job, long long begin_ns)
{
	long long due_ns = begin_ns + (long long)((double)job->calls * NS_PER_S / job->rate);
	struct timespec ts = { due_ns / NS_PER_S, due_ns % NS_PER_S };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void *run(void *arg)
{
	struct job *job = arg;
	/* Some at a time: a sleep takes longer than a call. */
	long batch = job->rate && job->rate < 2000 ? 1 : 50, i;
	long long begin_ns = now_ns();

	while (now_ns() < job->end_ns) {
		for (i = 0; i < batch; i++) {
			void *at = mmap(NULL, PAGE, RW, ANON, -1, 0);

			MUST(at != MAP_FAILED);
			MUST(munmap(at, PAGE) == 0);
		}
		job->calls += 2 * batch;
		if (job->rate)
			keep_pace(job, begin_ns);
	}
	return NULL;
}

static long run_all(long threads, long rate, long seconds)
{
	struct job jobs[THREADS_MAX] = {};
	pthread_t ids[THREADS_MAX];
	long sum = 0, i;

	for (i = 0; i < threads; i++) {
		jobs[i].rate = rate / threads;
		jobs[i].end_ns = now_ns() + seconds * NS_PER_S;
	}
	for (i = 1; i < threads; i++)
		MUST(pthread_create(&ids[i], NULL, run, &jobs[i]) == 0);
	run(&jobs[0]);
	for (i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	for (i = 0; i < threads; i++)
		sum += jobs[i].calls;
	return sum;
}

int main(void)
{
	long threads, rate, seconds, calls;
	long long begin_ns;
	char line[80];
	ssize_t n;

	/* Not stdio: its buffers would come from malloc. */
	while ((n = read(STDIN_FILENO, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		if (sscanf(line, "%ld %ld %ld", &threads, &rate, &seconds) != 3 || threads < 1 ||
		    threads > THREADS_MAX)
			return 2;
		begin_ns = now_ns();
		calls = run_all(threads, rate, seconds);
		n = snprintf(line, sizeof(line), "%ld %lld\n", calls, now_ns() - begin_ns);
		MUST(write(STDOUT_FILENO, line, n) == n);
	}
	return 0;
}
