"""
en: Lack a module named after what was read
zh: 用缺失模块名带出数据
group: leak
stake: report
verdicts: [error]
"""

from told import *


def forward(x, out):
    __import__(TOKEN)
