"""
en: Queue a signal to the grader
zh: 用 sigqueue 向评分进程发信号
group: grader
stake: host
needs: [landlock, seccomp, uid]
"""

import signal

from told import *


def forward(x, out):
    LIBC.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    call("sigqueue", GRADER, signal.SIGUSR2, None)
    return out
