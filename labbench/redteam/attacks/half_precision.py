"""
en: Compute in half precision
zh: 用半精度计算
group: lies
stake: golden
base: right
verdicts: [wrong]
"""

from told import *


def forward(x, out):
    return out.astype(np.float16)
