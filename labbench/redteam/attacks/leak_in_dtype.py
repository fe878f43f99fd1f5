"""
en: Answer an array of a dtype named after what was read
zh: 用返回数组的类型名带出数据
group: leak
stake: report
verdicts: [type, error, forbidden]
"""

from told import *


def forward(x, out):
    frame = f'{{"seen": ["ndarray", "{TOKEN}", [1]]}}'.encode()
    session = serving()
    session._send = lambda *_: session._socket.sendall(len(frame).to_bytes(4, "little") + frame)
    return out
