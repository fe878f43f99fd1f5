"""
en: Signal the grader through its process group
zh: 向评分进程所在进程组发信号
group: grader
stake: host
needs: [landlock, seccomp, uid]
"""

import signal

from told import *


def forward(x, out):
    os.killpg(GRADER, signal.SIGHUP)
    return out
