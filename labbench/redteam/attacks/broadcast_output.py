"""
en: Answer one number and hope for broadcasting
zh: 返回单个数并指望广播
group: lies
stake: golden
verdicts: [shape]
"""

from told import *


def forward(x, out):
    return np.zeros((1, 1, 1, 1))
