"""
en: Kill the zygote, and with it every session
zh: 杀死母进程，从而结束所有会话
group: grader
stake: host
needs: [landlock, seccomp, uid]
verdicts: [pass, error, forbidden]
"""

import signal

from told import *


def forward(x, out):
    os.kill(os.getppid(), signal.SIGKILL)
    linger()
    return out
