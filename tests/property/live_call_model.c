/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The call model against the real kernel: random memory system calls, made
 * for real in a forked child, each given to call_model__apply() in strict mode
 * as the BPF side would report it, and the rebuilt map compared with
 * /proc/self/smaps after every one. Needs no privilege. What fails is shrunk.
 *
 *	live_call_model [-v] [OPERATIONS [SEED]]
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/call_model.h"

#define PAGE 4096ULL
#define HUGE (512 * PAGE)
/* Far from where the kernel, libc and the sanitizers put theirs. */
#define WINDOW 0x200000000000ULL
#define WINDOW_PAGES 160
#define HUGE_ZONE (WINDOW + (1ULL << 30))
#define HUGE_PAGES (4 * 512)
#define GROW_ZONE (WINDOW + (2ULL << 30))
#define GROW_PAGES 2048
#define BRK_PAGES 64
#define OPS_A_RUN 500
#define MAX_REGIONS 4096

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* One random operation: nothing in it depends on what the others did. */
struct op {
	uint32_t what, page, pages, to, to_pages, pick, bits;
};

struct zone {
	uint64_t start, end;
};

enum { ZONE_WINDOW, ZONE_HUGE, ZONE_GROW, ZONE_BRK, ZONE_EXTRA, ZONES = 24 };

/* What a child works on. Static: nothing is allocated between a call and its check. */
static struct run {
	struct model_space space;
	struct layout layout;
	struct zone zones[ZONES];
	int fds[4]; /* memfd, unlinked file, the same read-only, socket */
	int shm[2];
	uint64_t attached[16];
	unsigned int nr_attached;
	bool read_implies_exec, seals, grew;
	/* the kernel's map, as last read */
	struct raw_region raw[MAX_REGIONS];
	size_t nr_raw;
	uint32_t compared;	     /* flags */
	uint64_t locked, grows_down; /* bytes, by VmFlags, in our zones */
} run;

static bool verbose, quiet, show_unknown;

/* Told by children, kept by the parent. */
static struct shared {
	unsigned long calls[MT_CALL_NR], failed[MT_CALL_NR], unknown, applied, none;
	unsigned long why_count[64];
	char why[64][64];
} * shared;

static uint64_t rng_state;

static uint32_t rng(uint32_t n)
{
	rng_state = rng_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((rng_state >> 33) % n);
}

#include "live_kernel.h"

/* ---------------------------------------------------------------- comparing */

#define COMPARED                                                                                \
	(REGION_PERMS | REGION_LOCKED | REGION_DONTFORK | REGION_GROWSDOWN | REGION_NORESERVE | \
	 REGION_HUGETLB | REGION_SEALED | REGION_OFFSET)

static size_t merge(struct region *r, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		r[i].flags &= run.compared;
		if (kept && region__continues(&r[kept - 1], &r[i]))
			r[kept - 1].end = r[i].end;
		else
			r[kept++] = r[i];
	}
	return kept;
}

static size_t kernel_regions(struct zone z, struct region *out)
{
	size_t n = 0;

	for (size_t i = 0; i < run.nr_raw; i++) {
		struct region *r = &out[n];

		if (run.raw[i].region.start >= z.end || run.raw[i].region.end <= z.start)
			continue;
		if (raw_region__intern(&run.raw[i], run.space.backings, r))
			abort();
		if (r->start < z.start) {
			r->offset += r->flags & REGION_OFFSET ? z.start - r->start : 0;
			r->start = z.start;
		}
		if (r->end > z.end)
			r->end = z.end;
		n++;
	}
	return n;
}

static void print_regions(const char *title, const struct region *r, size_t n)
{
	char perms[5];

	fprintf(stderr, "%s:\n", title);
	for (size_t i = 0; i < n; i++) {
		region__perms(r[i].flags, perms);
		fprintf(stderr, "  %" PRIx64 "-%" PRIx64 " %s %04x %" PRIx64 " %s\n", r[i].start,
			r[i].end, perms, r[i].flags, r[i].offset,
			backings__get(run.space.backings, r[i].backing)->name);
	}
}

static bool zone_equal(const struct region_map *map, struct zone z)
{
	static struct region kernel[MAX_REGIONS];
	struct region *model = NULL;
	size_t nk = merge(kernel, kernel_regions(z, kernel)), nm;
	long n = region_map__slice(map, z.start, z.end, &model);
	bool equal;

	if (n < 0)
		abort();
	nm = merge(model, (size_t)n);
	equal = nm == nk && (!nm || !memcmp(model, kernel, nm * sizeof(*model)));
	if (!equal && !quiet) {
		print_regions("model", model, nm);
		print_regions("kernel", kernel, nk);
	}
	free(model);
	return equal;
}

static bool maps_equal(const struct region_map *map)
{
	const char *broken = region_map__check(map);

	if (broken && !quiet)
		fprintf(stderr, "invariant: %s\n", broken);
	for (int z = 0; z < ZONES; z++)
		if (run.zones[z].end && !zone_equal(map, run.zones[z]))
			return false;
	return !broken;
}

/* The model's map becomes the kernel's, in our zones. */
static void resync(void)
{
	static struct region kernel[MAX_REGIONS];

	for (int z = 0; z < ZONES; z++) {
		if (!run.zones[z].end)
			continue;
		if (region_map__replace(run.space.map, run.zones[z].start, run.zones[z].end, kernel,
					kernel_regions(run.zones[z], kernel)))
			abort();
	}
}

/* ---------------------------------------------------------------- making calls */

/* Keeps what a call made outside the known zones in sight. */
static void add_zone(uint64_t start, uint64_t end)
{
	int z = zone_of(start, end);

	if (z >= 0 && run.zones[z].start <= start && run.zones[z].end >= end)
		return;
	if (z >= 0 && z < ZONE_EXTRA)
		return;
	for (int i = ZONE_EXTRA; z < 0 && i < ZONES; i++)
		if (!run.zones[i].end)
			z = i;
	if (z < 0)
		abort();
	if (!run.zones[z].end || start < run.zones[z].start)
		run.zones[z].start = start;
	if (end > run.zones[z].end)
		run.zones[z].end = end;
}

static void count(const struct call *c, const struct change *change)
{
	shared->calls[c->id]++;
	shared->failed[c->id] += call__failed(c);
	shared->none += change->kind == CHANGE_NONE;
	shared->applied += change->kind == CHANGE_APPLIED;
	if (change->kind != CHANGE_UNKNOWN)
		return;
	shared->unknown++;
	for (int i = 0; i < 64; i++) {
		if (shared->why[i][0] && strncmp(shared->why[i], change->why, 63))
			continue;
		strncpy(shared->why[i], change->why, 63);
		shared->why_count[i]++;
		return;
	}
}

static void print_call(const struct call *c, const struct change *change)
{
	fprintf(stderr,
		"%s(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64
		") = %" PRIx64 " %s: %s %s\n",
		call__name(c->id), c->args[0], c->args[1], c->args[2], c->args[3], c->args[4],
		(uint64_t)c->ret, call__failed(c) ? strerror((int)-c->ret) : "",
		change->kind == CHANGE_NONE    ? "none" :
		change->kind == CHANGE_APPLIED ? "applied" :
						 "unknown",
		change->kind == CHANGE_UNKNOWN ? change->why : "");
}

/* The edges of growing regions are asked for, as the tracker would. */
static void ask_growth(void)
{
	for (size_t i = 0; i < run.nr_raw; i++)
		if (run.raw[i].region.flags & REGION_GROWSDOWN &&
		    zone_of(run.raw[i].region.start, run.raw[i].region.end) >= 0)
			call_model__grow_down(run.space.map, run.raw[i].region.start,
					      run.raw[i].region.end);
}

/* A call that calls itself harmless must be so; its ranges must hold what changed. */
static bool check_promises(const struct call *c, const struct change *change)
{
	struct range ranges[2];
	size_t n = call__ranges(c, ranges);
	bool inside = false;

	if (change->kind == CHANGE_NONE)
		return true;
	for (size_t i = 0; i < n; i++)
		inside |= ranges[i].start <= change->start && change->end <= ranges[i].end;
	if (call__mutates(c) && (inside || change->start >= change->end))
		return true;
	if (!quiet)
		fprintf(stderr, "%s changed the map, but call__%s says not\n", call__name(c->id),
			inside ? "mutates" : "ranges");
	return false;
}

/*
 * MREMAP_DONTUNMAP unlocks the whole vma that it moves a part of: which one
 * that is depends on page faults, so that only the kernel can tell.
 */
static bool splits_locks(const struct call *c)
{
	return c->id == MT_CALL_MREMAP && !call__failed(c) && c->args[3] & MREMAP_DONTUNMAP;
}

/* Applies what was done and compares. */
static bool done(struct call *c)
{
	struct change change;
	int64_t difference;
	uint64_t before = region_map__totals(run.space.map)->bytes;

	read_kernel();
	attach_region(c);
	c->mm.locked_vm = run.locked / PAGE;
	c->mm.stack_vm = run.grows_down / PAGE;
	c->mm.total_vm = 1;
	c->read_implies_exec = run.read_implies_exec;
	if (call_model__apply(&run.space, c, true, &change))
		abort();
	count(c, &change);
	if ((verbose && !quiet) || (show_unknown && change.kind == CHANGE_UNKNOWN))
		print_call(c, &change);
	difference = (int64_t)(region_map__totals(run.space.map)->bytes - before);
	if (change.kind == CHANGE_UNKNOWN) {
		resync();
		/* What worked must be known, but for what grew unseen. */
		if (call__failed(c) || strstr(change.why, "grown down"))
			return true;
		if (!quiet)
			print_call(c, &change);
		return false;
	} else {
		bool sums = difference == (int64_t)(change.mapped - change.unmapped) || run.grew;

		ask_growth();
		run.compared = splits_locks(c) ? COMPARED & ~REGION_LOCKED : COMPARED;
		if (sums && check_promises(c, &change) && maps_equal(run.space.map)) {
			if (splits_locks(c))
				resync();
			return true;
		}
		if (!quiet && !sums)
			fprintf(stderr,
				"mapped %" PRIu64 ", unmapped %" PRIu64 ", really %" PRId64 "\n",
				change.mapped, change.unmapped, difference);
		if (!quiet)
			print_call(c, &change);
		return false;
	}
	return true;
}

static bool call6(enum mt_call_id id, long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
		  uint64_t e, uint64_t f)
{
	static struct call call;
	long ret = syscall(nr, a, b, c, d, e, f);

	memset(&call, 0, sizeof(call));
	call.id = id;
	call.args[0] = a;
	call.args[1] = b;
	call.args[2] = c;
	call.args[3] = d;
	call.args[4] = e;
	call.args[5] = f;
	call.ret = ret == -1 ? -errno : ret;
	if (!call__failed(&call) && (id == MT_CALL_MMAP || id == MT_CALL_MREMAP))
		add_zone((uint64_t)ret,
			 (uint64_t)ret + ((id == MT_CALL_MMAP ? b : c) + PAGE - 1) / PAGE * PAGE);
	return done(&call);
}
#define CALL(NAME, name, a, b, c, d, e, f)                                             \
	call6(MT_CALL_##NAME, SYS_##name, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), \
	      (uint64_t)(d), (uint64_t)(e), (uint64_t)(f))

#include "live_ops.h"

/* ---------------------------------------------------------------- running */

static void set_zone(int z, uint64_t start, uint64_t pages)
{
	run.zones[z].start = start;
	run.zones[z].end = start + pages * PAGE;
}

static void set_up(unsigned int seed)
{
	uint64_t brk;

	/* The first to allocate: the heap has its room from here on. */
	run.space.map = region_map__new();
	run.space.backings = backings__new();
	brk = (uint64_t)syscall(SYS_brk, 0);
	run.space.layout = &run.layout;
	run.layout.brk = brk;
	run.compared = COMPARED;
	/* Some calls reach beyond what operations name. */
	set_zone(ZONE_WINDOW, WINDOW, WINDOW_PAGES + 64);
	set_zone(ZONE_HUGE, HUGE_ZONE, HUGE_PAGES + 2 * 512);
	set_zone(ZONE_GROW, GROW_ZONE, GROW_PAGES);
	set_zone(ZONE_BRK, (brk + PAGE - 1) & ~(PAGE - 1), BRK_PAGES);
	run.seals = seed % 4 == 3;
	run.read_implies_exec = seed % 8 == 5;
	if (run.read_implies_exec)
		personality(READ_IMPLIES_EXEC);
	read_kernel();
	resync();
}

/* In a child: true when every operation left both maps equal. */
static bool perform(const struct op *ops, size_t n, unsigned int seed)
{
	set_up(seed);
	for (size_t i = 0; i < n; i++)
		if (!op__perform(&ops[i]))
			return false;
	return true;
}

static bool passes(const struct op *ops, size_t n, unsigned int seed)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(!perform(ops, n, seed));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	if (status && !quiet)
		fprintf(stderr, "the child ended with status %#x\n", status);
	return status == 0;
}

/* Takes out what the failure does not need. */
static size_t shrink(struct op *ops, size_t n, unsigned int seed)
{
	struct op *fewer = malloc(n * sizeof(*ops));

	for (size_t step = n / 2 ? n / 2 : 1; step; step = step == 1 ? 0 : step / 2) {
		for (size_t at = 0; at + step <= n;) {
			memcpy(fewer, ops, at * sizeof(*ops));
			memcpy(fewer + at, ops + at + step, (n - at - step) * sizeof(*ops));
			if (passes(fewer, n - step, seed)) {
				at += step;
				continue;
			}
			n -= step;
			memcpy(ops, fewer, n * sizeof(*ops));
		}
	}
	free(fewer);
	return n;
}

static void open_things(void)
{
	char path[] = "/tmp/live_call_model.XXXXXX", proc[64];
	int pair[2];

	run.fds[0] = (int)syscall(SYS_memfd_create, "live", 0);
	run.fds[1] = mkstemp(path);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", run.fds[1]);
	run.fds[2] = open(proc, O_RDONLY);
	unlink(path);
	if (ftruncate(run.fds[0], 1024 * PAGE) || ftruncate(run.fds[1], 1024 * PAGE) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	run.fds[3] = pair[0];
	/* So that one of them has the inode 0 (live_kernel.h), where we may. */
	unshare(CLONE_NEWIPC);
	for (int i = 0; i < 2; i++) {
		run.shm[i] = shmget(IPC_PRIVATE, i ? 3 * PAGE - 100 : 8 * PAGE, IPC_CREAT | 0600);
		/* Gone when we are, however we end. */
		if (shmat(run.shm[i], NULL, 0) == (void *)-1 || shmctl(run.shm[i], IPC_RMID, NULL))
			abort();
	}
}

static void print_totals(unsigned long ops)
{
	printf("%lu operations: %lu changes, %lu without, %lu unknown\n", ops, shared->applied,
	       shared->none, shared->unknown);
	for (int id = 1; verbose && id < MT_CALL_NR; id++)
		if (shared->calls[id])
			printf("%8lu %-18s %8lu failed\n", shared->calls[id], call__name(id),
			       shared->failed[id]);
	for (int i = 0; i < 64 && shared->why[i][0]; i++)
		printf("%8lu unknown: %s\n", shared->why_count[i], shared->why[i]);
}

int main(int argc, char **argv)
{
	static struct op ops[OPS_A_RUN];
	unsigned long total, made = 0;
	unsigned int seed;
	size_t n;

	if (argc > 1 && !strcmp(argv[1], "-v")) {
		verbose = show_unknown = true;
		argv++;
		argc--;
	}
	total = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000;
	seed = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 0) : 0;
	/* malloc must not change the map while it is compared. */
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
	mallopt(M_TOP_PAD, 32 << 20);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	open_things();
	for (; made < total; made += OPS_A_RUN, seed++) {
		rng_state = seed * 7919 + 1;
		for (n = 0; n < OPS_A_RUN; n++)
			op__random(&ops[n]);
		quiet = true;
		if (passes(ops, OPS_A_RUN, seed))
			continue;
		fprintf(stderr, "seed %u fails\n", seed);
		n = shrink(ops, OPS_A_RUN, seed);
		quiet = false;
		verbose = true;
		fprintf(stderr, "seed %u fails; shrunk to %zu operations:\n", seed, n);
		return passes(ops, n, seed) ? 2 : 1;
	}
	print_totals(made);
	return 0;
}
