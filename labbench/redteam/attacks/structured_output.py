"""
en: Answer an array of records
zh: 返回结构化数组
group: lies
stake: golden
verdicts: [type]
"""

from told import *


def forward(x, out):
    return np.zeros(out.shape, [("value", "f8")])
