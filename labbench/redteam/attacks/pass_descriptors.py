"""
en: Send descriptors along with an answer, to fill up the grader
zh: 随应答发送描述符以耗尽评分进程
group: protocol
stake: hang
base: wrong
verdicts: [wrong, forbidden, error]
"""

import socket

from told import *


def forward(x, out):
    connection = serving()._socket
    for _ in range(100):
        socket.send_fds(connection, [b"\x0e\x00\x00\x00"], [1] * 20)
    return out
