"""
en: An object whose shape is another each time it is looked at
zh: 每次查看形状都不同的对象
group: lies
stake: golden
verdicts: [wrong, type, error, shape, forbidden, output]
"""

from told import *


class Shifty(np.ndarray):
    looked = 0

    @property
    def shape(self):
        Shifty.looked += 1
        return (1, 64, 22, 22) if Shifty.looked % 2 else (1 << 40, 7)

    nbytes = property(lambda self: -5)


def forward(x, out):
    return out.view(Shifty)
