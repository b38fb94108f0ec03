# SPDX-License-Identifier: GPL-2.0
# Threads that map and unmap much, at addresses that another has just given back.
import mmap
import threading


def work():
    for i in range(150):
        blocks = [bytearray(150000 + 4096 * (i % 50)) for _ in range(3)]
        with mmap.mmap(-1, 65536 + 4096 * (i % 9)) as anonymous:
            anonymous[0] = len(blocks)


threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
