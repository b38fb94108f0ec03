/* SPDX-License-Identifier: GPL-2.0 */
/*
 * remap_file_pages(2), which the kernel has turned into mappings over a part of a
 * shared one (mm/mmap.c).
 */
#define _GNU_SOURCE
#include "work.h"

int main(void)
{
	long at;
	int fd;

	work__begin();
	fd = work__file(16);
	at = W(mmap, 0, 16 * PAGE, RW, MAP_SHARED, fd, 0);
	MUST(at > 0);
	MUST(W(remap_file_pages, at, 4 * PAGE, 0, 8, 0) == 0);
	work__checkpoint();
	MUST(W(remap_file_pages, at + 6 * PAGE, PAGE, 0, 0, 0) == 0);
	work__checkpoint();
	MUST(W(remap_file_pages, at, PAGE, PROT_READ, 0, 0) == -EINVAL);
	work__checkpoint();
	return 0;
}
