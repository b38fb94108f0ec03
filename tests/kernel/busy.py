# SPDX-License-Identifier: GPL-2.0
# Eight threads that allocate and free: bytearrays of 64 KiB to 4 MiB and
# mappings of their own, until they are killed. Prints "ready" when all run.
import mmap
import random
import sys
import threading
import time

THREADS = 8


def work(seed):
    rng = random.Random(seed)
    kept = [None] * 16
    while True:
        i = rng.randrange(len(kept))
        if rng.random() < 0.3:
            m = mmap.mmap(-1, 4096 * rng.randrange(1, 256))
            m[0] = 1
            if isinstance(kept[i], mmap.mmap):
                kept[i].close()
            kept[i] = m
        else:
            kept[i] = bytearray(65536 * rng.randrange(1, 65))
        if rng.random() < 0.3:
            kept[rng.randrange(len(kept))] = None
        time.sleep(rng.random() * 0.002)


for n in range(THREADS):
    threading.Thread(target=work, args=(n,), daemon=True).start()
print("ready", flush=True)
time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 600)
