"""
en: Kill the session beside
zh: 杀死旁边的会话
group: grader
stake: host
needs: [landlock, seccomp, uid]
"""

import signal

from told import *


def forward(x, out):
    os.kill(SIBLING, signal.SIGKILL)
    return out
