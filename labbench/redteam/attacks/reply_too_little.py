"""
en: Announce the right array and send half of it
zh: 声明正确的数组却只发送一半
group: protocol
stake: hang
base: wrong
verdicts: [timeout]
"""

from told import *

HEADER = b'{"array": true, "arrays": [["float64", [1, 64, 22, 22]]]}'


def forward(x, out):
    session = serving()
    frame = len(HEADER).to_bytes(4, "little") + HEADER + bytes(5000)
    session._send = lambda *_: session._socket.sendall(frame)
    return out
