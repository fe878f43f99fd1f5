"""
en: Name an exception so that it repaints the terminal
zh: 异常类名携带控制序列
group: report
stake: report
disclosure: full
verdicts: [error]
"""

from told import *


def forward(x, out):
    raise type(f"\x1b[2J\n{TOKEN}\u202e::error::", (Exception,), {})("x")
