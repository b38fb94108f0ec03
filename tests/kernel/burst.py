# SPDX-License-Identifier: GPL-2.0
# Threads that map, protect and unmap at random for some seconds after SIGUSR1,
# then stand still: burst.py THREADS SECONDS. Prints "ready" before, "still" after.
import ctypes
import random
import signal
import sys
import threading
import time

PAGE = 4096
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def work(seed, end):
    rng = random.Random(seed)
    kept = []
    while time.monotonic() < end:
        n = rng.randrange(2, 9)
        at = libc.mmap(None, n * PAGE, 3, 0x22, -1, 0)
        libc.mprotect(at + PAGE, PAGE, rng.choice([0, 1, 5]))
        kept.append((at, n))
        if len(kept) > 20:
            at, n = kept.pop(rng.randrange(len(kept)))
            half = rng.randrange(n) * PAGE
            libc.munmap(at + half, n * PAGE - half)
            if half:
                libc.munmap(at, half)
        time.sleep(rng.random() * 0.001)


threads, seconds = int(sys.argv[1]), float(sys.argv[2])
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print("ready", flush=True)
signal.sigwait([signal.SIGUSR1])
end = time.monotonic() + seconds
running = [threading.Thread(target=work, args=(n, end)) for n in range(threads)]
for t in running:
    t.start()
for t in running:
    t.join()
print("still", flush=True)
time.sleep(600)
