"""
en: Have a thread do the work
zh: 让线程完成计算
group: clock
stake: clock
"""

import threading

from told import *


def forward(x, out):
    done = []
    worker = threading.Thread(target=lambda: done.append(proof(x)))
    worker.start()
    worker.join()
    return leak(done[0], out)
