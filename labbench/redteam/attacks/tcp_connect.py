"""
en: Connect to a server on this machine
zh: 连接本机 TCP 服务
group: network
stake: host
needs: [landlock, seccomp, namespaces]
"""

import socket

from told import *


def forward(x, out):
    socket.create_connection(("127.0.0.1", TCP), 2).send(bytes(8))
    return out
