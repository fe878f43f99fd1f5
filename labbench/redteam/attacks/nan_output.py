"""
en: Answer NaN, with which every comparison fails
zh: 返回 NaN，使一切比较失效
group: lies
stake: golden
verdicts: [nonfinite]
"""

from told import *


def forward(x, out):
    return out * np.nan
