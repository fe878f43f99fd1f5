"""
en: A masked array that hides every difference
zh: 用掩码数组隐藏所有差异
group: lies
stake: golden
verdicts: [wrong]
"""

from told import *


def forward(x, out):
    return np.ma.masked_array(out, mask=np.ones(out.shape, bool))
