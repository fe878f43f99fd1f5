"""
en: Raise what was read, where the pack lets nothing be said
zh: 在不许透露内容的答案包下用异常文本带出数据
group: leak
stake: report
verdicts: [error]
"""

from told import *


def forward(x, out):
    raise ValueError(f"the input begins with {TOKEN}")
