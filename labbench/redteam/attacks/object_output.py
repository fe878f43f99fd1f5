"""
en: Answer an array of objects that equal everything
zh: 返回与一切相等的对象数组
group: lies
stake: golden
verdicts: [type]
"""

from told import *


class Equal:
    def __eq__(self, other):
        return True

    def __float__(self):
        raise SystemExit

    def __sub__(self, other):
        return 0.0


def forward(x, out):
    values = np.empty(out.shape, object)
    values[...] = Equal()
    return values
