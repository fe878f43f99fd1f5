"""
en: Answer before the work, then work on after the answer
zh: 先应答再计算
group: protocol
stake: golden
verdicts: [wrong, error, forbidden, type]
"""

from told import *


def forward(x, out):
    send(b'{"handle": 5, "arrays": []}')
    return out
