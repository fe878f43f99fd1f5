"""
en: Loop without end and ignore all signals
zh: 忽略所有信号的死循环
group: time
stake: hang
verdicts: [timeout]
"""

import signal

from told import *


def forward(x, out):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    while True:
        pass
