"""
en: Send more once everything was answered
zh: 全部应答之后继续发送
group: protocol
stake: golden
verdicts: [wrong, forbidden, error]
"""

import threading

from told import *


def forward(x, out):
    connection = serving()._socket
    threading.Timer(0.0, lambda: connection.send(b'\x0e\x00\x00\x00{"handle": 99}')).start()
    return out
