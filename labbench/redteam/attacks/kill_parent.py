"""
en: Kill the grader
zh: 杀死评分进程
group: grader
stake: host
needs: [landlock, seccomp, uid]
"""

import signal

from told import *


def forward(x, out):
    os.kill(GRADER, signal.SIGKILL)
    return out
