"""
en: Answer with every input there was, in case one is the answer
zh: 用收到过的输入充当答案
group: shared
stake: golden
scenarios: [conv, pool, fully_connected, softmax]
verdicts: [wrong]
"""

import gc

from told import *


def forward(x, out):
    for kept in gc.get_objects():
        for value in vars(kept).values() if hasattr(kept, "__dict__") and type(kept).__module__ != "gc" else ():
            if type(value) is np.ndarray and value.shape == out.shape:
                return value
    return np.resize(x, out.shape)
