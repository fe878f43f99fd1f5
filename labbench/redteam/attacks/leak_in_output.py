"""
en: Print what was read
zh: 直接打印读到的数据
group: leak
stake: report
verdicts: [wrong]
"""

from told import *


def forward(x, out):
    print(TOKEN, flush=True)
    return out
