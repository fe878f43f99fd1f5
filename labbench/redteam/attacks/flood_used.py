"""
en: Name a million compatibility helps with each answer
zh: 每次应答都上报海量兼容项
group: time
stake: report
verdicts: [wrong, error, forbidden]
disclosure: full
"""

from told import *


def forward(x, out):
    serving()._used |= {f"\x1b[2J\n::error::{i}" for i in range(20_000)}
    return out
