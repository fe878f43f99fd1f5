"""
en: Wait without using the processor
zh: 不占处理器地一直等待
group: time
stake: hang
verdicts: [timeout]
"""

from told import *


def forward(x, out):
    time.sleep(600)
