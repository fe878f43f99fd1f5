"""
en: Reach an abstract unix socket
zh: 连接抽象 unix 套接字
group: network
stake: host
needs: [landlock, seccomp, namespaces]
"""

import socket

from told import *


def forward(x, out):
    socket.socket(socket.AF_UNIX).connect(f"\0{TOKEN}")
    return out
