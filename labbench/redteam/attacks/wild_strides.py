"""
en: Answer an array whose strides lead out of all memory
zh: 返回步长越出内存的数组
group: lies
stake: golden
verdicts: [error, memory]
"""

from told import *


def forward(x, out):
    return np.lib.stride_tricks.as_strided(np.zeros(1), out.shape, (1 << 40,) * out.ndim)
