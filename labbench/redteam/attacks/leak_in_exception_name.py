"""
en: Raise an exception named after what was read
zh: 用异常类名带出数据
group: leak
stake: report
verdicts: [error]
"""

from told import *


def forward(x, out):
    raise type(TOKEN, (Exception,), {})
