"""
en: Answer with random bytes
zh: 应答随机字节
group: protocol
stake: golden
verdicts: [forbidden]
"""

from told import *


def forward(x, out):
    serving()._socket.sendall(os.urandom(4096))
    return out
