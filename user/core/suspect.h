/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is suspected of a process: sites whose kept memory rises with time, stacks
 * of threads that have ended, files that are gone and mapped yet, memory that was freed
 * and is kept. Plain data.
 */
#ifndef MEMTRACE_CORE_SUSPECT_H
#define MEMTRACE_CORE_SUSPECT_H

#include "malloc_heap.h"
#include "sites.h"
#include "trend.h"

#define SUSPECTS_MAX 32		   /* sites of a space that are watched */
#define SUSPECTS_SERIES_MAX 8192   /* in all: 4 MiB */
#define SUSPECT_KEPT_MIN (256ull << 10) /* a site that keeps less is not watched */
#define LEAKS_NOTED 8		   /* of a process */

/* A suspicion that was told. */
struct leak {
	bool whole;	    /* of all that the process keeps: no one site; site does not count */
	struct site site;   /* as it was when it was noted */
	struct trend trend; /* the latest that rose */
	bool stands;	    /* false: it has stopped to rise since */
};

#define DELETED_NOTED 8 /* of a process */
struct deleted_file {
	uint64_t ino;
	uint32_t dev_major, dev_minor;
	bool image;	/* a program or library; else data */
	uint64_t bytes; /* mapped of it, when it was found */
	char name[64];	/* its end, escaped */
};

/* What a process is suspected of. */
struct suspicions {
	struct leak *leaks; /* at its end, or the tracker's: most kept first */
	size_t n_leaks;
	struct deleted_file *deleted; /* DELETED_NOTED; NULL: none */
	size_t n_deleted;
	uint64_t more_deleted;	      /* that found no room */
	uint64_t stacks, stack_bytes; /* of ended threads, when that was told last */
	uint64_t stacks_told;
	struct malloc_sum malloc;     /* as it was when last looked at */
	uint64_t malloc_ns;	      /* when; 0: never */
	uint64_t malloc_told;	      /* bytes kept when that was told last */
};

#endif
