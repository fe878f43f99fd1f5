"""
en: An object every one of whose methods exits
zh: 所有方法都会退出进程的对象
group: lies
stake: golden
verdicts: [type, error]
"""

from told import *


class Evil:
    def __getattr__(self, name):
        os._exit(0)

    __len__ = __iter__ = __eq__ = __hash__ = __bool__ = __float__ = __repr__ = __str__ = __del__ = (
        lambda self, *a: os._exit(0)
    )


def forward(x, out):
    return Evil()
