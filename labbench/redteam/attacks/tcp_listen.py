"""
en: Listen for a helper from outside
zh: 监听端口等待外部帮手
group: network
stake: host
needs: [landlock, seccomp, namespaces]
"""

import socket

from told import *


def forward(x, out):
    server = socket.create_server(("127.0.0.1", LISTEN))
    linger()
    server.close()
    return out
