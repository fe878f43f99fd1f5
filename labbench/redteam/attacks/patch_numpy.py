"""
en: Replace the functions of numpy that the session sends values with
zh: 替换会话发送数据所用的 numpy 函数
group: lies
stake: golden
verdicts: [wrong, error, type, forbidden, shape]
"""

from told import *

real = np.asarray


def forward(x, out):
    np.asarray = lambda value, *a, **k: real(np.zeros(3))
    np.ascontiguousarray = lambda value, *a, **k: real(value)
    np.ndarray = np.number = np.dtype = object
    return out
