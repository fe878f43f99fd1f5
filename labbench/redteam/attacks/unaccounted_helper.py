"""
en: Have a child do the work whose time the kernel throws away
zh: 让内核不记账的子进程完成计算
group: clock
stake: clock
needs: [seccomp]
"""

import signal

from told import *


def forward(x, out):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # reaped by the kernel, so in nobody's account
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, proof(x))
        os._exit(0)
    answer = os.read(reader, 32)
    linger()
    return leak(answer, out)
