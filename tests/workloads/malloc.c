/* SPDX-License-Identifier: GPL-2.0 */
/*
 * malloc(3): many small blocks (the heap grows by brk), large ones (a mapping
 * each), realloc of a large one (mremap), and all of it given back.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include "work.h"

#define SMALL 20000
static char *small[SMALL];

static void large(void)
{
	char *block, *bigger;

	block = malloc(8 << 20);
	MUST(block);
	memset(block, 1, 1 << 20);
	work__mark(3);
	work__checkpoint();
	work__any();
	bigger = realloc(block, 32 << 20);
	MUST(bigger);
	work__mark(4);
	work__checkpoint();
	work__any();
	free(bigger);
	work__mark(5);
}

int main(void)
{
	work__begin();
	work__mark(1);
	work__any();
	for (int i = 0; i < SMALL; i++) {
		small[i] = malloc(24 + i % 200);
		MUST(small[i]);
		small[i][0] = 1;
	}
	work__mark(2);
	work__checkpoint();
	work__any();
	large();
	work__any();
	for (int i = 0; i < SMALL; i++)
		free(small[i]);
	malloc_trim(0);
	work__mark(6);
	work__checkpoint();
	return 0;
}
