# SPDX-License-Identifier: GPL-2.0
# with_pid.py PID COMMAND...: runs COMMAND in a child that has this process id
# (clone3(2), set_tid), which must be free; exits with its status.
import ctypes
import os
import struct
import sys

CLONE3 = 435  # the same on every architecture
SIGCHLD = 17

pid = int(sys.argv[1])
set_tid = (ctypes.c_int * 1)(pid)
# struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack,
# stack_size, tls, set_tid, set_tid_size, cgroup
args = ctypes.create_string_buffer(
    struct.pack("11Q", 0, 0, 0, 0, SIGCHLD, 0, 0, 0, ctypes.addressof(set_tid), 1, 0))
libc = ctypes.CDLL(None, use_errno=True)
child = libc.syscall(CLONE3, args, 88)
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
if child < 0:
    sys.exit("clone3: " + os.strerror(ctypes.get_errno()))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
