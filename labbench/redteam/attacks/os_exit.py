"""
en: Leave with exit code 0, as if all were well
zh: 以退出码 0 结束，假装一切正常
group: process
stake: golden
verdicts: [error]
"""

from told import *


def forward(x, out):
    os._exit(0)
