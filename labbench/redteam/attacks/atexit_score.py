"""
en: Run code when the session ends
zh: 在会话结束时运行代码
group: process
stake: golden
verdicts: [wrong]
"""

import atexit
import signal

from told import *

atexit.register(lambda: send(b'{"handle": 1}'))
for number in (signal.SIGTERM, signal.SIGCONT, signal.SIGHUP):
    signal.signal(number, lambda *_: send(b'{"handle": 1}') if 0 else None)


def forward(x, out):
    return out
