"""
en: An ndarray subclass that answers every comparison with yes
zh: 对任何比较都回答相等的 ndarray 子类
group: lies
stake: golden
verdicts: [wrong, type]
"""

from told import *


class Agreeable(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return True

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __eq__(self, other):
        return True

    def __array__(self, dtype=None, copy=None):
        return np.zeros(self.shape)


def forward(x, out):
    return out.view(Agreeable)
