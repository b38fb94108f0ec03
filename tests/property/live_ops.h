/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of live_call_model.c: how a random one is drawn and which
 * real call it makes. A part of that file, and included by it alone.
 */

#define PROT_OF(bits) ((bits)&7)

static uint64_t window_page(uint32_t page)
{
	return WINDOW + page % WINDOW_PAGES * PAGE;
}

/* n pages from page, not beyond the window. */
static uint64_t window_len(uint32_t page, uint32_t pages)
{
	uint32_t room = WINDOW_PAGES - page % WINDOW_PAGES;

	return (pages < room ? pages : room) * PAGE;
}

static struct zone *extra_zone(uint32_t pick)
{
	for (int i = 0; i < ZONES - ZONE_EXTRA; i++) {
		struct zone *z = &run.zones[ZONE_EXTRA + (pick + i) % (ZONES - ZONE_EXTRA)];

		if (z->end)
			return z;
	}
	return NULL;
}

static bool drop_extra(struct zone *z)
{
	bool ok = CALL(MUNMAP, munmap, z->start, z->end - z->start, 0, 0, 0, 0);

	/* Sealed memory stays for ever, and in sight. */
	read_kernel();
	for (size_t i = 0; i < run.nr_raw; i++)
		if (run.raw[i].region.start < z->end && z->start < run.raw[i].region.end)
			return ok;
	z->start = z->end = 0;
	return ok;
}

static bool op_extra(const struct op *op)
{
	struct zone *z = extra_zone(op->pick);
	uint64_t len;

	if (!z)
		return true;
	len = z->end - z->start;
	switch (op->bits % 4) {
	case 0:
		return CALL(MPROTECT, mprotect, z->start, len, PROT_OF(op->bits >> 2), 0, 0, 0);
	case 1:
		if (!CALL(MREMAP, mremap, z->start, len, window_len(op->page, op->pages),
			  MREMAP_MAYMOVE | MREMAP_FIXED, window_page(op->page), 0))
			return false;
		return drop_extra(z);
	default:
		return drop_extra(z);
	}
}

/* Room for what a call may make elsewhere. */
static bool make_room(void)
{
	int used = 0;

	for (int i = ZONE_EXTRA; i < ZONES; i++)
		used += run.zones[i].end != 0;
	return used < 8 || drop_extra(extra_zone(0));
}

static bool op_mmap_anonymous(const struct op *op)
{
	static const int more[] = { 0, 0, MAP_NORESERVE, MAP_STACK, MAP_LOCKED, MAP_POPULATE };
	static const int how[] = { MAP_FIXED, MAP_FIXED, 0, MAP_FIXED_NOREPLACE };
	uint64_t addr = window_page(op->page), len = window_len(op->page, op->pages);
	int flags = how[op->pick % 4] | more[(op->pick >> 2) % 6] | MAP_ANONYMOUS;

	if (op->pick % 16 == 2)
		addr = 0;
	/* Lengths need not be whole pages. */
	len -= op->bits & 8 ? 100 : 0;
	flags |= op->bits % 5 ? MAP_PRIVATE : MAP_SHARED;
	return CALL(MMAP, mmap, addr, len, PROT_OF(op->bits >> 4), flags, -1, 0);
}

static bool op_mmap_file(const struct op *op)
{
	int fd = run.fds[op->pick % 3];
	int flags = op->bits & 8 ? MAP_SHARED : MAP_PRIVATE;
	int prot = PROT_OF(op->bits);

	flags |= op->pick % 5 ? MAP_FIXED : 0;
	flags |= op->pick % 7 ? 0 : MAP_LOCKED;
	return CALL(MMAP, mmap, window_page(op->page), window_len(op->page, op->pages), prot, flags,
		    fd, op->to * PAGE);
}

/* Calls of mmap that fail; the last unmaps first. */
static bool op_mmap_bad(const struct op *op)
{
	uint64_t addr = window_page(op->page), len = window_len(op->page, op->pages);

	switch (op->pick % 5) {
	case 0:
		return CALL(MMAP, mmap, addr + 1, len, 3, MAP_FIXED | 0x22, -1, 0);
	case 1:
		return CALL(MMAP, mmap, addr, 0, 3, MAP_FIXED | 0x22, -1, 0);
	case 2:
		return CALL(MMAP, mmap, addr, len, 3, MAP_FIXED | MAP_PRIVATE, 999, 0);
	case 3:
		return CALL(MMAP, mmap, addr, ~0ULL - PAGE, 3, MAP_FIXED | 0x22, -1, 0);
	default:
		return CALL(MMAP, mmap, addr, len, PROT_READ, MAP_FIXED | MAP_SHARED, run.fds[3],
			    0);
	}
}

static bool op_munmap(const struct op *op)
{
	uint64_t bad = op->bits % 16 ? 0 : 5;

	return CALL(MUNMAP, munmap, window_page(op->page) + bad,
		    window_len(op->page, op->pages) - op->bits % 9, 0, 0, 0, 0);
}

static bool op_mprotect(const struct op *op)
{
	uint64_t bad = op->bits % 32 ? 0 : 5;
	uint64_t addr = window_page(op->page) + bad, len = window_len(op->page, op->pages);

	if (op->pick % 4 == 0)
		return CALL(PKEY_MPROTECT, pkey_mprotect, addr, len, PROT_OF(op->bits), -1, 0, 0);
	return CALL(MPROTECT, mprotect, addr, len, PROT_OF(op->bits), 0, 0, 0);
}

static bool op_mremap(const struct op *op)
{
	static const int flags[] = {
		0,
		MREMAP_MAYMOVE,
		MREMAP_MAYMOVE,
		MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED,
	};
	uint64_t from = window_page(op->page), old_len = window_len(op->page, op->pages);
	uint64_t new_len = window_len(op->to, op->to_pages);
	const struct region *r = region_map__find(run.space.map, from);
	uint64_t to = window_page(op->to);
	int how = flags[op->pick % 8];

	/* Most calls are to be about one region. */
	if (op->bits & 32 && r && r->end <= WINDOW + WINDOW_PAGES * PAGE) {
		from = r->start > from ? r->start : from;
		old_len = op->bits & 64 || old_len > r->end - from ? r->end - from : old_len;
	}
	/* Onto itself, or beside itself. */
	if (op->bits % 13 == 0)
		to = op->bits & 128 ? from : from + old_len;
	if (how & MREMAP_DONTUNMAP || op->bits % 3 == 0)
		new_len = old_len = old_len < new_len ? old_len : new_len;
	if (op->bits % 11 == 0)
		old_len = 0;
	/* Not longer than the segment: see model__shmdt(). */
	if (r && !strncmp(backings__get(run.space.backings, r->backing)->name, "/SYSV", 5))
		new_len = old_len && old_len < new_len ? old_len : new_len;
	return CALL(MREMAP, mremap, from, old_len, new_len, how, to, 0);
}

static bool op_shm(const struct op *op)
{
	static struct call c;
	long ret;

	memset(&c, 0, sizeof(c));
	if (op->bits % 2 && run.nr_attached) {
		uint64_t addr = run.attached[op->pick % 16 % run.nr_attached];

		c.args[0] = op->bits % 16 == 1 ? window_page(op->page) : addr;
		c.id = MT_CALL_SHMDT;
		ret = syscall(SYS_shmdt, c.args[0]);
		c.ret = ret == -1 ? -errno : ret;
		return done(&c);
	}
	c.id = MT_CALL_SHMAT;
	c.args[0] = (uint64_t)run.shm[op->pick % 2];
	c.args[1] = window_page(op->page) + (op->bits & 16 ? 8 : 0);
	c.args[2] = (op->bits & 4 ? SHM_REMAP : 0) | (op->bits & 8 ? SHM_RDONLY : 0) |
		    (op->bits & 32 ? SHM_RND : 0);
	ret = syscall(SYS_shmat, (long)c.args[0], c.args[1], (long)c.args[2]);
	c.ret = ret == -1 ? -errno : ret;
	if (ret != -1)
		run.attached[run.nr_attached++ % 16] = (uint64_t)ret;
	if (run.nr_attached > 16)
		run.nr_attached = 16;
	return done(&c);
}

static bool op_lock(const struct op *op)
{
	uint64_t addr = window_page(op->page), len = window_len(op->page, op->pages);

	switch (op->pick % 16) {
	case 0:
		/* On fault: or all of this program would be made resident. */
		return CALL(MLOCKALL, mlockall, MCL_FUTURE | MCL_ONFAULT, 0, 0, 0, 0, 0);
	case 1:
		return CALL(MLOCKALL, mlockall, MCL_CURRENT | MCL_ONFAULT, 0, 0, 0, 0, 0);
	case 2:
	case 3:
		return CALL(MUNLOCKALL, munlockall, 0, 0, 0, 0, 0, 0);
	case 4:
	case 5:
	case 6:
		return CALL(MLOCK2, mlock2, addr + 7, len, MLOCK_ONFAULT, 0, 0, 0);
	case 7:
	case 8:
	case 9:
	case 10:
		return CALL(MUNLOCK, munlock, addr, len, 0, 0, 0, 0);
	default:
		return CALL(MLOCK, mlock, addr + op->bits % 4096, len, 0, 0, 0, 0);
	}
}

static bool op_madvise(const struct op *op)
{
	static const int advice[] = { MADV_DONTFORK,	   MADV_DONTFORK, MADV_DOFORK,
				      MADV_DONTNEED,	   MADV_FREE,	  MADV_POPULATE_WRITE,
				      MADV_POPULATE_WRITE, MADV_HUGEPAGE };

	return CALL(MADVISE, madvise, window_page(op->page) + (op->bits % 32 ? 0 : 1),
		    window_len(op->page, op->pages), advice[op->pick % 8], 0, 0, 0);
}

static bool op_brk(const struct op *op)
{
	static struct call c;
	uint64_t base = run.zones[ZONE_BRK].start, want = base + op->page % BRK_PAGES * PAGE;

	memset(&c, 0, sizeof(c));
	want -= op->pick % 3 ? op->bits % PAGE : 0;
	if (want < base)
		want = base;
	c.id = MT_CALL_BRK;
	c.args[0] = op->bits % 16 ? want : 0;
	c.args[1] = (uint64_t)syscall(SYS_brk, 0);
	c.ret = syscall(SYS_brk, c.args[0]);
	return done(&c);
}

static bool op_remap_file_pages(const struct op *op)
{
	uint64_t addr = window_page(op->page), len = window_len(op->page, op->pages);
	const struct region *r = region_map__find(run.space.map, addr);

	if (r && r->start > addr && op->bits % 4)
		addr = r->start;
	if (r && addr + len > r->end && op->bits % 4)
		len = r->end - addr;
	return CALL(REMAP_FILE_PAGES, remap_file_pages, addr + op->bits % 2 * 9,
		    len + op->bits % 100, 0, op->to, 0, 0);
}

static bool op_seal(const struct op *op)
{
	/* Few: nothing can be done with what is sealed. */
	if (!run.seals || op->pick % 2)
		return true;
	return CALL(MSEAL, mseal, window_page(op->page), window_len(op->page, op->pages % 6 + 1), 0,
		    0, 0, 0);
}

/* Touches memory below a region that grows down: as a read(2) may. */
static void touch(uint64_t addr)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/zero", O_RDONLY);

	syscall(SYS_read, fd, addr, 1);
	syscall(SYS_close, fd);
	run.grew = true;
}

static bool op_grow(const struct op *op)
{
	uint64_t addr = GROW_ZONE + op->page * 8 % GROW_PAGES * PAGE;
	uint64_t room = GROW_ZONE + GROW_PAGES * PAGE - addr;
	uint64_t len = op->pages * PAGE < room ? op->pages * PAGE : room;
	bool ok;

	switch (op->pick % 6) {
	case 0:
		ok = CALL(MMAP, mmap, addr, len, 3, MAP_FIXED | 0x22 | MAP_GROWSDOWN, -1, 0);
		break;
	case 1:
	case 2:
		touch(addr);
		return true;
	case 3:
		ok = CALL(MPROTECT, mprotect, addr, len, PROT_OF(op->bits) | PROT_GROWSDOWN, 0, 0,
			  0);
		break;
	case 4:
		ok = CALL(MPROTECT, mprotect, addr, len, PROT_OF(op->bits), 0, 0, 0);
		break;
	default:
		ok = CALL(MUNMAP, munmap, addr, len, 0, 0, 0, 0);
		break;
	}
	run.grew = false;
	return ok;
}

static bool op_huge(const struct op *op)
{
	uint64_t page = HUGE_ZONE + op->page % 4 * HUGE, small = HUGE_ZONE + op->to % 2048 * PAGE;
	uint64_t len = (op->pages % 2 + 1) * HUGE;
	int flags = MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE;

	if (op->page % 4 == 3)
		len = HUGE;
	switch (op->pick % 8) {
	case 0:
	case 1:
		flags |= MAP_HUGETLB | (op->bits & 8 ? MAP_SHARED : MAP_PRIVATE);
		return CALL(MMAP, mmap, page, len - op->bits % 3 * 7 * PAGE, PROT_OF(op->bits),
			    flags, -1, 0);
	case 2:
		return CALL(MMAP, mmap, page, len, 3, flags | MAP_PRIVATE, -1, 0);
	case 3:
		return CALL(MUNMAP, munmap, op->bits & 8 ? page : small, op->bits & 16 ? len : PAGE,
			    0, 0, 0, 0);
	case 4:
		return CALL(MPROTECT, mprotect, page, len - (op->bits & 8 ? PAGE : 0),
			    PROT_OF(op->bits), 0, 0, 0);
	case 5:
		return CALL(MLOCK2, mlock2, page, len, MLOCK_ONFAULT, 0, 0, 0);
	default:
		return CALL(MREMAP, mremap, page, len - op->bits % 3 * 9 * PAGE,
			    op->bits & 8 ? len : HUGE - op->bits % 5 * PAGE,
			    op->bits & 16 ? MREMAP_MAYMOVE | MREMAP_FIXED : MREMAP_MAYMOVE,
			    HUGE_ZONE + op->to % 4 * HUGE, 0);
	}
}

/* The map that a child gets, seen in a child. */
static bool op_fork(const struct op *op)
{
	struct region_map *child;
	int status;
	pid_t pid;

	if (op->pick % 2)
		return true;
	read_kernel();
	ask_growth();
	child = call_model__fork(run.space.map);
	pid = fork();
	if (!pid) {
		read_kernel();
		_exit(!maps_equal(child));
	}
	region_map__free(child);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	if (status && !quiet)
		fprintf(stderr, "fork: the child's map differs\n");
	return !status;
}

static const struct {
	uint32_t weight;
	bool (*perform)(const struct op *op);
} op_table[] = {
	{ 24, op_mmap_anonymous },
	{ 20, op_mmap_file },
	{ 3, op_mmap_bad },
	{ 6, op_munmap },
	{ 16, op_mprotect },
	{ 18, op_mremap },
	{ 8, op_shm },
	{ 10, op_lock },
	{ 8, op_madvise },
	{ 4, op_brk },
	{ 3, op_remap_file_pages },
	{ 3, op_seal },
	{ 6, op_grow },
	{ 6, op_huge },
	{ 3, op_extra },
	{ 1, op_fork },
};

static bool op__perform(const struct op *op)
{
	uint32_t at = op->what, i = 0;

	while (at >= op_table[i].weight)
		at -= op_table[i++].weight;
	return make_room() && op_table[i].perform(op);
}

static void op__random(struct op *op)
{
	uint32_t weights = 0;

	for (size_t i = 0; i < sizeof(op_table) / sizeof(op_table[0]); i++)
		weights += op_table[i].weight;
	op->what = rng(weights);
	op->page = rng(WINDOW_PAGES);
	op->pages = rng(10) ? rng(20) + 1 : rng(WINDOW_PAGES) + 1;
	op->to = rng(WINDOW_PAGES);
	op->to_pages = rng(24) + 1;
	op->pick = rng(1 << 20);
	op->bits = rng(1 << 20);
}
