"""
en: Stop the zygote, so that nothing can be started or reaped
zh: 暂停母进程，使其无法派生和回收
group: grader
stake: host
needs: [landlock, seccomp, uid]
"""

import signal

from told import *


def forward(x, out):
    os.kill(os.getppid(), signal.SIGSTOP)
    linger()
    return out
