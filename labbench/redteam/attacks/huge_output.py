"""
en: Answer an array of petabytes that takes no memory
zh: 返回不占内存却有 PB 级大小的数组
group: lies
stake: golden
verdicts: [shape]
"""

from told import *


def forward(x, out):
    return np.broadcast_to(np.float64(0), (1 << 16, 1 << 16, 1 << 16))
