/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System V shared memory: attached where the kernel likes, at a given place, over
 * something else, read-only, cut in two by munmap, and detached.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include "work.h"

int main(void)
{
	long first, second, place;
	int id;

	/* Where there were none before, the first one's id, and with it its inode, is 0. */
	unshare(CLONE_NEWIPC);
	work__begin();
	id = shmget(IPC_PRIVATE, 8 * PAGE - 100, IPC_CREAT | 0600);
	MUST(id >= 0);
	first = W(shmat, id, 0, 0);
	MUST(first > 0);
	/* Marked for removal, it lives as long as it is attached: no litter. */
	MUST(shmctl(id, IPC_RMID, NULL) == 0);
	work__touch(first, 8);
	second = W(shmat, id, 0, SHM_RDONLY);
	MUST(second > 0);
	work__checkpoint();
	place = work__anon(32, RW);
	MUST(W(shmat, id, place + 4 * PAGE + 7, SHM_RND) == -EINVAL); /* in use */
	MUST(W(shmat, id, place + 4 * PAGE + 7, SHM_RND | SHM_REMAP) == place + 4 * PAGE);
	work__checkpoint();
	MUST(W(shmdt, second) == 0);
	MUST(W(munmap, first + 2 * PAGE, 2 * PAGE) == 0);
	work__checkpoint();
	/* Both parts go: the length comes from the map (ipc/shm.c, ksys_shmdt). */
	MUST(W(shmdt, first) == 0);
	work__checkpoint();
	MUST(W(shmdt, first) == -EINVAL);
	MUST(W(shmat, -1, 0, 0) == -EINVAL);
	MUST(W(shmdt, place + 4 * PAGE) == 0);
	work__checkpoint();
	return 0;
}
