"""
en: An object that claims to be an array and makes one up when asked
zh: 自称数组的对象，被问到时才现编
group: lies
stake: golden
verdicts: [wrong, type, error]
"""

from told import *


class Claim:
    def __init__(self, out):
        self.out = out

    __class__ = property(lambda self: np.ndarray)

    def __array__(self, dtype=None, copy=None):
        return self.out

    def __getattr__(self, name):
        return getattr(self.out, name)


def forward(x, out):
    return Claim(out)
