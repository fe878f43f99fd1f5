"""
en: Interrupt the session's own code by a timer while it answers
zh: 在会话应答时用定时器打断它自己的代码
group: protocol
stake: golden
verdicts: [wrong, error, forbidden]
"""

import signal

from told import *


def strike(*_):
    raise SystemExit(0)


def forward(x, out):
    signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 3e-4, 1e-4)
    return out
