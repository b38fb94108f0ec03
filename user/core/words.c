// SPDX-License-Identifier: GPL-2.0
/* Names and sizes; see words.h. Knows nothing of columns, colours or forms. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RLIM_UNLIMITED (~0ULL)

const char *process_what__name(enum process_what what)
{
	static const char *const names[] = {
		[PROCESS_FOUND] = "found",
		[PROCESS_FORK] = "fork",
		[PROCESS_EXEC] = "exec",
		[PROCESS_EXIT] = "exit",
	};

	return names[what];
}

/* glibc 2.32 and newer name errors; elsewhere the ones that memory calls give. */
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
const char *errno__name(int err)
{
	return strerrorname_np(err);
}

const char *errno__text(int err)
{
	const char *text = strerrordesc_np(err);

	return text ? text : "Unknown error";
}
#else
const char *errno__name(int err)
{
	static const struct {
		int err;
		const char *name;
	} names[] = {
		{ EPERM, "EPERM" },	    { ENOENT, "ENOENT" }, { ESRCH, "ESRCH" },
		{ EINTR, "EINTR" },	    { EIO, "EIO" },	  { EBADF, "EBADF" },
		{ EAGAIN, "EAGAIN" },	    { ENOMEM, "ENOMEM" }, { EACCES, "EACCES" },
		{ EFAULT, "EFAULT" },	    { EBUSY, "EBUSY" },	  { EEXIST, "EEXIST" },
		{ ENODEV, "ENODEV" },	    { EINVAL, "EINVAL" }, { ENFILE, "ENFILE" },
		{ ETXTBSY, "ETXTBSY" },	    { ENOSPC, "ENOSPC" }, { ENOSYS, "ENOSYS" },
		{ EOVERFLOW, "EOVERFLOW" }, { EIDRM, "EIDRM" },	  { EOPNOTSUPP, "EOPNOTSUPP" },
		{ EHWPOISON, "EHWPOISON" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].err == err)
			return names[i].name;
	return NULL;
}

const char *errno__text(int err)
{
	return strerror(err);
}
#endif

const char *limit__name(enum limit limit)
{
	static const char *const names[] = {
		[LIMIT_AS] = "RLIMIT_AS",
		[LIMIT_DATA] = "RLIMIT_DATA",
		[LIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
		[LIMIT_STACK] = "RLIMIT_STACK",
		[LIMIT_MAP_COUNT] = "vm.max_map_count",
		[LIMIT_CGROUP] = "memory.max",
	};

	return (size_t)limit < sizeof(names) / sizeof(names[0]) ? names[limit] : NULL;
}

const char *human_size(uint64_t bytes, char buf[HUMAN_SIZE_ROOM])
{
	static const char units[] = "\0KMGTPE";
	unsigned int u = 0;
	uint64_t unit = 1;

	while (u < 6 && bytes >= unit << 10) {
		unit <<= 10;
		u++;
	}
	/* 1023.96K would be printed as 1024.0K */
	if (u && u < 6 && bytes % unit && (double)bytes / unit >= 1023.95) {
		unit <<= 10;
		u++;
	}
	if (bytes % unit)
		snprintf(buf, HUMAN_SIZE_ROOM, "%.1f%c", (double)bytes / unit, units[u]);
	else
		snprintf(buf, HUMAN_SIZE_ROOM, "%llu%s", (unsigned long long)(bytes / unit),
			 u ? (char[]){ units[u], '\0' } : "");
	return buf;
}

const char *human_ns(uint64_t ns, char buf[HUMAN_NS_ROOM])
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = {
		{ 3600000000000, "h" }, { 60000000000, "min" }, { 1000000000, "s" },
		{ 1000000, "ms" },	{ 1000, "us" },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ns < units[i].ns)
			continue;
		snprintf(buf, HUMAN_NS_ROOM, "%.1f %s", (double)ns / (double)units[i].ns,
			 units[i].name);
		return buf;
	}
	snprintf(buf, HUMAN_NS_ROOM, "%llu ns", (unsigned long long)ns);
	return buf;
}

const char *human_rate(double per_s, char buf[HUMAN_RATE_ROOM])
{
	const char *unit = per_s >= 1024 ? "s" : per_s * 60 >= 1024 ? "min" : "h";
	double rate = per_s >= 1024 ? per_s : per_s * 60 >= 1024 ? per_s * 60 : per_s * 3600;
	char size[HUMAN_SIZE_ROOM];

	snprintf(buf, HUMAN_RATE_ROOM, "%s/%s",
		 human_size(rate > 0 && rate < 1e18 ? (uint64_t)rate : 0, size), unit);
	return buf;
}

const char *limit__value(enum limit limit, uint64_t value, char buf[HUMAN_SIZE_ROOM])
{
	if (limit == LIMIT_MAP_COUNT)
		snprintf(buf, HUMAN_SIZE_ROOM, "%llu", (unsigned long long)value);
	else if (value == RLIM_UNLIMITED)
		snprintf(buf, HUMAN_SIZE_ROOM, "unlimited");
	else
		human_size(value, buf);
	return buf;
}
