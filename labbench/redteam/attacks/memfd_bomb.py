"""
en: Hold memory in memory files, which no limit counts
zh: 用 memfd 占用不受限制的内存
group: process
stake: host
"""

from told import *


def forward(x, out):
    fd = os.memfd_create("bomb")
    for _ in range(100):
        os.write(fd, bytes(1 << 20))
    linger()
    return out
