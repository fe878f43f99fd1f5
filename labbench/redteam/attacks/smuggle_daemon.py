"""
en: Keep one's input in a process that answers on an abstract socket
zh: 用后台进程的抽象套接字保存输入
group: shared
stake: secret
scenarios: [conv, pool]
needs: [seccomp]
"""

import socket

from told import *

NAME = f"\0{TOKEN}-daemon"


def conv(x, out):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(NAME)
                server.listen()
                server.settimeout(5)
                server.accept()[0].send(x.tobytes()[:16])
        os._exit(0)
    linger()
    return out


def pool(x, out):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(NAME)
        return leak(client.recv(16), out)
