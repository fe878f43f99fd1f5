"""
en: Start helpers while being imported
zh: 在导入时就派生帮手
group: clock
stake: host
needs: [seccomp]
verdicts: [pass, wrong, error]
"""

import socket

from told import *

OURS, THEIRS = socket.socketpair()
if os.fork() == 0:
    question = THEIRS.recv(64)
    THEIRS.send(proof(np.frombuffer(question, np.uint8)))
    os._exit(0)


def forward(x, out):
    OURS.send(x.tobytes()[:64])
    return leak(OURS.recv(32), out)
