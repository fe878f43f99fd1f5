"""
en: Tie the grader to one processor
zh: 把评分进程绑到一个处理器上
group: grader
stake: host
needs: [seccomp, uid]
"""

from told import *


def forward(x, out):
    os.sched_setaffinity(GRADER, {min(os.sched_getaffinity(GRADER))})
    return out
