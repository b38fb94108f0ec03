/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's side of live_call_model.c: its map, read from /proc/self/smaps,
 * and what the BPF programs would report of it. A part of that file, and
 * included by it alone.
 */

static char text[1 << 22];

static size_t read_all(const char *path)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
	size_t len = 0;
	long n;

	while (fd >= 0 && (n = syscall(SYS_read, fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	syscall(SYS_close, fd);
	text[len] = 0;
	return len;
}

static const struct {
	char name[3];
	uint32_t flag;
} vm_flags[] = {
	{ "lo", REGION_LOCKED },    { "dc", REGION_DONTFORK }, { "gd", REGION_GROWSDOWN },
	{ "nr", REGION_NORESERVE }, { "ht", REGION_HUGETLB },  { "sl", REGION_SEALED },
};

static void parse_vm_flags(struct raw_region *raw, const char *line)
{
	for (size_t i = 0; i < sizeof(vm_flags) / sizeof(vm_flags[0]); i++) {
		const char *at = strstr(line, vm_flags[i].name);

		/* VmFlags: rd wr mr mw me ac sd */
		if (at && at[-1] == ' ' && (at[2] == ' ' || !at[2]))
			raw->region.flags |= vm_flags[i].flag;
	}
	if (raw->region.flags & REGION_HUGETLB)
		raw->backing.page_shift = 21;
}

static void parse_header(struct raw_region *raw, char *line)
{
	char perms[5];
	int at = 0;

	memset(raw, 0, sizeof(*raw));
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &raw->region.start, &raw->region.end, perms, &raw->region.offset,
		   &raw->backing.dev_major, &raw->backing.dev_minor, &raw->backing.ino, &at) < 7)
		abort();
	raw->region.flags =
		(perms[0] == 'r' ? REGION_READ : 0) | (perms[1] == 'w' ? REGION_WRITE : 0) |
		(perms[2] == 'x' ? REGION_EXEC : 0) | (perms[3] == 's' ? REGION_SHARED : 0);
	raw->backing.name = line + at;
	/* The inode is 0 of the first SysV segment that a machine, or a container, makes. */
	raw->backing.has_contents = raw->backing.ino || raw->backing.dev_major ||
				    raw->backing.dev_minor;
	raw->anonymous = !raw->backing.has_contents &&
			 (!line[at] || !strcmp(line + at, "[heap]") ||
			  !strcmp(line + at, "[stack]"));
}

static int zone_of(uint64_t start, uint64_t end)
{
	for (int z = 0; z < ZONES; z++)
		if (start < run.zones[z].end && run.zones[z].start < end)
			return z;
	return -1;
}

static void read_kernel(void)
{
	struct raw_region *raw = NULL;
	char *line, *next;

	read_all("/proc/self/smaps");
	run.nr_raw = 0;
	run.locked = run.grows_down = 0;
	for (line = text; *line; line = next) {
		next = strchr(line, '\n');
		*next++ = 0;
		if (!strncmp(line, "VmFlags:", 8)) {
			parse_vm_flags(raw, line);
			if (zone_of(raw->region.start, raw->region.end) < 0)
				continue;
			if (raw->region.flags & REGION_LOCKED)
				run.locked += raw->region.end - raw->region.start;
			if (raw->region.flags & REGION_GROWSDOWN)
				run.grows_down += raw->region.end - raw->region.start;
		} else if ((line[0] >= '0' && line[0] <= '9') ||
			   (line[0] >= 'a' && line[0] <= 'f')) {
			if (run.nr_raw == MAX_REGIONS)
				abort();
			raw = &run.raw[run.nr_raw++];
			parse_header(raw, line);
		}
	}
}

/* What the BPF side sends with some calls: the region that holds or follows addr. */
static void look_up(struct call *c, uint64_t addr)
{
	for (size_t i = 0; i < run.nr_raw; i++) {
		if (run.raw[i].region.end <= addr || run.raw[i].region.start >= 1ULL << 57)
			continue;
		c->has_region = true;
		c->region = run.raw[i];
		return;
	}
	c->no_region = true;
}

/* As struct call says. */
static void attach_region(struct call *c)
{
	bool failed = call__failed(c), plain;

	switch (c->id) {
	case MT_CALL_MMAP:
		plain = c->args[3] & MAP_ANONYMOUS && (c->args[3] & MAP_TYPE) != MAP_SHARED &&
			!(c->args[3] & MAP_HUGETLB);
		if (!failed && !plain)
			look_up(c, (uint64_t)c->ret);
		else if (failed && c->args[3] & MAP_FIXED)
			look_up(c, c->args[0]);
		break;
	case MT_CALL_SHMAT:
		if (!failed)
			look_up(c, (uint64_t)c->ret);
		break;
	case MT_CALL_MREMAP:
		if (!failed)
			look_up(c, (uint64_t)c->ret);
		else if (c->args[3] & MREMAP_FIXED)
			look_up(c, c->args[4]);
		break;
	case MT_CALL_MPROTECT:
	case MT_CALL_PKEY_MPROTECT:
		if (failed ? c->ret != -EINVAL : !!(c->args[2] & PROT_GROWSDOWN))
			look_up(c, c->args[0]);
		break;
	case MT_CALL_MUNMAP:
	case MT_CALL_REMAP_FILE_PAGES:
		if (failed && c->ret != -EINVAL)
			look_up(c, c->args[0]);
		break;
	default:
		break;
	}
}
