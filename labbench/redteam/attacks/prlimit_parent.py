"""
en: Lower the grader's limits
zh: 降低评分进程的资源限制
group: grader
stake: host
needs: [seccomp, uid]
"""

import resource

from told import *


def forward(x, out):
    resource.prlimit(GRADER, resource.RLIMIT_NOFILE, (200, 1000))
    return out
