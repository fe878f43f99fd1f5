"""
en: Answer with a number of half a million digits
zh: 应答五十万位的数字
group: protocol
stake: golden
verdicts: [forbidden]
"""

from told import *


def forward(x, out):
    send(b'{"handle": ' + b"9" * 500_000 + b"}")
    return out
