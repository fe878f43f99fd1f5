"""
en: Send a byte out of band, past the order of the others
zh: 发送带外数据，打乱字节顺序
group: protocol
stake: golden
verdicts: [wrong, forbidden]
"""

import socket

from told import *


def forward(x, out):
    serving()._socket.send(b"!", socket.MSG_OOB)
    return out
