"""
en: Reach a unix socket by its path
zh: 按路径连接 unix 套接字
group: network
stake: host
needs: [seccomp]
"""

import socket

from told import *


def forward(x, out):
    socket.socket(socket.AF_UNIX).connect(UNIX)
    return out
