"""
en: Answer a value of a type named after what was read
zh: 用返回值的类型名带出数据
group: leak
stake: report
verdicts: [type]
"""

from told import *


def forward(x, out):
    return type(TOKEN, (), {})()
