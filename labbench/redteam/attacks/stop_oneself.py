"""
en: Stop oneself, so that no clock of the processor runs
zh: 暂停自身，使处理器时钟不再走动
group: time
stake: hang
verdicts: [timeout]
"""

import signal

from told import *


def forward(x, out):
    os.kill(os.getpid(), signal.SIGSTOP)
    return out
