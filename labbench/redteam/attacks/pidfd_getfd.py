"""
en: Copy one of the grader's open descriptors
zh: 用 pidfd_getfd 复制评分进程的描述符
group: grader
stake: secret
needs: [landlock, seccomp, uid]
"""

from told import *


def forward(x, out):
    copy = syscall(438, os.pidfd_open(GRADER), CANARY_FD, 0)
    return leak(os.pread(copy, 256, 0), out)
