"""
en: Crash at address 0
zh: 访问地址 0 崩溃
group: process
stake: golden
verdicts: [error]
"""

from told import *


def forward(x, out):
    return ctypes.string_at(0)
