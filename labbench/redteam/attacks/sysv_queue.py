"""
en: Leave a message queue behind
zh: 留下 SysV 消息队列
group: kernel
stake: host
needs: [seccomp, namespaces]
"""

from told import *


def forward(x, out):
    call("msgget", KEY, 0o1600)
    return out
