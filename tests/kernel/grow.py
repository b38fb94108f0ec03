#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Its program break grows by 256 KiB every 50 ms, up to 1 GiB; what it is called would paint the screen."""
import ctypes
import time

with open("/proc/self/comm", "wb") as comm:
    comm.write(b"gr\x1b[31mow")
sbrk = ctypes.CDLL(None).sbrk
sbrk.restype = ctypes.c_void_p
sbrk.argtypes = [ctypes.c_ssize_t]
print("ready", flush=True)
for _ in range(4096):
    sbrk(256 << 10)
    time.sleep(0.05)
