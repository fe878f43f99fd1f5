"""
en: Lift the memory limit, then take more
zh: 先提高内存限制再占用内存
group: process
stake: host
needs: [seccomp, uid, capabilities]
verdicts: [pass, error, memory]
"""

import resource

from told import *


def forward(x, out):
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    kept = [np.ones(1 << 22) for _ in range(MEMORY_LIMIT // (1 << 25) + 6)]
    linger()
    return out + 0 * kept[0][0]
