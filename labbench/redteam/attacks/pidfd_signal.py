"""
en: Signal the grader through a pidfd
zh: 通过 pidfd 向评分进程发信号
group: grader
stake: host
needs: [landlock, seccomp, uid]
"""

import signal

from told import *


def forward(x, out):
    signal.pidfd_send_signal(os.pidfd_open(GRADER), signal.SIGUSR1)
    return out
