"""
en: Trace the grader
zh: 用 ptrace 跟踪评分进程
group: grader
stake: host
needs: [landlock, seccomp, uid]
"""

from told import *

SEIZE = 0x4206


def forward(x, out):
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    call("ptrace", SEIZE, GRADER, None, None)
    linger()
    return out
