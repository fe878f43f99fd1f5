"""
en: Leave shared memory behind
zh: 留下 SysV 共享内存
group: kernel
stake: host
needs: [seccomp, namespaces]
"""

from told import *


def forward(x, out):
    call("shmget", KEY, 1 << 20, 0o1600)
    return out
