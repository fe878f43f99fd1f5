"""
en: Answer with JSON nested a hundred thousand deep
zh: 应答嵌套十万层的 JSON
group: protocol
stake: golden
verdicts: [forbidden]
"""

from told import *


def forward(x, out):
    send(b'{"a":' + b"[" * 200_000)
    return out
