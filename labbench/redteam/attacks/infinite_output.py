"""
en: Answer infinity, whose relative error is NaN
zh: 返回无穷大
group: lies
stake: golden
verdicts: [nonfinite]
"""

from told import *


def forward(x, out):
    return out + np.inf
