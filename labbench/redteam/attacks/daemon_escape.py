"""
en: Leave a process behind that nobody waits for
zh: 留下无人等待的后台进程
group: process
stake: host
needs: [seccomp]
"""

from told import *


def forward(x, out):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(30)
        os._exit(0)
    linger()
    return out
