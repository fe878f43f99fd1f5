"""
en: Replace isinstance, len, all and vars for everybody in the process
zh: 替换进程内所有人使用的内建函数
group: lies
stake: golden
verdicts: [wrong, error, forbidden, type]
"""

import builtins

from told import *


def forward(x, out):
    builtins.isinstance = lambda *a: True
    builtins.all = builtins.any = lambda *a: True
    builtins.len = lambda *a: 0
    return out
