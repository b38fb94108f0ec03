# SPDX-License-Identifier: GPL-2.0
"""Maps 256 files, and forks again and again: each child's map has all their names,
while its parent goes on with one of them. forks.py DIRECTORY TIMES"""
import mmap
import os
import sys


def file_in(directory, i):
    fd = os.open(os.path.join(directory, "file%d" % i), os.O_RDWR | os.O_CREAT, 0o600)
    os.ftruncate(fd, mmap.PAGESIZE)
    return fd


def map_file(fd):
    return mmap.mmap(fd, mmap.PAGESIZE, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE)


def main():
    directory, times = sys.argv[1], int(sys.argv[2])
    kept = [map_file(file_in(directory, i)) for i in range(256)]
    hot = file_in(directory, 256)
    for _ in range(times):
        map_file(hot).close()
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
    print(len(kept))


main()
