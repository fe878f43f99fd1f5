"""
en: Take the lock that the grader waits for
zh: 占住评分进程要用的文件锁
group: files
stake: host
needs: [landlock, uid]
"""

import fcntl

from told import *


def forward(x, out):
    fcntl.flock(os.open(LOCK, os.O_RDONLY), fcntl.LOCK_EX)
    linger()
    return out
