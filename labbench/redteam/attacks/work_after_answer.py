"""
en: Go on working after the answer
zh: 应答之后继续计算
group: clock
stake: clock
"""

import threading

from told import *


def forward(x, out):
    threading.Thread(target=proof, args=(x,), daemon=True).start()
    return out
