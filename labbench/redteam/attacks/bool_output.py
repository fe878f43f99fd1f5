"""
en: Answer truth values whose bytes are neither true nor false
zh: 返回字节既非真也非假的布尔值
group: lies
stake: golden
verdicts: [wrong]
"""

from told import *


def forward(x, out):
    return np.full(out.shape, 255, np.uint8).view(bool)
