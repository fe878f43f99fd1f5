"""
en: Start thirty processes
zh: 启动三十个进程
group: process
stake: host
needs: [seccomp]
"""

from told import *


def forward(x, out):
    for _ in range(30):
        if os.fork() == 0:
            linger()
            os._exit(0)
    linger()
    return out
