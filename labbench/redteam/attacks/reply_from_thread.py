"""
en: Answer from a thread while the answer is being sent
zh: 在发送应答的同时由线程插入应答
group: protocol
stake: golden
verdicts: [wrong, error, forbidden]
"""

import threading

from told import *


def forward(x, out):
    connection = serving()._socket

    def pour():
        while True:
            connection.send(b"\x02\x00\x00\x00{}")

    threading.Thread(target=pour, daemon=True).start()
    linger()
    return out
