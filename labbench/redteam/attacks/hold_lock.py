"""
en: Answer, and hold Python's lock in a thread for ever
zh: 应答之后在线程中永久占住解释器锁
group: time
stake: hang
verdicts: [timeout]
"""

import threading

from told import *


def forward(x, out):
    threading.Thread(target=ctypes.PyDLL(None).sleep, args=(600,)).start()
    return out
