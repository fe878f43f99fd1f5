"""
en: Have the kernel send the grader SIGIO from a pipe
zh: 借管道让内核向评分进程发送 SIGIO
group: grader
stake: host
needs: [landlock, seccomp, uid]
"""

import fcntl
import socket

from told import *


def forward(x, out):
    ours, theirs = socket.socketpair()
    fcntl.fcntl(ours, fcntl.F_SETOWN, GRADER)
    fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
    theirs.send(b"now")
    linger()
    return out
