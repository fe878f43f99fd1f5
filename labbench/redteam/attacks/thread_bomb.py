"""
en: Start more than a thousand threads with tiny stacks
zh: 启动一千多个小栈线程
group: process
stake: host
verdicts: [pass, error, memory, timeout]
"""

import _thread

from told import *


def forward(x, out):
    _thread.stack_size(65536)
    for _ in range(1200):
        _thread.start_new_thread(time.sleep, (2,))
    linger()
    return out
