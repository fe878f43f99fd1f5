"""
en: Answer a dtype that compares in strange ways
zh: 返回会以奇怪方式比较的类型
group: lies
stake: golden
verdicts: [type]
"""

from told import *


def forward(x, out):
    return out.astype(complex)
