"""
en: Swap the objects behind the grader's handles
zh: 偷换评分进程句柄背后的对象
group: lies
stake: golden
verdicts: [wrong, error, type, shape, forbidden]
"""

from told import *


def forward(x, out):
    objects = serving()._objects
    for number in list(objects):
        objects[number] = x
    serving()._next = -3
    return out
