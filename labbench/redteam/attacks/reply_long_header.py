"""
en: Announce a header of 4 GiB
zh: 声明 4 GiB 的消息头
group: protocol
stake: golden
verdicts: [forbidden]
"""

from told import *


def forward(x, out):
    serving()._socket.sendall(b"\xff\xff\xff\xff" + b"[" * 65536)
    return out
