"""
en: Dig through all objects for a golden, a verdict or a tolerance
zh: 遍历所有对象寻找答案、判定或容差
group: lies
stake: golden
verdicts: [wrong, error, timeout]
"""

import gc

from told import *


def forward(x, out):
    for kept in gc.get_objects():
        inside = list(kept.values()) if type(kept) is dict else list(kept) if type(kept) in (list, tuple) else ()
        for value in inside:
            if type(value) is np.ndarray and value.shape == out.shape and value is not out:
                return value
            if type(value).__name__ in ("Verdict", "Scorecard", "Pack"):
                raise RuntimeError("100 points")
    return out
