/* SPDX-License-Identifier: GPL-2.0 */
/*
 * uthash for tables by a number that the kernel hands out: a pid, a space's id.
 * Several are looked up for every record. Knows nothing of what the tables hold.
 */
#ifndef MEMTRACE_CORE_ID_TABLE_H
#define MEMTRACE_CORE_ID_TABLE_H

#include <stdint.h>
#include <string.h>

/* Without memory an addition fails and is noticed; uthash would exit. */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, len, ret) ((ret) = id__hash(key, len))
#include <uthash.h>

/*
 * Such numbers follow each other: one multiplication spreads them over the low
 * bits, which uthash takes (Knuth, TAOCP 6.4). Other keys are hashed as it does.
 */
static inline unsigned int id__hash(const void *key, size_t len)
{
	unsigned int hash;
	uint64_t id = 0;

	if (len <= sizeof(id)) {
		memcpy(&id, key, len);
		return (unsigned int)(id * 0x9e3779b97f4a7c15ull >> 32);
	}
	HASH_JEN(key, len, hash);
	return hash;
}

#endif
