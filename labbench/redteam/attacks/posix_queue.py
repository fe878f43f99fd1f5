"""
en: Leave a POSIX message queue behind
zh: 留下 POSIX 消息队列
group: kernel
stake: host
needs: [seccomp, namespaces]
"""

from told import *


def forward(x, out):
    call("mq_open", f"/{TOKEN}".encode(), os.O_CREAT | os.O_RDWR, 0o600, None)
    return out
