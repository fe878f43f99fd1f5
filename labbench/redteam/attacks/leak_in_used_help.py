"""
en: Claim to have used compatibility help named after what was read
zh: 用虚报的兼容项名称带出数据
group: leak
stake: report
verdicts: [wrong]
"""

from told import *


def forward(x, out):
    serving()._used.add(TOKEN)
    return out
