"""
en: Answer one byte at a time, without end
zh: 逐字节无休止地应答
group: protocol
stake: hang
base: wrong
verdicts: [timeout]
"""

from told import *


def forward(x, out):
    connection = serving()._socket
    connection.send(b"\x00\x00\x0f\x00")
    while True:
        connection.send(b" ")
        time.sleep(0.05)
