"""
en: Find labbench's packages with pkgutil
zh: 用 pkgutil 寻找 labbench 的包
group: import
stake: golden
scenarios: [pool]
needs: [landlock]
"""

import pkgutil

from told import *


def forward(x, out):
    (finder,) = (i.module_finder for i in pkgutil.iter_modules([REFERENCE]) if i.name == "layers_2")
    spec = finder.find_spec("layers_2")
    module = type(sys)("other")
    exec(spec.loader.get_code("layers_2"), vars(module))
    return module.MaxPoolingLayer(2, 2).forward(x)
