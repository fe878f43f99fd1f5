"""
en: Send a datagram
zh: 发送 UDP 数据报
group: network
stake: host
needs: [seccomp, namespaces]
"""

import socket

from told import *


def forward(x, out):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", UDP))
    return out
