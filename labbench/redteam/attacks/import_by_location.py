"""
en: Load the reference with spec_from_file_location
zh: 用 spec_from_file_location 加载参考实现
group: import
stake: golden
scenarios: [pool]
needs: [landlock]
"""

import importlib.util

from told import *


def forward(x, out):
    spec = importlib.util.spec_from_file_location("other", f"{REFERENCE}/layers_2.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MaxPoolingLayer(2, 2).forward(x)
