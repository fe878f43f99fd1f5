"""
en: Answer a value whose type has a name that repaints the terminal
zh: 返回值的类型名携带控制序列
group: report
stake: report
verdicts: [type]
disclosure: full
"""

from told import *


def forward(x, out):
    return type(f"\x1b[31m\n{TOKEN}\u2066##[error]", (), {})()
